"""Agents of Agno whose sessions were archived go on where they ended."""

from __future__ import annotations

import asyncio
import datetime as dt

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[agno]")

from agno.agent import Agent

from dynastore.agents.conversations.archiving import archive_sessions, archived_sessions
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.testing import memory_store, recorded
from tests.cold import COLD, Moment, bucket_schema

from .agno_model import ScriptedModel


@pytest.fixture
def clock():
    return Moment(dt.datetime.now(dt.UTC))


@pytest.fixture
def store(clock):
    with memory_store(bucket_schema(), clock=clock) as store:
        yield store


def agent(db):
    return Agent(
        id="a1", model=ScriptedModel(), db=db, add_history_to_context=True, num_history_runs=10
    )


def archive(store, clock):
    clock.now += COLD.older_than * 1.1
    assert store.run(archive_sessions(store.schema, COLD)).archived == 1


def test_an_agent_goes_on_with_all_that_was_said(store, clock):
    for number in range(3):
        agent(DynastoreDb(store)).run(f"q{number}", session_id="s", user_id="ann")
    archive(store, clock)
    answer = agent(DynastoreDb(store)).run("q3", session_id="s", user_id="ann")
    assert answer.content == "turn 4: q3"
    assert [each.content for each in DynastoreDb(store).get_session("s").runs] == [
        f"turn {number + 1}: q{number}" for number in range(4)
    ]
    assert store.run(archived_sessions(store.schema)).entities == []


def test_an_agent_of_a_process_that_remembers_the_session_goes_on(store, clock):
    remembering = agent(DynastoreDb(store))
    for number in range(2):
        remembering.run(f"q{number}", session_id="s", user_id="ann")
    archive(store, clock)
    assert remembering.run("q2", session_id="s", user_id="ann").content == "turn 3: q2"
    archive(store, clock)
    found = DynastoreDb(store).get_runs("s")
    assert [each.content for each in found] == ["turn 1: q0", "turn 2: q1", "turn 3: q2"]


def test_an_agent_that_is_awaited_goes_on(tmp_path, clock):
    from dynastore import AsyncStore, Store

    url = f"sqlite:///{tmp_path / 'agent.db'}"

    async def turn(question):
        async with AsyncStore.connect(url, bucket_schema(), clock=clock) as store:
            running = agent(AsyncDynastoreDb(store))
            return (await running.arun(question, session_id="s", user_id="ann")).content

    asyncio.run(turn("q0"))
    with Store.connect(url, bucket_schema(), clock=clock) as store:
        archive(store, clock)
    assert asyncio.run(turn("q1")) == "turn 2: q1"


def test_a_session_that_came_back_is_read_as_cheaply_as_before(store, clock):
    def requests():
        with recorded(store) as sent:
            DynastoreDb(store).get_session("s")
        return [each.operation for each in sent]

    agent(DynastoreDb(store)).run("q0", session_id="s", user_id="ann")
    before = requests()
    archive(store, clock)
    assert len(requests()) > len(before)
    assert requests() == before == ["Query"]
