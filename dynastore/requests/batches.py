"""Requests about many items by key, each for itself."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeAlias

from attrs import field, frozen

from ..values.attributes import AttributeMap
from .items import DeleteItem, PutItem
from .request import Key, Purpose, Request
from .transactions import key_of

BATCH_KEYS = 100  # of one BatchGetItem; DynamoDB quotas
BATCH_WRITES = 25  # of one BatchWriteItem; DynamoDB quotas
BATCH_WRITE_BYTES = 16 * 1024 * 1024  # of one BatchWriteItem, as it is sent; API reference

PlainWrite: TypeAlias = PutItem | DeleteItem
"""What a batch does to one item; it has no conditions."""


@frozen
class Batch:
    """Items of one BatchGetItem response.

    Attributes:
        items: those found, in no order.
        unprocessed: keys that were not read; ask again.
    """

    items: Sequence[AttributeMap]
    unprocessed: tuple[Key, ...]


@frozen
class BatchGetItem(Request[Batch]):
    """Read up to 100 items, 16 MB, by primary key. Keys must differ."""

    operation: ClassVar[str] = "BatchGetItem"
    writes: ClassVar[bool] = False
    table: str
    keys: tuple[Key, ...]
    consistent: bool = False

    @property
    def purpose(self) -> Purpose | None:
        """The entity that the keys are of, and its primary key."""
        return Purpose.of_keys(self.keys)

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        keys = [key.attributes for key in self.keys]
        return {
            "RequestItems": {self.table: {"Keys": keys, "ConsistentRead": self.consistent}},
            "ReturnConsumedCapacity": "TOTAL",
        }

    def read(self, response: Mapping[str, Any]) -> Batch:
        """The items and the keys left over."""
        left = response.get("UnprocessedKeys", {}).get(self.table, {}).get("Keys", ())
        asked = {key: key for key in self.keys}  # which know what they are keys of
        unprocessed = tuple(asked[Key.of(key)] for key in left)
        return Batch(response["Responses"].get(self.table, ()), unprocessed)


@frozen
class BatchWriteItem(Request[tuple[PlainWrite, ...]]):
    """Put and delete up to 25 items, 16 MB, each for itself; the writes that were not made.

    Attributes:
        actions: without conditions, of one table, at least one. Keys must differ.
    """

    operation: ClassVar[str] = "BatchWriteItem"
    actions: tuple[PlainWrite, ...] = field(repr=False)

    @property
    def table(self) -> str:
        """Where they are written."""
        return self.actions[0].table

    @property
    def purpose(self) -> Purpose | None:
        """By the keys."""
        return Purpose.of_keys(map(key_of, self.actions))

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {
            "RequestItems": {self.table: [_entry(each) for each in self.actions]},
            "ReturnConsumedCapacity": "TOTAL",
        }

    def read(self, response: Mapping[str, Any]) -> tuple[PlainWrite, ...]:
        """The writes left over, as they were asked for: what comes back may hold base64 text."""
        left = response.get("UnprocessedItems", {}).get(self.table, ())
        keys = {_key_of_entry(each) for each in left}
        return tuple(each for each in self.actions if key_of(each) in keys)


def sent_bytes(write: PlainWrite) -> int:
    """How much a write adds to a BatchWriteItem: its JSON, all of it ASCII as botocore sends it.

    It may be many times the size that is stored: a list of empty texts is nine times as long.
    """
    return len(_JSON.encode(_entry(write)))


def _entry(write: PlainWrite) -> dict[str, Any]:
    if isinstance(write, PutItem):
        return {"PutRequest": {"Item": write.item}}
    return {"DeleteRequest": {"Key": write.key.attributes}}


def _key_of_entry(entry: Mapping[str, Any]) -> Key:
    if put := entry.get("PutRequest"):
        return Key.of(put["Item"])
    return Key.of(entry["DeleteRequest"]["Key"])


def _base64(binary: bytes) -> str:
    return b64encode(binary).decode()


_JSON = json.JSONEncoder(default=_base64, check_circular=False)
