"""What the filters of a query say of each field, by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from ..terms import (
    AnyOf,
    BeginsWith,
    Between,
    Compare,
    Conditions,
    Equal,
    IsNone,
    OneOf,
    Predicate,
)
from .filters import unique

VALUES = (Equal, OneOf, IsNone)  # predicates that leave a field some known values
RANGES = (Compare, Between, BeginsWith)  # predicates that leave it a stretch of its order


@frozen
class Facts:
    """What must hold of single fields. What alternatives say is not among it.

    Attributes:
        values: field -> all values that it can have, in the order given.
        ranges: field -> ranges that it must be in.
    """

    values: Mapping[str, tuple[Any, ...]]
    ranges: Mapping[str, tuple[Predicate, ...]]

    @classmethod
    def of(cls, conditions: Conditions) -> Facts:
        """What conditions say."""
        values: dict[str, tuple[Any, ...]] = {}
        ranges: dict[str, tuple[Predicate, ...]] = {}
        for condition in conditions:
            if isinstance(condition, AnyOf):
                continue
            name, test = condition
            kind = type(test)
            if kind in VALUES:
                some = _values(test)
                values[name] = _common(values[name], some) if name in values else some
            elif kind in RANGES:
                ranges[name] = (*ranges.get(name, ()), test)
        return cls(values, ranges)

    @property
    def contradictory(self) -> bool:
        """Whether no value is left for some field."""
        return not all(self.values.values())

    def excludes(self, other: Facts) -> bool:
        """Whether nothing can be as both say; False if unsure."""
        return any(
            name in other.values and not _common(values, other.values[name])
            for name, values in self.values.items()
        )


def is_span(tests: Sequence[Predicate]) -> bool:
    """Whether ranges have a beginning and an end."""
    signs = {test.operator[0] for test in tests if isinstance(test, Compare)}
    return signs == {"<", ">"} or any(isinstance(test, Between) for test in tests)


def _values(test: Predicate) -> tuple[Any, ...]:
    if type(test) is Equal:
        return (test.value,)
    return unique(test.values) if type(test) is OneOf else (None,)


def _common(mine: Sequence[Any], theirs: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(value for value in mine if value in theirs)
