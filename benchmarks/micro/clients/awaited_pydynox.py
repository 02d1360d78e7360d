"""pydynox, awaited: models in and out."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from ..contenders import (
    GET,
    PARTITION,
    PLAIN_KEY,
    PUT,
    SORT_KEYS,
    TABLES,
    TITLE,
    TOKENS,
    UPDATE,
    Contender,
)
from ..entities import SESSIONS
from .pydynox import Session, models


def opened(url: str, runner: asyncio.Runner) -> Contender:
    """The models."""
    made = models(url)
    sessions = made[SESSIONS]
    first = runner.run(sessions.get(**PLAIN_KEY))

    async def read(table: str) -> list[Any]:
        model = made[table]
        found = model.query(PARTITION, model.SK.begins_with(SORT_KEYS[table]))
        return [each async for each in found]

    queries = {name: partial(read, table) for name, table in TABLES.items()}
    changes = [Session.title.set(TITLE), Session.tokens_in.add(TOKENS)]
    return Contender(
        "pydynox, awaited",
        {
            GET: lambda: sessions.get(**PLAIN_KEY),
            PUT: partial(first.save, full_replace=True),
            UPDATE: partial(first.update, atomic=changes),
            **queries,
        },
        awaited=True,
    )
