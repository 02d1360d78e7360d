"""A Plan: how one query will be served. Printing it explains it; making it sent nothing.

Query Session by by_agent on GSI1
  GSI1H = 'AGENT#a7'
  GSI1R1 = 'SESSION'
  filter at the server: visits >= 5
  newest first
  at least 1 request and 0.5 read units, $0.0625 per million calls
  passed over primary: needs user_id
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, Literal, TypeAlias

from attrs import field, frozen

from ..capacity import READ_DOLLARS
from ..table import Index
from ..terms import Conditions, Predicate, condition_text, conjunction

KeyCondition: TypeAlias = tuple[tuple[str, Predicate], ...]
"""Key attribute and predicate over its text, the hash attribute first."""

SHOWN_BRANCHES = 5  # in print

Ordering: TypeAlias = Literal["index", "merged", "memory"]

NOT_EXPIRED = "not expired (TTL is not stored, or after now)"  # in print; a plan knows no time


@frozen
class Branch:
    """One stretch of an index: what one Query reads, page after page, or one key of an item.

    Attributes:
        key: the key condition.
        skipped: characters of the attribute that branches are merged by, to leave out.
    """

    key: KeyCondition
    skipped: int = 0


@frozen
class AccessPath:
    """One access pattern, and the stretches of its index that are read.

    Attributes:
        pattern: name of the access pattern.
        index: the index it is on.
        branches: in the order of their keys.
        conditions: what is asked of the entities on it: all that the query asks, or an alternative.
        method: ``GetItem`` where whole primary keys are known, else ``Query``.
        filters: what is filtered at the server, after reading; this lowers no cost.
        checks: what is checked at the client, because DynamoDB cannot say it, or the index does
            not carry the field.
        unless: what an earlier path finds, and this one leaves out.
        expiry_at: who leaves out expired items; None where none can expire.
        tags: type tags to keep, where other entities share what is read; else empty.
        hydrated: whether whole items are fetched by key, because the index does not carry them.
        merged_by: place of the range attribute by which branches are merged; None where they are
            read one after the other.
    """

    pattern: str
    index: Index
    branches: tuple[Branch, ...]
    conditions: Conditions
    method: Literal["GetItem", "Query"]
    filters: Conditions = ()
    checks: Conditions = ()
    unless: tuple[Conditions, ...] = ()
    expiry_at: Literal["server", "client"] | None = None
    tags: tuple[str, ...] = ()
    hydrated: bool = False
    merged_by: int | None = None

    @property
    def request(self) -> str:
        """AWS's name of the request that reads it."""
        several = self.method == "GetItem" and len(self.branches) > 1
        return "BatchGetItem" if several else self.method

    @property
    def place(self) -> str:
        """What is read, in words."""
        return self.index.name or "the primary key"

    @property
    def lines(self) -> Iterator[str]:
        """What it sends, filters and checks, for a person."""
        yield from self._keys
        for condition in self.filters:
            yield f"filter at the server: {condition_text(condition)}"
        if self.tags:
            yield f"filter at the server: TYPE in {', '.join(self.tags)}"
        if self.expiry_at == "server":
            yield f"filter at the server: {NOT_EXPIRED}"
        if self.hydrated:
            yield "whole items by BatchGetItem, 100 at a time"
        for condition in self.checks:
            yield f"check at the client: {condition_text(condition)}"
        if self.expiry_at == "client":
            yield f"check at the client: {NOT_EXPIRED}"
        for each in self.unless:
            yield f"leave out at the client: {conjunction(each)}"

    @property
    def _keys(self) -> Iterator[str]:
        if len(self.branches) == 1:
            yield from map(condition_text, self.branches[0].key)
            return
        for branch in self.branches[:SHOWN_BRANCHES]:
            yield conjunction(branch.key)
        if len(self.branches) > SHOWN_BRANCHES:
            yield f"and {len(self.branches) - SHOWN_BRANCHES} more"


@frozen
class Cost:
    """What a plan is expected to take, all of its results read, or as many as its limit says.

    Attributes:
        requests: at least so many, nothing being found.
        floor: read units that these take.
        items: how many items are read, as far as hints tell.
        units: read units expected, hydration included.
        assumed: what was assumed for want of hints.
    """

    requests: int
    floor: float
    items: float
    units: float
    assumed: tuple[str, ...] = ()

    @property
    def lines(self) -> Iterator[str]:
        """What it costs at least, and what it is expected to: read units, and dollars."""
        requests = f"{self.requests:,} {'request' if self.requests == 1 else 'requests'}"
        yield f"at least {requests} and {_priced(self.floor)}"
        if self.units > self.floor:
            yield f"about {_priced(self.units)}, if {' and '.join(self.assumed)}"


def _unknown_cost() -> Cost:
    return Cost(1, 0.5, 1, 0.5)


def _no_advice() -> None:
    return None


@frozen
class Plan:
    """How one query will be served. Printing it explains it.

    Attributes:
        classes: the entity classes asked for.
        paths: how they are reached; several where an OR needs several access patterns.
        conditions: all that was asked.
        passed_over: name of each other pattern -> why it does not serve.
        order: fields to sort by; empty for the order of the index.
        ordering: ``index`` where the index has the order, ``merged`` where several branches have
            it, ``memory`` where everything is read and then sorted.
        newest_first: whether the order is descending.
        consistent: whether the reads are strongly consistent.
        selected: the only fields wanted, or None for whole entities.
        limit: how many entities at most, or None for all.
        across_scopes: whether the entities are those of all scopes inside; each then comes with the
            name of its scope.
        empty: whether the filters contradict each other, so that nothing is sent.
    """

    classes: tuple[type[Any], ...]
    paths: tuple[AccessPath, ...]
    conditions: Conditions = ()
    passed_over: Mapping[str, str] = field(factory=dict)
    order: tuple[str, ...] = ()
    ordering: Ordering = "index"
    newest_first: bool = False
    consistent: bool = False
    selected: tuple[str, ...] | None = None
    limit: int | None = None
    across_scopes: bool = False
    empty: bool = False
    _costing: Callable[[], Cost] = field(default=_unknown_cost, eq=False, repr=False)
    _advising: Callable[[], str | None] = field(default=_no_advice, eq=False, repr=False)

    @cached_property
    def cost(self) -> Cost:
        """What it is expected to take."""
        return self._costing()

    @cached_property
    def advice(self) -> str | None:
        """The declaration of an index with the order that is made in memory; None without one."""
        return self._advising() if self.ordering == "memory" else None

    @property
    def pattern(self) -> str:
        """Name of the access pattern; of several, joined by a bar."""
        return " | ".join(dict.fromkeys(path.pattern for path in self.paths))

    @property
    def index(self) -> Index:
        """The index of the first path."""
        return self.paths[0].index

    @property
    def key(self) -> KeyCondition:
        """The key condition of the first branch."""
        return self.paths[0].branches[0].key

    @property
    def filters(self) -> Conditions:
        """What the first path filters at the server."""
        return self.paths[0].filters

    @property
    def branches(self) -> tuple[Branch, ...]:
        """The branches of all paths."""
        return tuple(branch for path in self.paths for branch in path.branches)

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _lines(self) -> Iterator[str]:
        names = " | ".join(cls.__name__ for cls in self.classes)
        if self.empty:
            yield f"Query {names}: nothing to send, the filters exclude each other"
            return
        for path in self.paths:
            yield f"{path.request} {names} by {path.pattern} on {path.place}"
            yield from (f"  {line}" for line in path.lines)
        yield from (f"  {line}" for line in self._order)
        if self.limit is not None:
            yield f"  the first {self.limit:,}"
        if self.consistent:
            yield "  strongly consistent"
        if self.across_scopes:
            yield "  across the scopes inside"
        yield from (f"  {line}" for line in self.cost.lines)
        yield from (f"  passed over {name}: {why}" for name, why in self.passed_over.items())

    @property
    def _order(self) -> Iterator[str]:
        """The order, unless it is plainly that of one stretch of an index."""
        by = f" by {', '.join(self.order)}" if self.order else ""
        direction = ", newest first" if self.newest_first else ""
        if self.ordering == "memory":
            yield f"sorted in memory{by}{direction}"
            if self.advice:
                yield f"an index would have this order: {self.advice}"
        elif self.ordering == "merged" and len(self.branches) > 1:
            yield f"merged{by}{direction}"
        elif self.newest_first:
            yield "newest first"


def _priced(units: float) -> str:
    dollars = units * READ_DOLLARS
    price = f"{dollars:,.2f}" if dollars >= 1 else f"{dollars:.3g}"
    return f"{counted(units)} read units, ${price} per million calls"


def counted(units: float) -> str:
    """Capacity units in print: three digits, or all of the whole ones."""
    return f"{units:,.0f}" if units >= 100 else f"{units:.3g}"
