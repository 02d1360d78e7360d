"""What predicates say of Python values: whether one holds, and whether some imply another.

A sparse index holds the entities of which a predicate holds; a query may use it only where its own
filters imply that predicate.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..terms import BeginsWith, Between, Compare, Equal, IsNone, Not, OneOf, Predicate

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


DECIDABLE = (Equal, OneOf, IsNone, Compare, Between, BeginsWith)  # and each inside a Not


def holds(test: Predicate, value: Any) -> bool:
    """Whether a predicate holds of a value; no range holds of None.

    Raises:
        TypeError: the value cannot be compared so, or the predicate is not one of an index.
    """
    match test:
        case Equal(wanted):
            return bool(value == wanted)
        case OneOf(values):
            return value in values
        case IsNone():
            return value is None
        case Compare(sign, bound):
            return value is not None and _OPERATORS[sign](value, bound)
        case Between(low, high):
            return value is not None and bool(low <= value <= high)
        case BeginsWith(text):
            return value is not None and value.startswith(text)
        case Not(inner):
            return not holds(inner, value)
        case _:
            raise TypeError(f"an index cannot depend on whether a field {test}")


def implied(wanted: Predicate, values: Sequence[Any] | None, tests: Iterable[Predicate]) -> bool:
    """Whether a field that fulfils some filters must fulfil a predicate too; False if unsure.

    Args:
        wanted: the predicate.
        values: all values that the field can still have, or None where they are not known.
        tests: what else is known of the field.
    """
    try:
        if values is not None:
            return all(holds(wanted, value) for value in values)
        return any(_implies(test, wanted) for test in tests)
    except TypeError:  # two types that cannot be compared
        return False


def _implies(test: Predicate, wanted: Predicate) -> bool:
    if test == wanted:
        return True
    match wanted, test:
        case Not(IsNone()), Compare() | Between() | BeginsWith():
            return True
        case BeginsWith(prefix), BeginsWith(text):
            return bool(text.startswith(prefix))
        case Compare(sign, bound), Between(low, high):
            return holds(wanted, low if sign.startswith(">") else high)
        case Between(), Between(low, high):
            return holds(wanted, low) and holds(wanted, high)
        case Compare(sign, bound), Compare(other, value):
            # after(5) implies since(5) and since(4); since(5) implies after(4), not after(5)
            same_side = sign[0] == other[0]
            return same_side and (holds(wanted, value) or (value == bound and "=" not in other))
        case _:
            return False
