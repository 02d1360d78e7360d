"""Compactions: written once, current on the next turn, and gone with their sessions."""

from __future__ import annotations

import pytest
from agno.compaction.archive import stores_compaction_records

from dynastore.agents import agent_schema
from dynastore.errors import RequestError
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.testing import memory_store

from ..engines import ADAPTER_PAIRS
from .made import BEGAN, session

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)


@pytest.fixture
def db(open_db):
    return open_blocking(open_db)


def open_blocking(open_db):
    found = open_db()
    if isinstance(found.db, AsyncDynastoreDb):
        pytest.skip("Agno's awaited databases have no compactions")
    return found


def row(number=0, of="agent-0", **more):
    """A row; each number has an id and a time of its own."""
    return {
        "compaction_id": f"{of}-c-{number}",
        "session_id": of,
        "run_id": f"r{number}",
        "user_id": "ann",
        "first_kept_message_id": f"m{number}",
        "summary": "They plan a trip.",
        "archived_messages": f"## user\n\nTo Rome, please: {number}",
        "messages_compacted": 9,
        "tokens_before": 90_000,
        "tokens_after": 900,
        "created_at": BEGAN + number,
        **more,
    }


def ids(rows):
    return [each["compaction_id"] for each in rows]


def test_the_last_fold_is_the_first_one_on_the_next_turn(db, open_db):
    for number in range(3):
        db.upsert_compaction(row(number, created_at=BEGAN))  # in the same second
        found = open_blocking(open_db).unsettled.get_compactions_for_session("agent-0")
        assert found[0] == row(number, created_at=BEGAN)
    assert ids(db.get_compactions_for_session("agent-0", 2)) == ["agent-0-c-2", "agent-0-c-1"]


def test_a_compaction_that_is_written_twice_stays_as_it_was(db):
    db.upsert_compaction(row())
    db.upsert_compaction(row(summary="another", created_at=BEGAN + 9))
    assert db.get_compactions_for_session("agent-0") == [row()]


def test_a_compaction_is_found_by_its_id(db):
    db.upsert_compaction(row())
    assert db.get_compaction("agent-0-c-0") == row()
    assert db.get_compaction("unknown") is None


def test_what_was_folded_is_of_any_size_and_any_text(db):
    large = row(archived_messages="".join(map(chr, range(20_000))) * 40 + "\ud800 end")
    db.upsert_compaction(large)
    assert db.get_compactions_for_session("agent-0") == [large]
    assert ids(db.search_compactions("agent-0", "END")) == ["agent-0-c-0"]
    assert db.delete_compactions_for_session("agent-0") == 1
    assert db.get_compactions_for_session("agent-0") == []


def test_folds_are_searched_in_one_session_in_capitals_or_not(db):
    for number, said in enumerate(("To ROME", "to Zürich", None, "rome and zürich")):
        db.upsert_compaction(row(number, archived_messages=said))
    db.upsert_compaction(row(of="agent-1"))
    assert ids(db.search_compactions("agent-0", "rome")) == ["agent-0-c-3", "agent-0-c-0"]
    assert ids(db.search_compactions("agent-0", ["rome", "ZÜRICH"], limit=2)) == [
        "agent-0-c-3",
        "agent-0-c-1",
    ]
    assert db.search_compactions("agent-0", ["", "%"]) == []
    assert db.search_compactions("agent-0", "") == []


def test_compactions_go_with_their_session_and_those_of_others_stay(db):
    for number, user in enumerate(("ann", "bob")):
        db.upsert_session(session(number, user))
        db.upsert_compaction(row(of=f"agent-{number}"))
    db.delete_sessions(["agent-0", "agent-1"], user_id="ann")
    assert db.get_compactions_for_session("agent-0") == []
    assert db.get_compactions_for_session("agent-1") == [row(of="agent-1")]


def test_a_row_without_its_session_is_refused(db):
    with pytest.raises(RequestError, match="session_id"):
        db.upsert_compaction({"compaction_id": "c", "created_at": BEGAN})


def test_agno_keeps_compactions_in_a_blocking_database_only():
    store = memory_store(agent_schema())
    assert stores_compaction_records(DynastoreDb(store))
    assert not stores_compaction_records(AsyncDynastoreDb(store.awaited()))
