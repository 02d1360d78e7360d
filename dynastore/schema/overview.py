"""All access patterns of a schema at a glance: what each costs, and what is odd about them."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil

from attrs import frozen

from ..capacity import WRITE_UNIT_BYTES
from ..entities.index_slots import IndexSlot
from ..entities.patterns import AccessPattern
from ..entities.spec import EntitySpec
from ..keys.text import choices
from ..planner.costs import ITEM_BYTES, Reading, cost_of, entry_bytes
from ..planner.plan import Cost
from ..table import Index
from .schema import Schema

HOT_PARTITIONS = 10  # fewer of them share all writes of an entity
PARTITION_WRITE_UNITS = 1_000  # a second; DynamoDB quotas


@frozen
class Row:
    """One access pattern.

    Attributes:
        entity: name of the class.
        pattern: its name.
        index: the index it is on.
        partition: template of the partition key, with its shards.
        ranges: templates of the range components.
        when: what an item must be to be in the index, as text; empty where all are.
        cost: of reading one partition.
        write_units: that putting an item takes there.
    """

    entity: str
    pattern: str
    index: Index
    partition: str
    ranges: tuple[str, ...]
    when: str
    cost: Cost
    write_units: int


def rows(schema: Schema) -> list[Row]:
    """The patterns of all entities, by entity, the primary key first."""
    return [
        _row(codec.spec, slot)
        for codec in schema.codecs.values()
        for slot in (codec.primary, *codec.secondary)
    ]


def remarks(schema: Schema) -> list[str]:
    """What is odd: hot partitions, entities that meet in one, indexes that nothing uses."""
    return [
        *(remark for codec in schema.codecs.values() for remark in _hot(codec.spec)),
        *_meeting(schema),
        *_unused(schema),
    ]


def _row(spec: EntitySpec, slot: IndexSlot) -> Row:
    pattern, index = slot.pattern, slot.index
    reading = Reading(
        bound=dict.fromkeys(pattern.hash.fields, 1),
        branches=pattern.shards,
        complete=False,
        ranges=0,
        hydrated=index.fields is not None,
        limit=None,
        consistent=False,
    )
    shards = f" in {pattern.shards} shards" if pattern.shards > 1 else ""
    return Row(
        entity=spec.name,
        pattern=pattern.name,
        index=index,
        partition=f"{pattern.hash.text}{shards}",
        ranges=tuple(each.text for each in pattern.ranges),
        when=" and ".join(f"{name} {test}" for name, test in pattern.when.items()),
        cost=cost_of(spec, pattern, index, reading),
        write_units=ceil(
            entry_bytes(index, spec.hints.item_bytes or ITEM_BYTES) / WRITE_UNIT_BYTES
        ),
    )


def _hot(spec: EntitySpec) -> Iterator[str]:
    for pattern in spec.patterns:
        keys = _partitions(spec, pattern)
        if keys is not None and keys * pattern.shards < HOT_PARTITIONS:
            count = keys * pattern.shards
            partitions = "one partition" if count == 1 else f"{count} partitions"
            yield (
                f"{spec}.{pattern.name} has all its items in {partitions}, {pattern.hash.text}; each "
                f"takes {PARTITION_WRITE_UNITS:,} write units a second. Spread them with shards=, or "
                "by another field"
            )


def _partitions(spec: EntitySpec, pattern: AccessPattern) -> int | None:
    """How many partition keys there can be; None where that is not known."""
    count = 1
    for part in pattern.hash.parts:
        if part.name is None:
            continue
        possible = choices(spec.types[part.name])
        values = spec.hints.distinct.get(part.name) or (len(possible) if possible else None)
        if values is None or part.bucket is not None:
            return None
        count *= values
    return count


def _meeting(schema: Schema) -> Iterator[str]:
    """Patterns of which a query has to tell entities apart by their TYPE."""
    for cls, names in schema.mixed.items():
        for name in sorted(names):
            yield (
                f"{cls.__name__}.{name} may read items of other entities, which cost units and are "
                "filtered out; begin its range key with a word of its own"
            )


def _unused(schema: Schema) -> Iterator[str]:
    used = {p.number for codec in schema.codecs.values() for p in codec.spec.patterns}
    for index in schema.table.indexes:
        if index.number not in used:
            yield f"{index.name} of table {schema.table.name} is used by no access pattern; drop it"
