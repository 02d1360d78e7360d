"""Shapes: what is alike in many queries, which is all that a choice depends on."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from attrs import frozen

from ..terms import AnyOf, BeginsWith, Compare, Conditions, Equal, Not, OneOf, Predicate, names_of
from .facts import Facts, is_span


@frozen
class Known:
    """What the shape of a query says of one field.

    Attributes:
        values: how many values it can have; 0 where they are not known.
        optional: whether None is one of them.
        ranges: whether it must be in a range.
        span: whether the range has both ends.
    """

    values: int = 0
    optional: bool = False
    ranges: bool = False
    span: bool = False


UNKNOWN = Known()


@frozen
class Shape:
    """What is alike in many queries.

    Attributes:
        fields: what is known of each field.
        implied: names of the sparse patterns that hold all entities asked for.
        filtered: the fields of all conditions, those of alternatives among them.
    """

    fields: tuple[tuple[str, Known], ...]
    implied: frozenset[str]
    filtered: frozenset[str]


def shape_of(conditions: Conditions, facts: Facts, implied: frozenset[str]) -> Shape:
    """The shape of a query."""
    known = [
        (name, Known(len(values), None in values, name in facts.ranges))
        for name, values in facts.values.items()
    ]
    known += [
        (name, Known(0, False, True, is_span(tests)))
        for name, tests in facts.ranges.items()
        if name not in facts.values
    ]
    return Shape(tuple(known), implied, names_of(conditions))


def signature(conditions: Conditions, facts: Facts) -> Hashable:
    """What tells shapes apart and is made faster: without most of the values.

    Conditions with one signature have one shape, and the key of an index says as much of them.
    """
    counts = tuple((len(values), None in values) for values in facts.values.values())
    return counts, _signs(conditions)


def _signs(conditions: Conditions) -> tuple[Any, ...]:
    return tuple(
        tuple(map(_signs, each.alternatives))
        if isinstance(each, AnyOf)
        else (each[0], _sign(each[1]))
        for each in conditions
    )


def _sign(test: Predicate) -> Any:
    if type(test) is Equal:
        return Equal
    match test:
        case Compare(operator):
            return operator
        case BeginsWith(text):
            return BeginsWith, bool(text)
        case OneOf(values):
            return OneOf, None in values
        case Not(inner):
            return Not, _sign(inner)
        case _:
            return type(test)
