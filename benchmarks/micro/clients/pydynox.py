"""pydynox, blocking: models in and out."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from typing import Any

from pydynox import DynamoDBClient, Model, ModelConfig
from pydynox.attributes import (
    BooleanAttribute,
    DatetimeAttribute,
    ListAttribute,
    NumberAttribute,
    StringAttribute,
)

from ..contenders import (
    DECODE,
    ENCODE,
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


class Session(Model):
    """The flat one."""

    PK = StringAttribute(partition_key=True)
    SK = StringAttribute(sort_key=True)
    TYPE = StringAttribute()
    user_id = StringAttribute()
    session_id = StringAttribute()
    agent_id = StringAttribute()
    team_id = StringAttribute()
    title = StringAttribute()
    status = StringAttribute()
    channel = StringAttribute()
    language = StringAttribute()
    model = StringAttribute()
    summary = StringAttribute()
    visits = NumberAttribute()
    tokens_in = NumberAttribute()
    tokens_out = NumberAttribute()
    cost = NumberAttribute()
    rating = NumberAttribute()
    archived = BooleanAttribute()
    pinned = BooleanAttribute()
    created_at = DatetimeAttribute()
    updated_at = DatetimeAttribute()
    note = StringAttribute()


class Turn(Model):
    """The nested one."""

    PK = StringAttribute(partition_key=True)
    SK = StringAttribute(sort_key=True)
    TYPE = StringAttribute()
    user_id = StringAttribute()
    turn_id = StringAttribute()
    revision = NumberAttribute()
    messages = ListAttribute()


def models(url: str) -> Mapping[str, Any]:
    """A model of each table."""
    logging.getLogger("pydynox").setLevel(logging.ERROR)  # it warns of calls over 100 ms
    client = DynamoDBClient(region=REGION, access_key=KEY_ID, secret_key=SECRET, endpoint_url=url)
    classes = {table: Session if table == SESSIONS else Turn for table in TABLES.values()}
    return {
        table: type(table, (cls,), {"model_config": ModelConfig(table=table, client=client)})
        for table, cls in classes.items()
    }


def opened(url: str, _: asyncio.Runner) -> Contender:
    """The models."""
    made = models(url)
    sessions = made[SESSIONS]
    first = sessions.sync_get(**PLAIN_KEY)
    values = first.to_dict()

    def reading(table: str) -> list[Any]:
        model = made[table]
        return list(model.sync_query(PARTITION, model.SK.begins_with(SORT_KEYS[table])))

    queries = {name: partial(reading, table) for name, table in TABLES.items()}
    return Contender(
        "pydynox",
        {
            GET: lambda: sessions.sync_get(**PLAIN_KEY),
            PUT: partial(first.sync_save, full_replace=True),
            UPDATE: partial(
                first.sync_update, atomic=[Session.title.set(TITLE), Session.tokens_in.add(TOKENS)]
            ),
            **queries,
            ENCODE: first.to_dict,
            DECODE: partial(sessions.from_dict, values),
        },
    )
