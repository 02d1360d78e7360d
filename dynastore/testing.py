"""For users' tests: stores without AWS, an index that lags, and what was sent.

def test_a_note_is_found(…):
    store = memory_store(Schema([Note]))
    with recorded(store) as sent:
        store.get(Note, user_id="ann", note_id="n1")
    assert [each.request.operation for each in sent] == ["GetItem"]
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from .clients.async_sqlite import AsyncSqliteClient
from .clients.observing import Sent
from .clients.opening import MEMORY, Place
from .clients.sqlite import Answer, SqliteClient
from .clock import Clock, utc_now
from .errors import DynastoreError
from .requests import (
    BatchWriteItem,
    DeleteItem,
    GetItem,
    Key,
    PutItem,
    Query,
    Request,
    Scan,
    SearchVectors,
    TransactWriteItems,
    UpdateItem,
    key_of,
)
from .requests.tables import CreateTable, UpdateTimeToLive
from .schema.schema import Schema
from .stores.store import Store
from .table import PRIMARY
from .telemetry.recording import recorded
from .values.attributes import AttributeMap

__all__ = ["LaggingClient", "Sent", "lagging_store", "memory_store", "recorded"]


def memory_store(schema: Schema | None = None, *, clock: Clock = utc_now) -> Store:
    """An empty store on SQLite in memory; ``awaited()`` gives its async twin on the same items.

    Args:
        schema: its entities; by default the ready-made ones.
        clock: gives the present moment, with a time zone: what expiry goes by.
    """
    return Store.connect("sqlite://", schema, clock=clock)


def lagging_store(schema: Schema, *, writes: int) -> Store:
    """An empty store in memory whose indexes lag as DynamoDB's do, by a number of writes.

    Args:
        schema: its entities.
        writes: how many writes later an index shows a write; reads by primary key see it at once.
    """
    client = LaggingClient(writes)
    place = Place(None, True, lambda: client, lambda: AsyncSqliteClient(client))
    return Store.at(place, schema, create=True)


class LaggingClient(SqliteClient):
    """SQLite in memory, whose indexes are those of a second database that is some writes behind."""

    def __init__(self, writes: int, clock: Clock = utc_now) -> None:
        """Two empty databases.

        Args:
            writes: how many the second one is behind.
            clock: what time it is, for deleting what has expired.
        """
        super().__init__(MEMORY, clock)
        self._lag = writes
        self._indexes = SqliteClient(MEMORY, clock)
        self._behind: deque[tuple[str, Key, AttributeMap | None]] = deque()
        self._order = threading.Lock()

    def answer(self, request: Request[Any]) -> Answer:
        """The response, that of an index from the database that lags."""
        with self._order:
            if _is_of_index(request):
                return self._indexes.answer(request)
            if isinstance(request, CreateTable | UpdateTimeToLive):
                with suppress(DynastoreError):  # which the table itself raises too
                    self._indexes.answer(request)
            answer = super().answer(request)
            for action in _actions(request):
                if isinstance(action, PutItem | UpdateItem | DeleteItem):
                    self._remember(action)
            return answer

    def catch_up(self) -> None:
        """Let the indexes show all that was written."""
        with self._order:
            self._show(0)

    def _remember(self, request: PutItem | UpdateItem | DeleteItem) -> None:
        key = key_of(request)
        stored = super().answer(GetItem(request.table, key, consistent=True))
        self._behind.append((request.table, key, stored.value))
        self._show(self._lag)

    def _show(self, behind: int) -> None:
        while len(self._behind) > behind:
            table, key, item = self._behind.popleft()
            self._indexes.answer(DeleteItem(table, key) if item is None else PutItem(table, item))


def _is_of_index(request: Request[Any]) -> bool:
    if isinstance(request, SearchVectors):
        return True
    return isinstance(request, Query | Scan) and request.index != PRIMARY


def _actions(request: Request[Any]) -> Sequence[object]:
    """What a request does to items, one by one."""
    match request:
        case TransactWriteItems(actions=actions) | BatchWriteItem(actions=actions):
            return actions
    return (request,)
