"""Sessions and runs, in tables of several sizes.

A session has 3 runs of 2 KB, and 20 users share them all; this process has read session 1 before.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agno.models.message import Message
from agno.run.agent import RunOutput
from agno.run.base import RunStatus
from agno.session import AgentSession

from dynastore import Store
from dynastore.integrations.agno import DynastoreDb

from .measured import BEGAN, USERS, Measured, Topic, pages, text

RUNS = 3  # of a session


def session(number: int, users: int = USERS) -> AgentSession:
    """A session, by its number."""
    return AgentSession(
        session_id=f"s{number}",
        agent_id=f"agent-{number % 3}",
        user_id=f"user-{number % users}",
        session_data={"session_name": f"Trip {number}", "session_state": {"turn": number}},
        agent_data={"name": "Support", "agent_id": f"agent-{number % 3}", "model": {"id": "m"}},
        created_at=BEGAN + 60 * number,
    )


def run(number: int, index: int) -> RunOutput:
    """A run of a session, by its place in it."""
    return RunOutput(
        run_id=f"s{number}-r{index}",
        session_id=f"s{number}",
        agent_id=f"agent-{number % 3}",
        content=text(number + index),
        messages=[Message(id=f"m{index}", role="user", content=text(index), created_at=BEGAN)],
        status=RunStatus.completed,
        created_at=BEGAN + 60 * number + 10 * index,
    )


def _a_page(db: DynastoreDb, **options: Any) -> Any:
    order = {"sort_by": "created_at", "sort_order": "desc", "deserialize": False}
    return db.get_sessions(limit=20, **order, **options)


def _runs_of_user(db: DynastoreDb, _: int) -> Any:
    return db.get_runs(user_id="user-1", limit=20, page=1, deserialize=False)


CALLS: Mapping[str, Measured] = {
    "get_session": Measured(lambda db, _: db.get_session("s1"), lambda _: 1),
    "get_session, the last 2 runs": Measured(
        lambda db, _: db.get_session("s1", runs_limit=2), lambda _: 1
    ),
    "a user's sessions, page of 20": Measured(
        lambda db, _: _a_page(db, user_id="user-1", page=1), lambda _: 2 + 20
    ),
    "all sessions, page 1": Measured(
        lambda db, _: _a_page(db, page=1), lambda size: pages(size) + 2 + 20
    ),
    "all sessions by name, page 5": Measured(
        lambda db, _: _a_page(db, page=5, session_name="trip"),
        lambda size: pages(size) + 2 + 20,
    ),
    "all sessions without runs, page 1": Measured(
        lambda db, _: _a_page(db, page=1, include_runs=False), lambda size: pages(size) + 2
    ),
    "get_runs of a session": Measured(
        lambda db, _: db.get_runs(session_id="s1", deserialize=False), lambda _: 1
    ),
    "get_runs of a user, page of 20": Measured(_runs_of_user, lambda size: 2 + size // USERS),
    "get_run": Measured(lambda db, _: db.get_run("s1-r1"), lambda _: 2),
    "upsert_session": Measured(lambda db, _: db.upsert_session(session(1)), lambda _: 1),
    "upsert_session, new": Measured(lambda db, size: db.upsert_session(session(size)), lambda _: 1),
    "upsert_run": Measured(lambda db, _: db.upsert_run(run(1, 2), "s1", "user-1", 2), lambda _: 1),
    "upsert_run, new": Measured(
        lambda db, _: db.upsert_run(run(1, 3), "s1", "user-1", 3), lambda _: 1
    ),
    "upsert_sessions, 100": Measured(
        lambda db, _: db.upsert_sessions([session(n) for n in range(100)]), lambda _: 8
    ),
    "delete_sessions, 50 of a user": Measured(
        lambda db, size: db.delete_sessions([f"own-{n}" for n in range(50)], user_id="own"),
        lambda _: 60,
    ),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with so many sessions, and 50 of one user more; this process knows session 1."""
    db = DynastoreDb(store)
    for first in range(0, size, 100):
        db.upsert_sessions([session(number) for number in range(first, first + 100)])
    for number in range(size):
        for index in range(RUNS):
            db.upsert_run(run(number, index), f"s{number}", f"user-{number % USERS}", index)
    own = [session(number) for number in range(50)]
    for number, each in enumerate(own):
        each.session_id, each.user_id, each.agent_id = f"own-{number}", "own", "own"
        for index in range(RUNS):
            db.upsert_run(run(-number, index), each.session_id, "own", index)
    db.upsert_sessions(own)
    return DynastoreDb(store)


TOPIC = Topic(filled, CALLS)
