"""Ours, blocking: entities in and out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from botocore.credentials import Credentials

from dynastore import Store, increment, ref
from dynastore.changes import Increment, SetTo
from dynastore.clients.posts import Post
from dynastore.clients.signing import PostSigner, ServiceClock
from dynastore.expressions import rendering as expressions
from dynastore.terms import Present

from ..contenders import (
    DECODE,
    ENCODE,
    EXPRESSIONS,
    FIRST,
    GET,
    KEY_ID,
    PLAN,
    PUT,
    REGION,
    SECRET,
    SIGN,
    TABLES,
    TITLE,
    TOKENS,
    UPDATE,
    Contender,
)
from ..entities import SESSIONS, Session, Turn, session, stores
from .boto import BODY, HEADERS

NAME = "dynastore"
KEY = {"user_id": "ann", "session_id": "s00000"}
ONE = ref(Session, **KEY)
FIRST_SESSION = session(0)


def opened(url: str, _: asyncio.Runner) -> Contender:
    """The store."""
    made = {
        table: Store.connect(table, schema, region_name=REGION, endpoint_url=url)
        for table, schema in stores().items()
    }
    sessions = made[SESSIONS]
    queries = {
        name: lambda table=table: list(
            made[table].query(Session if table == SESSIONS else Turn, user_id="ann")
        )
        for name, table in TABLES.items()
    }
    return Contender(
        NAME,
        {
            GET: lambda: sessions.get(Session, **KEY),
            PUT: lambda: sessions.put(FIRST_SESSION),
            UPDATE: lambda: sessions.update(ONE, title=TITLE, tokens_in=increment(TOKENS)),
            **queries,
            **parts(url),
        },
    )


def parts(url: str) -> Mapping[str, Callable[[], Any]]:
    """What its calls consist of."""
    schema = stores()[SESSIONS]
    codec = schema.codec(Session)
    changes: dict[Any, Any] = {
        "title": SetTo({"S": TITLE}),
        "tokens_in": Increment({"N": str(TOKENS)}),
    }
    signer = PostSigner(REGION, ServiceClock())
    credentials = Credentials(KEY_ID, SECRET).get_frozen_credentials()
    post = Post("GetItem", "POST", url, HEADERS, BODY)
    return {
        PLAN: partial(schema.plan, Session, {"user_id": "ann"}),
        ENCODE: partial(codec.encode, FIRST_SESSION, ""),
        DECODE: partial(codec.decode, FIRST),
        EXPRESSIONS: partial(expressions.update, changes, (("PK", Present()),)),
        SIGN: partial(signer.signed, post, credentials),
    }
