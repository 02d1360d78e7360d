"""Approvals: each is decided once, and a run that waits is never taken for one that does not."""

from __future__ import annotations

from random import Random

import pytest
from agno.run.base import RunStatus

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.errors import AlreadyExists, RequestError
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.requests import Scan
from dynastore.testing import memory_store, recorded

from ..drivers import at_once
from ..engines import ADAPTER_PAIRS
from .made import BEGAN, run

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)

DECIDERS = 20
RUN = run().run_id


@pytest.fixture
def db(open_db):
    return open_db()


@pytest.fixture
def store(open_store):
    return open_store(agent_schema())


def approval(number=0, run_id="r0", **more):
    return {
        "id": f"a{number}",
        "run_id": run_id,
        "session_id": "session",
        "status": "pending",
        "source_type": "agent",
        "approval_type": "required",
        "pause_type": "confirmation",
        "user_id": "ann",
        "created_at": BEGAN + number,
        **more,
    }


def ids(found):
    rows, total = found
    return [each["id"] for each in rows], total


@pytest.mark.fault("moto", reason="updates of one item get in each other's way", strict=False)
def test_only_one_of_racing_decisions_wins(db, store):
    db.create_approval(approval())

    def call(store, number):
        kind = DynastoreDb if isinstance(store, Store) else AsyncDynastoreDb
        decided = {"status": ("approved", "rejected")[number % 2], "resolved_by": f"user-{number}"}
        return kind(store).update_approval("a0", expected_status="pending", **decided)

    outcomes = at_once(store, call, DECIDERS)
    assert [each for each in outcomes if isinstance(each, BaseException)] == []
    (won,) = [each for each in outcomes if each is not None]
    assert db.get_approval("a0") == won


def test_a_decision_comes_too_late_once_another_is_made(db):
    db.create_approval(approval())
    decided = {"status": "approved", "resolved_by": "ann", "resolution_data": {"ok": [1, None]}}
    first = db.update_approval("a0", expected_status="pending", **decided)
    assert db.update_approval("a0", expected_status="pending", status="rejected") is None
    assert db.get_approval("a0") == first
    assert first["resolution_data"] == {"ok": [1, None]}
    assert db.update_approval("none", status="rejected") is None


def test_a_run_that_waits_is_known_before_an_index_shows_it(db):
    db.create_approval(approval())
    found = db.unsettled.get_approvals(run_id="r0", approval_type="required", limit=1)
    assert ids(found) == (["a0"], 1)
    assert db.unsettled.get_approval("a0")["run_id"] == "r0"
    assert db.unsettled.update_approval_run_status("r0", RunStatus.paused) == 1


def test_an_index_that_lags_shows_nothing_as_pending_that_is_decided(db, settled):
    db.create_approval(approval())
    settled()
    db.update_approval("a0", status="approved")
    assert db.unsettled.get_approvals(status="pending")[0] == []


def test_every_filter_is_applied(db):
    db.create_approval(approval(0, agent_id="g1"))
    db.create_approval(approval(1, agent_id="g1", user_id="bob"))
    db.create_approval(approval(2, agent_id="g2"))
    db.create_approval(approval(3, agent_id="g1", approval_type="audit"))
    db.create_approval(approval(4, agent_id="g1", status="approved"))
    db.create_approval(approval(5, agent_id="g1", run_id="r1"))
    asked = {"agent_id": "g1", "user_id": "ann", "status": "pending", "approval_type": "required"}
    assert ids(db.get_approvals(**asked)) == (["a5", "a0"], 2)
    assert ids(db.get_approvals(**asked, run_id="r0")) == (["a0"], 1)


def test_lists_are_in_order_and_their_totals_are_exact(db):
    for number in range(7):
        db.create_approval(approval(number, f"r{number % 3}", user_id=("ann", "bob")[number % 2]))
    assert ids(db.get_approvals(limit=3)) == (["a6", "a5", "a4"], 7)
    assert ids(db.get_approvals(limit=3, page=3)) == (["a0"], 7)
    assert ids(db.get_approvals(limit=2, run_id="r0")) == (["a6", "a3"], 3)
    assert ids(db.get_approvals(user_id="bob")) == (["a5", "a3", "a1"], 3)


def test_those_that_are_pending_are_counted_exactly(db):
    for number in range(5):
        db.create_approval(approval(number, user_id=("ann", "bob")[number % 2]))
    db.update_approval("a0", status="approved")
    db.delete_approval("a1")
    counts = [db.get_pending_approval_count(user) for user in (None, "ann", "bob", "eve")]
    assert counts == [3, 2, 1, 0]


def test_what_becomes_of_a_run_is_said_of_all_its_approvals(db):
    for number in range(3):
        db.create_approval(approval(number, "r0" if number else "r1"))
    assert db.update_approval_run_status("r0", RunStatus.completed) == 2
    found = [db.get_approval(f"a{number}")["run_status"] for number in range(3)]
    assert found == [None, "COMPLETED", "COMPLETED"]


def told(db, status=RunStatus.completed):
    """How many approvals of a run are told how it stands, and how many requests that takes."""
    with recorded(db.store) as sent:
        return db.update_approval_run_status(RUN, status), len(sent)


def test_a_run_that_ended_when_it_was_saved_first_and_asked_nothing_takes_no_request():
    db = DynastoreDb(memory_store())
    for status in (RunStatus.completed, RunStatus.error, RunStatus.cancelled):
        db.upsert_run(run(status=status), "agent-0", "ann", 0)
        assert told(db, status) == (0, 0)
        assert told(db, status) == (0, 1)  # of what follows no save nothing is known
        db.delete_run(RUN)


@pytest.mark.parametrize("status", [RunStatus.paused, RunStatus.pending, RunStatus.running])
def test_a_run_that_was_saved_before_it_ended_may_have_approvals(status):
    db = DynastoreDb(memory_store())
    db.upsert_run(run(status=status), "agent-0", "ann", 0)
    assert told(db, status) == (0, 1)
    DynastoreDb(db.store).create_approval(approval(run_id=RUN))
    other = DynastoreDb(db.store)
    for each in (db, other):  # the one that saved it, and one that only goes on with it
        each.upsert_run(run(), "agent-0", "ann", 0)
        assert told(each) == (1, 2)


@pytest.mark.parametrize("before", [True, False])
def test_an_approval_that_was_created_here_is_told_whenever_that_was(before):
    db = DynastoreDb(memory_store())
    if before:
        db.create_approval(approval(run_id=RUN, approval_type="audit", status="approved"))
    db.upsert_run(run(), "agent-0", "ann", 0)
    if not before:
        db.create_approval(approval(run_id=RUN, approval_type="audit", status="approved"))
    assert told(db) == (1, 2)
    assert db.get_approval("a0")["run_status"] == "COMPLETED"


def test_a_run_that_is_saved_again_may_have_approvals():
    db = DynastoreDb(memory_store())
    for _ in range(2):
        db.upsert_run(run(), "agent-0", "ann", 0)
    assert told(db) == (0, 1)


def test_an_id_is_one_approvals_whatever_its_run(db, open_db):
    db.create_approval(approval())
    with pytest.raises(AlreadyExists):
        open_db().create_approval(approval(run_id="r1"))
    assert db.delete_approval("a0") is True
    assert db.delete_approval("a0") is False
    db.create_approval(approval(run_id="r1"))
    assert db.get_approval("a0")["run_id"] == "r1"


def test_one_that_is_past_its_time_stays(db):
    db.create_approval(approval(expires_at=BEGAN))
    assert db.get_approval("a0")["expires_at"] == BEGAN


@pytest.mark.scans
def test_an_approval_is_of_any_size_and_leaves_nothing_once_it_is_deleted(db, store):
    noise = {"text": Random(1).randbytes(300_000).hex() + "é\ud800", "more": [1, 2.5, None]}
    db.create_approval(approval(tool_args=noise, context=noise, requirements=[noise]))
    found = db.update_approval("a0", resolution_data=noise)
    columns = ("tool_args", "context", "requirements", "resolution_data")
    assert [found[name] for name in columns] == [noise, noise, [noise], noise]
    assert db.get_approvals(run_id="r0")[0] == [found]
    assert db.delete_approval("a0") is True
    assert store.run(_items(store)) == 0


def _items(store):
    page = yield from Scan(store.schema.table.name)
    return len(page.items)


def test_columns_that_are_none_are_refused(db):
    with pytest.raises(RequestError, match="no colour"):
        db.create_approval(approval(colour="red"))
    with pytest.raises(RequestError, match="need pause_type"):
        db.create_approval(approval(pause_type=None))
    db.create_approval(approval())
    with pytest.raises(RequestError, match="primary key"):
        db.update_approval("a0", run_id="r1")
