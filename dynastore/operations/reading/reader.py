"""Reading a plan: its requests, its pages, and what the client checks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, Generic, TypeVar

from attrs import evolve, frozen

from ...errors import RequestError
from ...planner.plan import AccessPath, Branch, Plan
from ...requests import Query, Steps
from ...schema.schema import Schema
from ...values.attributes import AttributeMap
from ..conditions import encoded
from ..together import IN_FLIGHT, read_together
from .cursors import NOT_STARTED, Cursor, read, written
from .planned import key_of, queries_of
from .settling import Entry, Settler
from .sorting import SORTED_ITEMS, identity, portable, sort_key
from .sources import FILTERED_ITEMS, Keys, Source, Sources, Stretch

E = TypeVar("E")

MOST_ITEMS = 2**31 - 1  # of one page; an AWS Integer


@frozen
class Page(Generic[E]):
    """Some results in order, and where the next ones start. Iterating gives the entities.

    Attributes:
        entities: at most as many as asked for.
        cursor: opaque and URL-safe; give it to `page` of the same query. None at the end.
    """

    entities: Sequence[E]
    cursor: str | None

    def __iter__(self) -> Iterator[E]:
        return iter(self.entities)


@frozen
class _Piece:
    """Some results, and where the next ones start, as a cursor has it; None at the end."""

    entities: Sequence[Any]
    state: Any


@frozen
class Slice(Generic[E]):
    """The results at some places, and how many there are in all.

    Attributes:
        entities: at most as many as asked for; fewer at the end, or where some vanish meanwhile.
        total: how many results there are.
    """

    entities: Sequence[E]
    total: int


class Reader:
    """Reads the results of one plan, page after page, and nothing twice.

    Attributes:
        schema: where they are.
        plan: what to read.
    """

    def __init__(
        self, schema: Schema, plan: Plan, now: dt.datetime | None, cursor: str | None = None
    ) -> None:
        """Nothing is read yet.

        Args:
            schema: where it is.
            plan: what to read.
            now: the time, by which items are expired or not; None where none can expire.
            cursor: of the page before.

        Raises:
            InvalidCursor: the cursor is damaged or foreign.
        """
        schema = schema.together(plan.classes)
        self.schema = schema
        self.plan = plan
        self._settler = Settler(schema, plan, now)
        self._queries = [
            queries_of(schema, plan, path, now) if path.method == "Query" else ()
            for path in plan.paths
        ]
        self._taken: int = 0
        state: Any = None
        if cursor is not None:
            self._taken, state = self._cursor.state(cursor)
        in_memory = plan.ordering == "memory"
        self._after = state if in_memory else None
        self._sources = self._opened(None if in_memory else state)

    def page(self, limit: int | None, *, once: bool = False) -> Steps[Page[Any]]:
        """The next page.

        Args:
            limit: how many entities at most, 1 or more. Without it a page is what the branches
                bring with a request each, and only the last one can be empty.
            once: whether a page ends, though it has fewer entities, with the first request that
                brings some: of large items these are few, as a request brings 1 MB at most. Not
                where they are sorted in memory.

        Raises:
            RequestError: the limit is below 1, or over 10,000 items would have to be sorted.
            DataError: a stored item does not fit its class.
        """
        if limit is not None and (type(limit) is not int or limit < 1):
            raise RequestError(f"a page has a whole number of entities, at least 1, not {limit!r}")
        if self.plan.empty:
            return Page((), None)
        limit = self._bounded(limit)
        if limit is not None and limit < 1:  # the cursor is of results with a higher limit
            return Page((), None)
        page = yield from (
            self._sorted_page(limit)
            if self.plan.ordering == "memory"
            else self._next_page(limit, once=once)
        )
        self._taken += len(page.entities)
        ended = page.state is None or self._taken == self.plan.limit
        cursor = None if ended else self._cursor.text([self._taken, page.state])
        return Page(page.entities, cursor)

    def _next_page(self, limit: int | None, *, once: bool) -> Steps[_Piece]:
        entities: list[Any] = []
        width = IN_FLIGHT if limit is None else 1
        least = FILTERED_ITEMS if self._filtered else 1
        while True:
            left = None if limit is None else limit - len(entities)
            if self._settler.is_direct:
                for items in self._sources.runs(left):
                    entities += self._settler.decoded(items)
            else:
                settled = yield from self._settler.settled(self._available(left))
                entities += yield from self._settler.entities(settled)
            if self._sources.done:
                return _Piece(entities, None)
            if len(entities) == limit or (entities and (once or limit is None)):
                return _Piece(entities, self._positions())
            left = None if limit is None else limit - len(entities)
            yield from self._sources.fetch(left, width, least)
            width *= 2
            if self._expiring:  # so many that the page is not full yet
                least = FILTERED_ITEMS

    def slice(self, offset: int, limit: int) -> Steps[tuple[Sequence[Any], int]]:
        """The entities at some places, and how many there are in all; reads everything.

        Whole items are fetched only for these places, unless more is needed to count.
        """
        if self.plan.empty:
            return (), 0
        if self.plan.limit is not None:
            limit = max(0, min(limit, self.plan.limit - offset))
        entities, total = yield from self._piece(offset, limit)
        return entities, total if self.plan.limit is None else min(total, self.plan.limit)

    def _piece(self, offset: int, limit: int) -> Steps[tuple[Sequence[Any], int]]:
        if self.plan.ordering == "memory" and limit:  # to count them they need no order
            found = yield from self._sorted()
            chosen = found[offset : offset + limit]
            return (yield from self._settler.entities(chosen)), len(found)
        kept: list[Entry] = []
        total = 0
        while not self._sources.done:
            yield from self._sources.fetch(None, IN_FLIGHT)
            some = yield from self._settler.settled(self._available(None))
            kept += some[max(0, offset - total) : max(0, offset + limit - total)]
            total += len(some)
        return (yield from self._settler.entities(kept)), total

    def count(self) -> Steps[int]:
        """How many entities there are."""
        if self.plan.empty:
            return 0
        queries = [query for some in self._queries for query in some]
        if len(queries) < len(self.plan.branches) or self._settler.checks:
            _, total = yield from self.slice(0, 0)
            return total
        total = yield from _counted(queries)
        return total if self.plan.limit is None else min(total, self.plan.limit)

    def _sorted_page(self, limit: int | None) -> Steps[_Piece]:
        entries = yield from self._sorted()
        if self._after is not None:
            entries = self._following(entries, self._after)
        chosen = entries[:limit]
        entities = yield from self._settler.entities(chosen)
        if len(chosen) == len(entries):
            return _Piece(entities, None)
        self._after = self._place(chosen[-1].item)
        return _Piece(entities, self._after)

    def _bounded(self, limit: int | None) -> int | None:
        """How many entities a page may have, where all pages together have a limit too."""
        left = None if self.plan.limit is None else self.plan.limit - self._taken
        limits = [each for each in (limit, left) if each is not None]
        return min(*limits, MOST_ITEMS) if limits else None

    def _sorted(self) -> Steps[list[Entry]]:
        """All that is asked for, sorted in memory.

        Raises:
            RequestError: it is over 10,000 items.
        """
        found: dict[Any, Entry] = {}
        self._sources = self._opened(None)
        while not self._sources.done:
            yield from self._sources.fetch(None, IN_FLIGHT)
            settled = yield from self._settler.settled(self._available(None))
            found |= {identity(entry.item): entry for entry in settled}
            if len(found) > SORTED_ITEMS:
                raise RequestError(
                    f"over {SORTED_ITEMS:,} items would be sorted by {', '.join(self.plan.order)} "
                    f"in memory; declare {self.plan.advice or 'an index in this order'}"
                )
        return sorted(found.values(), key=self._rank, reverse=self.plan.newest_first)

    def _rank(self, entry: Entry) -> Any:
        return sort_key(entry.item, self.plan.order), identity(entry.item)

    def _place(self, item: AttributeMap) -> Any:
        """Where an item is in the order, as a cursor has it."""
        values = [portable(item[name]) if name in item else None for name in self.plan.order]
        return [values, *identity(item)]

    def _following(self, entries: Sequence[Entry], place: Any) -> list[Entry]:
        values, *key = place
        held = {n: v for n, v in zip(self.plan.order, values, strict=True) if v is not None}
        last = (sort_key(held, self.plan.order), tuple(key))
        if self.plan.newest_first:
            return [entry for entry in entries if self._rank(entry) < last]
        return [entry for entry in entries if self._rank(entry) > last]

    def _available(self, limit: int | None) -> list[Entry]:
        """The next entries, as far as they were read."""
        return [Entry(s.path, item) for s, item in islice(self._sources.available(), limit)]

    def _opened(self, state: Any) -> Sources:
        """The branches, at the positions of a cursor or at their beginnings."""
        table = self.schema.table.name
        each: list[Source] = []
        positions = iter(state or ())
        for at, path in enumerate(self.plan.paths):
            if path.method == "GetItem":
                keys = [key_of(self.schema, self.plan, branch) for branch in path.branches]
                if self.plan.newest_first:
                    keys.reverse()
                position = read(None, next(positions, NOT_STARTED))
                each.append(Keys(table, keys, at, position, consistent=self.plan.consistent))
                continue
            each += [
                Stretch(query, at, branch.skipped, read(query, next(positions, NOT_STARTED)))
                for query, branch in self._in_direction(at, path)
            ]
        return Sources(each, self._merging(), newest_first=self.plan.newest_first)

    @property
    def _filtered(self) -> bool:
        """Whether few of the items that are read may be kept."""
        filtered = any(path.filters or path.tags for path in self.plan.paths)
        return filtered or self._settler.filters

    @property
    def _expiring(self) -> bool:
        """Whether items that are read may have expired."""
        return any(path.expiry_at is not None for path in self.plan.paths)

    def _in_direction(self, at: int, path: AccessPath) -> list[tuple[Query, Branch]]:
        pairs = list(zip(self._queries[at], path.branches, strict=True))
        return pairs[::-1] if self.plan.newest_first else pairs

    def _merging(self) -> Callable[[Source, AttributeMap], Any] | None:
        """What branches are merged by: the rest of their keys, or else the fields to sort by."""
        if len(self.plan.paths) > 1:
            order = self.plan.order
            merged = self.plan.ordering == "merged"
            return (lambda _, item: sort_key(item, order)) if merged else None
        place = self.plan.paths[0].merged_by if self.plan.paths else None
        if place is None:
            return None
        ranges = self.plan.index.ranges[place:]
        return lambda source, item: _rest(source, item, ranges)

    def _positions(self) -> list[Any]:
        return [
            written(source.query if isinstance(source, Stretch) else None, source.position)
            for source in self._sources.each
        ]

    @cached_property
    def _cursor(self) -> Cursor:
        """Of this query, told from all others by what is the same in every process."""
        plan, codec = self.plan, self.schema.codec(self.plan.classes[0])
        tags = [self.schema.codec(cls).spec.tag for cls in plan.classes]
        paths = [(path.method, path.index.name, path.branches) for path in plan.paths]
        conditions = sorted(map(repr, encoded(codec, plan.conditions)))  # keywords have no order
        table = (self.schema.shared or self.schema).table.name  # whichever the scope is moved to
        return Cursor((table, tags, conditions, paths, plan.order, plan.newest_first))


def _rest(source: Source, item: AttributeMap, ranges: Sequence[str]) -> tuple[str, ...]:
    """The texts of an item's key from where the branches are alike."""
    first, *others = ranges
    texts = [item[first]["S"][source.skipped :], *(item[name]["S"] for name in others)]
    return *texts, *identity(item)


def _counted(queries: Sequence[Query]) -> Steps[int]:
    counted = 0
    left = [evolve(query, count_only=True, attributes=()) for query in queries]
    while left:
        some, left = left[:IN_FLIGHT], left[IN_FLIGHT:]
        pages = yield from read_together(some)
        counted += sum(page.count for page in pages)
        left += [
            evolve(query, start_key=page.last_key)
            for query, page in zip(some, pages, strict=True)
            if page.last_key is not None
        ]
    return counted
