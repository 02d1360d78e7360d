"""Sorting items by fields, as an index of these fields would."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from ...values.attributes import AttributeValue, binary_of

SORTED_ITEMS = 10_000  # that are read and sorted in memory at most; more need an index


def sort_key(item: Mapping[str, AttributeValue], fields: Sequence[str]) -> tuple[Any, ...]:
    """What items are sorted by: None first, then by the values, texts by their UTF-8 bytes."""
    return tuple(_comparable(item.get(name)) for name in fields)


def identity(item: Mapping[str, AttributeValue]) -> tuple[str, str]:
    """The primary key, which breaks ties."""
    return item["PK"]["S"], item["SK"]["S"]


def portable(value: AttributeValue) -> AttributeValue:
    """An attribute value as JSON has it."""
    return {"B": b64encode(binary_of(value)).decode()} if "B" in value else value


def _comparable(value: AttributeValue | None) -> tuple[Any, ...]:
    if value is None or "NULL" in value:
        return (0,)
    ((kind, held),) = value.items()
    match kind:
        case "N":
            return 1, Decimal(held)
        case "B":
            return 1, binary_of(value)
        case _:
            return 1, held
