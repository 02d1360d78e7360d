"""aiobotocore: maps of attribute values in and out, awaited."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

from aiobotocore.session import get_session

from ..contenders import (
    FIRST,
    GET,
    KEY_ID,
    PUT,
    REGION,
    SECRET,
    TABLES,
    UPDATE,
    WIRE_KEY,
    Contender,
)
from ..entities import SESSIONS
from .boto import UPDATING, query


def opened(url: str, runner: asyncio.Runner) -> Contender:
    """The client."""
    made = runner.run(_client(url))

    async def read(table: str) -> Any:
        return (await made.query(**query(table)))["Items"]

    queries = {name: partial(read, table) for name, table in TABLES.items()}
    return Contender(
        "aiobotocore",
        {
            GET: partial(made.get_item, TableName=SESSIONS, Key=WIRE_KEY),
            PUT: partial(made.put_item, TableName=SESSIONS, Item=FIRST),
            UPDATE: partial(made.update_item, **UPDATING),
            **queries,
        },
        awaited=True,
        close=made.close,
    )


async def _client(url: str) -> Any:
    opening = get_session().create_client(
        "dynamodb",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=SECRET,
    )
    return await opening.__aenter__()
