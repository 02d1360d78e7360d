"""A cancelled call waits for what it has sent, sends nothing more, and leaves nothing under way."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from dynastore import AsyncStore, Schema, Store, entity, gsi, key, ref
from dynastore.requests import GetItem, Key, PutItem, Steps, Together

from .faulty import FaultyServer, Reply, error, ok

ANSWER_SECONDS = 0.03
ITEM = {
    "PK": {"S": "USER#ann"},
    "SK": {"S": "NOTE"},
    "TYPE": {"S": "note"},
    "user_id": {"S": "ann"},
}


@entity("note")
class Note:
    """A note."""

    user_id: str
    topic: str = "tea"
    text: str = ""

    primary = key("USER#{user_id}", "NOTE")
    by_topic = gsi(1, "TOPIC#{topic}#{text}", "{user_id}")


SCHEMA = Schema([Note]).named("notes")


class CancelledAt:
    """A coroutine whose task is cancelled where it waits for the nth time, from 0."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], at: int) -> None:
        self.coroutine = coroutine
        self.at = at
        self.waits = 0

    def __await__(self) -> Generator[Any, Any, Any]:
        inner = self.coroutine.__await__()
        answer, failure = None, None
        while True:
            try:
                waited = inner.throw(failure) if failure else inner.send(answer)
            except StopIteration as stop:
                return stop.value
            if self.waits == self.at:
                asyncio.current_task().cancel()
            self.waits += 1
            try:
                answer, failure = (yield waited), None
            except BaseException as raised:  # noqa: BLE001 - passed on to the coroutine
                failure = raised


async def outcome(coroutine: Coroutine[Any, Any, Any], at: int) -> str:
    """Whether a call ended or was cancelled, being cancelled at its nth wait."""

    async def call() -> None:
        await CancelledAt(coroutine, at)

    task = asyncio.ensure_future(call())
    await asyncio.wait([task])
    return "cancelled" if task.cancelled() else "ended"


def item_answer(seconds: float = ANSWER_SECONDS) -> Reply:
    answer = ok(Item=ITEM, Attributes=ITEM, ConsumedCapacity={"CapacityUnits": 1.0})
    return Reply(answer.status, answer.body, answer.headers, seconds)


@asynccontextmanager
async def served(*answers: Reply) -> AsyncIterator[tuple[FaultyServer, AsyncStore]]:
    """A store whose server takes a moment for each answer."""
    with FaultyServer(*answers or [item_answer()]) as server:
        store = AsyncStore.connect("notes", SCHEMA, endpoint_url=server.url)
        yield server, store
        await store.close()


async def arrival(server: FaultyServer) -> None:
    """Wait for the first request."""
    while not server.asked:  # noqa: ASYNC110 - the server is in another thread
        await asyncio.sleep(0.001)


async def assert_nothing_under_way(server: FaultyServer) -> None:
    asked = len(server.asked)
    assert server.answered == asked
    assert asyncio.all_tasks() == {asyncio.current_task()}
    await asyncio.sleep(ANSWER_SECONDS)
    assert len(server.asked) == asked


def a_put(store: AsyncStore) -> Coroutine[Any, Any, Any]:
    return store.put(Note(user_id="ann"))


def a_guarded_update(store: AsyncStore) -> Coroutine[Any, Any, Any]:
    """Its index key needs a field that has to be read, and is then guarded."""
    return store.update(ref(Note, user_id="ann"), topic="coffee")


def a_together(store: AsyncStore) -> Coroutine[Any, Any, Any]:
    def steps() -> Steps[Any]:
        yield from Together([PutItem("notes", ITEM) for _ in range(25)])
        yield from GetItem("notes", Key("USER#ann", "NOTE"))

    return store.run(steps())


CALLS: dict[Callable[[AsyncStore], Coroutine[Any, Any, Any]], list[str]] = {
    a_put: ["PutItem"],
    a_guarded_update: ["GetItem", "UpdateItem"],
    a_together: ["PutItem"] * 25 + ["GetItem"],
}


def operations(server: FaultyServer) -> list[str]:
    return [operation for operation, _, _ in server.asked]


@pytest.mark.parametrize("call", CALLS)
async def test_wherever_a_call_is_cancelled_nothing_is_left_under_way(call):
    at, ends = 0, "cancelled"
    while ends == "cancelled":
        async with served() as (server, store):
            ends = await outcome(call(store), at)
            await assert_nothing_under_way(server)
            sent = operations(server)
            assert sent == CALLS[call][: len(sent)]
        at += 1
    assert sent == CALLS[call]  # the last one was not cancelled
    assert at > 1


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 1.5, 2.5])
async def test_whenever_a_call_is_cancelled_nothing_is_left_under_way(call, part):
    async with served() as (server, store):
        calling = asyncio.ensure_future(call(store))
        await asyncio.sleep(part * ANSWER_SECONDS)
        calling.cancel()
        await asyncio.wait([calling])
        await assert_nothing_under_way(server)
        sent = operations(server)
        assert sent == CALLS[call][: len(sent)]


async def test_of_a_together_what_was_not_sent_yet_is_not_sent():
    async with served() as (server, store):
        calling = asyncio.ensure_future(a_together(store))
        await asyncio.sleep(ANSWER_SECONDS * 0.7)
        calling.cancel()
        await asyncio.wait([calling])
    assert calling.cancelled()
    assert 1 <= len(server.asked) <= 10


async def test_a_call_that_waits_to_send_again_does_not():
    async with served(error("ThrottlingException")) as (server, store):
        calling = asyncio.ensure_future(a_put(store))
        await arrival(server)
        calling.cancel()
        await asyncio.wait([calling])
        sent = len(server.asked)
        await asyncio.sleep(0.3)
        assert len(server.asked) == sent <= 2


async def test_cancelled_twice_it_waits_no_longer():
    async with served(item_answer(0.5)) as (server, store):
        calling = asyncio.ensure_future(a_put(store))
        await arrival(server)
        calling.cancel()
        await asyncio.sleep(0.01)
        assert not calling.done()
        calling.cancel()
        await asyncio.wait([calling])
        assert server.answered == 0
        await asyncio.sleep(0.6)  # the server notices


async def test_on_sqlite_a_write_that_was_given_to_the_thread_is_stored_when_the_call_has_ended():
    at, ends = 0, "cancelled"
    while ends == "cancelled":
        with Store.connect("sqlite://", SCHEMA) as blocking:
            blocking.create_table()
            store = blocking.awaited()
            lane = blocking.client._writes
            lane.pause()  # another thread has it for a while
            resuming = threading.Timer(ANSWER_SECONDS, lane.resume)
            resuming.start()
            ends = await outcome(store.put(Note(user_id="ann")), at)
            assert resuming.finished.is_set()
            assert blocking.get(Note, user_id="ann") == Note(user_id="ann")
            assert asyncio.all_tasks() == {asyncio.current_task()}
            await store.close()
        at += 1
    assert at > 1
