"""Agno's databases by their places: which are told apart, what is closed, and what a dict tells."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys

import boto3
import pytest
from moto import mock_aws

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from agno.agent import Agent
from agno.db.sqlite import SqliteDb
from agno.session import AgentSession

from dynastore import AsyncStore, Schema, Store, entity, key
from dynastore.agents import ENTITIES, Session, agent_schema
from dynastore.clients.sqlite import SqliteClient
from dynastore.errors import RequestError, TableNotFound
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.testing import memory_store

from ..integration.agno_model import ScriptedModel

KINDS = [DynastoreDb, AsyncDynastoreDb]
SESSION = AgentSession(session_id="s1", user_id="ann", created_at=1)


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The URL of a file that is not there yet, in the working directory."""
    monkeypatch.chdir(tmp_path)
    return f"sqlite:///{tmp_path / 'agent.db'}"


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield


def twice(db):
    """What a database finds, closed in between."""
    if isinstance(db, DynastoreDb):
        db.upsert_session(SESSION)
        db.close()
        return db.get_session("s1")

    async def calls():
        await db.upsert_session(SESSION)
        await db.close()
        return await db.get_session("s1")

    return asyncio.run(calls())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("where", ["sqlite:///agent.db", "sqlite://"])
def test_a_database_that_was_closed_is_open_at_the_next_call(kind, where, file):
    assert twice(kind(where)).user_id == "ann"


@pytest.mark.parametrize("kind", KINDS)
def test_a_store_that_was_given_is_not_closed(kind, file):
    for store in (memory_store(), Store.connect(file)):
        given = store.awaited() if kind is AsyncDynastoreDb else store
        assert twice(kind(given)).user_id == "ann"
        assert store.scope("other").scopes().page(limit=1).entities == []


def test_the_twin_of_a_store_is_closed_and_the_store_is_not(file):
    store = Store.connect(file)
    db = AsyncDynastoreDb(store)
    assert twice(db).user_id == "ann"
    opened = db.store
    asyncio.run(db.close())
    with pytest.raises(RequestError, match="is closed"):
        asyncio.run(opened.create_table())
    store.create_table()


def test_a_service_that_ended_may_begin_again(file):
    testing = pytest.importorskip("fastapi.testclient")
    from agno.os import AgentOS

    given = Store.connect(file)
    databases = [DynastoreDb(file, id="opened"), DynastoreDb(given.scope("b"), id="given")]
    model = ScriptedModel()
    agents = [Agent(id=each.id, model=model, db=each, telemetry=False) for each in databases]
    app = AgentOS(agents=agents, telemetry=False).get_app()
    for each in databases:
        each.upsert_session(SESSION)
    for _ in range(2):
        with testing.TestClient(app) as client:
            for each in databases:
                found = client.get("/sessions", params={"db_id": each.id}).json()["data"]
                assert [row["session_id"] for row in found] == ["s1"]
    assert given.scope("b").get(Session, session_id="s1") is not None


def test_closing_gives_the_file_back(file):
    db = DynastoreDb(file)
    opened = db.store
    db.close()
    db.close()
    with pytest.raises(RequestError, match="is closed"):
        opened.create_table()


def test_one_file_has_one_id_however_it_is_named(file, tmp_path):
    (tmp_path / "linked").symlink_to(tmp_path)
    ways = [
        DynastoreDb("sqlite:///agent.db"),
        DynastoreDb(file),
        DynastoreDb(f"sqlite:///{tmp_path}/linked/agent.db"),
        DynastoreDb(Store.connect("sqlite:///agent.db")),
        AsyncDynastoreDb(AsyncStore.connect(file)),
        AsyncDynastoreDb(Store.connect(file)),
    ]
    program = "import sys; from dynastore.integrations.agno import DynastoreDb as Db; "
    command = [sys.executable, "-c", f"{program}print(Db(sys.argv[1]).id)", file]
    elsewhere = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert {each.id for each in ways} == {elsewhere}


def test_stores_that_keep_other_things_have_other_ids(file, aws):
    named = agent_schema().named("other")
    stores = [
        Store.connect(file),
        Store.connect(file).scope("a").scope("b"),
        Store.connect(file).scope("a#b"),
        Store.connect(file, named),
        Store.connect("sqlite:///agent2.db"),
        Store.connect("agent-state"),
        Store.connect("agent-state", region_name="eu-west-3"),
        Store.connect("agent-state", endpoint_url="http://localhost:8000"),
        memory_store(),
        memory_store(),
        Store(agent_schema(), SqliteClient(":memory:")),
    ]
    databases = [DynastoreDb(each) for each in stores]
    assert len({each.id for each in databases}) == len(stores)


def test_one_table_has_one_id_however_it_is_reached(aws):
    client = boto3.client("dynamodb", region_name="eu-west-1")
    session = boto3.Session(region_name="eu-west-1")
    ways = [
        DynastoreDb("agent-state"),
        DynastoreDb("agent-state", region_name="eu-west-1"),
        DynastoreDb("agent-state", client=client),
        DynastoreDb(Store.connect("agent-state", session=session)),
        AsyncDynastoreDb("agent-state", session=session),
    ]
    assert len({each.id for each in ways}) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_dict_makes_the_same_database_again(kind, file, aws, monkeypatch):
    monkeypatch.setenv("DYNASTORE_URL", file)
    store = Store.connect("agent-state", region_name="eu-west-3").scope("acme").scope("support")
    for made in (
        kind(),
        kind("sqlite:///agent.db", id="mine"),
        kind(Store.connect(file).scope("support")),
        kind("agent-state"),
        kind("agent-state", endpoint_url="http://localhost:8000", region_name="us-east-1"),
        kind(store),
    ):
        told = json.loads(json.dumps(made.to_dict()))
        again = kind.from_dict(told)
        assert again.to_dict() == told
        assert (again.id, again.schema.scopes) == (made.id, made.schema.scopes)
        assert again.store.schema.table == made.store.schema.table


def test_a_database_of_a_dict_is_closed_and_opened_again(file):
    db = DynastoreDb.from_dict(DynastoreDb(Store.connect(file).scope("support")).to_dict())
    assert twice(db).user_id == "ann"
    assert DynastoreDb(Store.connect(file)).get_session("s1") is None


def test_no_credentials_are_in_a_dict(aws):
    session = boto3.Session("AKIDEXAMPLE", "SECRET", "TOKEN", region_name="eu-west-1")
    db = DynastoreDb("agent-state", session=session, endpoint_url="http://me:SECRET@localhost:8000")
    told = json.dumps(db.to_dict())
    assert "http://localhost:8000" in told
    for secret in ("AKIDEXAMPLE", "SECRET", "TOKEN"):
        assert secret not in told


@pytest.mark.parametrize("kind", KINDS)
def test_a_dict_of_something_else_is_refused(kind, tmp_path):
    other = SqliteDb(db_file=str(tmp_path / "agno.db")).to_dict()
    for told in ({}, other):
        with pytest.raises(RequestError, match="tells of no database of dynastore: its type is"):
            kind.from_dict(told)
    for made in (kind(memory_store()), kind("sqlite://")):
        with pytest.raises(RequestError, match="was in memory, or made of a client"):
            kind.from_dict(made.to_dict())


def test_a_table_is_made_where_that_is_said(aws):
    with pytest.raises(TableNotFound):
        DynastoreDb("agent-state").upsert_session(SESSION)
    db = DynastoreDb("agent-state", create=True, region_name="eu-west-3")
    db.upsert_session(SESSION)
    there = boto3.client("dynamodb", region_name="eu-west-3")
    assert there.list_tables()["TableNames"] == ["agent-state"]


@pytest.mark.parametrize("kind", KINDS)
def test_settings_that_have_no_effect_are_refused(kind, aws):
    with pytest.raises(
        RequestError, match="a store is given, so create, region_name has no effect"
    ):
        kind(memory_store(), create=True, region_name="eu-west-1")
    with pytest.raises(RequestError, match="SQLite, which takes no region_name"):
        kind("sqlite://", region_name="eu-west-1")
    with pytest.raises(
        TypeError, match=rf"^{kind.__name__} has no setting region; it has store, id"
    ):
        kind("agent-state", region="eu-west-1")


def test_entities_of_ones_own_are_beside_those_of_agno():
    @entity("ticket")
    class Ticket:
        ticket_id: str
        primary = key("TICKET#{ticket_id}", "~")

    store = memory_store(Schema([*ENTITIES, Ticket]))
    store.put(Ticket(ticket_id="t1"))
    db = DynastoreDb(store)
    db.upsert_session(SESSION)
    assert db.get_session("s1").user_id == "ann"
    assert store.get(Ticket, ticket_id="t1") is not None
