"""aiodynamo on aiohttp: plain values in and out, awaited."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce
from operator import and_
from typing import Any

import aiohttp
from aiodynamo.client import Client
from aiodynamo.credentials import Key, StaticCredentials
from aiodynamo.expressions import F, HashKey, RangeKey
from aiodynamo.http.aiohttp import AIOHTTP
from boto3.dynamodb.types import Binary
from yarl import URL

from ...micro.clients.typed_boto import decoded
from ...micro.contenders import KEY_ID, REGION, SECRET
from ..script import Asked, Conversations
from . import Kind, Player


async def _opened(table: str, url: str, in_flight: int, day: Conversations) -> Player:
    http = aiohttp.ClientSession()
    credentials = StaticCredentials(Key(KEY_ID, SECRET))
    made = Client(AIOHTTP(http), credentials, REGION, URL(url)).table(table)

    def prepared(asked: Asked) -> Callable[[], Any]:
        match asked.operation:
            case "PutItem":
                item = _plain(asked.parameters["Item"])
                return lambda: made.put_item(item)
            case "UpdateItem":
                key = _plain(asked.parameters["Key"])
                values = _plain(asked.set_values)
                return lambda: made.update_item(
                    key, reduce(and_, (F(name).set(each) for name, each in values.items()))
                )
        return lambda: _read(made, asked)

    return Player(prepared, lambda call: call(), http.close)


def _plain(stored: Mapping[str, Any]) -> dict[str, Any]:
    """Values as a program has them; bytes as bytes."""
    values = decoded(stored)
    return {name: each.value if isinstance(each, Binary) else each for name, each in values.items()}


async def _read(table: Any, asked: Asked) -> list[Any]:
    index, text = asked.parameters.get("IndexName"), asked.range_value
    key = HashKey("GSI1H" if index else "PK", asked.hash_value)
    if text is not None:
        key &= RangeKey("GSI1R1").equals(text) if index else RangeKey("SK").begins_with(text)
    found = table.query(
        key,
        index=index,
        limit=asked.parameters.get("Limit"),
        scan_forward=asked.parameters["ScanIndexForward"],
    )
    return [item async for item in found]


KIND = Kind("aiodynamo", True, _opened)
