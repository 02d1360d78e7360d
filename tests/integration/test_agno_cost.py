"""What Agno's calls take stays within its bars, however many sessions there are."""

from __future__ import annotations

from functools import cache

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from agno.db.base import ComponentType

from benchmarks.agno import TOPICS
from benchmarks.agno.measured import BEGAN, SIZES
from benchmarks.agno.schedules import schedule
from benchmarks.cost.measured import cost
from dynastore.agents import agent_schema
from dynastore.integrations.agno import DynastoreDb
from dynastore.integrations.agno.schedules.rows import schedule_of
from dynastore.testing import lagging_store, memory_store

LAG = 3  # writes
# Those between are measured where indexes lag; the larger one is more than a page of entries.
FEW, MANY = SIZES[0], 4_000
SAME = {
    *("get_session", "get_session, the last 2 runs", "get_run", "get_runs of a session"),
    *("upsert_session", "upsert_session, new", "upsert_run", "upsert_run, new"),
    *("upsert_sessions, 100", "delete_sessions, 50 of a user"),
}


@cache
def measured(topic, size):
    return TOPICS[topic].costs(size)


# One test a topic: the processes of a run would each fill its tables.
@pytest.mark.parametrize("topic", TOPICS)
def test_requests_are_within_the_bar(topic):
    bars = {name: each.requests for name, each in TOPICS[topic].calls.items()}
    found = {
        (name, size): measured(topic, size)[name].requests for size in (FEW, MANY) for name in bars
    }
    assert {at: took for at, took in found.items() if took > bars[at[0]](at[1])} == {}


@pytest.mark.parametrize("size", SIZES[:2])
@pytest.mark.parametrize("topic", TOPICS)
def test_requests_are_within_the_bar_where_indexes_lag(topic, size):
    found = TOPICS[topic].costs(size, lagging_store(agent_schema(), writes=LAG))
    bars = {name: each.requests(size) for name, each in TOPICS[topic].calls.items()}
    assert {name: took for name, took in found.items() if took.requests > bars[name]} == {}


def test_the_cost_of_a_call_that_lists_nothing_does_not_grow():
    small, large = ({name: measured("sessions", size)[name] for name in SAME} for size in SIZES[:2])
    assert small == large


def test_a_turn_takes_few_units():
    found = measured("sessions", FEW)
    assert found["upsert_session"].units == 2  # the header, and its entry by user
    assert found["upsert_run, new"].units <= 4


def scheduled(count, **columns):
    """A store with so many schedules, which are due, of a component each."""
    store = memory_store()
    rows = [{**schedule(n), "next_run_at": BEGAN + n, "target_id": f"c{n}"} for n in range(count)]
    store.put_many([schedule_of({**row, "target_type": "agent", **columns}) for row in rows])
    return store


def archived(store):
    """What archiving a component takes that one of the schedules is meant to run."""
    db = DynastoreDb(store)
    db.create_component_with_config("c7", ComponentType.AGENT, "An agent", {}, stage="published")
    found = cost(store, lambda _: db.delete_component("c7"))
    assert db.get_schedule("schedule-7")["disabled_reason"] == "target_archived:agent:c7"
    return found


def claimed(store):
    """What claiming the schedule takes that has been due longest."""
    db = DynastoreDb(store)
    return cost(store, lambda _: db.claim_due_schedule("w")["id"])


@pytest.mark.parametrize("call", [archived, claimed])
def test_a_call_about_one_schedule_costs_the_same_among_many_others(call):
    assert call(scheduled(10)) == call(scheduled(400))


def test_claims_that_others_hold_are_passed_over_in_ever_larger_pages():
    held = schedule(0)["created_at"]
    store = scheduled(100, locked_by="another", locked_at=held)
    db = DynastoreDb(store)
    db.create_schedule({**schedule(100), "name": "free", "next_run_at": BEGAN + 1_000})
    found = cost(store, lambda _: db.claim_due_schedule("w", lock_grace_seconds=10**9))
    assert db.get_schedule("schedule-100")["locked_by"] == "w"
    assert found.requests == 2 + 2 + 2 + 1  # 5, 20, then 80 at once
