"""What reading takes, in requests, items and read units.

Nothing is measured: the sizes are the hints of the entity, or the defaults below, which make a
longer bound prefix read less. How many of the items pass a filter is not known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import ceil

from attrs import frozen

from ..capacity import READ_UNIT_BYTES
from ..entities.patterns import AccessPattern
from ..entities.spec import EntitySpec
from ..keys.text import choices
from ..requests import BATCH_KEYS
from ..table import Index
from ..terms import Equal, OneOf, Predicate
from .plan import Cost

COUNT = 100_000  # entities, where the declaration does not say
ITEM_BYTES = 1_000
DISTINCT = 1_000  # values of a field
KEPT_BY_RANGE = 1 / 3
KEPT_BY_PREDICATE = 1 / 10  # of a sparse index
ENTRY_BYTES = 200  # keys of a slim index entry
FIELD_BYTES = 40  # each field that it carries


@frozen
class Reading:
    """One way to read what a query asks for.

    Attributes:
        bound: field of the key -> how many values it is bound to; 0 for all that it can have.
        branches: how many stretches of the index, or keys, are read.
        complete: whether they are whole primary keys.
        ranges: how many fields are in a range that the key says.
        hydrated: whether whole items are fetched too.
        limit: how many of the first items are enough, or None for all.
        consistent: whether reads are strongly consistent.
    """

    bound: Mapping[str, int]
    branches: int
    complete: bool
    ranges: int
    hydrated: bool
    limit: int | None
    consistent: bool


def cost_of(spec: EntitySpec, pattern: AccessPattern, index: Index, reading: Reading) -> Cost:
    """What a reading takes."""
    whole = spec.hints.item_bytes or ITEM_BYTES
    rate = 1.0 if reading.consistent else 0.5
    item_units = ceil(whole / READ_UNIT_BYTES) * rate
    branches = reading.branches
    if reading.complete:
        requests = ceil(branches / BATCH_KEYS)
        return Cost(requests, branches * rate, branches, branches * item_units, _assumed(spec, ()))
    items = _items(spec, pattern, reading)
    if reading.limit is not None:
        items = min(items, reading.limit + branches - 1)
    floor = branches * rate
    units = max(floor, items * entry_bytes(index, whole) / READ_UNIT_BYTES * rate)
    if reading.hydrated:
        units += items * item_units
    return Cost(branches, floor, items, units, _assumed(spec, [*reading.bound]))


def entry_bytes(index: Index, item_bytes: int) -> int:
    """About how large an index's entry of an item is."""
    return item_bytes if index.fields is None else ENTRY_BYTES + FIELD_BYTES * len(index.fields)


def _items(spec: EntitySpec, pattern: AccessPattern, reading: Reading) -> float:
    """How many items all branches read together."""
    bound = reading.bound
    if bound.keys() >= {*spec.primary.fields}:
        return reading.branches  # one item has these values, or none
    items = float(spec.hints.count or COUNT)
    for name, values in bound.items():
        if values:
            items *= values / max(_distinct(spec, name), values)
    for name, test in pattern.when.items():
        if name not in bound:
            items *= _kept(spec, name, test)
    return items * KEPT_BY_RANGE**reading.ranges


def _kept(spec: EntitySpec, name: str, test: Predicate) -> float:
    """How many of all items are in an index because of one predicate of it."""
    distinct = _distinct(spec, name)
    match test:
        case Equal():
            return 1 / distinct
        case OneOf(values):
            return len(values) / max(distinct, len(values))
        case _:
            return KEPT_BY_PREDICATE


def _distinct(spec: EntitySpec, name: str) -> int:
    possible = choices(spec.types[name])
    return spec.hints.distinct.get(name) or (len(possible) if possible else DISTINCT)


def _assumed(spec: EntitySpec, bound: Sequence[str]) -> tuple[str, ...]:
    """What the declaration says of sizes, or what is taken where it says nothing."""
    count, size = spec.hints.count or COUNT, spec.hints.item_bytes or ITEM_BYTES
    values = [f"{name} has {_distinct(spec, name):,} values" for name in bound]
    return (f"there are {count:,} {spec} items of {size:,} bytes", *values)
