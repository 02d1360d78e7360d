"""100 scopes with 200 conversations each: a scope asks for what is in it as a table of its own would."""

from __future__ import annotations

import datetime as dt

import pytest

from dynastore import Store
from dynastore.agents import Memory, Run, Session
from dynastore.integrations.agno import DynastoreDb
from dynastore.keys.templates import scope_prefix
from dynastore.requests import Request
from dynastore.testing import recorded

SCOPES = 100
SESSIONS = 200  # of each scope
FIRST = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
MINE = "agent-41"


def headers():
    """The sessions of an agent."""
    for number in range(SESSIONS):
        began = FIRST + dt.timedelta(minutes=number)
        user = f"user-{number % 20}"
        whose = {"session_id": f"s{number}", "user_id": user, "component": "qa"}
        yield Session(**whose, title=f"Talk {number}", created_at=began)


def conversations():
    """The sessions of an agent, each with a run, and what it knows of its users."""
    for number, each in enumerate(headers()):
        yield each
        whose = {"session_id": each.session_id, "user_id": each.user_id, "content": b"{}"}
        yield Run(**whose, run_id=f"r{number}", run_index=0, created_at=each.created_at)
    for number in range(40):
        yield Memory(
            user_id=f"user-{number % 20}", memory_id=f"m{number}", text="tea", created_at=FIRST
        )


@pytest.fixture(scope="module")
def shared():
    with Store.connect("sqlite://") as store:
        for number in range(SCOPES):
            store.scope(f"agent-{number}").put_many(headers())
        mine = store.scope(MINE)
        mine.put_many(conversations())
        yield mine


@pytest.fixture(scope="module")
def private():
    with Store.connect("sqlite://") as store:
        store.put_many(conversations())
        yield store


def by_the_store(store: Store):
    return [
        store.get(Session, session_id="s7"),
        list(store.query(Session, user_id="user-3")),
        list(store.query(Session, component="qa").limit(20)),
        store.query(Session, user_id="user-3", created_at=FIRST).count(),
        list(store.collection(Session, Run, session_id="s8")),
        list(store.query(Memory, user_id="user-4")),
        list(store.query(Run, run_id="r9")),
    ]


def by_agno(store: Store):
    db = DynastoreDb(store=store)
    return [
        db.get_sessions(user_id="user-3", deserialize=False, include_runs=False),
        db.get_sessions(component_id="qa", limit=20, page=2, deserialize=False),
        db.get_user_memories(user_id="user-4", deserialize=False),
        db.get_runs(user_id="user-3", deserialize=False),
        db.get_run("r9", deserialize=False),
    ]


@pytest.mark.parametrize("asked", [by_the_store, by_agno])
def test_a_scope_of_a_hundred_sends_the_requests_of_a_table_of_its_own(shared, private, asked):
    answers, sent = [], []
    for store in (shared, private):
        with recorded(store) as requests:
            answers.append(asked(store))
        sent.append(requests)
    assert answers[0] == answers[1]
    ours, theirs = sent
    assert [plain(each.request) for each in ours] == [plain(each.request) for each in theirs]
    # Keys are longer by the scope's name, so a page may round up to another half unit.
    assert sum(each.units for each in ours) <= sum(each.units for each in theirs) + 0.5 * len(ours)


def plain(request: Request):
    """A request without the scope that its keys begin with."""
    return repr(request).replace(scope_prefix((MINE,)), "")
