"""Requests about several items that happen together or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypeAlias
from uuid import uuid4

from attrs import field, frozen

from ..expressions import rendering
from ..terms import Conditions
from ..values.attributes import AttributeMap
from .items import DeleteItem, PutItem, UpdateItem
from .request import Key, Purpose, Request

ACTIONS = 100  # of one transaction; DynamoDB quotas
TRANSACTION_BYTES = 4 * 1024 * 1024  # items of one transaction together; DynamoDB quotas
TOKEN_CHARACTERS = 36  # of a ClientRequestToken; DynamoDB API reference


@frozen
class ConditionCheck:
    """Something that must hold of an item that a transaction does not write."""

    table: str
    key: Key
    conditions: Conditions = field(repr=False)

    def parameters(self) -> dict[str, Any]:
        """Its parameters, under AWS's names."""
        condition = rendering.condition(self.conditions)
        return {"TableName": self.table, "Key": self.key.attributes, **condition}


Action: TypeAlias = PutItem | UpdateItem | DeleteItem | ConditionCheck
"""What one transaction does to one item."""

_NAMES: dict[type[Action], str] = {
    PutItem: "Put",
    UpdateItem: "Update",
    DeleteItem: "Delete",
    ConditionCheck: "ConditionCheck",
}
_NOT_OF_ACTIONS = {"ReturnConsumedCapacity", "ReturnValues"}


def new_token() -> str:
    """A ClientRequestToken that was never used."""
    return uuid4().hex


@frozen
class TransactWriteItems(Request[None]):
    """Carry out up to 100 actions, 4 MB, on items that differ: all of them, or none.

    Attributes:
        actions: in any order; they happen at one moment.
        token: makes it happen once, however often it is sent within ten minutes
            (ClientRequestToken).
    """

    operation: ClassVar[str] = "TransactWriteItems"
    actions: Sequence[Action]
    token: str = field(factory=new_token)

    @property
    def keys(self) -> list[Key]:
        """The primary keys of the items, in the order of the actions."""
        return [key_of(action) for action in self.actions]

    @property
    def purpose(self) -> Purpose | None:
        """The entities that the keys are of, and their primary keys."""
        return Purpose.of_keys(self.keys)

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {
            "TransactItems": [_parameters(action) for action in self.actions],
            "ClientRequestToken": self.token,
            "ReturnConsumedCapacity": "TOTAL",
        }

    def read(self, response: Mapping[str, Any]) -> None:
        """Nothing."""


@frozen
class TransactGetItems(Request[list[AttributeMap | None]]):
    """Read up to 100 items, 4 MB, as they are at one moment.

    Its response has None where there is no item; in the order of the keys, which differ.
    """

    operation: ClassVar[str] = "TransactGetItems"
    writes: ClassVar[bool] = False
    table: str
    keys: tuple[Key, ...]

    @property
    def purpose(self) -> Purpose | None:
        """The entities that the keys are of, and their primary keys."""
        return Purpose.of_keys(self.keys)

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        gets = [{"Get": {"TableName": self.table, "Key": key.attributes}} for key in self.keys]
        return {"TransactItems": gets, "ReturnConsumedCapacity": "TOTAL"}

    def read(self, response: Mapping[str, Any]) -> list[AttributeMap | None]:
        """The items."""
        return [found.get("Item") for found in response["Responses"]]


def key_of(action: Action) -> Key:
    """The primary key of the item that an action is about."""
    return Key.of(action.item) if isinstance(action, PutItem) else action.key


def _parameters(action: Action) -> dict[str, Any]:
    parameters = action.parameters().items()
    return {_NAMES[type(action)]: {n: v for n, v in parameters if n not in _NOT_OF_ACTIONS}}
