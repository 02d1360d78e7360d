"""boto3's client with its TypeSerializer and TypeDeserializer: plain values in and out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from ..contenders import (
    DECODE,
    ENCODE,
    FIRST,
    GET,
    PLAIN_KEY,
    PUT,
    TABLES,
    UPDATE,
    Contender,
)
from ..entities import SESSIONS
from .boto import UPDATING, client, query

_to_wire = TypeSerializer().serialize
_of_wire = TypeDeserializer().deserialize


def encoded(values: dict[str, Any]) -> dict[str, Any]:
    """Plain values as attribute values."""
    return {name: _to_wire(value) for name, value in values.items()}


def decoded(item: dict[str, Any]) -> dict[str, Any]:
    """Attribute values as plain ones."""
    return {name: _of_wire(value) for name, value in item.items()}


PLAIN = decoded(FIRST)


def opened(url: str, _: asyncio.Runner) -> Contender:
    """The client."""
    made = client(url)

    def get() -> dict[str, Any]:
        return decoded(made.get_item(TableName=SESSIONS, Key=encoded(PLAIN_KEY))["Item"])

    def reading(table: str) -> list[dict[str, Any]]:
        return [decoded(item) for item in made.query(**query(table))["Items"]]

    queries: dict[str, Callable[[], Any]] = {
        name: partial(reading, table) for name, table in TABLES.items()
    }
    return Contender(
        "boto3, TypeDeserializer",
        {
            GET: get,
            PUT: lambda: made.put_item(TableName=SESSIONS, Item=encoded(PLAIN)),
            UPDATE: lambda: decoded(made.update_item(**UPDATING)["Attributes"]),
            **queries,
            ENCODE: partial(encoded, PLAIN),
            DECODE: partial(decoded, FIRST),
        },
    )
