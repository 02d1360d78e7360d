"""Where results of tools are kept: found at once, and gone with their sessions."""

from __future__ import annotations

import pytest

from dynastore.agents import Annex, Annexed, ToolResult, agent_schema
from dynastore.agents.annexes.results import entry_of
from dynastore.errors import ConditionFailed, RequestError
from dynastore.integrations.agno import DynastoreDb
from dynastore.integrations.agno.annexes.tool_result_rows import result_of
from dynastore.testing import memory_store

from ..engines import ADAPTER_PAIRS
from .made import BEGAN, contents, run, session
from .paused import called, paused

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)


@pytest.fixture
def db(open_db):
    return open_db()


@pytest.fixture
def store(open_store):
    return open_store(agent_schema())


def row(number=0, of="agent-0", **more):
    """A row; each number has an id and a time of its own."""
    return {
        "result_id": f"{of}-res-{number}",
        "namespace": "offload",
        "path": f"results/{of}-{number}.txt",
        "session_id": of,
        "run_id": "r1",
        "tool_call_id": f"call-{number}",
        "tool_name": "search",
        "args_hash": "4f",
        "content_type": "text",
        "size_bytes": 50_000,
        "line_count": 900,
        "preview": "the first lines",
        "user_id": None,
        "created_at": BEGAN + number,
        "expires_at": None,
        **more,
    }


def test_a_result_is_read_as_it_was_saved_at_once(db, open_db):
    for number in range(5):
        given = row(number, preview="é\ud800", user_id="ann", expires_at=BEGAN + 60)
        db.upsert_tool_result(given)
        assert open_db().unsettled.get_tool_result(given["result_id"]) == given
    assert db.get_tool_result("unknown") is None


def test_a_result_that_is_saved_again_replaces_the_first_one(db):
    db.upsert_tool_result(row(preview="first", expires_at=BEGAN, created_at=BEGAN))
    db.upsert_tool_result(row(preview="second", created_at=BEGAN + 9))
    found = db.get_tool_results_for_session("agent-0")
    assert found == [row(preview="second", created_at=BEGAN + 9)]
    assert db.get_expired_tool_results(BEGAN + 60) == []


def test_the_newest_results_of_a_session_come_first(db):
    for number in (2, 0, 1):
        db.upsert_tool_result(row(number))
    db.upsert_tool_result(row(5, of="agent-1"))
    found = db.unsettled.get_tool_results_for_session("agent-0", 2)
    assert [each["result_id"] for each in found] == ["agent-0-res-2", "agent-0-res-1"]
    assert db.get_tool_results_for_session("agent-0", 0) == []


def test_what_has_expired_is_listed_until_it_is_deleted(db):
    for number, expires in enumerate((BEGAN + 1, BEGAN, BEGAN + 2, None)):
        db.upsert_tool_result(row(number, expires_at=expires))
    found = db.get_expired_tool_results(BEGAN + 1)
    assert [each["expires_at"] for each in found] == [BEGAN, BEGAN + 1]
    ids = [each["result_id"] for each in found]
    assert db.delete_tool_results([*ids, ids[0], "unknown"]) == 2
    assert db.get_expired_tool_results(BEGAN + 1) == []
    assert db.delete_tool_results([]) == 0


def test_more_results_than_a_transaction_takes_are_deleted(db, store):
    results = [result_of(row(number)) for number in range(60)]
    store.put_many([*results, *map(entry_of, results)])
    assert len(db.get_tool_results_for_session("agent-0")) == 60
    assert db.delete_tool_results([f"agent-0-res-{number}" for number in range(60)]) == 60
    assert db.get_tool_results_for_session("agent-0") == []
    assert [*store.query(Annexed, session_id="agent-0")] == []


def test_a_result_stays_with_its_session(db):
    db.upsert_tool_result(row())
    with pytest.raises(ConditionFailed):
        db.upsert_tool_result({**row(), "session_id": "agent-1"})
    assert db.get_tool_result("agent-0-res-0") == row()
    assert db.get_tool_results_for_session("agent-1") == []


def test_results_go_with_their_session_and_those_of_others_stay(db, store):
    for number, user in enumerate(("ann", "bob")):
        db.upsert_session(session(number, user))
        db.upsert_tool_result(row(of=f"agent-{number}"))
    assert db.delete_session("agent-1", user_id="ann") is False
    db.delete_sessions(["agent-0", "agent-1"], user_id="ann")
    assert db.get_tool_result("agent-0-res-0") is None
    assert db.get_tool_result("agent-1-res-0") == row(of="agent-1")
    assert db.delete_session("agent-1") is True
    assert db.get_tool_result("agent-1-res-0") is None
    for number in (0, 1):
        assert store.get(Annex, session_id=f"agent-{number}") is None


def test_a_session_is_resumed_without_what_only_belongs_to_it(db, store):
    db.upsert_session(session())
    db.upsert_run(run(), "agent-0", "ann", 0)
    db.upsert_tool_result(row())
    assert contents(db.get_session("agent-0")) == ["hi"]
    assert store.get(ToolResult, result_id="agent-0-res-0") is not None


def test_a_row_that_lacks_a_column_is_refused(db):
    given = row()
    del given["path"]
    with pytest.raises(RequestError, match="need path"):
        db.upsert_tool_result(given)
    with pytest.raises(RequestError, match="have no"):
        db.upsert_tool_result(row(colour="red"))


@pytest.mark.scans
@pytest.mark.parametrize("requests", range(2, 8))
def test_what_is_saved_while_the_session_is_deleted_goes_when_it_is_deleted_again(requests):
    db = DynastoreDb(memory_store())
    db.upsert_tool_result(row())
    go_on = paused(db.store, called(db, "delete_session", "agent-0"), requests)
    db.upsert_tool_result(row(preview="again"))
    if go_on is not None:
        go_on()
    db.delete_session("agent-0")
    for kind in (ToolResult, Annex, Annexed):
        assert [*db.store.scan(kind)] == []
