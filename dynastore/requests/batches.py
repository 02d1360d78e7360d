"""Requests about many items by key, each for itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from attrs import frozen

from ..attributes import AttributeMap
from .request import Key, Purpose, Request

BATCH_KEYS = 100  # of one BatchGetItem; DynamoDB quotas


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
