"""What DynamoDB refuses of batches, and what one answer holds, for the embedded engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import RequestError
from ..requests import (
    BATCH_KEYS,
    BATCH_WRITE_BYTES,
    BATCH_WRITES,
    Key,
    PlainWrite,
    key_of,
    sent_bytes,
)
from .layout import check_key
from .metering import Image

BATCH_BYTES = 16 * 1024 * 1024  # items of one BatchGetItem response; DynamoDB quotas


def check_keys(keys: Sequence[Key]) -> None:
    """Refuse a BatchGetItem of no keys, of too many, or of one twice.

    Raises:
        RequestError: it is wrong.
    """
    if not 1 <= len(keys) <= BATCH_KEYS:
        raise RequestError(f"a batch has 1 to {BATCH_KEYS} keys, not {len(keys)}; split it")
    _check_apart(keys)


def check_writes(writes: Sequence[PlainWrite]) -> None:
    """Refuse a BatchWriteItem that DynamoDB would refuse, but for its items.

    Raises:
        RequestError: it is wrong.
    """
    if not 1 <= len(writes) <= BATCH_WRITES:
        raise RequestError(f"a batch has 1 to {BATCH_WRITES} writes, not {len(writes)}; split it")
    if any(each.conditions for each in writes):
        raise RequestError("a batch has no conditions; send such a write for itself")
    if len({each.table for each in writes}) > 1:
        raise RequestError("a batch writes to one table; send one to each")
    _check_apart([key_of(each) for each in writes])
    size = sum(map(sent_bytes, writes))
    if size > BATCH_WRITE_BYTES:
        raise RequestError(
            f"a batch of writes is up to {BATCH_WRITE_BYTES:,} bytes, not {size:,}; split it"
        )


def fitting(images: Iterable[Image | None]) -> list[Image | None]:
    """Those from the start that one response holds; no more of them are read."""
    found: list[Image | None] = []
    size = 0
    for image in images:
        size += image.size if image else 0
        if size > BATCH_BYTES:
            break
        found.append(image)
    return found


def _check_apart(keys: Sequence[Key]) -> None:
    if len(set(keys)) < len(keys):
        raise RequestError("a batch has the same key twice; give it once")
    for key in keys:
        check_key(key)
