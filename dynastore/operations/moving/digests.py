"""Digests: whether two places hold the same items, whatever the order in which they are read.

    {"PK": {"S": "@qa#NOTE#1"}, "n": {"N": "1.0"}, "tags": {"SS": ["b", "a"]}}
    -> [["PK", "S", "@qa#NOTE#1"], ["n", "N", "1"], ["tags", "SS", ["a", "b"]]] -> 128 bits of BLAKE2

The sum of these is the checksum. Two engines may write one value in two ways; it has one canonical form.
"""

from __future__ import annotations

import datetime as dt
from base64 import b64encode
from collections.abc import Iterable
from decimal import Decimal
from hashlib import blake2b
from typing import Any

import orjson
from attrs import frozen

from ...capacity import item_bytes
from ...table import TTL
from ...values.attributes import AttributeMap, AttributeValue, binary_of, number_text

CHECKSUM_BYTES = 16  # two sets of items that differ have one checksum once in 2**128


@frozen
class Digest:
    """What some items are together.

    Attributes:
        items: how many.
        size_bytes: of all, names of attributes included.
        checksum: the sum of what each is, modulo 2**128.
    """

    items: int = 0
    size_bytes: int = 0
    checksum: int = 0

    def and_(self, other: Digest) -> Digest:
        """Both together."""
        checksum = (self.checksum + other.checksum) % 256**CHECKSUM_BYTES
        return Digest(self.items + other.items, self.size_bytes + other.size_bytes, checksum)


def digest_of(items: Iterable[AttributeMap], moment: dt.datetime | None = None) -> Digest:
    """The digest of those items that have not expired by a moment; without one, of all.

    Engines delete the others when they come to it, each at its own time.
    """
    digest = Digest()
    for item in items:
        if moment is None or not has_expired(item, moment):
            digest = digest.and_(Digest(1, item_bytes(item), _checksum(item)))
    return digest


def has_expired(item: AttributeMap, moment: dt.datetime) -> bool:
    """Whether the engine may have deleted an item by a moment."""
    return TTL in item and Decimal(item[TTL].get("N", "Infinity")) <= Decimal(moment.timestamp())


def is_same(one: AttributeMap | None, other: AttributeMap | None) -> bool:
    """Whether two items are the same, however each is written."""
    if one is None or other is None:
        return one is other
    return one == other or _canonical({"M": one}) == _canonical({"M": other})


def _checksum(item: AttributeMap) -> int:
    text = orjson.dumps(_canonical({"M": item}))
    return int.from_bytes(blake2b(text, digest_size=CHECKSUM_BYTES).digest())


def _canonical(value: AttributeValue) -> Any:
    ((kind, held),) = value.items()
    match kind:
        case "N":
            return [kind, _number(held)]
        case "B":
            return [kind, _base64(value)]
        case "L":
            return [kind, list(map(_canonical, held))]
        case "M":
            return [kind, [[name, _canonical(held[name])] for name in sorted(held)]]
        case "SS":
            return [kind, sorted(held)]
        case "NS":
            return [kind, sorted(map(_number, held))]
        case "BS":
            return [kind, sorted(_base64({"B": each}) for each in held)]
        case _:
            return [kind, held]


def _number(text: str) -> str:
    return text if text.isdecimal() and text[0] != "0" else number_text(Decimal(text))


def _base64(value: AttributeValue) -> str:
    return b64encode(binary_of(value)).decode()
