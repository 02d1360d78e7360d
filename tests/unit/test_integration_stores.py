"""The two stores of an adapter: each is made when it is first used."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

import boto3
import pytest

from dynastore import AsyncStore, Store
from dynastore.errors import RequestError
from dynastore.integrations.stores import Stores


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
