"""Two databases that are written alike, while an application moves from one to the other."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from moto import mock_aws

pytest.importorskip("agno", reason="needs the extra dynastore[test]")
pytest.importorskip("sqlalchemy", reason="needs the extra dynastore[test]")

from agno.agent import Agent
from agno.db.base import SessionType
from sqlalchemy import text

from dynastore.errors import RequestError
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.integrations.agno.mirroring.awaited import AsyncMirrorDb
from dynastore.integrations.agno.mirroring.mirror import MirrorDb
from dynastore.integrations.agno.moving.migration import Migration
from tests.conformance.agno.made import contents, run, session

from .agno_model import ScriptedModel
from .old_agno import (
    RUNS_EACH,
    SESSIONS,
    dynamo_db,
    fill,
    fill_components,
    fill_service,
    memory,
    sqlite_db,
    talk,
)


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield


@pytest.fixture(params=["sqlite", "dynamo"])
def old(request, tmp_path, aws):
    return sqlite_db(tmp_path / "old.db") if request.param == "sqlite" else dynamo_db()


@pytest.fixture
def sqlite(tmp_path):
    return sqlite_db(tmp_path / "old.db")


@pytest.fixture
def where(tmp_path):
    return f"sqlite:///{tmp_path / 'new.db'}"


@pytest.fixture
def new(where):
    return DynastoreDb(where)


def differences(old, where):
    """What differs, but for the clocks of the two databases."""
    return [*map(str, Migration(old, where, mode="verify", clocks=60).run().differences)]


@pytest.mark.parametrize("reads", ["old", "new"])
def test_both_have_all_that_was_written(old, new, where, reads):
    told = []
    db = MirrorDb(old, new, reads=reads, tell=told.append)
    fill(db)
    db.settle()
    assert told == []
    assert db.report().missing == 0
    assert len(old.get_sessions()) == len(new.get_sessions()) == SESSIONS
    assert contents(old.get_session("agent-0")) == contents(new.get_session("agent-0"))
    done = Migration(old, where, clocks=60).run()
    assert not done.differences
    # DynamoDb says of new memories that they were changed now, and not when they were learned.
    assert {name for name, each in done.counts.items() if each.written} <= {"memories"}


def test_what_agnos_service_writes_is_on_both_sides(sqlite, new, where):
    db = MirrorDb(sqlite, new)
    fill_service(db)
    assert db.report().missing == 0
    assert new.get_schedule("s1") == sqlite.get_schedule("s1")
    assert new.get_approval("a1") == sqlite.get_approval("a1")


@pytest.mark.parametrize("reads", ["old", "new"])
def test_one_of_them_is_read(sqlite, new, reads):
    talk(sqlite, 0)
    talk(new, 1)
    db = MirrorDb(sqlite, new, reads=reads)
    assert [each.session_id for each in db.get_sessions()] == [
        "agent-0" if reads == "old" else "agent-1"
    ]


def test_answers_that_are_alike_are_no_difference(sqlite, new):
    told = []
    db = MirrorDb(sqlite, new, tell=told.append)
    fill(db)
    db.get_session("agent-0")
    db.get_session("agent-0", deserialize=False)
    db.get_sessions()
    db.get_sessions(limit=2, page=1, deserialize=False)
    db.get_run("agent-0-run-1")
    db.get_user_memories(user_id="ann")
    db.get_knowledge_contents()
    db.get_eval_runs()
    db.get_traces()
    db.get_spans(trace_id="t1")
    db.settle()
    assert told == []
    assert db.report().compared == 10
    assert db.report().untold == ()


def test_answers_that_differ_are_told_with_where(sqlite, new):
    told = []
    db = MirrorDb(sqlite, new, tell=told.append)
    talk(db, 0)
    new.rename_session("agent-0", SessionType.AGENT, "another")
    new.delete_run("agent-0-run-1")
    db.get_session("agent-0")
    db.settle()
    (mismatch,) = told
    assert mismatch.asked.method == "get_session"
    assert mismatch.what[:2] == [
        "runs[agent-0-run-1] is in one only",
        "session_data.session_name",
    ]
    assert db.report().differing == 1
    assert db.report().mismatches == (mismatch,)


def test_a_failure_of_the_second_one_is_told_and_the_agent_goes_on(sqlite, new, where):
    told = []
    db = MirrorDb(new, sqlite, tell=told.append)  # what fails here is the SQL database
    talk(db, 0)
    with sqlite.Session() as opened, opened.begin():
        opened.execute(text("DROP TABLE agno_runs"))
        opened.execute(text("CREATE VIEW agno_runs AS SELECT 1 AS run_id"))
    db.upsert_run(run(7, of="agent-0", said="on"), "agent-0", "ann", 7)
    assert contents(db.get_session("agent-0"))[-1] == "on"
    assert [each.asked.method for each in db.report().missed] == ["upsert_run"]
    db.settle()
    assert told[0] is db.report().missed[0]
    assert db.report().topics == ["sessions"]


def test_a_failure_of_the_first_one_is_the_agents_and_the_second_is_not_written(sqlite, new):
    db = MirrorDb(new, sqlite, reads="old")
    with pytest.raises(ValueError, match="run_id"):
        db.upsert_run({"content": "no id"}, "agent-0", "ann", 0)
    assert sqlite.get_runs() == []
    assert db.report().missing == 0


def test_what_was_missed_is_written_by_a_migration(sqlite, new, where):
    talk(sqlite, 0)  # before there was a mirror
    db = MirrorDb(sqlite, new)
    talk(db, 1)
    db.upsert_run(run(9, of="agent-0", said="later"), "agent-0", "ann", 9)
    sqlite.upsert_run(run(8, of="agent-1", said="died in between"), "agent-1", "ann", 8)
    Migration(sqlite, where, clocks=60).run()
    assert contents(new.get_session("agent-0")) == ["0.0", "0.1", "0.2", "later"]
    assert contents(new.get_session("agent-1"))[-1] == "died in between"
    assert differences(sqlite, where) == []


def test_a_method_that_the_second_one_lacks_is_missed(new, aws):
    old = dynamo_db()
    db = MirrorDb(old, new, reads="new")
    db.upsert_learning("l1", "user_profile", {"likes": 1}, user_id="ann")
    (missed,) = db.report().missed
    assert str(missed) == "upsert_learning() was missed: DynamoDb has no upsert_learning()"
    assert db.get_learnings()[0]["content"] == {"likes": 1}
    assert db.report().topics == ["learnings"]


def test_what_the_second_one_only_logs_is_missed_too(new, aws):
    old = dynamo_db()
    db = MirrorDb(old, new, reads="new")
    old.client.meta.events.register("before-call.dynamodb.PutItem", refuse)
    db.upsert_memories([memory(1)])
    assert "slow down" in str(db.report().missed[0])
    assert db.report().topics == ["memories"]


def refuse(**_):
    response = type("Refused", (), {"status_code": 400})()
    return response, {
        "Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow down"},
        "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "r"},
    }


def test_a_write_that_the_first_one_refuses_is_none_elsewhere(sqlite, new):
    talk(sqlite, 0, user="ann")
    db = MirrorDb(sqlite, new)
    assert db.upsert_session(session(0, "eve")) is None
    assert new.get_session("agent-0") is None


def test_a_schedule_is_claimed_in_one_and_goes_on_in_both(sqlite, new):
    db = MirrorDb(sqlite, new)
    fill_service(db)
    claimed = db.claim_due_schedule("w1")
    later = claimed["next_run_at"] + 60
    assert db.release_schedule(claimed["id"], later, worker_id="w1", locked_at=claimed["locked_at"])
    for each in (sqlite, new):
        assert each.get_schedule(claimed["id"])["next_run_at"] == later
    assert db.report().missing == db.report().differing == 0


@pytest.mark.parametrize("reads", ["old", "new"])
def test_components_are_mirrored_with_their_versions(sqlite, new, where, reads):
    db = MirrorDb(sqlite, new, reads=reads)
    fill_components(db)
    assert db.restore_component("gone")
    assert len(db.list_components()[0]) == 6
    assert db.get_current_config("cook")["version"] == 1
    db.settle()
    assert db.report().missing == db.report().differing == 0
    assert differences(sqlite, where) == []


def test_a_version_that_was_missed_leaves_its_number_free_until_it_is_migrated(sqlite, new, where):
    db = MirrorDb(sqlite, new)
    fill_components(db)
    sqlite.upsert_config("idea", {"n": 2})
    assert db.upsert_config("idea", {"n": 3}, stage="published")["version"] == 3
    assert [each["version"] for each in new.list_configs("idea")] == [1]
    assert db.set_current_version("idea", 3)
    assert db.report().topics == ["components"]
    Migration(sqlite, where, clocks=60).run()
    assert differences(sqlite, where) == []
    assert db.upsert_config("idea", {"n": 4})["version"] == 4
    assert new.get_config("idea", 4)["config"] == {"n": 4}


def test_writes_of_a_session_come_in_the_same_order_to_both(sqlite, new):
    db = MirrorDb(new, sqlite)
    talk(db, 0)

    def write(number):
        made = session(0, session_data={"turn": number})
        db.upsert_session(made)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(40)))
    one, other = (each.get_session("agent-0").session_data for each in (sqlite, new))
    assert one["turn"] == other["turn"]


def test_comparisons_that_find_no_room_are_skipped_and_counted(sqlite, new):
    held = threading.Event()

    class Held(DynastoreDb):
        def get_session(self, *args, **named):
            held.wait(10)
            return super().get_session(*args, **named)

    db = MirrorDb(sqlite, Held(new.store), waiting=2)
    talk(db, 0)
    for _ in range(6):
        db.get_session("agent-0")
    assert db.report().skipped == 4
    held.set()
    db.settle()
    assert db.report().compared == 2


def test_what_fails_in_the_background_is_in_the_report(sqlite, new):
    def fail(_):
        raise OSError("no log")

    talk(sqlite, 0)
    db = MirrorDb(sqlite, new, tell=fail)
    db.get_session("agent-0")
    db.settle()
    db.upsert_run(run(1, of="gone"), "agent-0", "ann", 1)
    assert db.report().untold == ("OSError: no log",)
    assert db.report().differing == 1


def test_an_agent_talks_while_it_moves(sqlite, new):
    told = []
    db = MirrorDb(sqlite, new, tell=told.append)
    agent = Agent(
        model=ScriptedModel(), db=db, id="a1", telemetry=False, add_history_to_context=True
    )
    for turn in range(3):
        agent.run(f"turn {turn}", session_id="s1", user_id="ann")
    db.settle()
    assert told == []
    assert len(sqlite.get_session("s1").runs) == len(new.get_session("s1").runs) == 3


def test_awaited_databases_are_mirrored_too(tmp_path):
    places = [f"sqlite:///{tmp_path / name}" for name in ("one.db", "two.db")]

    async def go():
        told = []
        one, two = map(AsyncDynastoreDb, places)
        db = AsyncMirrorDb(one, two, tell=told.append)
        await db.upsert_session(session(0))
        await asyncio.gather(
            *(db.upsert_run(run(at), "agent-0", "ann", at) for at in range(RUNS_EACH))
        )
        await db.get_session("agent-0")
        await db.settle()
        assert told == []
        await two.delete_run("agent-0-run-1")
        await db.get_session("agent-0")
        await db.settle()
        assert "is in one only" in str(told[0])
        assert (db.report().writes, db.report().compared) == (1 + RUNS_EACH, 2)
        await db.close()

    asyncio.run(go())
    assert len(DynastoreDb(places[1]).get_session("agent-0").runs) == RUNS_EACH - 1


def test_an_awaited_write_that_is_cancelled_in_between_is_missed(tmp_path):
    class Slow(AsyncDynastoreDb):
        async def upsert_session(self, *args, **named):
            begun.set()
            await asyncio.sleep(30)

    begun = asyncio.Event()

    async def go():
        one, two = (f"sqlite:///{tmp_path / name}" for name in ("one.db", "two.db"))
        db = AsyncMirrorDb(AsyncDynastoreDb(one), Slow(two))
        turn = asyncio.create_task(db.upsert_session(session(0)))
        await asyncio.wait_for(begun.wait(), 10)
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn
        assert "cancelled" in str(db.report().missed[0])

    asyncio.run(go())


def test_wrong_mirrors_are_refused(sqlite, new, where):
    with pytest.raises(RequestError, match="each a BaseDb"):
        MirrorDb(sqlite, AsyncDynastoreDb(where))
    with pytest.raises(RequestError, match="old or new"):
        MirrorDb(sqlite, new, reads="both")
    with pytest.raises(RequestError, match="cannot be made of a dict"):
        MirrorDb.from_dict({})
