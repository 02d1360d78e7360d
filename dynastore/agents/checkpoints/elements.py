"""Elements: the members of a serialized list or dict, so that two of them can be compared and joined.

MessagePack writes a list as a header and its elements one after the other, and a dict as a header
and its keys, each before its value. So a list is cut and joined without decoding what is in it.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from hashlib import blake2b
from itertools import pairwise
from typing import Literal, TypeAlias

from attrs import frozen

from .contents import Value

Kind: TypeAlias = Literal["list", "dict"]

MSGPACK = "msgpack"  # the type of the values that can be cut
DIGEST_BYTES = 16  # by which elements are taken for equal

# A first byte, by MessagePack's specification: the low bits of the short forms count members.
SHORT_MAP, SHORT_LIST, SHORT_END = 0x80, 0x90, 0xA0
LIST_16, LIST_32, MAP_16, MAP_32 = 0xDC, 0xDD, 0xDE, 0xDF
SHORT_MEMBERS, MEMBERS_16 = 16, 1 << 16


@frozen
class Elements:
    """A list or dict, cut.

    Attributes:
        kind: which of them.
        each: its members in order, each as it is serialized; of a dict, each key with its value.
    """

    kind: Kind
    each: Sequence[bytes]

    @property
    def whole(self) -> Value:
        """The list or dict in one piece."""
        return Value(MSGPACK, b"".join((_header(self.kind, len(self.each)), *self.each)))

    @property
    def digests(self) -> tuple[bytes, ...]:
        """What tells the members from any others."""
        return tuple(blake2b(each, digest_size=DIGEST_BYTES).digest() for each in self.each)


def elements_of(value: Value) -> Elements | None:
    """The members of a value; None where it is no list and no dict, or of another type.

    A serializer may give its own bytes the name of MessagePack. They are cut only where the members
    make just the same bytes again.
    """
    if value.type != MSGPACK or (kind := _kind(value.data)) is None:
        return None
    each = cut(kind, value.data, whole=True)
    return None if each is None else Elements(kind, each)


def cut(kind: Kind, data: bytes, *, whole: bool = False, count: int = 0) -> list[bytes] | None:
    """Members, cut apart; None where the data is not just these.

    Args:
        kind: whether they are members of a list or of a dict.
        data: the members.
        whole: whether the header is before them, which says how many they are.
        count: how many they are, where it is not.
    """
    import msgpack

    unpacker = msgpack.Unpacker(max_buffer_size=0)
    unpacker.feed(data)
    try:
        if whole:
            count = unpacker.read_array_header() if kind == "list" else unpacker.read_map_header()
        places = [unpacker.tell()]
        for _ in range(count):
            for _ in range(1 if kind == "list" else 2):
                unpacker.skip()
            places.append(unpacker.tell())
    except (ValueError, msgpack.UnpackException):
        return None
    if places[-1] != len(data) or (whole and data[: places[0]] != _header(kind, count)):
        return None
    return [data[start:end] for start, end in pairwise(places)]


def _kind(data: bytes) -> Kind | None:
    first = data[0] if data else 0
    if SHORT_LIST <= first < SHORT_END or first in {LIST_16, LIST_32}:
        return "list"
    if SHORT_MAP <= first < SHORT_LIST or first in {MAP_16, MAP_32}:
        return "dict"
    return None


def _header(kind: Kind, count: int) -> bytes:
    if count < SHORT_MEMBERS:
        return bytes([(SHORT_LIST if kind == "list" else SHORT_MAP) | count])
    if count < MEMBERS_16:
        return struct.pack(">BH", LIST_16 if kind == "list" else MAP_16, count)
    return struct.pack(">BI", LIST_32 if kind == "list" else MAP_32, count)
