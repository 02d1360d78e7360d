"""How many requests go at once, and on how many connections, counted where they arrive.

The server answers none of a wave before all of it has arrived, so that no figure depends on time.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from dynastore import AsyncStore, Store, entity, gsi, key, ref
from dynastore.clients.aio import AioClient
from dynastore.clients.awaiting import run_async
from dynastore.clients.base import POOL_WIDTH, run
from dynastore.clients.boto import BotoClient
from dynastore.clients.sessions import CONNECTIONS
from dynastore.requests import GetItem, Key, Steps, Together
from dynastore.schema.schema import Schema

from .faulty import FaultyServer, Reply

READ = GetItem("agent-state", Key("USER#ann", "SESSION#s1"))
THREADS = 64
WAVES = 3


@entity("note")
class Note:
    """An entity in a list that is spread."""

    note_id: str
    topic: str

    primary = key("NOTE#{note_id}", "~")
    by_topic = gsi(1, "TOPIC#{topic}", "{note_id}", shards=POOL_WIDTH)


SCHEMA = Schema([Note])
REFS = [ref(Note, note_id=f"{number}") for number in range(100 * POOL_WIDTH)]
EMPTY = b'{"Items": [], "Count": 0, "ScannedCount": 0, "Responses": {}}'


def waves_of(count: int) -> FaultyServer:
    """A server that answers when so many requests are there."""
    return FaultyServer(Reply(200, EMPTY, barrier=threading.Barrier(count)))


def reads(count: int) -> Steps[list[Any]]:
    return (yield from Together([READ] * count))


def test_threads_of_a_program_keep_their_connections():
    with waves_of(THREADS) as server, ThreadPoolExecutor(THREADS) as threads:
        client = BotoClient.connect(endpoint_url=server.url)
        for _ in range(WAVES):
            list(threads.map(client.send, [READ] * THREADS))
        client.close()
    assert len(server.asked) == WAVES * THREADS
    assert server.connections == THREADS


async def test_tasks_keep_their_connections():
    with waves_of(THREADS) as server:
        client = AioClient(endpoint_url=server.url)
        for _ in range(WAVES):
            await asyncio.gather(*(client.send(READ) for _ in range(THREADS)))
        await client.close()
    assert len(server.asked) == WAVES * THREADS
    assert server.connections == THREADS


def test_requests_that_overlap_are_as_many_as_the_pool_has_threads():
    with waves_of(POOL_WIDTH) as server:
        client = BotoClient.connect(endpoint_url=server.url)
        run(reads(WAVES * POOL_WIDTH), client)
        client.close()
    assert server.most_at_once == server.connections == POOL_WIDTH


async def test_awaited_requests_that_overlap_are_as_many():
    with waves_of(POOL_WIDTH) as server:
        client = AioClient(endpoint_url=server.url)
        await run_async(reads(WAVES * POOL_WIDTH), client)
        await client.close()
    assert server.most_at_once == server.connections == POOL_WIDTH


def test_the_pool_is_one_for_all_stores_and_threads():
    with waves_of(POOL_WIDTH) as server, ThreadPoolExecutor(WAVES) as threads:
        clients = [BotoClient.connect(endpoint_url=server.url) for _ in range(WAVES)]
        list(threads.map(lambda client: run(reads(POOL_WIDTH), client), clients))
        for client in clients:
            client.close()
    assert server.most_at_once == POOL_WIDTH


CALLS = {
    "get_many": lambda store: store.get_many(REFS),
    "a fan-out": lambda store: store.query(Note, topic="tea").page(limit=1),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
def test_requests_of_a_call_overlap(call: Callable[[Any], Any]):
    with (
        waves_of(POOL_WIDTH) as server,
        Store.connect("agent-state", SCHEMA, endpoint_url=server.url) as store,
    ):
        call(store)
    assert server.connections == len(server.asked) == POOL_WIDTH


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
async def test_requests_of_an_awaited_call_overlap(call: Callable[[Any], Awaitable[Any]]):
    with waves_of(POOL_WIDTH) as server:
        async with AsyncStore.connect("agent-state", SCHEMA, endpoint_url=server.url) as store:
            await call(store)
    assert server.connections == len(server.asked) == POOL_WIDTH


def test_there_is_room_for_the_pool_beside_the_threads_of_a_program():
    assert CONNECTIONS >= THREADS + POOL_WIDTH
