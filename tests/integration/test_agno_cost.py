"""What Agno's calls take stays within its bars, however many sessions there are."""

from __future__ import annotations

from functools import cache

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from benchmarks.agno import TOPICS
from benchmarks.agno.measured import SIZES
from dynastore.agents import agent_schema
from dynastore.testing import lagging_store

LAG = 3  # writes
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
    found = {(name, size): measured(topic, size)[name].requests for size in SIZES for name in bars}
    assert {at: took for at, took in found.items() if took > bars[at[0]](at[1])} == {}


@pytest.mark.parametrize("size", SIZES[:2])
@pytest.mark.parametrize("topic", TOPICS)
def test_requests_are_within_the_bar_where_indexes_lag(topic, size):
    found = TOPICS[topic].costs(size, lagging_store(agent_schema(), writes=LAG))
    bars = {name: each.requests(size) for name, each in TOPICS[topic].calls.items()}
    assert {name: took for name, took in found.items() if took.requests > bars[name]} == {}


def test_the_cost_of_a_call_that_lists_nothing_does_not_grow():
    small, *larger = ({name: measured("sessions", size)[name] for name in SAME} for size in SIZES)
    assert larger == [small] * len(larger)


def test_a_turn_takes_few_units():
    found = measured("sessions", SIZES[0])
    assert found["upsert_session"].units == 2  # the header, and its entry by user
    assert found["upsert_run, new"].units <= 4
