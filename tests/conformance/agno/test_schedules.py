"""Schedules and their runs: one worker runs what is due, and nothing of them is lost or left."""

from __future__ import annotations

import datetime as dt
from random import Random

import pytest

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.errors import AlreadyExists, ConditionFailed, NotUnique, RequestError
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.requests import Scan

from ..drivers import at_once
from ..engines import ADAPTER_PAIRS
from .made import BEGAN

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)

WORKERS = 20
LATER = 4_000_000_000  # in the year 2096


class Hands:
    """A clock that is set."""

    def __init__(self, seconds):
        self.seconds = seconds

    def __call__(self):
        return dt.datetime.fromtimestamp(self.seconds, dt.UTC)


@pytest.fixture
def clock():
    return Hands(BEGAN + 1_000)


@pytest.fixture
def db(open_db, clock):
    return open_db(clock=clock)


@pytest.fixture
def store(open_store, clock):
    return open_store(agent_schema(), clock=clock)


def schedule(number=0, **more):
    return {
        "id": f"s{number}",
        "name": f"n{number}",
        "user_id": "ann",
        "endpoint": "/agents/a1/runs",
        "cron_expr": "* * * * *",
        "next_run_at": BEGAN + number,
        "created_at": BEGAN + number,
        **more,
    }


def run(number=0, of="s0", **more):
    begun = {"triggered_at": BEGAN + number, "created_at": BEGAN + number}
    return {"id": f"{of}-r{number}", "schedule_id": of, "user_id": "ann", **begun, **more}


def claims(store, settled, times=WORKERS):
    """What so many workers get who claim at the same moment."""
    settled()

    def call(store, number):
        kind = DynastoreDb if isinstance(store, Store) else AsyncDynastoreDb
        return kind(store).claim_due_schedule(f"w{number}")

    outcomes = at_once(store, call, times)
    assert [each for each in outcomes if isinstance(each, BaseException)] == []
    return [each for each in outcomes if each is not None]


@pytest.mark.fault("moto", reason="updates of one item get in each other's way", strict=False)
def test_only_one_of_racing_workers_claims_a_schedule(db, store, settled):
    db.create_schedule(schedule())
    (won,) = claims(store, settled)
    assert db.get_schedule("s0")["locked_by"] == won["locked_by"]
    assert claims(store, settled) == []


@pytest.mark.fault("moto", reason="updates of one item get in each other's way", strict=False)
def test_racing_workers_claim_all_that_is_due_each_once(db, store, settled):
    for number in range(5):
        db.create_schedule(schedule(number))
    won = claims(store, settled)
    assert sorted(each["id"] for each in won) == ["s0", "s1", "s2", "s3", "s4"]
    assert len({each["locked_by"] for each in won}) == 5


@pytest.mark.fault("moto", reason="updates of one item get in each other's way", strict=False)
def test_only_one_of_racing_workers_takes_over_a_claim_that_is_stale(db, store, settled, clock):
    db.create_schedule(schedule())
    assert db.claim_due_schedule("dead")["locked_at"] == clock.seconds
    clock.seconds += 299
    assert claims(store, settled) == []
    clock.seconds += 1
    (won,) = claims(store, settled)
    assert won["locked_by"] != "dead"
    assert claims(store, settled) == []


def test_a_worker_that_lost_its_claim_releases_nothing(db, clock):
    db.create_schedule(schedule())
    lost = db.claim_due_schedule("w1")
    clock.seconds += 300
    won = db.claim_due_schedule("w2")
    claim = {"worker_id": "w1", "locked_at": lost["locked_at"]}
    assert db.release_schedule("s0", LATER, **claim) is False
    # The same worker may have claimed it anew: then it is the time that tells.
    stale = {"worker_id": "w2", "locked_at": lost["locked_at"]}
    assert db.release_schedule("s0", LATER, **stale) is False
    assert db.get_schedule("s0") == won
    mine = {"worker_id": "w2", "locked_at": won["locked_at"]}
    assert db.release_schedule("s0", LATER, **mine) is True
    found = db.get_schedule("s0")
    assert (found["locked_by"], found["locked_at"], found["next_run_at"]) == (None, None, LATER)
    assert db.claim_due_schedule("w1") is None


def test_what_was_due_longest_is_claimed_first_and_what_is_not_due_never(db, clock):
    db.create_schedule(schedule(0, next_run_at=clock.seconds))
    db.create_schedule(schedule(1, next_run_at=clock.seconds - 1))
    db.create_schedule(schedule(2, next_run_at=clock.seconds + 1))
    db.create_schedule(schedule(3, next_run_at=None))
    db.create_schedule(schedule(4, enabled=False))
    found = [db.claim_due_schedule("w") for _ in range(3)]
    assert [each and each["id"] for each in found] == ["s1", "s0", None]


def test_an_index_that_lags_lets_nobody_claim_what_is_no_longer_due(db, settled):
    for number in range(4):
        db.create_schedule(schedule(number))
    settled()
    db.update_schedule("s0", enabled=False)
    db.update_schedule("s1", next_run_at=LATER)
    db.delete_schedule("s2")
    found = [db.unsettled.claim_due_schedule(worker) for worker in ("w1", "w2")]
    assert [each and each["id"] for each in found] == ["s3", None]


def test_many_claims_of_others_hide_nothing_that_is_due(db):
    for number in range(25):
        db.create_schedule(schedule(number))
    found = [db.claim_due_schedule("w")["id"] for _ in range(25)]
    assert found == [f"s{number}" for number in range(25)]


def test_a_schedule_that_became_on_demand_is_due_no_more_when_it_is_released(db):
    db.create_schedule(schedule())
    db.claim_due_schedule("w")
    db.update_schedule("s0", cron_expr="", next_run_at=None)
    assert db.release_schedule("s0", BEGAN, worker_id="w") is True
    assert db.get_schedule("s0")["next_run_at"] is None
    assert db.claim_due_schedule("w") is None


def test_a_name_is_one_schedules_of_an_owner_and_of_those_that_are_nobodys(db, open_db):
    db.create_schedule(schedule(0, name="daily"))
    db.create_schedule(schedule(1, name="daily", user_id="bob"))
    db.create_schedule(schedule(2, name="daily", user_id=None))
    for taken in (schedule(3, name="daily"), schedule(3, name="daily", user_id=None)):
        with pytest.raises(NotUnique):
            open_db().create_schedule(taken)
    db.create_schedule(schedule(4, name="weekly"))
    with pytest.raises(NotUnique):
        db.update_schedule("s4", name="daily")
    owners = [db.get_schedule_by_name("daily", user)["id"] for user in ("ann", "bob", None)]
    assert owners == ["s0", "s1", "s2"]
    with pytest.raises(AlreadyExists):
        db.create_schedule(schedule(0, name="other"))


def test_a_schedule_is_another_users_to_change_and_nobody_elses(db):
    db.create_schedule(schedule())
    db.create_schedule_run(run())
    assert db.get_schedule("s0", user_id="bob") is None
    assert db.update_schedule("s0", user_id="bob", description="his") is None
    assert db.delete_schedule("s0", user_id="bob") is False
    assert db.get_schedule_run("s0-r0", user_id="bob") is None
    assert db.get_schedule("s0")["description"] is None
    assert db.get_schedule_runs("s0", user_id="ann")[1] == 1


def test_lists_are_in_order_and_their_totals_are_exact(db):
    for number in range(7):
        user, enabled = ("ann", "bob")[number % 2], number < 5
        db.create_schedule(schedule(number, user_id=user, enabled=enabled))

    def ids(**options):
        rows, total = db.get_schedules(**options)
        return [each["id"] for each in rows], total

    assert ids(limit=3) == (["s6", "s5", "s4"], 7)
    assert ids(limit=3, page=3) == (["s0"], 7)
    assert ids(limit=2, enabled=True, user_id="ann") == (["s4", "s2"], 3)
    assert ids(enabled=False) == (["s6", "s5"], 2)


def test_archiving_a_component_disables_all_that_runs_it(db):
    db.create_schedule(schedule(0))
    db.create_schedule(schedule(1, endpoint="/agents/a1/runs/", user_id="bob"))
    db.create_schedule(schedule(2, endpoint="/config", target_type="agent", target_id="a1"))
    db.create_schedule(schedule(3, endpoint="/teams/a1/runs"))
    db.create_schedule(schedule(4, enabled=False))
    assert db.disable_schedules_for_target("agent", "a1", "archived") == 3
    assert db.disable_schedules_for_target("agent", "a1", "archived") == 0
    assert [each["id"] for each in db.get_schedules(enabled=True)[0]] == ["s3"]
    assert db.get_schedule("s2")["disabled_reason"] == "archived"
    assert db.update_schedule("s2", enabled=True)["disabled_reason"] is None


@pytest.mark.fault("moto", reason="updates of one item get in each other's way", strict=False)
def test_racing_updates_of_several_columns_lose_none(db, store):
    db.create_schedule(schedule())
    columns = ("description", "timezone", "endpoint", "method", "disabled_reason")

    def call(store, number):
        kind = DynastoreDb if isinstance(store, Store) else AsyncDynastoreDb
        return kind(store).update_schedule("s0", **{columns[number]: f"new {number}"})

    at_once(store, call, len(columns))
    found = db.get_schedule("s0")
    assert [found[name] for name in columns] == [f"new {number}" for number in range(5)]


def test_a_body_and_an_output_are_of_any_size(db):
    noise = {"text": Random(1).randbytes(300_000).hex() + "é\ud800", "more": [1, 2.5, None]}
    db.create_schedule(schedule(payload=noise))
    db.create_schedule_run(run())
    db.update_schedule_run("s0-r0", input=noise, output=noise, requirements=[noise], error="e")
    assert db.get_schedule("s0")["payload"] == noise
    found = db.get_schedule_run("s0-r0")
    assert [found[name] for name in ("input", "output", "requirements", "error")] == [
        *(noise, noise, [noise], "e")
    ]


@pytest.mark.scans
def test_a_deleted_schedule_leaves_nothing(db, store):
    noise = Random(1).randbytes(300_000).hex()  # does not fit an item, compressed or not
    db.create_schedule(schedule(payload={"text": noise}))
    for number in range(3):
        db.create_schedule_run(run(number, output={"text": noise} if number else None))
    assert db.delete_schedule("s0", user_id="ann") is True
    assert store.run(_items(store)) == 0


def _items(store):
    page = yield from Scan(store.schema.table.name)
    return len(page.items)


def test_a_schedule_that_is_gone_gets_no_more_runs_and_deleting_it_again_deletes_what_is_left(
    db, settled
):
    db.create_schedule(schedule())
    settled()
    db.create_schedule_run(run())
    assert db.unsettled.delete_schedule("s0") is True
    with pytest.raises(ConditionFailed):
        db.create_schedule_run(run(1))
    assert db.delete_schedule("s0") is False
    assert db.get_schedule_run("s0-r0") is None


def test_only_runs_that_were_completed_before_a_moment_expire(db):
    db.create_schedule(schedule())
    for number in range(4):
        ended = None if number == 3 else BEGAN + number
        db.create_schedule_run(run(number, completed_at=ended))
    assert db.delete_schedule_runs("s0", before=BEGAN + 2) == 2
    rows, total = db.get_schedule_runs("s0")
    assert ([each["id"] for each in rows], total) == (["s0-r3", "s0-r2"], 2)


def test_the_latest_run_is_that_of_the_latest_time(db):
    for number in range(3):
        db.create_schedule(schedule(number))
    for number in range(3):
        db.create_schedule_run(run(number))
        db.create_schedule_run(run(number, "s1", triggered_at=BEGAN))
    db.create_schedule_run(run(9, triggered_at=None))
    found = db.get_latest_schedule_runs(["s0", "s1", "s2", "s0", "none"])
    assert {of: each["id"] for of, each in found.items()} == {"s0": "s0-r2", "s1": "s1-r2"}


def test_columns_that_are_none_are_refused(db):
    with pytest.raises(RequestError, match="no colour"):
        db.create_schedule(schedule(colour="red"))
    with pytest.raises(RequestError, match="need name"):
        db.create_schedule(schedule(name=None))
    with pytest.raises(ValueError, match="cannot modify"):
        db.update_schedule("s0", locked_by="w")
    with pytest.raises(ValueError, match="cannot write"):
        db.stamp_schedule_provenance("s0", user_id="bob")
    assert db.stamp_schedule_provenance("s0", managed_by="studio") is False
