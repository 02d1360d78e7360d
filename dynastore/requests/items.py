"""Requests about one item: read, put, update, delete."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from attrs import field, frozen

from ..changes import Change, Path
from ..expressions import rendering
from ..terms import Conditions
from ..values.attributes import AttributeMap
from .request import Key, Purpose, Request


@frozen
class GetItem(Request[AttributeMap | None]):
    """Read one item by primary key; None if there is none."""

    operation: ClassVar[str] = "GetItem"
    writes: ClassVar[bool] = False
    table: str
    key: Key
    consistent: bool = False

    @property
    def purpose(self) -> Purpose | None:
        """The entity that the key is of, and its primary key."""
        return Purpose.of_keys((self.key,))

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {
            "TableName": self.table,
            "Key": self.key.attributes,
            "ConsistentRead": self.consistent,
            "ReturnConsumedCapacity": "TOTAL",
        }

    def read(self, response: Mapping[str, Any]) -> AttributeMap | None:
        """The item."""
        return response.get("Item")


@frozen
class PutItem(Request[AttributeMap | None]):
    """Write one whole item, replacing what is there.

    Attributes:
        returns_old: whether the item that is replaced comes back; that takes no capacity.
        known_by: a key that tells what it is for, where the item's own does not: the one of the item
            that a part is of.
    """

    operation: ClassVar[str] = "PutItem"
    table: str
    item: AttributeMap = field(repr=False)
    conditions: Conditions = field(default=(), repr=False)
    returns_old: bool = False
    known_by: Key | None = field(default=None, eq=False, repr=False)

    @property
    def repeatable(self) -> bool:
        """A condition may fail on what the first try wrote."""
        return not self.conditions

    @property
    def purpose(self) -> Purpose | None:
        """The entity that the item is of, and its primary key."""
        return Purpose.of_keys((self.known_by or Key.of(self.item),))

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {
            "TableName": self.table,
            "Item": self.item,
            "ReturnConsumedCapacity": "TOTAL",
            **({"ReturnValues": "ALL_OLD"} if self.returns_old else {}),
            **rendering.condition(self.conditions),
        }

    def read(self, response: Mapping[str, Any]) -> AttributeMap | None:
        """The item before, if that was asked for and there was one."""
        return response.get("Attributes")


@frozen
class UpdateItem(Request[AttributeMap]):
    """Change some attributes of one item; the whole item as it is afterwards, or as *returns* says.

    Attributes:
        changes: attribute name, or path to a part of one -> what becomes of it. A missing item is
            made, unless a condition asks for one.
        returns: the item as it is afterwards or was before, or none; that takes no capacity.
    """

    operation: ClassVar[str] = "UpdateItem"
    table: str
    key: Key
    changes: Mapping[str | Path, Change] = field(repr=False)
    conditions: Conditions = field(default=(), repr=False)
    returns: Literal["ALL_NEW", "ALL_OLD", "NONE"] = "ALL_NEW"

    @property
    def repeatable(self) -> bool:
        """Increments and appends are not, and a condition may fail on what the first try wrote."""
        return False

    @property
    def purpose(self) -> Purpose | None:
        """The entity that the key is of, and its primary key."""
        return Purpose.of_keys((self.key,))

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {
            "TableName": self.table,
            "Key": self.key.attributes,
            "ReturnValues": self.returns,
            "ReturnConsumedCapacity": "TOTAL",
            **rendering.update(self.changes, self.conditions),
        }

    def read(self, response: Mapping[str, Any]) -> AttributeMap:
        """The item that was asked for; {} where there is none."""
        item: AttributeMap = response.get("Attributes", {})
        return item


@frozen
class DeleteItem(Request[AttributeMap | None]):
    """Remove one item.

    Attributes:
        returns_old: whether the item as it was comes back, or None if there was none.
    """

    operation: ClassVar[str] = "DeleteItem"
    table: str
    key: Key
    conditions: Conditions = field(default=(), repr=False)
    returns_old: bool = True

    @property
    def repeatable(self) -> bool:
        """A condition may fail on what the first try deleted."""
        return not self.conditions

    @property
    def purpose(self) -> Purpose | None:
        """The entity that the key is of, and its primary key."""
        return Purpose.of_keys((self.key,))

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {
            "TableName": self.table,
            "Key": self.key.attributes,
            **({"ReturnValues": "ALL_OLD"} if self.returns_old else {}),
            "ReturnConsumedCapacity": "TOTAL",
            **rendering.condition(self.conditions),
        }

    def read(self, response: Mapping[str, Any]) -> AttributeMap | None:
        """The item before it was deleted, if that was asked for."""
        return response.get("Attributes")
