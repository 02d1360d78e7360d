"""Ours, awaited: entities in and out."""

from __future__ import annotations

import asyncio

from dynastore import AsyncStore, increment

from ..contenders import GET, PUT, REGION, TABLES, TITLE, TOKENS, UPDATE, Contender
from ..entities import SESSIONS, Session, Turn, stores
from .dynastore import FIRST_SESSION, KEY, ONE

NAME = "dynastore, awaited"


def opened(url: str, _: asyncio.Runner) -> Contender:
    """The store."""
    made = {
        table: AsyncStore.connect(table, schema, region_name=REGION, endpoint_url=url)
        for table, schema in stores().items()
    }
    sessions = made[SESSIONS]

    async def read(table: str) -> list[object]:
        cls = Session if table == SESSIONS else Turn
        return [each async for each in made[table].query(cls, user_id="ann")]

    async def close() -> None:
        for store in made.values():
            await store.close()

    queries = {name: lambda table=table: read(table) for name, table in TABLES.items()}
    return Contender(
        NAME,
        {
            GET: lambda: sessions.get(Session, **KEY),
            PUT: lambda: sessions.put(FIRST_SESSION),
            UPDATE: lambda: sessions.update(ONE, title=TITLE, tokens_in=increment(TOKENS)),
            **queries,
        },
        awaited=True,
        close=close,
    )
