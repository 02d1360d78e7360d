"""The two stores of an adapter: each is made when it is first used."""

from __future__ import annotations

import asyncio
import datetime as dt
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest

from dynastore import AsyncStore, Schema, Store
from dynastore.agents import Document, Thread
from dynastore.clients.opening import Settings
from dynastore.errors import RequestError
from dynastore.integrations.stores import OnStores, Stores
from dynastore.testing import memory_store


class Adapter(OnStores):
    """Stands for any: it has stores, and no more."""

    def __init__(self, store=None):
        self._stores = Stores.of(store)


@pytest.fixture
def made(monkeypatch):
    """Names of the boto3 clients that are made."""
    found: list[str] = []
    sound = boto3.Session.client

    def client(self, name, *arguments, **options):
        found.append(name)
        return sound(self, name, *arguments, **options)

    monkeypatch.setattr(boto3.Session, "client", client)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    return found


def test_a_place_makes_no_client_before_a_call_that_needs_it(made):
    stores = Stores.of("agent-state")
    assert stores.schema.table.name == "agent-state"
    assert made == []
    assert isinstance(stores.blocking, Store)
    assert made == ["dynamodb"]
    stores.close()


def test_awaited_calls_need_only_the_client_that_an_async_store_takes_its_settings_from(made):
    stores = Stores.of("agent-state")
    awaited = stores.awaited
    assert isinstance(awaited, AsyncStore)
    assert awaited.schema.table.name == "agent-state"
    assert made == ["dynamodb"]
    asyncio.run(stores.aclose())


def test_what_was_never_used_is_closed_without_being_made(made):
    stores = Stores.of("agent-state")
    stores.close()
    asyncio.run(stores.aclose())
    assert made == []


def test_a_store_is_made_once_though_threads_use_it_first_together(made):
    stores = Stores.of("agent-state")
    with ThreadPoolExecutor(8) as threads:
        found = [*threads.map(lambda _: stores.blocking, range(8))]
    assert all(each is found[0] for each in found)
    assert made == ["dynamodb"]
    stores.close()


def test_both_stores_of_a_place_in_memory_are_one_table():
    stores = Stores.of("sqlite://")
    stores.blocking.create_table()
    assert stores.awaited.client is not stores.blocking.client

    async def described():
        await stores.awaited.create_table()
        await stores.aclose()

    asyncio.run(described())


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (7, "7 is no store"),
        ("sqlite://agent.db", "names no file"),
        ("agent.db", "for a file write"),
        ("a b", "names no table"),
    ],
)
def test_a_wrong_place_is_refused_at_once(given, says):
    with pytest.raises(RequestError, match=says):
        Stores.of(given)


def test_settings_are_for_a_place_and_not_for_a_store():
    settings = Settings(region_name="eu-west-1", endpoint_url="http://db:1")
    Stores.of("agent-state", settings)
    with pytest.raises(RequestError, match="so region_name, endpoint_url has no effect"):
        Stores.of(memory_store(), settings)
    with pytest.raises(RequestError, match="SQLite, which takes no region_name"):
        Stores.of("sqlite://", settings)


def test_what_an_adapter_opened_is_closed_with_it(tmp_path):
    where = f"sqlite:///{tmp_path / 'agent.db'}"
    with Adapter.from_conn_string(where) as adapter:
        adapter.setup()
        opened = adapter._stores.blocking
        assert opened.get(Thread, thread_id="t") is None
    with pytest.raises(RequestError, match="closed"):
        opened.get(Thread, thread_id="t")

    async def awaited():
        async with Adapter.from_conn_string(where) as adapter:
            await adapter.asetup()
            opened = adapter._stores.awaited
        with pytest.raises(RequestError, match="closed"):
            await opened.get(Thread, thread_id="t")

    asyncio.run(awaited())


@pytest.mark.parametrize("where", ["sqlite:///agent.db", "sqlite://"])
def test_an_adapter_that_was_closed_is_open_at_the_next_call(where, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    stores = Stores.of(where)
    for _ in range(2):
        assert stores.blocking.get(Thread, thread_id="t") is None
        stores.blocking.put(Thread(thread_id="t2", created_at=dt.datetime.now(dt.UTC)))
        stores.close()
    assert stores.blocking.get(Thread, thread_id="t2") is not None

    async def awaited():
        for _ in range(2):
            assert await stores.awaited.get(Thread, thread_id="t2") is not None
            await stores.aclose()

    asyncio.run(awaited())


def test_a_store_that_was_given_is_left_open(tmp_path):
    for store in (memory_store(), Store.connect(f"sqlite:///{tmp_path / 'agent.db'}")):

        async def awaited(store=store):
            async with Adapter(store) as adapter:
                await adapter.asetup()

        with store:
            with Adapter(store) as adapter:
                adapter.setup()
            asyncio.run(awaited())
            assert store.get(Thread, thread_id="t") is None


def test_an_adapter_says_where_it_stores(monkeypatch):
    assert repr(Adapter("sqlite:///agent.db")) == "<Adapter on 'sqlite:///agent.db'>"
    assert repr(Adapter(memory_store().scope("qa"))) == "<Adapter on 'dynastore'.scope('qa')>"
    monkeypatch.setenv("DYNASTORE_URL", "agent-state")
    assert repr(Adapter()) == "<Adapter on 'agent-state'>"


def test_all_entities_that_a_schema_lacks_are_named():
    stores = Stores.of(memory_store(Schema([Document])))
    with pytest.raises(RequestError, match=r"lacks Thread, Store; .*\*dynastore\.agents\.ENTITIES"):
        stores.check(Document, Thread, Store)
