"""What users of Agno's own DynamoDB storage meet today, and must not meet here: traces and spans."""

from __future__ import annotations

import datetime as dt
from random import Random

import pytest
from agno.filters import CONTAINS, EQ, GT, IN, NEQ, NOT, OR
from agno.tracing.schemas import Span, Trace

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb

from ..drivers import at_once
from ..engines import ADAPTER_PAIRS

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)

BEGAN = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
SECOND = dt.timedelta(seconds=1)
LOST = "lets two updates through that race, though the condition of one no longer holds"


def trace(number=0, **more):
    start = more.pop("start_time", BEGAN + number * SECOND)
    values = {
        "trace_id": f"trace-{number}",
        "name": "Support.run",
        "status": "OK",
        "start_time": start,
        "end_time": start + SECOND,
        "duration_ms": 1_000,
        "total_spans": 0,
        "error_count": 0,
        "created_at": start,
        **dict.fromkeys(("run_id", "session_id", "user_id", "agent_id", "team_id", "workflow_id")),
    }
    return Trace(**{**values, **more})


def span(number=0, of=0, **more):
    start = BEGAN + number * SECOND
    values = {
        "span_id": f"trace-{of}-span-{number}",
        "trace_id": f"trace-{of}",
        "parent_span_id": None,
        "name": "invoke",
        "span_kind": "INTERNAL",
        "status_code": "OK",
        "status_message": None,
        "start_time": start,
        "end_time": start + SECOND,
        "duration_ms": 1_000,
        "attributes": {},
        "created_at": start,
    }
    return Span(**{**values, **more})


def ids(found):
    return [each.trace_id for each in found]


@pytest.fixture
def db(open_db):
    return open_db()


def test_every_filter_is_applied(db):
    db.upsert_trace(trace(0, session_id="s1", user_id="ann", agent_id="a1", status="ERROR"))
    db.upsert_trace(trace(1, session_id="s1", user_id="bob", agent_id="a1", status="ERROR"))
    db.upsert_trace(trace(2, session_id="s1", user_id="ann", agent_id="a2", status="ERROR"))
    db.upsert_trace(trace(3, session_id="s2", user_id="ann", agent_id="a1", status="ERROR"))
    db.upsert_trace(trace(4, session_id="s1", user_id="ann", agent_id="a1"))
    mine = {"session_id": "s1", "user_id": "ann"}
    assert ids(db.get_traces(**mine)[0]) == ["trace-4", "trace-2", "trace-0"]
    assert ids(db.get_traces(**mine, agent_id="a1", status="ERROR")[0]) == ["trace-0"]
    assert db.get_traces(**mine, start_time=BEGAN + 5 * SECOND) == ([], 0)
    rows, total = db.get_trace_stats(user_id="bob")
    assert (total, rows[0]["total_traces"]) == (1, 1)


def test_a_user_sees_no_trace_of_another_by_its_run(db):
    db.upsert_trace(trace(run_id="r1", user_id="ann"))
    assert ids(db.get_traces(run_id="r1", user_id="ann")[0]) == ["trace-0"]
    assert db.get_traces(run_id="r1", user_id="bob") == ([], 0)


@pytest.mark.parametrize("before", [0, 1, 3])
def test_spans_and_their_trace_come_in_any_order(db, before):
    spans = [span(number, status_code="ERROR" if number else "OK") for number in range(3)]
    db.create_spans(spans[:before])
    assert db.get_traces() == ([], 0)
    db.upsert_trace(trace())
    db.create_spans(spans[before:])
    (found,), total = db.get_traces()
    assert (total, found.total_spans, found.error_count) == (1, 3, 2)
    assert db.get_trace("trace-0") == found
    assert db.get_spans("trace-0") == spans


def test_a_span_that_is_saved_again_counts_once(db):
    db.upsert_trace(trace())
    for _ in range(2):
        db.create_spans([span(number) for number in range(30)])
        db.create_span(span(3))
    assert db.get_trace("trace-0").total_spans == 30
    assert len(db.get_spans("trace-0")) == 30


def test_a_span_that_is_saved_again_counts_as_what_it_is_then(db):
    db.upsert_trace(trace())

    def figures():
        found = db.get_trace("trace-0")
        return found.total_spans, found.error_count, len(db.get_spans("trace-0"))

    db.create_span(span(0, status_code="ERROR"))
    assert figures() == (1, 1, 1)
    db.create_spans([span(0), span(1, status_code="ERROR"), span(2)])
    assert figures() == (3, 1, 3)
    later = span(1, start_time=BEGAN + 9 * SECOND)
    db.create_span(later)
    assert figures() == (3, 0, 3)
    assert db.get_spans("trace-0")[-1] == later
    db.create_span(span(1, status_code="ERROR"))
    assert figures() == (3, 1, 3)


def test_spans_of_several_traces_are_saved_together(db):
    db.create_spans([span(number, of) for number in range(20) for of in range(3)])
    for of in range(3):
        db.upsert_trace(trace(of))
    assert [each.total_spans for each in db.get_traces()[0]] == [20, 20, 20]
    db.create_spans([])


@pytest.mark.fault("moto", reason=LOST, strict=False)
def test_50_racing_writers_lose_nothing_of_a_trace(db, open_store):
    names = ("run_id", "session_id", "user_id", "agent_id", "team_id")

    def told(number):
        """Each tells another start and end, and one of them each id and the name."""
        start = BEGAN + (number - 25) * SECOND
        told = {name: name for at, name in enumerate(names) if 10 * at == number}
        name = "Team.run" if number == 40 else "child"
        return trace(start_time=start, **{"trace_id": "t", "name": name, **told})

    def call(store, number):
        kind = DynastoreDb if isinstance(store, Store) else AsyncDynastoreDb
        return kind(store).upsert_trace(told(number))

    outcomes = at_once(open_store(agent_schema()), call, 50)
    assert [each for each in outcomes if each is not None] == []
    (found,), total = db.get_traces(user_id="user_id", session_id="session_id")
    assert (total, found.name, found.duration_ms) == (1, "Team.run", 50_000)
    assert (found.start_time, found.end_time) == (BEGAN - 25 * SECOND, BEGAN + 25 * SECOND)
    assert {name: getattr(found, name) for name in names} == {name: name for name in names}


def test_50_racing_writers_lose_no_span(db, open_store):
    def call(store, number):
        kind = DynastoreDb if isinstance(store, Store) else AsyncDynastoreDb
        return kind(store).create_spans([span(number), span(50 + number, status_code="ERROR")])

    outcomes = at_once(open_store(agent_schema()), call, 50)
    assert [each for each in outcomes if each is not None] == []
    db.upsert_trace(trace())
    found = db.get_trace("trace-0")
    assert (found.total_spans, found.error_count) == (100, 50)


def test_a_trace_keeps_what_it_has_and_gets_what_it_lacks(db):
    db.upsert_trace(trace(user_id="ann", name="child", agent_id="a1"))
    db.upsert_trace(trace(user_id="bob", name="Team.run", team_id="t1", status="ERROR"))
    db.upsert_trace(trace(user_id=None, name="Other.run", agent_id="a2"))
    found = db.get_trace("trace-0")
    assert (found.user_id, found.agent_id, found.team_id) == ("ann", "a1", "t1")
    assert (found.name, found.status) == ("Team.run", "OK")


def test_a_list_shows_traces_as_they_are_now(db, settled):
    db.upsert_trace(trace())
    settled()
    db.upsert_trace(trace(status="ERROR", agent_id="a1"))
    lagging = db.unsettled
    assert lagging.get_traces(status="OK")[0] == []
    for found in lagging.get_traces()[0]:
        assert (found.status, found.agent_id) == ("ERROR", "a1")


def test_totals_are_exact_and_pages_follow_each_other(db):
    for number in range(7):
        db.upsert_trace(trace(number, user_id="ann"))
    pages = [db.get_traces(user_id="ann", limit=3, page=page) for page in (1, 2, 3, 4)]
    assert [len(found) for found, _ in pages] == [3, 3, 1, 0]
    assert {total for _, total in pages} == {7}
    assert [each for found, _ in pages for each in ids(found)] == [
        f"trace-{n}" for n in range(6, -1, -1)
    ]


def test_attributes_round_trip_at_any_size(db):
    noise = Random(1).randbytes(450_000).hex()  # does not fit an item, compressed or not
    spans = [
        span(0, attributes={"a": [1, 2.5, None, {"b": "é\ud800"}], "": True}, status_message="no"),
        span(1, attributes={"input": noise}, parent_span_id="trace-0-span-0"),
        span(2, attributes=None),
    ]
    db.create_spans(spans)
    assert db.get_spans("trace-0") == spans
    assert db.get_spans(parent_span_id="trace-0-span-0") == [spans[1]]
    assert db.get_span("trace-0-span-1") == spans[1]
    assert db.get_span("trace-0-span-9") is None


def test_spans_are_in_the_order_in_which_they_began(db):
    db.create_spans([span(number, of) for of in (1, 0) for number in (2, 0, 1)])
    names = [f"trace-0-span-{number}" for number in range(3)]
    assert [each.span_id for each in db.get_spans("trace-0")] == names
    assert [each.span_id for each in db.get_spans("trace-0", limit=2)] == names[:2]
    assert len(db.get_spans(limit=4)) == 4
    assert len(db.get_spans()) == 6


def test_what_compares_with_nothing_is_not_found(db):
    db.upsert_trace(trace(0, user_id="ann"))
    db.upsert_trace(trace(1))

    def found(expression):
        return ids(db.get_traces(filter_expr=expression.to_dict())[0])

    assert found(NEQ("user_id", "bob")) == ["trace-0"]
    assert found(NOT(EQ("user_id", "bob"))) == ["trace-0"]
    assert found(NOT(IN("user_id", ["bob"]))) == ["trace-0"]
    assert found(OR(EQ("user_id", "bob"), EQ("status", "OK"))) == ["trace-1", "trace-0"]
    assert found(CONTAINS("name", "PORT.R") & NOT(GT("duration_ms", 1_000))) == [
        "trace-1",
        "trace-0",
    ]
    assert found(EQ("start_time", "2026-01-05T13:00:01+01:00")) == ["trace-1"]


@pytest.mark.parametrize(
    "expression",
    [
        {"op": "LIKE", "key": "name", "value": "x"},
        {"op": "EQ", "key": "attributes", "value": "x"},
        {"op": "EQ", "key": "name"},
        {"op": "EQ", "key": "duration_ms", "value": "long"},
        {"op": "IN", "key": "name", "values": "x"},
        {"op": "AND", "conditions": []},
        {"op": "NOT"},
        {"key": "name"},
    ],
)
def test_a_filter_that_is_none_is_an_error_and_not_an_empty_list(db, expression):
    for list_ in (db.get_traces, db.get_trace_stats):
        with pytest.raises(ValueError):  # noqa: PT011 - each says something else
            list_(filter_expr=expression)


def test_a_filter_has_a_depth(db):
    expression = {"op": "EQ", "key": "name", "value": "x"}
    for _ in range(11):
        expression = {"op": "NOT", "condition": expression}
    with pytest.raises(ValueError, match="10 levels"):
        db.get_traces(filter_expr=expression)


def test_figures_have_what_most_of_a_group_took(db):
    for number in range(5):
        db.upsert_trace(trace(number, agent_id="a1", duration_ms=100 * number))
    db.create_spans([span(number, duration_ms=100 * number) for number in range(5)])
    (of_agent,), _ = db.get_trace_stats(group_by="agent")
    (of_spans,), _ = db.get_span_stats()
    for row in (of_agent, of_spans):
        assert (row["avg_duration_ms"], row["p95_duration_ms"], row["max_duration_ms"]) == (
            200,
            380,
            400,
        )
    with pytest.raises(ValueError, match="grouped by"):
        db.get_trace_stats(group_by="user")


def test_spans_are_of_the_component_of_their_trace(db):
    db.create_spans([span(0, 0), span(0, 1), span(0, 2)])
    db.upsert_trace(trace(0, agent_id="a1"))
    db.upsert_trace(trace(1, agent_id="a2"))
    (row,), total = db.get_span_stats(agent_id="a1")
    assert (row["total_calls"], total) == (1, 1)
    assert db.get_span_stats()[0][0]["total_calls"] == 3


def test_a_time_without_a_zone_is_in_utc(db):
    naive = BEGAN.replace(tzinfo=None)
    db.upsert_trace(trace(start_time=naive))
    assert db.get_trace("trace-0").start_time == BEGAN
    assert db.get_traces(start_time=naive)[1] == 1
    assert db.get_traces(start_time=naive + SECOND)[1] == 0


def test_traces_of_scopes_do_not_meet(open_db):
    one, other = open_db(scope="one"), open_db(scope="other")
    one.upsert_trace(trace())
    one.create_span(span())
    assert other.get_traces() == ([], 0)
    assert other.get_trace("trace-0") is None
    assert other.get_spans() == []
