"""Observers are told of each request before it is sent, and how it ended."""

from __future__ import annotations

import contextvars
import logging
from typing import Any

import pytest

from dynastore import AsyncStore, Schema, Store, entity, gsi, key, ref
from dynastore.clients.aio import AioClient
from dynastore.clients.base import run
from dynastore.clients.observing import Exchange, Sent
from dynastore.errors import ConditionFailed, DynastoreError, Throttled
from dynastore.requests import GetItem, Key, PutItem, Query, Together
from dynastore.table import PRIMARY
from dynastore.telemetry.recording import recorded
from dynastore.terms import Absent
from dynastore.testing import memory_store

from .faulty import FaultyServer, error, ok

ANN = Key("USER#ann", "NOTE")
READ = GetItem("notes", ANN)
CREATE = PutItem("notes", ANN.attributes, (("PK", Absent()),))


@entity("note")
class Note:
    """A note."""

    user_id: str
    topic: str = "tea"

    primary = key("USER#{user_id}", "NOTE")
    by_topic = gsi(1, "TOPIC#{topic}", "{user_id}")


SCHEMA = Schema([Note]).named("notes")


class Diary:
    """Remembers what it was told, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def __call__(self, request: Any) -> Any:
        self.told.append(("before", request.operation))
        return self.after

    def after(self, sent: Sent) -> None:
        self.told.append(("after", sent.operation, type(sent.error).__name__, sent.retries))


@pytest.fixture
def store() -> Any:
    with Store.connect("sqlite://", SCHEMA) as store:
        store.create_table()
        yield store


def test_an_observer_is_told_before_and_after(store):
    diary = Diary()
    with store.observed(diary):
        store.put(Note(user_id="ann"))
    store.get(Note, user_id="ann")
    assert diary.told == [("before", "PutItem"), ("after", "PutItem", "NoneType", 0)]


def test_what_failed_has_ended_too(store):
    diary = Diary()
    with store.observed(diary), pytest.raises(ConditionFailed):
        store.update(ref(Note, user_id="bob"), topic="coffee")
    assert diary.told[-1] == ("after", "UpdateItem", "ConditionFailed", 0)
    with store.observed(diary), pytest.raises(DynastoreError):
        store.client.send(GetItem("elsewhere", ANN))
    assert diary.told[-1] == ("after", "GetItem", "TableNotFound", 0)


def test_who_began_first_ends_last(store):
    order: list[str] = []

    def named(name: str) -> Any:
        def observer(request: Any) -> Any:
            order.append(f"{name} begins")
            return lambda sent: order.append(f"{name} ends")

        return observer

    with store.observed(named("outer")), store.observed(named("inner")):
        store.get(Note, user_id="ann")
    assert order == ["outer begins", "inner begins", "inner ends", "outer ends"]


def test_an_observer_may_take_no_interest(store):
    with store.observed(lambda request: None):
        assert store.get(Note, user_id="ann") is None


def test_derived_stores_are_observed_too(store):
    diary = Diary()
    with store.observed(diary):
        store.scope("team").consistent().get(Note, user_id="ann")
    assert len(diary.told) == 2


def raises(_: object) -> Any:
    raise KeyError("what nobody may read")


@pytest.mark.parametrize("observer", [raises, lambda request: raises])
def test_an_observer_that_fails_is_logged_without_its_text_and_changes_nothing(
    store, observer, caplog
):
    diary = Diary()
    with store.observed(observer), store.observed(diary):
        store.put(Note(user_id="ann"))
    assert store.get(Note, user_id="ann") == Note(user_id="ann")
    assert len(diary.told) == 2
    (logged,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert logged.getMessage().startswith("an observer failed with KeyError at ")
    assert "test_observing.py:" in logged.getMessage()
    assert "nobody" not in caplog.text


async def test_an_awaited_request_is_told_alike():
    diary = Diary()
    async with AsyncStore.connect("sqlite://", SCHEMA) as store:
        await store.create_table()
        with store.observed(diary):
            await store.put(Note(user_id="ann"))
    assert diary.told == [("before", "PutItem"), ("after", "PutItem", "NoneType", 0)]


async def test_retries_and_bytes_are_told():
    sent: list[Sent] = []
    answer = ok(Item=ANN.attributes, ConsumedCapacity={"CapacityUnits": 0.5})
    with FaultyServer(error("ThrottlingException"), answer, error("ThrottlingException")) as server:
        client = AioClient(endpoint_url=server.url)
        client.observers.append(lambda request: sent.append)
        await client.send(READ)
        with pytest.raises(Throttled) as throttled:
            await client.send(READ)
        await client.close()
    answered, failed = sent
    assert (answered.retries, answered.units, answered.error) == (1, 0.5, None)
    assert answered.answer_bytes == len(answer.body)
    assert (failed.retries, failed.error) == (5, throttled.value)


def test_an_event_says_which_table_and_index(store):
    sent: list[Sent] = []
    with store.observed(lambda request: sent.append):
        store.get(Note, user_id="ann")
        store.query(Note, topic="tea").first()
        store.create_table()
    get, query, create, *_ = sent
    assert (get.operation, get.table, get.index) == ("GetItem", "notes", None)
    assert (query.operation, query.table, query.index) == ("Query", "notes", "GSI1")
    assert (create.operation, create.table) == ("CreateTable", "notes")
    assert Sent(Query("notes", PRIMARY, ())).index is None


def test_requests_of_a_together_are_observed_in_the_callers_context():
    caller = contextvars.ContextVar("caller", default="nobody")
    seen: list[str] = []

    class Overlapping:
        overlaps = True

        def send(self, request: Any) -> None:
            with Exchange((lambda _: seen.append(caller.get()),), request):
                pass

    def both() -> Any:
        return (yield from Together([READ, READ]))

    token = caller.set("ann")
    run(both(), Overlapping())
    caller.reset(token)
    assert seen == ["ann", "ann"]


def test_what_makes_the_table_is_recorded_only_if_it_is_asked_for():
    for tables in (False, True):
        with memory_store(Schema([Note])) as store, recorded(store, tables=tables) as sent:
            store.get(Note, user_id="ann")
        operations = [each.operation for each in sent]
        assert operations[-1] == "GetItem"
        assert ("CreateTable" in operations) == tables
        assert len(operations) == (5 if tables else 1)
