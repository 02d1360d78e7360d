"""Agno's traces and spans and ours: pure conversions. Times are in UTC, as those without a zone are taken."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from ....agents.traces.entities import Span as StoredSpan
from ....agents.traces.listing import Counted
from ....agents.traces.summaries import SpanSummary, TraceSummary, span_of, span_summary
from ..texts import json_bytes, json_value

if TYPE_CHECKING:
    from agno.tracing.schemas import Span, Trace

IDS = ("run_id", "session_id", "user_id", "agent_id", "team_id", "workflow_id")
TIMES = ("start_time", "end_time", "created_at")
COLUMNS = ("trace_id", "name", "status", "duration_ms", *TIMES, *IDS)
LEVELS = ("agent_id", "team_id", "workflow_id")  # from the inside to the outside
RUNS = (".run", ".arun")  # what the names of whole runs have in them
KIND = "openinference.span.kind"  # the attribute that says what work a span is
ERROR = "ERROR"


def utc(moment: dt.datetime) -> dt.datetime:
    """A moment in UTC; one without a zone is in UTC already."""
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def summary_of(trace: Trace) -> TraceSummary:
    """What a trace tells, without how many spans it knows of: those are counted."""
    ids: dict[str, Any] = {name: _text(getattr(trace, name)) for name in IDS}
    times: dict[str, Any] = {name: utc(getattr(trace, name)) for name in TIMES}
    return TraceSummary(
        trace_id=trace.trace_id,
        name=trace.name,
        status=trace.status,
        duration_ms=int(trace.duration_ms),
        **times,
        **ids,
    )


def trace_of(found: Counted) -> Trace:
    """A trace with its spans counted."""
    # What it imports, OpenTelemetry, is there where traces are, and need not be elsewhere.
    from agno.tracing.schemas import Trace

    values = {name: getattr(found.summary, name) for name in COLUMNS}
    return Trace(total_spans=found.spans, error_count=found.errors, **values)


def columns_of(trace: TraceSummary) -> dict[str, Any]:
    """The columns that filter expressions are about: times as ISO 8601 has them."""
    found = {name: getattr(trace, name) for name in COLUMNS}
    return {**found, **{name: found[name].isoformat() for name in TIMES}}


def level_of(trace: TraceSummary) -> int:
    """How far out the work is that a trace tells of: a workflow's, a team's or an agent's run, or none."""
    name = trace.name.lower()
    if not any(each in name for each in RUNS):
        return 0
    known = [getattr(trace, each) is not None for each in LEVELS]
    return max((level for level, is_known in enumerate(known, 1) if is_known), default=0)


def stored_span(span: Span) -> StoredSpan:
    """A span as it is stored."""
    kind = (span.attributes or {}).get(KIND)
    summary = SpanSummary(
        trace_id=span.trace_id,
        span_id=span.span_id,
        parent_id=span.parent_span_id,
        name=span.name,
        kind=kind if isinstance(kind, str) else None,
        status=span.status_code,
        start_time=utc(span.start_time),
        duration_ms=int(span.duration_ms),
    )
    rest = {
        "span_kind": span.span_kind,
        "status_message": span.status_message,
        "end_time": utc(span.end_time).isoformat(),
        "attributes": span.attributes,
        "created_at": utc(span.created_at).isoformat(),
    }
    return span_of(summary, json_bytes(rest))


def given_span(stored: StoredSpan) -> Span:
    """A span as Agno has it."""
    from agno.tracing.schemas import Span

    summary = span_summary(stored.outline)
    rest = json_value(stored.content)
    return Span.from_dict(
        {
            "span_id": summary.span_id,
            "trace_id": summary.trace_id,
            "parent_span_id": summary.parent_id,
            "name": summary.name,
            "status_code": summary.status,
            "start_time": summary.start_time,
            "duration_ms": summary.duration_ms,
            **rest,
        }
    )


def _text(value: Any) -> str | None:
    return None if value is None else str(value)
