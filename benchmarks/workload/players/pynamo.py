"""PynamoDB: models in and out. A model has all attributes of the day, each of which may be missing.

Short messages are stored as lists and long ones as bytes, and an attribute of PynamoDB is of one kind: what
is written otherwise than usual is of a model of its own, and what is read may be of any kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import chain
from typing import Any

from pynamodb.attributes import (
    Attribute,
    BinaryAttribute,
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex
from pynamodb.models import Model

from dynastore.values.attributes import AttributeValue

from ...micro.contenders import KEY_ID, REGION, SECRET
from ..script import Asked, Conversations
from . import Kind, Player

KINDS: Mapping[str, Any] = {
    "S": UnicodeAttribute,
    "N": NumberAttribute,
    "B": partial(BinaryAttribute, legacy_encoding=False),
    "BOOL": BooleanAttribute,
    "L": ListAttribute,
    "M": MapAttribute,
}


class ByUser(GlobalSecondaryIndex[Any]):
    """The list of a user's sessions."""

    class Meta:
        """Its settings."""

        index_name = "GSI1"
        projection = AllProjection()

    GSI1H = UnicodeAttribute(hash_key=True)
    GSI1R1 = UnicodeAttribute(range_key=True)


def _opened(table: str, url: str, in_flight: int, day: Conversations) -> Player:
    models = _Models(table, url, in_flight, day)

    def prepared(asked: Asked) -> Callable[[], Any]:
        match asked.operation:
            case "PutItem":
                item = asked.parameters["Item"]
                model, values = models.of(item)
                return lambda: model(**values).save()
            case "UpdateItem":
                key = [each["S"] for each in asked.parameters["Key"].values()]
                model, values = models.of(asked.set_values)
                return lambda: model(*key).update(
                    [getattr(model, name).set(each) for name, each in values.items()]
                )
        return _query(models.usual, asked)

    return Player(prepared, lambda call: call(), lambda: None)


def _query(model: Any, asked: Asked) -> Callable[[], Any]:
    on = model.by_user if "IndexName" in asked.parameters else model
    sort = model.GSI1R1 if on is not model else model.SK
    text, options = asked.range_value, asked.parameters
    limit, forward = options.get("Limit"), options["ScanIndexForward"]

    def query() -> Any:
        condition = (
            None if text is None else sort == text if on is not model else sort.startswith(text)
        )
        found = on.query(asked.hash_value, condition, limit=limit, scan_index_forward=forward)
        return list(found)

    return query


class _Models:
    """Models of the one table, by the kinds of their attributes.

    Attributes:
        usual: that of the kinds that come first.
    """

    def __init__(self, table: str, url: str, in_flight: int, day: Conversations) -> None:
        self._settings = {
            "table_name": table,
            "region": REGION,
            "host": url,
            "aws_access_key_id": KEY_ID,
            "aws_secret_access_key": SECRET,
            "max_pool_connections": max(in_flight, 10),
        }
        self._kinds: dict[str, str] = {}
        for _, asked in chain.from_iterable(day):
            self._kinds = _kinds(_stored(asked)) | self._kinds
        self._made: dict[tuple[tuple[str, str], ...], Any] = {}
        self.usual = self._model({})

    def of(self, item: Mapping[str, AttributeValue]) -> tuple[Any, Mapping[str, Any]]:
        """The model for an item, and its values there."""
        model = self._model(_kinds(item))
        attributes = model.get_attributes()
        return model, {
            name: attributes[name].deserialize(attributes[name].get_value(stored))
            for name, stored in item.items()
        }

    def _model(self, kinds: Mapping[str, str]) -> Any:
        all_kinds = {**self._kinds, **kinds}
        known = tuple(all_kinds.items())
        if known not in self._made:
            names: dict[str, Any] = {name: _attribute(kind) for name, kind in known}
            names |= {
                "Meta": type("Meta", (), self._settings),
                "PK": UnicodeAttribute(hash_key=True),
                "SK": UnicodeAttribute(range_key=True),
                "by_user": ByUser(),
            }
            if self._made:  # a model of its own would open connections of its own, in each thread
                names["_connection"] = self.usual._get_connection()  # noqa: SLF001 - no other way
            self._made[known] = type("Item", (Model,), names)
        return self._made[known]


def _kinds(item: Mapping[str, AttributeValue]) -> dict[str, str]:
    """Attribute -> its kind, such as S."""
    return {name: kind for name, value in item.items() for kind in value}


def _stored(asked: Asked) -> Mapping[str, AttributeValue]:
    match asked.operation:
        case "PutItem":
            stored: Mapping[str, AttributeValue] = asked.parameters["Item"]
            return stored
        case "UpdateItem":
            return asked.set_values
    return {}


def _attribute(kind: str) -> Attribute[Any]:
    """One that is written as a kind, and read as any."""
    made: Attribute[Any] = KINDS[kind](null=True)
    deserialize = made.deserialize

    def read(value: AttributeValue) -> Any:
        ((found, stored),) = value.items()
        return deserialize(stored) if found == kind else KINDS[found]().deserialize(stored)

    made.get_value = lambda value: value  # type: ignore[method-assign]
    made.deserialize = read  # type: ignore[method-assign]
    return made


KIND = Kind("PynamoDB", False, _opened)
