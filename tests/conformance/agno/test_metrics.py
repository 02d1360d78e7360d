"""What users of Agno's own DynamoDB storage meet today, and must not meet here: metrics."""

from __future__ import annotations

import datetime as dt

import pytest

from dynastore import AsyncStore
from dynastore.agents import Session, agent_schema
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb

from ..drivers import at_once
from ..engines import ADAPTER_PAIRS
from .made import BEGAN, run, session

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)

DAY = 86_400
FIRST = dt.datetime.fromtimestamp(BEGAN, dt.UTC).date()


@pytest.fixture
def db(open_db):
    return open_db()


@pytest.fixture
def store(open_store):
    return open_store(agent_schema())


def turn(db, number=0, index=0, user_id="ann", *, began=None, model="gpt", tokens=5):
    """A turn as Agno saves it: of a session of another day for each number."""
    began = BEGAN + DAY * number if began is None else began
    found = db.get_session(f"agent-{number}")
    each = found or session(number, user_id, created_at=began, session_data={})
    total = each.session_data.get("session_metrics", {}).get("total_tokens", 0)
    each.session_data["session_metrics"] = {"total_tokens": total + tokens}
    made = run(index, of=f"agent-{number}", model=model, model_provider="OpenAI")
    each.upsert_run(made)
    db.upsert_session(each)
    db.upsert_run(made, each.session_id, user_id, index)


def counts(rows):
    return [(str(each["date"]), each["user_id"], each["agent_runs_count"]) for each in rows]


def test_figures_are_of_days_and_users(db, open_db):
    turn(db, 0)
    turn(open_db(), 0, 1, model="claude")
    turn(open_db(), 1, user_id=None)
    assert counts(db.calculate_metrics()) == [("2026-01-05", "ann", 2), ("2026-01-06", "", 1)]
    rows, at = db.get_metrics()
    assert [each["user_id"] for each in rows] == ["ann", None]
    assert at == rows[0]["updated_at"]
    assert rows[0]["completed"] is True
    assert rows[0]["users_count"] == 1
    assert rows[0]["token_metrics"]["total_tokens"] == 10
    assert rows[0]["model_metrics"] == [
        {"model_id": "claude", "model_provider": "OpenAI", "count": 1},
        {"model_id": "gpt", "model_provider": "OpenAI", "count": 1},
    ]


def test_a_day_that_is_over_is_not_calculated_again_and_today_is(db, open_db):
    now = int(dt.datetime.now(dt.UTC).timestamp())
    turn(db, 0)
    turn(db, 1, began=now)
    assert len(db.calculate_metrics()) == 2
    turn(open_db(), 0, 1)
    turn(open_db(), 1, 1)
    for other in (db, open_db()):
        (row,) = other.calculate_metrics()
        assert (row["agent_runs_count"], row["completed"]) == (2, False)
    assert [each["agent_runs_count"] for each in open_db().get_metrics()[0]] == [1, 2]


def test_a_user_whose_sessions_are_gone_is_not_calculated_and_keeps_figures(db):
    now = int(dt.datetime.now(dt.UTC).timestamp())
    for number, user_id in enumerate(("ann", "bob")):
        turn(db, number, user_id=user_id, began=now)
    for users in (["ann", "bob"], ["ann"], ["ann"]):
        assert [each["user_id"] for each in db.calculate_metrics()] == users
        db.delete_session("agent-1")
    assert [each["user_id"] for each in db.get_metrics()[0]] == ["ann", "bob"]


def test_runs_that_are_saved_without_their_session_count(db, open_db):
    turn(db, 0)
    for index, other in enumerate((db, open_db()), start=1):
        made = run(index, of="agent-0", model="gpt", model_provider="OpenAI")
        other.upsert_run(made, "agent-0", "ann", index)
    assert counts(open_db().calculate_metrics()) == [("2026-01-05", "ann", 3)]


def test_runs_that_were_deleted_do_not_count(db, open_db):
    for index in range(3):
        turn(db, 0, index)
    db.delete_run("agent-0-run-0")
    open_db().delete_runs(["agent-0-run-1"])
    assert counts(open_db().calculate_metrics()) == [("2026-01-05", "ann", 1)]


def test_a_run_that_is_on_its_way_counts_once_it_is_there(db, open_db):
    saved = session(0, created_at=BEGAN, session_data={})
    late = run(0, of="agent-0", model="gpt", model_provider="OpenAI")
    saved.upsert_run(late)
    db.upsert_session(saved)
    other = open_db()
    for index in (1, 2):
        turn(other, 0, index)
    db.upsert_run(late, "agent-0", "ann", 0)
    (row,) = open_db().calculate_metrics()
    assert row["agent_runs_count"] == 3


def test_runs_of_a_session_that_was_deleted_do_not_count_in_the_one_begun_anew(db, open_db, store):
    turn(db, 0, 0)
    store.delete(store.get(Session, session_id="agent-0"))
    turn(open_db(), 0, 1)
    (row,) = open_db().calculate_metrics()
    assert row["agent_runs_count"] == 1


def test_turns_that_run_at_once_all_count(db, open_db):
    turn(db, 0)
    turns = []
    for index, other in enumerate((open_db(), open_db()), start=1):
        each = other.get_session("agent-0")
        made = run(index, of="agent-0", model="gpt", model_provider="OpenAI")
        each.upsert_run(made)
        turns.append((other, each, made, index))
    for other, each, _, _ in turns:
        other.upsert_session(each)
    for other, _, made, index in turns:
        other.upsert_run(made, "agent-0", "ann", index)
    assert counts(open_db().calculate_metrics()) == [("2026-01-05", "ann", 3)]
    turn(open_db(), 0, 3)
    turn(open_db(), 0, 4)
    assert db.get_session("agent-0", deserialize=False)["runs"][4]["model"] == "gpt"


def test_processes_that_calculate_at_once_leave_the_same(db, open_db, open_store, settled):
    turn(db, 0)
    turn(db, 1, began=int(dt.datetime.now(dt.UTC).timestamp()))
    for runs in (1, 2, 3):
        settled()
        outcomes = at_once(open_store(agent_schema()), _calculate, 4)
        assert [each for each in outcomes if isinstance(each, BaseException)] == []
        rows = open_db().get_metrics()[0]
        assert [each["agent_runs_count"] for each in rows] == [1, runs]
        assert len({each["id"] for each in rows}) == 2
        turn(open_db(), 1, runs)


def _calculate(store, _):
    kind = AsyncDynastoreDb if isinstance(store, AsyncStore) else DynastoreDb
    return kind(store).calculate_metrics()


def test_metrics_are_of_the_days_and_the_user_that_are_asked_for(db):
    for number in range(0, 60, 20):
        turn(db, number, user_id="ann")
        turn(db, number + 1, user_id="bob")
    day = dt.timedelta(days=1)
    assert len(db.get_metrics()[0]) == 6
    asked = {"starting_date": FIRST + day, "ending_date": FIRST + 40 * day}
    assert [each["user_id"] for each in db.get_metrics(**asked)[0]] == ["bob", "ann", "bob", "ann"]
    rows, at = db.get_metrics(**asked, user_id="bob")
    assert len(rows) == 2
    assert at is not None
    assert db.get_metrics(starting_date=FIRST + 41 * day, user_id="ann") == ([], None)
    assert db.get_metrics(user_id="") == ([], None)


def test_without_sessions_there_are_no_metrics(db):
    assert db.calculate_metrics() is None
    assert db.get_metrics() == ([], None)


def test_a_day_that_another_process_found_over_stays_when_its_sessions_go(db, open_db):
    turn(db, 0)
    db.calculate_metrics()
    turn(db, 1)
    turn(db, 2, began=BEGAN + DAY)
    other = open_db()
    other.calculate_metrics()
    before, _ = other.get_metrics()
    db.delete_session("agent-2")
    assert db.calculate_metrics() == []
    assert open_db().get_metrics()[0] == before
    turn(db, 3)
    assert [str(each["date"]) for each in db.calculate_metrics()] == ["2026-01-08"]


def test_runs_of_a_session_that_was_deleted_are_no_part_of_what_is_counted_next(db, open_db):
    for index in range(2):
        turn(db, 0, index)
    other = open_db()
    other.delete_session("agent-0")
    anew = session(0, created_at=BEGAN)
    for _ in range(2):  # as often as the one that was deleted
        other.upsert_session(anew)
    db.get_session("agent-0", runs_limit=1)
    db.upsert_session(anew)
    assert counts(open_db().calculate_metrics()) == [("2026-01-05", "ann", 0)]


@pytest.mark.parametrize("is_known", [True, False])
def test_a_turn_in_which_its_session_is_deleted_counts_alone(db, open_db, is_known):
    for index in range(2):
        turn(db, 0, index)
    each = db.get_session("agent-0")
    (db if is_known else open_db()).delete_session("agent-0")
    made = run(2, of="agent-0", model="gpt", model_provider="OpenAI")
    each.upsert_run(made)
    db.upsert_session(each)
    db.upsert_run(made, "agent-0", "ann", 2)
    assert counts(open_db().calculate_metrics()) == [("2026-01-05", "ann", 1)]
