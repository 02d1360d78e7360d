"""aiodynamo on aiohttp: plain values in and out, awaited."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import aiohttp
from aiodynamo.client import Client
from aiodynamo.credentials import Key, StaticCredentials
from aiodynamo.expressions import F, HashKey, RangeKey
from aiodynamo.http.aiohttp import AIOHTTP
from aiodynamo.models import ReturnValues
from yarl import URL

from ..contenders import (
    FIRST,
    GET,
    KEY_ID,
    PARTITION,
    PLAIN_KEY,
    PUT,
    REGION,
    SECRET,
    SORT_KEYS,
    TABLES,
    TITLE,
    TOKENS,
    UPDATE,
    Contender,
)
from ..entities import SESSIONS
from .typed_boto import decoded


def opened(url: str, runner: asyncio.Runner) -> Contender:
    """The client."""
    http = runner.run(_session())
    made = Client(AIOHTTP(http), StaticCredentials(Key(KEY_ID, SECRET)), REGION, URL(url))
    sessions = made.table(SESSIONS)
    plain = decoded(FIRST)

    async def read(table: str) -> list[Any]:
        key = HashKey("PK", PARTITION) & RangeKey("SK").begins_with(SORT_KEYS[table])
        return [item async for item in made.table(table).query(key)]

    def update() -> Any:
        return sessions.update_item(
            PLAIN_KEY,
            F("title").set(TITLE) & F("tokens_in").change(TOKENS),
            condition=F("PK").exists(),
            return_values=ReturnValues.all_new,
        )

    queries = {name: partial(read, table) for name, table in TABLES.items()}
    return Contender(
        "aiodynamo",
        {
            GET: lambda: sessions.get_item(PLAIN_KEY),
            PUT: lambda: sessions.put_item(plain),
            UPDATE: update,
            **queries,
        },
        awaited=True,
        close=http.close,
    )


async def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession()
