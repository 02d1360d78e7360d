"""Filters over the values of documents: equality and comparisons, as deep as the values are.

{"color": "red"}                     equals, also inside: {"size": {"width": 3}}
{"score": {"$gte": 3, "$lt": 5}}     $eq $ne $gt $gte $lt $lte
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from ...errors import RequestError, shown

_ORDERS: Mapping[str, Callable[[Any, Any], bool]] = {
    "$gt": operator.gt,
    "$gte": operator.ge,
    "$lt": operator.lt,
    "$lte": operator.le,
}
OPERATORS = ("$eq", "$ne", *_ORDERS)


def check_filter(wanted: Any) -> None:
    """Refuse a filter with an operator that there is not, or that compares with what has no order.

    Raises:
        RequestError: it names one, or is no dict.
    """
    if not isinstance(wanted, Mapping):
        raise RequestError(f'a filter is a dict such as {{"color": "red"}}, not {shown(wanted)}')
    for name, each in wanted.items():
        if not isinstance(name, str):
            raise RequestError(f"a filter names fields, which are texts, not {shown(name)}")
        _check(each)


def passes(value: Mapping[str, Any], wanted: Mapping[str, Any] | None) -> bool:
    """Whether a document's value is as a filter wants it; a field that it lacks is None."""
    return not wanted or all(_fits(value.get(name), each) for name, each in wanted.items())


def _check(wanted: Any) -> None:
    if isinstance(wanted, list | tuple):
        for each in wanted:
            _check(each)
    if not isinstance(wanted, Mapping):
        return
    if not _has_operators(wanted):
        check_filter(wanted)
    elif unknown := [name for name in wanted if name not in OPERATORS]:
        raise RequestError(
            f"a filter has no operator {shown(unknown[0])}; it has {', '.join(OPERATORS)}"
        )
    for name in _ORDERS.keys() & wanted.keys():
        if not isinstance(wanted[name], int | float | str):
            raise RequestError(
                f"a filter compares by {name} with a number or a text, not {shown(wanted[name])}"
            )


def _has_operators(wanted: Mapping[str, Any]) -> bool:
    return any(str(name).startswith("$") for name in wanted)


def _fits(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, Mapping):
        if _has_operators(wanted):
            return all(_compares(value, name, bound) for name, bound in wanted.items())
        return isinstance(value, Mapping) and all(
            _fits(value.get(name), each) for name, each in wanted.items()
        )
    if isinstance(wanted, list | tuple):
        return (
            isinstance(value, list) and len(value) == len(wanted) and all(map(_fits, value, wanted))
        )
    return bool(value == wanted)


def _compares(value: Any, name: str, bound: Any) -> bool:
    if name == "$eq":
        return bool(value == bound)
    if name == "$ne":
        return bool(value != bound)
    for kind in (_number, _text):
        sides = kind(value), kind(bound)
        if None not in sides:
            return _ORDERS[name](*sides)
    return False  # without an order, a document is not found by one


def _number(value: Any) -> int | float | None:
    """A number, or the one that a text says."""
    if isinstance(value, int | float):
        return value
    try:
        return float(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None
