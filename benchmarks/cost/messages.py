"""Requests and capacity units of each kind of call, on messages of 1 KB."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from dynastore import Schema, Store, entity, gsi, increment, key, ref, since
from dynastore.testing import memory_store

from .measured import Cost, cost

USERS = 10  # each has its share of the items; one more has always 20
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@entity("message")
class Message:
    """A message of about 1 KB."""

    user_id: str
    message_id: str
    topic: str | None = None
    sent_at: dt.datetime
    likes: int = 0
    text: str = "x" * 700

    primary = key("USER#{user_id}", "MESSAGE#{message_id}")
    by_topic = gsi(1, "TOPIC#{topic}", "MESSAGE", "{sent_at}")


ONE = ref(Message, user_id="ann", message_id="00003")
CALLS: Mapping[str, Callable[[Store], Any]] = {
    "get": lambda store: store.get(Message, user_id="ann", message_id="00003"),
    "get_many of 20": lambda store: store.get_many(
        [ref(Message, user_id="ann", message_id=f"{n:05}") for n in range(20)]
    ),
    "query of 20 by primary key": lambda store: list(store.query(Message, user_id="ann")),
    "page of 5, newest first": lambda store: (
        store.query(Message, user_id="ann").newest_first().page(limit=5)
    ),
    "query by index and range": lambda store: list(
        store.query(Message, topic="tea", sent_at=since(START + dt.timedelta(minutes=10)))
    ),
    "count": lambda store: store.query(Message, user_id="ann").count(),
    "put": lambda store: store.put(message("ann", 99, topic="tea")),
    "put_many of 10,000": lambda store: store.put_many(MANY),
    "delete_many of 10,000": lambda store: store.delete_many(MANY),
    "update of a field in no index": lambda store: store.update(ONE, likes=increment(1)),
    "update that moves an index entry": lambda store: store.update(ONE, sent_at=START),
    "delete": lambda store: store.delete(ONE),
}


def message(user_id: str, number: int, topic: str | None = None) -> Message:
    """A message, by its number."""
    sent_at = START + dt.timedelta(minutes=number)
    return Message(user_id=user_id, message_id=f"{number:05}", topic=topic, sent_at=sent_at)


MANY = [message("bulk", number, topic="bulk") for number in range(10_000)]


def costs(size: int) -> dict[str, Cost]:
    """What each call takes in a table of about *size* items."""
    store = memory_store(Schema([Message]))
    others = range(size - 20)
    store.put_many([message(f"user {n % USERS}", n, topic=f"topic {n % USERS}") for n in others])
    store.put_many([message("ann", number, topic="tea") for number in range(20)])
    return {name: cost(store, call) for name, call in CALLS.items()}
