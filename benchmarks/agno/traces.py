"""Traces and spans, in tables of several sizes.

20 users share the traces, each of which has an id of 32 digits and 2 spans.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from agno.filters import CONTAINS
from agno.tracing.schemas import Span, Trace

from dynastore import Store
from dynastore.agents.traces.summaries import header_of
from dynastore.integrations.agno import DynastoreDb
from dynastore.integrations.agno.traces.rows import summary_of

from .measured import BEGAN, USERS, Measured, Topic, pages, text

SPANS = 2  # of a trace
START = dt.datetime.fromtimestamp(BEGAN, dt.UTC)
SECOND = dt.timedelta(seconds=1)


def trace(number: int) -> Trace:
    """A trace, by its number."""
    start = START + 60 * number * SECOND
    return Trace(
        trace_id=f"{number:032x}",
        name="Support.run",
        status="ERROR" if number % 10 == 0 else "OK",
        start_time=start,
        end_time=start + SECOND,
        duration_ms=1_000,
        total_spans=SPANS,
        error_count=0,
        run_id=f"run-{number}",
        session_id=f"s{number // 5}",
        user_id=f"user-{number % USERS}",
        agent_id=f"agent-{number % 3}",
        team_id=None,
        workflow_id=None,
        created_at=start,
    )


def span(number: int, index: int) -> Span:
    """A span of a trace, by its place in it."""
    start = START + 60 * number * SECOND + index * SECOND
    return Span(
        span_id=f"{1_000 * number + index:016x}",
        trace_id=f"{number:032x}",
        parent_span_id=None,
        name="invoke",
        span_kind="INTERNAL",
        status_code="OK",
        status_message=None,
        start_time=start,
        end_time=start + SECOND,
        duration_ms=1_000,
        attributes={"openinference.span.kind": "LLM", "input.value": text(number + index)},
        created_at=start,
    )


def _spans(first: int, count: int) -> list[Any]:
    return [span(0, first + index) for index in range(count)]


def _lists(limit: int) -> Mapping[str, Measured]:
    """What lists of traces take by each filter: an index is read, and the page by key."""
    name = CONTAINS("name", "support").to_dict()
    filters: Mapping[str, Mapping[str, Any]] = {
        "by user": {"user_id": "user-1"},
        "by session": {"session_id": "s1"},
        "by session and user": {"session_id": "s1", "user_id": "user-1"},
    }
    of_all: Mapping[str, Mapping[str, Any]] = {
        "all": {},
        "by agent": {"agent_id": "agent-1"},
        "by status": {"status": "ERROR"},
        "by end": {"end_time": START + 6_000 * SECOND},
        "by expression": {"filter_expr": name},
    }

    def measured(options: Mapping[str, Any]) -> Any:
        return lambda db, _: db.get_traces(limit=limit, **options)

    return {
        **{f"traces {key}": Measured(measured(some), lambda _: 2) for key, some in filters.items()},
        **{
            f"traces {key}": Measured(measured(some), lambda size: pages(size) + 1)
            for key, some in of_all.items()
        },
    }


CALLS: Mapping[str, Measured] = {
    **_lists(20),
    "traces by run": Measured(lambda db, _: db.get_traces(run_id="run-1"), lambda _: 3),
    "get_trace": Measured(lambda db, _: db.get_trace(f"{1:032x}"), lambda _: 1),
    "get_trace by run": Measured(lambda db, _: db.get_trace(run_id="run-1"), lambda _: 3),
    "get_trace_stats": Measured(lambda db, _: db.get_trace_stats(), pages),
    "get_trace_stats of a user": Measured(
        lambda db, _: db.get_trace_stats(user_id="user-1", group_by="agent"), lambda _: 1
    ),
    "get_spans of a trace": Measured(lambda db, _: db.get_spans(f"{1:032x}"), lambda _: 1),
    "get_span": Measured(lambda db, _: db.get_span(f"{1_000:016x}"), lambda _: 2),
    "get_span_stats": Measured(lambda db, _: db.get_span_stats(), lambda size: pages(SPANS * size)),
    "get_span_stats of an hour": Measured(
        lambda db, _: db.get_span_stats(start_time=START, end_time=START + 3_600 * SECOND),
        lambda _: 1,
    ),
    "upsert_trace": Measured(lambda db, _: db.upsert_trace(trace(1)), lambda _: 2),
    "upsert_trace, new": Measured(lambda db, size: db.upsert_trace(trace(size)), lambda _: 2),
    "create_span": Measured(lambda db, _: db.create_span(span(0, 100)), lambda _: 2),
    "create_spans, 50": Measured(lambda db, _: db.create_spans(_spans(200, 50)), lambda _: 3),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with so many traces."""
    db = DynastoreDb(store)
    db.store.put_many([header_of(summary_of(trace(number))) for number in range(size)])
    db.create_spans([span(number, index) for number in range(size) for index in range(SPANS)])
    return db


TOPIC = Topic(filled, CALLS)
