"""Traces and spans, and where answers of theirs may differ:

- Among equal times SqliteDb has no order, and spans it gives as they were created. Here: by when they
  began, then ids.
- Spans of a trace that is not there yet: SqliteDb logs an error, and they are lost. Here they are saved.
- A span that is created again: SqliteDb logs an error, and loses those given with it. Here it
  replaces itself and counts once, so that a failed call can be repeated.
- A filter expression that is none: SqliteDb logs an error and finds nothing. Here: ValueError, as it
  means to.
- ``p95_duration_ms``: SqliteDb cannot compute it. Here it is what Agno's PostgresDb gives.
- ``get_spans``: SqliteDb has no ``limit``, which the contract has.
- ``duration_ms`` of a merged trace: SqliteDb's is some microseconds off.
- Times: SqliteDb compares their texts. Here they are moments, in UTC where they say no zone.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from agno.tracing.schemas import Span, Trace
from hypothesis import strategies as st

from ..answers import plain, text
from ..drawn import COMPONENTS, Call, call, chosen, readable_json, users
from .topic import Topic

BEGAN = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
NAMES = ("Support.run", "Team.ARUN", "Flow.run", "child", "invoke")
STATUSES = ("OK", "ERROR", "UNSET")
KINDS = ("LLM", "TOOL", None)
WHOLE = (None, 20)  # limits that no list here reaches

numbers = st.integers(0, 3)
trace_ids = st.builds("trace-{}".format, numbers)
run_ids = st.builds("run-{}".format, st.integers(0, 1))
span_ids = st.builds("span-{}".format, st.integers(0, 9))
sessions = st.sampled_from(("s1", "s2", None))
components = st.sampled_from(COMPONENTS)
seconds = st.integers(-5, 12)
moments = seconds.map(lambda each: BEGAN + dt.timedelta(seconds=each))


@st.composite
def traces(draw: Any) -> Trace:
    """What is told of a trace: some part of what can be."""
    number = draw(numbers)
    start = draw(moments)
    took = draw(st.integers(0, 5))
    return Trace(
        trace_id=f"trace-{number}",
        name=draw(st.sampled_from(NAMES)),
        status=draw(st.sampled_from(STATUSES)),
        start_time=start,
        end_time=start + dt.timedelta(seconds=took),
        duration_ms=1_000 * took,
        total_spans=draw(numbers),
        error_count=0,
        run_id=draw(run_ids | st.none()),
        session_id=draw(sessions),
        user_id=draw(users),
        agent_id=draw(components),
        team_id=draw(components),
        workflow_id=draw(components),
        created_at=BEGAN + dt.timedelta(seconds=10 * number + draw(numbers), microseconds=number),
    )


@st.composite
def spans(draw: Any) -> Span:
    """A span with attributes of any kind."""
    start = draw(moments)
    kind = draw(st.sampled_from(KINDS))
    more = draw(st.dictionaries(st.text(max_size=5), readable_json, max_size=2))
    return Span(
        span_id=draw(span_ids),
        trace_id=draw(trace_ids),
        parent_span_id=draw(st.none() | span_ids),
        name=draw(st.sampled_from(NAMES)),
        span_kind="INTERNAL",
        status_code=draw(st.sampled_from(STATUSES)),
        status_message=draw(st.none() | st.text(max_size=5)),
        start_time=start,
        end_time=start + dt.timedelta(seconds=1),
        duration_ms=draw(st.integers(0, 5_000)),
        attributes=more if kind is None else {**more, "openinference.span.kind": kind},
        created_at=start,
    )


def _compare(op: str, key: str, value: Any) -> dict[str, Any]:
    return {"op": op, "key": key, "value": value}


comparing = st.sampled_from(("EQ", "NEQ", "GT", "GTE", "LT", "LTE"))
searching = st.sampled_from(("CONTAINS", "STARTSWITH", "EQ"))
texts = st.sampled_from(("name", "status", "user_id", "session_id", "agent_id", "trace_id"))
times = st.sampled_from(("start_time", "end_time", "created_at"))
words = st.sampled_from(("a", "ann", "OK", "support.", "RUN", "s1", "a1", "%", "trace-1"))
simple = st.one_of(
    st.builds(_compare, comparing, texts, words),
    st.builds(_compare, searching, texts, words),
    st.builds(_compare, comparing, times, moments.map(dt.datetime.isoformat)),
    # Not a whole number of milliseconds: SqliteDb's durations are not exact.
    st.builds(
        _compare, comparing, st.just("duration_ms"), st.integers(0, 9).map(lambda n: n + 0.5)
    ),
    st.fixed_dictionaries(
        {"op": st.just("IN"), "key": texts, "values": st.lists(words, max_size=3)}
    ),
)
expressions = st.recursive(
    simple,
    lambda inner: (
        st.fixed_dictionaries(
            {
                "op": st.sampled_from(("AND", "OR")),
                "conditions": st.lists(inner, min_size=1, max_size=3),
            }
        )
        | st.fixed_dictionaries({"op": st.just("NOT"), "condition": inner})
    ),
    max_leaves=4,
)
owned = {"user_id": users, **dict.fromkeys(("agent_id", "team_id", "workflow_id"), components)}
timed = {"start_time": moments, "end_time": moments}
paged = {"limit": st.sampled_from((None, 0, 1, 2, 20)), "page": st.sampled_from((None, 1, 2))}
filters = chosen(
    run_id=run_ids,
    session_id=sessions,
    status=st.sampled_from(STATUSES),
    filter_expr=expressions,
    **owned,
    **timed,
    **paged,
)
groups = st.sampled_from(("session", "agent", "team", "workflow", "endpoint", "nothing"))
figures = (
    "total_calls",
    "avg_duration_ms",
    "max_duration_ms",
    "error_count",
    "last_called_at",
    "x",
)

saved_trace = call("upsert_trace", traces())
saved_spans = call("create_spans", st.lists(spans(), max_size=4))
begun = st.builds(
    list.__add__,
    st.lists(saved_trace, min_size=2, max_size=6),
    st.lists(saved_spans, max_size=3),
)
calls = st.one_of(
    saved_trace,
    saved_spans,
    call("create_span", spans()),
    call("get_trace", trace_ids),
    call("get_trace", run_id=run_ids),
    st.builds(Call, st.just("get_traces"), st.just(()), filters),
    st.builds(Call, st.just("get_traces"), st.just(()), filters),
    st.builds(
        Call,
        st.just("get_trace_stats"),
        st.just(()),
        chosen(group_by=groups, filter_expr=expressions, **owned, **timed, **paged),
    ),
    call("get_span", span_ids),
    st.builds(
        Call,
        st.just("get_spans"),
        st.just(()),
        chosen(trace_id=trace_ids, parent_span_id=span_ids),
    ),
    st.builds(
        Call,
        st.just("get_span_stats"),
        st.just(()),
        chosen(
            name=st.sampled_from(NAMES),
            span_type=st.sampled_from(KINDS),
            sort_by=st.sampled_from(figures),
            sort_order=st.sampled_from(("asc", "desc")),
            **{name: owned[name] for name in ("agent_id", "team_id", "workflow_id")},
            **timed,
            **paged,
        ),
    ),
)


def comparable(call: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both."""
    found = _rounded(plain(answer))
    if call.name == "get_traces":
        rows, total = found
        return total, _listed(rows, whole=call.named.get("limit", 20) in WHOLE)
    if call.name == "get_spans":
        return sorted(found, key=text)
    if call.name == "get_trace" and "run_id" in call.named:
        return found and found["start_time"]
    return found


def _listed(rows: Sequence[dict[str, Any]], *, whole: bool) -> Any:
    return sorted(map(text, rows)) if whole else len(rows), [each["start_time"] for each in rows]


def _rounded(answer: Any) -> Any:
    """An answer without what SqliteDb cannot compute, or not exactly."""
    if isinstance(answer, list):
        return [_rounded(each) for each in answer]
    if not isinstance(answer, dict):
        return answer
    return {
        name: round(value / 10) if name.endswith("duration_ms") else value
        for name, value in answer.items()
        if name != "p95_duration_ms"
    }


def differs(call: Call, reference: Any) -> bool:
    """Whether a call is one whose answers may differ; see the table."""
    if call.name not in {"create_span", "create_spans"}:
        return False
    given = call.args[0] if call.name == "create_spans" else call.args
    ids = [each.span_id for each in given]
    return len(set(ids)) < len(ids) or any(
        reference.get_trace(each.trace_id) is None or reference.get_span(each.span_id) is not None
        for each in given
    )


TOPIC = Topic("traces", begun, calls, comparable, differs)
