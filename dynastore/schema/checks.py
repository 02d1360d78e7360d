"""The table that entities need, and whether they fit together in one; see `Schema`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations
from typing import Any

from ..codec.codec import Codec
from ..entities.patterns import AccessPattern
from ..entities.spec import EntitySpec, spec_of
from ..errors import ModelError
from ..keys.templates import HEADER, KeyTemplate
from ..keys.text import is_optional
from ..table import Index, Table, VectorIndex


def table_of(entities: Iterable[type[Any]], name: str) -> Table:
    """A table with the indexes that some entities use."""
    patterns: dict[int, list[AccessPattern]] = {}
    for cls in entities:
        for each in spec_of(cls).secondary:
            patterns.setdefault(each.number, []).append(each)
    indexes = [Index(number, fields=_carried(patterns[number])) for number in sorted(patterns)]
    return Table(name, tuple(indexes))


def _carried(patterns: Sequence[AccessPattern]) -> tuple[str, ...] | None:
    """The fields that an index carries for all its patterns together; None for all."""
    if any(each.include is None for each in patterns):
        return None
    return tuple(dict.fromkeys(name for each in patterns for name in each.include or ()))


def check_together(specs: Sequence[EntitySpec], table: Table) -> None:
    """Refuse entities that could be taken for each other, and indexes that lack what they include.

    Raises:
        ModelError: which ones, and what to change.
    """
    _check_numbers(table)
    _check_tags(specs)
    for one, other in combinations(specs, 2):
        _check_apart(one, other)
    for spec in specs:
        _check_guards(spec, specs)
    _check_carried(specs, table)


def _check_carried(specs: Iterable[EntitySpec], table: Table) -> None:
    carried = {index.number: index.fields for index in table.indexes}
    for spec in specs:
        for pattern in spec.secondary:
            fields = carried.get(pattern.number)
            if fields is None:
                continue
            if lacking := [name for name in pattern.include or () if name not in fields]:
                raise ModelError(
                    f"{spec}.{pattern.name} includes {lacking[0]}, which index {pattern.number} of "
                    f"table {table.name} does not carry; add it to its fields"
                )


def check_vectors(codecs: Iterable[Codec], index: VectorIndex) -> None:
    """Whatever has the field of the vector index is in it, and DynamoDB refuses other values."""
    for codec in codecs:
        if index.field not in codec.spec.types:
            continue
        where = f"{codec.spec}.{index.field}"
        if (
            not codec.hooks[index.field].kinds <= {"L", "NULL"}
            or index.field in codec.spec.payloads
        ):
            raise ModelError(
                f"{where} is no list of numbers, and the vector index {index.name} is of that "
                "field; name either of them differently"
            )
        if (
            is_optional(codec.spec.types[index.field])
            and codec.spec.default(index.field) is not None
        ):
            raise ModelError(
                f"{where} may be None, so its default is None: no vector is not stored"
            )


def _check_numbers(table: Table) -> None:
    numbers = [index.number for index in table.indexes]
    if 0 in numbers or len(set(numbers)) < len(numbers):
        raise ModelError(f"indexes of table {table.name} need numbers of their own, from 1")


def _check_tags(specs: Iterable[EntitySpec]) -> None:
    seen: dict[str, EntitySpec] = {}
    for spec in specs:
        if spec.tag in seen:
            raise ModelError(
                f"{seen[spec.tag]} and {spec} have one type tag, {spec.tag!r}; give each its own"
            )
        seen[spec.tag] = spec


def _check_apart(one: EntitySpec, other: EntitySpec) -> None:
    """Two entities that may share a partition must have sort keys that cannot be confused."""
    if adjacent(one.primary, other.primary):
        raise ModelError(
            f"{one} and {other} may share a partition ({one.primary.hash} and {other.primary.hash}), "
            f"and their sort keys overlap ({one.primary.sort} and {other.primary.sort}); "
            "begin each with a word of its own and '#'"
        )


def _check_guards(spec: EntitySpec, others: Iterable[EntitySpec]) -> None:
    """Guards of unique values must have keys that no entity can have."""
    for each in spec.uniques:
        assert each.template is not None, "an entity's constraint has one"
        guard = AccessPattern(0, each.template, (KeyTemplate.parse(HEADER),))
        for other in others:
            if adjacent(guard, other.primary):
                raise ModelError(
                    f"guards of {spec}.{each.name} may be confused with {other}, whose partition "
                    f"key is {other.primary.hash}; begin that with another word than UNIQUE"
                )


def adjacent(one: AccessPattern, other: AccessPattern) -> bool:
    """Whether two patterns may have the same keys: of one partition, with sort keys that overlap."""
    mine, theirs = one.sort.lead, other.sort.lead
    return one.partition.overlaps(other.partition) and (
        mine.startswith(theirs) or theirs.startswith(mine)
    )
