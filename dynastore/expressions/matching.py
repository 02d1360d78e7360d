"""Conditions, tried on items in memory as DynamoDB tries them at the server.

For the embedded engine, and for what is left to the client. Conditions are compiled first, which
checks what they are given; the function that comes out is then applied to one item or to many.
"""

from __future__ import annotations

import operator as operators
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias

from ..errors import RequestError
from ..terms import (
    ONE_OF_VALUES,
    Absent,
    AnyOf,
    BeginsWith,
    Between,
    Compare,
    Condition,
    Conditions,
    Contains,
    Equal,
    IsNone,
    Not,
    OneOf,
    Predicate,
    Present,
    SizeOf,
)
from ..values.attributes import AttributeValue
from ..values.wire_values import binary, kept_attribute

Matches: TypeAlias = Callable[[Mapping[str, AttributeValue]], bool]
Test: TypeAlias = Callable[[AttributeValue | None], bool]

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operators.lt,
    "<=": operators.le,
    ">": operators.gt,
    ">=": operators.ge,
}

# Code points order texts as their UTF-8 bytes do.
_ORDERED: dict[str, Callable[[Any], Any]] = {"S": str, "N": Decimal, "B": binary}

# What size() counts: characters, bytes, members. The characters are AWS's word for it, "length of
# the string", which the planner does not rely on.
_SIZES: dict[str, Callable[[Any], int]] = {
    "S": len,
    "B": lambda held: len(binary(held)),
    **dict.fromkeys(("L", "M", "SS", "NS", "BS"), len),
}


def matcher(conditions: Conditions) -> Matches:
    """Whether all of *conditions* hold, as a function of an item; a missing item is an empty one.

    Raises:
        RequestError: DynamoDB would refuse an operand.
    """
    tests = [_condition(condition) for condition in conditions]
    return lambda item: all(test(item) for test in tests)


def _condition(condition: Condition) -> Matches:
    if isinstance(condition, AnyOf):
        alternatives = [matcher(each) for each in condition.alternatives]
        return lambda item: any(holds(item) for holds in alternatives)
    name, predicate = condition
    test = _test(name, predicate)
    return lambda item: test(item.get(name))


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
        case Contains(value):
            return _contains(kept_attribute(name, value))
        case SizeOf(inner):
            return _is_sized(name, inner)
        case Not(inner):
            test = _test(name, inner)
            return lambda value: not test(value)


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


def _contains(part: AttributeValue) -> Test:
    ((kind, held),) = part.items()
    member = _equals(part)

    def test(value: AttributeValue | None) -> bool:
        if value is None:
            return False
        if "L" in value:
            return any(map(member, value["L"]))
        if f"{kind}S" in value:
            return held in value[f"{kind}S"]
        return kind == "S" and "S" in value and held in value["S"]

    return test


def _is_sized(name: str, test: Predicate) -> Test:
    holds = _test(name, test)

    def sized(value: AttributeValue | None) -> bool:
        if value is None:
            return False
        ((kind, held),) = value.items()
        count = _SIZES.get(kind)
        return count is not None and holds({"N": str(count(held))})

    return sized
