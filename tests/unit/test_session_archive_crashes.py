"""A process dies between any two requests of archiving a session: what holds of sessions alone.

`test_archive_crashes` has what holds of threads as well.
"""

from __future__ import annotations

import pytest
from attrs import evolve

pytest.importorskip("agno", reason="needs the extra dynastore[agno]")

from dynastore.agents import Run, cold
from dynastore.agents.conversations import leaving
from dynastore.agents.conversations.archiving import archive_sessions
from dynastore.agents.conversations.belongings import belongings
from dynastore.integrations.agno import DynastoreDb
from tests.archived import Sessions, a_client, a_clock, a_store  # noqa: F401 (fixtures)
from tests.cold import COLD, LARGE, LATER
from tests.conformance.agno.made import run, session
from tests.dying import answers, dying

SESSIONS = Sessions()
RUNS = Sessions.runs


@pytest.fixture(autouse=True)
def _small_transactions(monkeypatch):
    monkeypatch.setattr(cold, "TOGETHER", 3)


def away(store):
    """How many runs and passages are not in the table."""
    return sum(each.archived is not None for each in store.run(belongings(store.schema, "agent-0")))


def test_an_archived_session_has_no_texts_in_the_table(store, clock):
    SESSIONS.made(store)
    clock.now = LATER
    assert SESSIONS.archive(store).items == RUNS + 1
    assert all(not each.content for each in store.query(Run, session_id="agent-0"))


@answers
def test_a_delete_of_an_archived_session_that_died_can_be_called_again(
    store, client, clock, loses_answer
):
    SESSIONS.made(store)
    clock.now = LATER
    SESSIONS.archive(store)
    db = DynastoreDb(store)
    for _ in dying(client, lambda: db.delete_session("agent-0"), loses_answer=loses_answer):
        assert SESSIONS.seen(store) is None or SESSIONS.seen(store)["runs"]
        if (found := SESSIONS.seen(store)) is not None:
            assert len(found["runs"]) == RUNS
            clock.now += COLD.older_than * 1.1
            assert SESSIONS.archive(store).archived == 1
    assert SESSIONS.seen(store) is None
    assert (store.run(belongings(store.schema, "agent-0")), SESSIONS.archives(store)) == ([], [])
    SESSIONS.made(store, large=False)
    assert len(SESSIONS.seen(store)["runs"]) == RUNS


def test_what_is_saved_without_a_look_stays_beside_what_comes_back(store, clock):
    db = SESSIONS.made(store)
    clock.now = LATER
    SESSIONS.archive(store)
    db.upsert_run(run(1, said="otherwise"), "agent-0", "ann", 1)
    db.upsert_run(run(9, said="new"), "agent-0", "ann", 9)
    assert away(store) == RUNS  # six runs, and the passage
    found = [each["content"] for each in SESSIONS.seen(store)["runs"]]
    assert found == [
        "said 0",
        "otherwise",
        "said 2",
        LARGE,
        *(f"said {n}" for n in (4, 5, 6)),
        "new",
    ]


def test_what_was_saved_since_is_archived_with_the_rest_when_it_is_cold(store, clock):
    db = SESSIONS.made(store)
    clock.now = LATER
    SESSIONS.archive(store)
    db.upsert_run(run(9, said="new"), "agent-0", "ann", 9)
    db.upsert_session(session())
    assert SESSIONS.archive(store).warm == 1
    clock.now += COLD.older_than * 1.1
    done = SESSIONS.archive(store)
    assert (done.archived, done.items, away(store)) == (1, RUNS + 2, RUNS + 2)
    assert len(SESSIONS.seen(store)["runs"]) == RUNS + 1


def test_a_run_that_is_deleted_is_not_in_the_bucket_any_more(store, clock):
    SESSIONS.made(store)
    clock.now = LATER
    SESSIONS.archive(store)
    assert DynastoreDb(store).delete_run("agent-0-run-3")
    assert (SESSIONS.state(store), away(store)) == ("back", 0)
    assert len(SESSIONS.seen(store)["runs"]) == RUNS - 1


def test_a_session_that_is_too_large_stays(store, clock, monkeypatch):
    SESSIONS.made(store)
    monkeypatch.setattr(leaving, "LARGEST_BYTES", 100_000)
    clock.now = LATER
    done = SESSIONS.archive(store)
    assert (done.archived, done.large, away(store), SESSIONS.state(store)) == (
        0,
        ("agent-0",),
        0,
        None,
    )


def test_a_dry_run_changes_nothing(store, clock):
    SESSIONS.made(store)
    clock.now = LATER
    done = store.run(archive_sessions(store.schema, evolve(COLD, dry_run=True)))
    assert (done.archived, away(store), SESSIONS.state(store)) == (1, 0, None)
