"""Which access pattern serves a query, and how far its key is used: the cheapest choice.

A choice depends on the *shape* of a query alone: which fields have how many values or a range, not
on the values. So it is made once for each shape and kept.

The cost of a choice is what it reads, in read units; see `costs`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import prod
from typing import Any

from attrs import evolve, frozen

from ..entities.index_slots import IndexSlot
from ..entities.patterns import AccessPattern
from ..entities.spec import EntitySpec
from ..keys.templates import Part
from ..keys.text import choices
from ..terms import ONE_OF_VALUES
from .costs import Reading, cost_of
from .plan import Cost, Ordering
from .shapes import UNKNOWN, Known, Shape

BUCKETS = 10  # that a span of time may touch
BRANCHES = 100  # of one plan; each is at least one request


@frozen
class Ask:
    """What is asked besides the filters.

    Attributes:
        order: fields to sort by; empty for the order of the index.
        newest_first: whether the order is descending.
        consistent: whether reads are strongly consistent.
        selected: the only fields wanted, or None for whole entities.
        limit: how many entities at most, or None for all.
        across_scopes: whether the entities of all scopes inside are meant, and not those outside of
            them.
    """

    order: tuple[str, ...] = ()
    newest_first: bool = False
    consistent: bool = False
    selected: tuple[str, ...] | None = None
    limit: int | None = None
    across_scopes: bool = False


PLAIN = Ask()  # whole entities, in the order of the index


@frozen
class Choice:
    """One way to serve a query.

    Attributes:
        slot: of the access pattern.
        bound: fields of the key that have one value in each branch.
        fanned: those of which branches differ.
        depth: how many fields of the key the query says something of.
        complete: whether the whole primary key is bound.
        ordering: how the order comes about.
        start: the field that branches are merged from; None for the whole range key.
        reading: what it reads.
        refused: whether it has too many branches, however few buckets a span of time touches, or
            leaves too many values of a field to filter by.
        weight: the read units that it is chosen by.
    """

    slot: IndexSlot
    bound: tuple[str, ...]
    fanned: tuple[str, ...]
    depth: int
    complete: bool
    ordering: Ordering
    start: str | None
    reading: Reading
    refused: bool
    weight: float

    @cached_property
    def keyed(self) -> tuple[tuple[str, Part | None], ...]:
        """The key's fields, each with its part if that is bound in the range key."""
        parts = {str(part.name): part for part in self.slot.parts if part.name in self.bound}
        names = dict.fromkeys((*self.slot.pattern.hash.fields, *self.bound))
        return tuple((name, parts.get(name)) for name in names)

    @property
    def rank(self) -> tuple[Any, ...]:
        """The lower the better: units, then a longer prefix, then order, requests, the table.

        What would be refused comes last.
        """
        units = float(f"{self.weight:.3g}")
        unsorted = self.ordering == "memory"
        number = self.slot.pattern.number
        branches = self.reading.branches
        return self.refused, not self.complete, units, -self.depth, unsorted, branches, number


@frozen(slots=False)
class Use:
    """One access pattern, looked at for one shape of query.

    Attributes:
        spec: the entity.
        slot: of the access pattern.
        shape: of the query.
        ask: what is asked besides the filters.
    """

    spec: EntitySpec
    slot: IndexSlot
    shape: Shape
    ask: Ask

    @property
    def pattern(self) -> AccessPattern:
        """The access pattern."""
        return self.slot.pattern

    @cached_property
    def known(self) -> Mapping[str, Known]:
        """What the query says of each field."""
        return dict(self.shape.fields)

    @cached_property
    def hashed(self) -> tuple[str, ...]:
        """Fields of the partition key that have known values."""
        return tuple(name for name in self.pattern.hash.fields if self._values(name))

    @cached_property
    def _open_buckets(self) -> list[str]:
        """Fields of the partition key of which a range is known."""
        return [name for name in self.pattern.hash.fields if name not in self.hashed]

    @cached_property
    def lacks(self) -> tuple[str, ...]:
        """Fields of which a query would have to say more for the pattern to serve it."""
        unbound = [str(part.name) for part in self.pattern.hash.parts if not self._is_bound(part)]
        unmet = () if self.pattern.name in self.shape.implied else self.pattern.when
        return tuple(dict.fromkeys((*unbound, *unmet)))

    def choices(self) -> Iterator[Choice]:
        """All ways to use the pattern; none where a query does not say enough."""
        if self.lacks:
            return
        several = tuple(name for name in self.hashed if self._values(name) > 1)
        for bound, fanned, ranged in self._depths():
            every = tuple(dict.fromkeys((*several, *fanned)))
            yield self._choice(bound, every, ranged)

    def _depths(self) -> Iterator[tuple[tuple[str, ...], tuple[str, ...], str | None]]:
        """How far the key can be used: bound fields, those with several values, one in a range.

        Where a field has several values, and where a field with few possible values is left open,
        there are two ways: a branch for each value, or no further.
        """
        whole = {part.name for part in self.pattern.hash.parts if part.bucket is None}
        bound = [name for name in self.hashed if name in whole]
        fanned: list[str] = []
        for part in self.slot.parts:
            name = str(part.name)
            if name in bound:
                continue
            if not self._key_values(part) and self.known.get(name, UNKNOWN).ranges:
                yield tuple(bound), tuple(fanned), name
                return
            possible = self._fan(part)
            if not possible:
                break
            if possible > 1:
                yield tuple(bound), tuple(fanned), None
                fanned.append(name)
            bound.append(name)
        yield tuple(bound), tuple(fanned), None

    def _choice(
        self, bound: tuple[str, ...], fanned: tuple[str, ...], ranged: str | None
    ) -> Choice:
        partitions = BUCKETS ** len(self._open_buckets)
        branches = self._branches(fanned) * partitions
        ordering, start = self._order(bound, fanned, branches)
        reading = Reading(
            bound={name: self.known.get(name, UNKNOWN).values for name in bound},
            branches=branches,
            complete=self._completes(bound),
            ranges=bool(ranged) + len({*self.pattern.hash.fields} - {*bound}),
            hydrated=self._hydrates((*bound, ranged)),
            limit=self.ask.limit if self._stops(bound, ranged, ordering) else None,
            consistent=self.ask.consistent,
        )
        # Without an order the first few have to be the first of all, so both are chosen alike.
        weighed = reading if self.ask.order else evolve(reading, limit=None)
        return Choice(
            slot=self.slot,
            bound=bound,
            fanned=fanned,
            depth=len([name for name in bound if name in self.known]) + bool(ranged),
            complete=reading.complete,
            ordering=ordering,
            start=start,
            reading=reading,
            refused=branches // partitions > BRANCHES or self._leaves_many(bound),
            weight=self._cost(weighed).units,
        )

    def _stops(self, bound: Sequence[str], ranged: str | None, ordering: Ordering) -> bool:
        """Whether every item read is a result, so that a limit is reached soon.

        How many items pass a filter is not known: the first to pass may be the last one read.
        """
        filtered = self.shape.filtered - {*bound, ranged, *self.pattern.when}
        return ordering != "memory" and not filtered

    def _leaves_many(self, bound: Sequence[str]) -> bool:
        """Whether a field that the key does not say has more values than a filter may."""
        known = (each for name, each in self.known.items() if name not in bound)
        return any(each.values > ONE_OF_VALUES for each in known)

    def _branches(self, fanned: Sequence[str]) -> int:
        fans = (part for part in self.slot.parts if part.name in fanned)
        counts = [self._values(name) for name in self.hashed]
        counts += [self._fan(part) for part in fans if part.name not in self.hashed]
        return prod(counts) * self.pattern.shards

    def _fan(self, part: Part) -> int:
        """How many values of a part are tried: those asked for, or else all that there are."""
        return self._key_values(part) or len(possible_values(self.spec, part))

    def _order(
        self, bound: Sequence[str], fanned: Sequence[str], branches: int
    ) -> tuple[Ordering, str | None]:
        """Who sorts, and the field from which on branches are merged; None for the whole key."""
        constant = {name for name in bound if name not in fanned}
        sorting = [str(part.name) for part in self.slot.parts if part.name not in constant]
        wanted = [name for name in self.ask.order if name not in constant]
        start = wanted[0] if wanted else None
        skipped = 0
        while wanted and skipped < len(sorting) and sorting[skipped] != start:
            if sorting[skipped] not in fanned:
                return "memory", None
            skipped += 1
        if sorting[skipped : skipped + len(wanted)] != wanted:
            return "memory", None
        in_sequence = not skipped and self._partitions_follow(fanned, sorting)
        return ("index" if branches == 1 or in_sequence else "merged"), start

    def _partitions_follow(self, fanned: Sequence[str], sorting: Sequence[str]) -> bool:
        """Whether there is one partition, or one after the other in the order of the range key."""
        if self.pattern.shards > 1 or any(name in fanned for name in self.hashed):
            return False
        return not self._open_buckets or self._open_buckets == [*sorting[:1]]

    def _hydrates(self, keyed: Sequence[str | None]) -> bool:
        if self.spec.evolution.upcasters and self.slot.index.fields is not None:
            return True  # what older code wrote is upcast as a whole
        wanted = {*(self.spec.types if self.ask.selected is None else self.ask.selected)}
        # Where a query asks more closely than a sparse pattern does, the path still checks it.
        filtered = self.shape.filtered - {*keyed, *self.pattern.when}
        return not self.slot.index.carries(wanted | filtered | {*self.ask.order})

    def _cost(self, reading: Reading) -> Cost:
        return cost_of(self.spec, self.pattern, self.slot.index, reading)

    def _completes(self, bound: Sequence[str]) -> bool:
        return self.pattern.number == 0 and {*bound} >= {*self.pattern.fields}

    def _values(self, name: str) -> int:
        """How many values a field of the partition key has; None is never one of them."""
        found = self.known.get(name, UNKNOWN)
        return 0 if found.optional else found.values

    def _key_values(self, part: Part) -> int:
        """How many values of a field a range attribute can have."""
        found = self.known.get(str(part.name), UNKNOWN)
        return found.values if part.optional else found.values - found.optional

    def _is_bound(self, part: Part) -> bool:
        if part.name is None or self._values(part.name):
            return True
        return part.bucket is not None and self.known.get(part.name, UNKNOWN).span


def possible_values(spec: EntitySpec, part: Part) -> tuple[Any, ...]:
    """All values of a part whose field has few, in the order given; none where it has many."""
    possible = choices(spec.types[str(part.name)])
    if possible is None:
        return ()
    return (None, *possible) if part.optional else possible


def usable(values: Sequence[Any], part: Part) -> tuple[Any, ...]:
    """Those of a field's values that a key can have; one that may not be None is never None."""
    if part.optional:
        return tuple(values)
    return tuple(value for value in values if value is not None)
