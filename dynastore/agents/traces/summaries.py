"""Summaries: what lists show of traces and spans, and the outlines that an index carries of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from attrs import frozen

from .entities import Span, Trace

EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


@frozen(kw_only=True)
class TraceSummary:
    """What is known of a trace without its spans.

    Attributes:
        trace_id: its id.
        name: of its outermost span, as far as that is known.
        status: such as ``OK`` or ``ERROR``.
        start_time: when its first span began.
        end_time: when its last span ended.
        duration_ms: how long it took, in milliseconds.
        run_id: the run that it is of, or None.
        session_id: the session that it is of, or None.
        user_id: whose it is, or None.
        agent_id: the agent that worked, or None.
        team_id: the team that worked, or None.
        workflow_id: the workflow that worked, or None.
        created_at: when it was stored first.
    """

    trace_id: str
    name: str
    status: str
    start_time: dt.datetime
    end_time: dt.datetime
    duration_ms: int
    run_id: str | None = None
    session_id: str | None = None
    user_id: str | None = None
    agent_id: str | None = None
    team_id: str | None = None
    workflow_id: str | None = None
    created_at: dt.datetime


def header_of(trace: TraceSummary, merges: int = 0) -> Trace:
    """The header that stores a summary."""
    told = [trace.trace_id, trace.name, trace.status]
    times = map(_microseconds, (trace.start_time, trace.end_time, trace.created_at))
    ids = [trace.run_id, trace.agent_id, trace.team_id, trace.workflow_id]
    return Trace(
        trace_id=trace.trace_id,
        start_time=trace.start_time,
        run_id=trace.run_id,
        session_id=trace.session_id,
        user_id=trace.user_id,
        outline=[*told, *times, trace.duration_ms, *ids],
        merges=merges,
    )


def summary_of(entry: Mapping[str, Any]) -> TraceSummary:
    """The summary of an index entry: the values of `traces.LISTED`, by name."""
    trace_id, name, status, start, end, created, duration_ms, run_id, *ids = entry["outline"]
    agent_id, team_id, workflow_id = ids
    return TraceSummary(
        trace_id=trace_id,
        name=name,
        status=status,
        start_time=_moment(start),
        end_time=_moment(end),
        created_at=_moment(created),
        duration_ms=duration_ms,
        run_id=run_id,
        session_id=entry["session_id"],
        user_id=entry["user_id"],
        agent_id=agent_id,
        team_id=team_id,
        workflow_id=workflow_id,
    )


def stored_summary(header: Trace) -> TraceSummary:
    """The summary that a header stores."""
    listed = ("session_id", "user_id", "outline")
    return summary_of({name: getattr(header, name) for name in listed})


@frozen(kw_only=True)
class SpanSummary:
    """What is known of a span without what was said in it.

    Attributes:
        trace_id: the trace that it belongs to.
        span_id: its id.
        parent_id: the span that it is a part of, or None.
        name: such as ``Agent.run``.
        kind: of work, such as ``LLM`` or ``TOOL``, or None.
        status: such as ``OK`` or ``ERROR``.
        start_time: when it began.
        duration_ms: how long it took, in milliseconds.
    """

    trace_id: str
    span_id: str
    parent_id: str | None = None
    name: str
    kind: str | None = None
    status: str
    start_time: dt.datetime
    duration_ms: int


def span_of(span: SpanSummary, content: bytes) -> Span:
    """The span that stores a summary, and the rest of it."""
    start = _microseconds(span.start_time)
    outline = [span.trace_id, span.span_id, span.parent_id, span.name, span.kind, span.status]
    return Span(
        trace_id=span.trace_id,
        start_time=span.start_time,
        span_id=span.span_id,
        outline=[*outline, start, span.duration_ms],
        content=content,
    )


def span_summary(outline: list[Any]) -> SpanSummary:
    """The summary of a span by its outline."""
    trace_id, span_id, parent_id, name, kind, status, start, duration_ms = outline
    return SpanSummary(
        trace_id=trace_id,
        span_id=span_id,
        parent_id=parent_id,
        name=name,
        kind=kind,
        status=status,
        start_time=_moment(start),
        duration_ms=duration_ms,
    )


def _microseconds(moment: dt.datetime) -> int:
    return (moment - EPOCH) // MICROSECOND


def _moment(microseconds: int) -> dt.datetime:
    return EPOCH + MICROSECOND * microseconds
