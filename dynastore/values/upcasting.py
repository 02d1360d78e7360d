"""Upcasting: items that older code wrote, with the fields that their class has today.

An upcaster turns the fields of one schema into those of the next. It sees them as JSON has them, but
as DynamoDB keeps them: numbers are ints or Decimals, binary is bytes, sets are sets.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..entities.evolution import Evolution, Upcaster
from ..errors import shown
from ..table import SCHEMA
from .attributes import AttributeMap, AttributeValue, binary_of, map_key, number_text, plain_text

# What an upcaster raises for an item that is not as it expects one.
UNEXPECTED = (LookupError, TypeError, ValueError, ArithmeticError, AttributeError)


def upcast(entity: str, evolution: Evolution, item: AttributeMap) -> AttributeMap:
    """An old item with the fields of today; what is ours in it stays as it is.

    Args:
        entity: name of its class.
        evolution: how it comes to the fields of today.
        item: as it is stored, with its payloads.

    Raises:
        LookupError: there is no upcaster for items so old.
        TypeError: an upcaster gave what cannot be stored.
        ValueError: that, or an upcaster raised one of `UNEXPECTED`; what else it raises goes on.
    """
    assert evolution.schema is not None, "upcasters have one"
    fields = {name: plain(value) for name, value in item.items() if not name.isupper()}
    for number in range(evolution.number_of(item), evolution.schema):
        if number not in evolution.upcasters:
            raise LookupError(
                f"it is of schema {number}, and no upcaster leads on from there; rewrite items so "
                "old with the code that still reads them"
            )
        fields = _next(f"upcaster {number} of {entity}", evolution.upcasters[number], fields)
    ours = {name: value for name, value in item.items() if name.isupper()}
    stored = {map_key(name): wire(value) for name, value in fields.items()}
    return {**ours, SCHEMA: {"N": str(evolution.schema)}, **stored}


def _next(name: str, upcaster: Upcaster, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields of the next schema."""
    try:
        following = upcaster(fields)
    except UNEXPECTED as error:
        raise ValueError(f"{name} raised {error!r}") from error
    if not isinstance(following, dict):
        raise TypeError(f"{name} returned {shown(following)}, not a dict of fields")
    return following


def plain(value: AttributeValue) -> Any:
    """An attribute value as upcasters see it."""
    ((kind, held),) = value.items()
    match kind:
        case "N":
            return _number(held)
        case "B":
            return binary_of(value)
        case "NULL":
            return None
        case "L":
            return [plain(each) for each in held]
        case "M":
            return {name: plain(each) for name, each in held.items()}
        case "SS":
            return set(held)
        case "NS":
            return set(map(_number, held))
        case "BS":
            return {binary_of({"B": each}) for each in held}
        case _:
            return held


def wire(value: Any) -> AttributeValue:
    """What an upcaster gave, as an attribute value.

    Raises:
        TypeError: it is nothing that JSON has, no bytes, no Decimal, no set of texts, numbers or
            bytes.
        ValueError: it is a number that DynamoDB does not hold.
    """
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": plain_text(value)}
        case int() | float() | Decimal():
            return {"N": number_text(value)}
        case bytes():
            return {"B": value}
        case list() | tuple():
            return {"L": [wire(each) for each in value]}
        case dict():
            return {"M": {map_key(name): wire(each) for name, each in value.items()}}
        case set() | frozenset():
            return _set(value)
    raise TypeError(
        f"an upcaster gave {shown(value)}; give texts, numbers, bytes, None, lists, dicts and sets"
    )


def _number(text: str) -> int | Decimal:
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else number


def _set(members: set[Any] | frozenset[Any]) -> AttributeValue:
    if not members:
        return {"L": []}  # DynamoDB has no empty sets
    found = [wire(each) for each in members]
    kinds = {kind for each in found for kind in each}
    if len(kinds) != 1 or not kinds <= {"S", "N", "B"}:
        raise TypeError(f"a set holds texts, numbers or bytes alone, not {shown(members)}")
    (kind,) = kinds
    return {f"{kind}S": sorted(each[kind] for each in found)}
