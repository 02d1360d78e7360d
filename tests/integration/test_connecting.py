"""From a place and settings to a store: what is wrong is said in a sentence."""

from __future__ import annotations

import asyncio
from pathlib import Path

import boto3
import pytest
from botocore.config import Config
from moto import mock_aws

from dynastore import AsyncStore, Schema, Store, entity, key
from dynastore.errors import AccessDenied, RequestError, TableNotFound, Unavailable

from ..conformance.engines import moto_server


@entity("note")
class Note:
    """A note."""

    name: str

    primary = key("NOTE#{name}", "~")


SCHEMA = Schema([Note])


def call(kind, *where, **settings):
    """Connect, and read one note."""
    store = kind.connect(*where, schema=SCHEMA, **settings)
    if isinstance(store, Store):
        with store:
            return store.get(Note, name="n1")
    return asyncio.run(_awaited(store))


async def _awaited(store):
    async with store:
        return await store.get(Note, name="n1")


both = pytest.mark.parametrize("kind", [Store, AsyncStore])


@both
@pytest.mark.parametrize(
    ("where", "settings", "says"),
    [
        ([], {}, "where.*DYNASTORE_URL"),
        (["postgres://x"], {}, "'postgres://x' is no place"),
        (["sqlite://agent.db"], {}, "three slashes"),
        (["sqlite:///x.db"], {"region_name": "eu-west-1"}, "SQLite, which takes no region_name"),
        (["table"], {"client": object(), "region_name": "x"}, "region_name has no effect"),
        (["no"], {}, "3 to 255 letters"),
        (["help.db"], {}, "for a file write 'sqlite:///help.db'"),
        (["data/help.sqlite3"], {}, "for a file write 'sqlite:///data/help.sqlite3'"),
        (["/var/help.db"], {}, "for a file write 'sqlite:////var/help.db'"),
        ([Path("help.db")], {}, "a table's name, or a file such as .* not .*Path"),
    ],
)
def test_a_place_that_is_none_is_refused(kind, where, settings, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with mock_aws(), pytest.raises(RequestError, match=says):
        call(kind, *where, **settings)
    assert list(tmp_path.iterdir()) == []


@both
def test_a_schema_in_the_place_of_the_place_is_told_its_own(kind):
    with pytest.raises(RequestError, match=r"not Schema\(.*the schema comes second, or as schema="):
        kind.connect(SCHEMA)


@both
def test_a_table_may_be_called_like_a_file_where_a_region_is_named(kind):
    store = kind.connect("help.db", SCHEMA, region_name="eu-west-1")
    assert store.schema.table.name == "help.db"


def test_a_list_of_entities_is_no_schema():
    with pytest.raises(RequestError, match=r"write Schema\(\[Session, Memory\]\)"):
        Store.connect("sqlite://", [Note])


def test_an_async_store_takes_no_blocking_client():
    with pytest.raises(RequestError, match="give session="):
        AsyncStore.connect("table", SCHEMA, client=boto3.client("dynamodb"))


@both
def test_a_region_that_does_not_exist_is_named(kind):
    once = Config(retries={"total_max_attempts": 1}, connect_timeout=2)
    with pytest.raises(Unavailable, match="nowhere-1"):
        call(kind, "table", region_name="nowhere-1", config=once)


@both
def test_a_table_of_another_region_is_not_found_there(kind):
    with moto_server() as url:
        with Store.connect("notes", SCHEMA, endpoint_url=url, region_name="eu-west-1") as store:
            store.create_table()
        with pytest.raises(TableNotFound, match="us-east-1"):
            call(kind, "notes", endpoint_url=url, region_name="us-east-1")


@both
def test_a_profile_that_is_not_there_is_named(kind, monkeypatch):
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(AccessDenied, match="nobody"):
        call(kind, "table")


def test_the_environment_names_the_place(tmp_path, monkeypatch):
    monkeypatch.setenv("DYNASTORE_URL", f"sqlite:///{tmp_path / 'agent.db'}")
    with Store.connect(schema=SCHEMA) as store:
        store.put(Note(name="n1"))
    assert call(AsyncStore) == Note(name="n1")


def test_a_store_has_a_twin_on_the_same_items():
    async def read(store):
        return await store.get(Note, name="n1")

    store = Store.connect("sqlite://", SCHEMA)
    store.put(Note(name="n1"))
    assert asyncio.run(read(store.awaited())) == Note(name="n1")
    assert store.awaited().blocking().get(Note, name="n1") == Note(name="n1")


def test_without_a_schema_it_is_that_of_the_agents():
    names = [each.__name__ for each in Store.connect("sqlite://").schema.entities]
    assert names[:2] == ["Session", "Run"]
