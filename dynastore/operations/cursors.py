"""Cursors: where a page ended, as opaque URL-safe text.

A cursor holds the key texts of the last item that was read, and a check value made with the query
it belongs to. The partition is never taken from the cursor but from the plan, so that an altered
one cannot leave it.
"""

from __future__ import annotations

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from hashlib import blake2b

import orjson

from ..attributes import AttributeMap, AttributeValue
from ..errors import InvalidCursor, shown
from ..requests import Query
from ..table import PRIMARY
from ..terms import Equal

CHECK_BYTES = 8


def cursor_of(query: Query, item: Mapping[str, AttributeValue]) -> str:
    """The cursor for what comes after an item.

    Args:
        query: the query it belongs to; where it starts and its limit play no part.
        item: the last item read, or its key attributes.
    """
    texts = orjson.dumps([item[name]["S"] for name in _names(query)])
    return _text(_check(query, texts) + texts)


def start_key(query: Query, cursor: str) -> AttributeMap:
    """The key attributes that a query goes on after.

    Raises:
        InvalidCursor: the cursor is damaged, or was made by another query or scope.
    """
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (binascii.Error, ValueError, TypeError) as error:
        raise InvalidCursor(
            f"{shown(cursor)} is no cursor; pass on page.cursor as it was"
        ) from error
    check, texts = raw[:CHECK_BYTES], raw[CHECK_BYTES:]
    # The last character has bits that decoding drops.
    if check != _check(query, texts) or cursor != _text(raw):
        raise InvalidCursor(
            "the cursor is damaged, or of another query, order or scope; start again without it"
        )
    _, partition = query.key[0]
    assert isinstance(partition, Equal)
    held = {n: {"S": text} for n, text in zip(_names(query), orjson.loads(texts), strict=True)}
    return {query.index.hash: partition.value, **held}


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")


def _names(query: Query) -> tuple[str, ...]:
    if query.index == PRIMARY:
        return PRIMARY.ranges
    return (*query.index.ranges, *PRIMARY.attributes)


def _check(query: Query, texts: bytes) -> bytes:
    asked = (query.table, query.index, query.key, query.filter, query.newest_first)
    key = blake2b(repr(asked).encode(), digest_size=blake2b.MAX_KEY_SIZE).digest()
    return blake2b(texts, key=key, digest_size=CHECK_BYTES).digest()
