"""PynamoDB: models in and out."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Callable
from functools import partial
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    ListAttribute,
    MapAttribute,
    NumberAttribute,
    UnicodeAttribute,
)
from pynamodb.models import Model

from ..contenders import (
    DECODE,
    ENCODE,
    EXPRESSIONS,
    FIRST,
    GET,
    KEY_ID,
    PARTITION,
    PLAIN_KEY,
    PLAN,
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


class Moment(UnicodeAttribute):
    """A point in time as it is stored here; UTCDateTimeAttribute reads another form."""

    def serialize(self, value: Any) -> Any:
        """As text of UTC."""
        return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat("T", "microseconds") + "Z"

    def deserialize(self, value: Any) -> Any:
        """The point in time."""
        return dt.datetime.fromisoformat(value)


class Item(Model):
    """What both models have."""

    PK = UnicodeAttribute(hash_key=True)
    SK = UnicodeAttribute(range_key=True)
    TYPE = UnicodeAttribute()
    user_id = UnicodeAttribute()


class Session(Item):
    """The flat one."""

    session_id = UnicodeAttribute()
    agent_id = UnicodeAttribute(null=True)
    team_id = UnicodeAttribute(null=True)
    title = UnicodeAttribute()
    status = UnicodeAttribute()
    channel = UnicodeAttribute()
    language = UnicodeAttribute()
    model = UnicodeAttribute()
    summary = UnicodeAttribute()
    visits = NumberAttribute()
    tokens_in = NumberAttribute()
    tokens_out = NumberAttribute()
    cost = NumberAttribute()
    rating = NumberAttribute(null=True)
    archived = BooleanAttribute()
    pinned = BooleanAttribute()
    created_at = Moment()
    updated_at = Moment()
    note = UnicodeAttribute(null=True)


class Call(MapAttribute[Any, Any]):
    """A tool's use."""

    name = UnicodeAttribute()
    arguments: MapAttribute[Any, Any] = MapAttribute()
    seconds = NumberAttribute()
    failed = BooleanAttribute()


class Message(MapAttribute[Any, Any]):
    """What somebody said."""

    role = UnicodeAttribute()
    text = UnicodeAttribute()
    tokens = NumberAttribute()
    calls: ListAttribute[Any] = ListAttribute(of=Call)


class Turn(Item):
    """The nested one."""

    turn_id = UnicodeAttribute()
    revision = NumberAttribute()
    messages: ListAttribute[Any] = ListAttribute(of=Message)


def opened(url: str, _: asyncio.Runner) -> Contender:
    """The models."""
    models = {
        table: type(table, (cls,), {"Meta": type("Meta", (), _settings(table, url))})
        for table, cls in _classes().items()
    }
    of_sessions: Any = models[SESSIONS]

    def reading(table: str) -> list[Any]:
        model: Any = models[table]
        return list(model.query(PARTITION, model.SK.startswith(SORT_KEYS[table])))

    queries: dict[str, Callable[[], Any]] = {
        name: partial(reading, table) for name, table in TABLES.items()
    }
    first = of_sessions.from_raw_data(FIRST)

    def update() -> Any:
        changed = of_sessions(PLAIN_KEY["PK"], PLAIN_KEY["SK"])
        changed.update(
            [Session.title.set(TITLE), Session.tokens_in.set(Session.tokens_in + TOKENS)]
        )
        return changed

    return Contender(
        "PynamoDB",
        {
            GET: lambda: of_sessions.get(*PLAIN_KEY.values()),
            PUT: first.save,
            UPDATE: update,
            **queries,
            PLAN: _key_condition,
            ENCODE: first.serialize,
            DECODE: partial(of_sessions.from_raw_data, FIRST),
            EXPRESSIONS: _expressions,
        },
    )


def _classes() -> dict[str, type[Item]]:
    return {table: Session if table == SESSIONS else Turn for table in TABLES.values()}


def _settings(table: str, url: str) -> dict[str, Any]:
    return {
        "table_name": table,
        "host": url,
        "region": REGION,
        "aws_access_key_id": KEY_ID,
        "aws_secret_access_key": SECRET,
    }


def _key_condition() -> Any:
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    condition = (Session.PK == PARTITION) & Session.SK.startswith("SESSION#")
    return condition.serialize(names, values), names, values


def _expressions() -> Any:
    names: dict[str, str] = {}
    values: dict[str, Any] = {}
    actions = Session.title.set(TITLE), Session.tokens_in.set(Session.tokens_in + TOKENS)
    changed = [action.serialize(names, values) for action in actions]
    return changed, Session.PK.exists().serialize(names, values), names, values
