"""Conditions and changes, carried out on items in memory as DynamoDB carries them out.

Both are compiled first, which checks what they are given; the function that comes out is then
applied to one item or to many. Items are as `values.kept_item` makes them.
"""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Mapping
from decimal import Context, Decimal
from typing import Any, TypeAlias

from ..errors import RequestError
from ..requests import AttributeMap, AttributeValue
from ..terms import (
    Absent,
    Append,
    BeginsWith,
    Between,
    Change,
    Compare,
    Conditions,
    Equal,
    Increment,
    IsNone,
    OneOf,
    Predicate,
    Present,
    SetTo,
    Unset,
)
from .values import binary, canonical, kept_attribute

ONE_OF_VALUES = 100  # operands of IN; DynamoDB quotas

Test: TypeAlias = Callable[[AttributeValue | None], bool]
Edit: TypeAlias = Callable[[AttributeValue | None], AttributeValue | None]

# Two numbers of 38 digits between 1E-130 and 1E+126 add up exactly in 257 digits.
_EXACT = Context(prec=300)

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}

# Code points order texts as their UTF-8 bytes do.
_ORDERED: dict[str, Callable[[str], Any]] = {"S": str, "N": Decimal, "B": binary}


def matcher(conditions: Conditions) -> Callable[[Mapping[str, AttributeValue]], bool]:
    """Whether all of *conditions* hold, as a function of an item; a missing item is an empty one.

    Raises:
        RequestError: DynamoDB would refuse an operand.
    """
    tests = [(name, _test(name, predicate)) for name, predicate in conditions]
    return lambda item: all(test(item.get(name)) for name, test in tests)


def changer(
    changes: Mapping[str, Change],
) -> Callable[[Mapping[str, AttributeValue]], AttributeMap]:
    """What *changes* make of an item, as a function that returns a new item.

    The function raises RequestError where an attribute is missing or of a type that does not allow
    its change.

    Raises:
        RequestError: DynamoDB would refuse an operand.
    """
    edits = [(name, _edit(name, change)) for name, change in changes.items()]

    def changed(item: Mapping[str, AttributeValue]) -> AttributeMap:
        edited = {name: edit(item.get(name)) for name, edit in edits}
        return {name: value for name, value in {**item, **edited}.items() if value is not None}

    return changed


def _test(name: str, predicate: Predicate) -> Test:
    match predicate:
        case Equal(value):
            return _equals(kept_attribute(name, value))
        case Compare(operator, value):
            return _compares(name, _OPERATORS[operator], value)
        case Between(low, high):
            return _lies_between(name, low, high)
        case BeginsWith(text):
            return _begins(name, text)
        case OneOf(values):
            return _is_one_of(name, values)
        case IsNone():
            return lambda value: value is None or "NULL" in value
        case Present():
            return lambda value: value is not None
        case Absent():
            return lambda value: value is None


def _equals(expected: AttributeValue) -> Test:
    if not expected.keys().isdisjoint({"L", "M", "SS", "NS", "BS"}):
        without_order = _without_order(expected)
        return lambda value: value is not None and _without_order(value) == without_order
    return lambda value: value == expected


def _without_order(value: AttributeValue) -> Any:
    """Something that is equal for equal values: in sets the order does not count."""
    ((kind, held),) = value.items()
    match kind:
        case "SS" | "NS" | "BS":
            return kind, frozenset(held)
        case "L":
            return kind, [_without_order(each) for each in held]
        case "M":
            return kind, {name: _without_order(each) for name, each in held.items()}
        case _:
            return kind, held


def _compares(name: str, holds: Callable[[Any, Any], bool], value: AttributeValue) -> Test:
    kind, bound = _bound(name, value)
    order = _ORDERED[kind]
    return lambda value: value is not None and kind in value and holds(order(value[kind]), bound)


def _lies_between(name: str, low: AttributeValue, high: AttributeValue) -> Test:
    (kind, lowest), (high_kind, highest) = _bound(name, low), _bound(name, high)
    if kind != high_kind:
        raise RequestError(
            f"{name} cannot lie between a {kind} and a {high_kind}; use two bounds of one type"
        )
    if lowest > highest:
        raise RequestError(
            f"{name} cannot lie between bounds of which the first is higher; swap them"
        )
    order = _ORDERED[kind]
    return lambda value: (
        value is not None and kind in value and lowest <= order(value[kind]) <= highest
    )


def _bound(name: str, value: AttributeValue) -> tuple[str, Any]:
    ((kind, held),) = kept_attribute(name, value).items()
    if kind not in _ORDERED:
        raise RequestError(f"{name} is compared with a {kind}; only S, N and B have an order")
    return kind, _ORDERED[kind](held)


def _begins(name: str, text: AttributeValue) -> Test:
    kind, prefix = _bound(name, text)
    if kind == "N":
        raise RequestError(f"{name} cannot begin with a number; give a text or bytes")
    order = _ORDERED[kind]
    return lambda value: (
        value is not None and kind in value and order(value[kind]).startswith(prefix)
    )


def _is_one_of(name: str, values: tuple[AttributeValue, ...]) -> Test:
    if not 1 <= len(values) <= ONE_OF_VALUES:
        raise RequestError(
            f"{name} is compared with {len(values)} values; DynamoDB takes 1 to {ONE_OF_VALUES}"
        )
    tests = [_equals(kept_attribute(name, value)) for value in values]
    return lambda value: any(test(value) for test in tests)


def _edit(name: str, change: Change) -> Edit:
    match change:
        case SetTo(value):
            new = kept_attribute(name, value)
            return lambda old: new
        case Unset():
            return lambda old: None
        case Increment(by, start):
            step = _operand(name, by, "N")
            return _grown(name, start, "N", lambda number: _sum(name, number, step))
        case Append(values, start):
            added = _operand(name, values, "L")
            return _grown(name, start, "L", lambda members: [*members, *added])


def _grown(name: str, start: AttributeValue | None, kind: str, grow: Callable[[Any], Any]) -> Edit:
    first = None if start is None else {kind: _operand(name, start, kind)}

    def edit(old: AttributeValue | None) -> AttributeValue:
        current = first if old is None else old
        if current is None:
            raise RequestError(f"{name} is not stored, so nothing can be added to it; give a start")
        if kind not in current:
            raise RequestError(
                f"{name} is stored as {next(iter(current))}; adding to it takes {kind}"
            )
        return {kind: grow(current[kind])}

    return edit


def _operand(name: str, value: AttributeValue, kind: str) -> Any:
    kept = kept_attribute(name, value)
    if kind not in kept:
        raise RequestError(f"{name} is changed by a {next(iter(kept))}; this change takes {kind}")
    return kept[kind]


def _sum(name: str, number: str, step: str) -> str:
    try:
        return canonical(_EXACT.add(Decimal(number), Decimal(step)))
    except RequestError as error:
        raise RequestError(f"{name} cannot grow by {step}: {error}") from error
