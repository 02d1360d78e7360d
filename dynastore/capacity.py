"""Capacity units from the sizes of items, as DynamoDB counts them."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

LIMIT_BYTES = 400 * 1024  # one item, attribute names included; DynamoDB quotas
PAGE_BYTES = 1024 * 1024  # one Query or Scan response; DynamoDB quotas

READ_UNIT_BYTES = 4 * 1024
WRITE_UNIT_BYTES = 1024

# US dollars per million read and write request units on demand in us-east-1; half of what they were
# before November 2024. Source: "Amazon DynamoDB pricing for on-demand capacity", read in November 2026.
READ_DOLLARS = 0.125
WRITE_DOLLARS = 0.625

CONTAINER_BYTES = 3  # a list or map, besides what it holds
ELEMENT_BYTES = 1  # each element of a list, each pair of a map


def item_bytes(item: Mapping[str, Mapping[str, Any]]) -> int:
    """The size of an item as stored.

    Args:
        item: attribute name -> attribute value.

    Returns:
        Bytes: names and values, in UTF-8.

    Source: DynamoDB Developer Guide, "DynamoDB item sizes and formats".
    """
    size = 0
    for name, value in item.items():  # a loop, and texts in it: every write is measured
        size += len(name) if name.isascii() else len(name.encode())
        text = value.get("S")
        size += value_bytes(value) if text is None else text_bytes(text)
    return size


def value_bytes(value: Mapping[str, Any]) -> int:
    """The size of one attribute value as stored, in bytes."""
    ((kind, held),) = value.items()
    match kind:
        case "S":
            return text_bytes(held)
        case "N":
            return number_bytes(held)
        case "B":
            return binary_bytes(held)
        case "L":
            return CONTAINER_BYTES + sum(ELEMENT_BYTES + value_bytes(each) for each in held)
        case "M":
            return CONTAINER_BYTES + ELEMENT_BYTES * len(held) + item_bytes(held)
        case "SS":
            return sum(map(text_bytes, held))
        case "NS":
            return sum(map(number_bytes, held))
        case "BS":
            return sum(map(binary_bytes, held))
        case _:
            return 1  # BOOL, NULL


def text_bytes(text: str) -> int:
    """The size of a text in UTF-8, in bytes."""
    return len(text) if text.isascii() else len(text.encode())


def number_bytes(text: str) -> int:
    """The size of a number: a byte for each two significant digits, one more, one for a sign."""
    digits = text.lstrip("-").replace(".", "").strip("0")
    return 1 + ceil(len(digits) / 2) + text.startswith("-")


def binary_bytes(binary: bytes | bytearray | str) -> int:
    """The size of a binary value, given as bytes or as base64 text."""
    if isinstance(binary, bytes | bytearray):
        return len(binary)
    return len(binary) // 4 * 3 - binary.count("=", -2)


def read_units(size: int, *, consistent: bool) -> float:
    """Capacity that reading takes.

    Args:
        size: bytes read: one item of a GetItem, all items of a Query page together.
        consistent: whether the read is strongly consistent.

    Returns:
        Read request units: 1 for each started 4,096 bytes and at least 1, half of that for an
        eventually consistent read.

    Source: DynamoDB Developer Guide, "Read and write operations".
    """
    units = max(1, ceil(size / READ_UNIT_BYTES))
    return float(units) if consistent else units / 2


def write_units(size: int) -> float:
    """Capacity that writing an item takes: 1 for each started 1,024 bytes of the larger of before and after.

    Args:
        size: bytes.

    Source: DynamoDB Developer Guide, "Read and write operations".
    """
    return float(max(1, ceil(size / WRITE_UNIT_BYTES)))
