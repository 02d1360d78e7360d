"""PynamoDB: models in and out. One model has all attributes of the day, each of which may be missing."""

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
    model = _model(table, url, in_flight, day)
    attributes = model.get_attributes()

    def value(name: str, stored: AttributeValue) -> Any:
        return attributes[name].deserialize(attributes[name].get_value(stored))

    def prepared(asked: Asked) -> Callable[[], Any]:
        match asked.operation:
            case "PutItem":
                item = asked.parameters["Item"]
                values = {name: value(name, stored) for name, stored in item.items()}
                return lambda: model(**values).save()
            case "UpdateItem":
                key = [each["S"] for each in asked.parameters["Key"].values()]
                sets = {name: value(name, stored) for name, stored in asked.set_values.items()}
                return lambda: model(*key).update(
                    [attributes[name].set(each) for name, each in sets.items()]
                )
        return _query(model, asked)

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


def _model(table: str, url: str, in_flight: int, day: Conversations) -> Any:
    settings = {
        "table_name": table,
        "region": REGION,
        "host": url,
        "aws_access_key_id": KEY_ID,
        "aws_secret_access_key": SECRET,
        "max_pool_connections": max(in_flight, 10),
    }
    names: dict[str, Any] = {
        "Meta": type("Meta", (), settings),
        "PK": UnicodeAttribute(hash_key=True),
        "SK": UnicodeAttribute(range_key=True),
        "by_user": ByUser(),
    }
    for _, asked in chain.from_iterable(day):
        for name, value in _stored(asked).items():
            if name not in names:
                names[name] = _attribute(value)
    return type("Item", (Model,), names)


def _stored(asked: Asked) -> Mapping[str, AttributeValue]:
    match asked.operation:
        case "PutItem":
            stored: Mapping[str, AttributeValue] = asked.parameters["Item"]
            return stored
        case "UpdateItem":
            return asked.set_values
    return {}


def _attribute(value: AttributeValue) -> Attribute[Any]:
    (kind,) = value
    made: Attribute[Any] = KINDS[kind](null=True)
    return made


KIND = Kind("PynamoDB", False, _opened)
