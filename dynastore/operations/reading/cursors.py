"""Cursors: where a page ended, as opaque URL-safe text.

A cursor holds where each branch of a plan goes on, and a check value made with the query it belongs
to. The partitions are never taken from the cursor but from the plan, so that an altered one cannot
leave them.
"""

from __future__ import annotations

import binascii
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import blake2b
from typing import Any

import orjson
from attrs import frozen

from ...errors import InvalidCursor
from ...requests import Query
from ...terms import Equal
from ...values.attributes import AttributeMap, AttributeValue
from .sources import Position

CHECK_BYTES = 8
NOT_STARTED, DONE = 0, 1  # of a branch; else the texts of a key, or the place of one
LONGEST = 200_000  # bytes that a cursor may become when it is unpacked


@frozen
class Cursor:
    """Writes and reads the cursors of one query.

    Attributes:
        asked: what tells the query from all others.
    """

    asked: Any

    def text(self, state: Any) -> str:
        """The cursor of a state: JSON, with the numbers and texts of positions."""
        packed = zlib.compress(orjson.dumps(state), 6)
        return _encoded(self._check(packed) + packed)

    def state(self, cursor: str) -> Any:
        """The state of a cursor.

        Raises:
            InvalidCursor: the cursor is damaged, or was made by another query or scope.
        """
        try:
            raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError, TypeError) as error:
            raise InvalidCursor(
                f"{cursor!r} is no cursor; pass on page.cursor as it was"
            ) from error
        check, packed = raw[:CHECK_BYTES], raw[CHECK_BYTES:]
        # The last character has bits that decoding drops.
        if check != self._check(packed) or cursor != _encoded(raw):
            raise InvalidCursor(
                "the cursor is damaged, or of another query, order or scope; start again without it"
            )
        return orjson.loads(zlib.decompressobj().decompress(packed, LONGEST))

    def _check(self, packed: bytes) -> bytes:
        key = blake2b(repr(self.asked).encode(), digest_size=blake2b.MAX_KEY_SIZE).digest()
        return blake2b(packed, key=key, digest_size=CHECK_BYTES).digest()


def written(query: Query | None, position: Position) -> Any:
    """A position as a cursor has it: the key texts without the partition.

    Args:
        query: of the branch; None where it is a list of keys.
        position: where it goes on.
    """
    if position is None:
        return NOT_STARTED
    if position is True:
        return DONE
    if query is None:
        return {"at": position}
    assert isinstance(position, dict)
    return [position[name]["S"] for name in query.index.entry_key[1:]]


def read(query: Query | None, state: Any) -> Position:
    """The position that a cursor has.

    Args:
        query: of the branch; None where it is a list of keys.
        state: what `written` made of it.
    """
    if state == NOT_STARTED:
        return None
    if state == DONE:
        return True
    if query is None:
        return int(state["at"])
    _, partition = _hash_condition(query)
    texts: Sequence[str] = state
    names = query.index.entry_key[1:]
    held: AttributeMap = {name: {"S": text} for name, text in zip(names, texts, strict=True)}
    return {query.index.hash: partition, **held}


def _hash_condition(query: Query) -> tuple[str, AttributeValue]:
    first = query.key[0]
    assert isinstance(first, tuple)
    name, test = first
    assert isinstance(test, Equal)
    return name, test.value


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
