"""Requests and capacity units of each kind of call, in tables of several sizes.

Deterministic: counted on SQLite in memory, which counts units as DynamoDB does. No figure may
depend on how many other items the table holds; `tests/integration/test_cost.py` asserts it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from attrs import frozen
from rich.table import Table

from dynastore import Schema, Store, entity, gsi, increment, key, ref, since
from dynastore.testing import memory_store, recorded

SIZES = (100, 1_000, 10_000)  # items in the table
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


@frozen
class Cost:
    """What one call takes.

    Attributes:
        requests: how many are sent.
        units: read or write capacity units, index entries included.
    """

    requests: int
    units: float


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
    for number in range(size - 20):
        store.put(message(f"user {number % USERS}", number, topic=f"topic {number % USERS}"))
    for number in range(20):
        store.put(message("ann", number, topic="tea"))
    return {name: _cost(store, call) for name, call in CALLS.items()}


def table() -> Table:
    """All costs, a column for each size."""
    measured = {size: costs(size) for size in SIZES}
    shown = Table(title="Requests and capacity units by items in the table")
    shown.add_column("call")
    for size in SIZES:
        shown.add_column(f"{size:,}", justify="right")
    for name in CALLS:
        cells = [measured[size][name] for size in SIZES]
        shown.add_row(name, *(f"{cell.requests} / {cell.units:g}" for cell in cells))
    return shown


def _cost(store: Store, call: Callable[[Store], Any]) -> Cost:
    with recorded(store) as sent:
        call(store)
    return Cost(len(sent), sum(each.units for each in sent))
