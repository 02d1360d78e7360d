"""Figures of traces and spans by group: pure."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from attrs import frozen

from ....agents.traces.summaries import SpanSummary, TraceSummary
from .rows import ERROR, LEVELS

E = TypeVar("E", TraceSummary, SpanSummary)
G = TypeVar("G", bound=Hashable)

# What traces are grouped by; those of an endpoint are of no component.
GROUPED: Mapping[str, str] = {
    "session": "session_id",
    "agent": "agent_id",
    "team": "team_id",
    "workflow": "workflow_id",
    "endpoint": "name",
}
OWNERS = ("user_id", *LEVELS)
SORTED = ("total_calls", "avg_duration_ms", "p95_duration_ms", "max_duration_ms", "error_count")
RANK = 0.95  # as Agno's other databases have it: between the two values at this place


@frozen
class Figures:
    """What a group took.

    Attributes:
        total: how many there are.
        average_ms: how long they took in the average.
        most_ms: how long the longest took.
        p95_ms: what 95 % of them took at most.
        errors: how many failed.
    """

    total: int
    average_ms: float
    most_ms: int
    p95_ms: float
    errors: int

    @classmethod
    def of(cls, group: Sequence[TraceSummary] | Sequence[SpanSummary]) -> Figures:
        """The figures of a group, of one at least."""
        took = sorted(each.duration_ms for each in group)
        errors = sum(each.status == ERROR for each in group)
        return cls(len(took), sum(took) / len(took), took[-1], _quantile(took, RANK), errors)

    @property
    def row(self) -> dict[str, Any]:
        """Those that Agno has of all groups."""
        return {
            "avg_duration_ms": round(self.average_ms, 1),
            "p95_duration_ms": round(self.p95_ms, 1),
            "max_duration_ms": self.most_ms,
        }


def trace_stats(traces: Iterable[TraceSummary], group_by: str) -> list[dict[str, Any]]:
    """Rows of groups: sessions from the latest, others from the largest."""
    name = GROUPED[group_by]
    groups = _grouped(filter(_grouping(group_by), traces), lambda each: str(getattr(each, name)))
    if group_by == "session":
        rows = [_session_row(each, groups[each]) for each in sorted(groups)]
        return sorted(rows, key=lambda row: row["last_trace_at"], reverse=True)
    rows = [_component_row(name, each, groups[each]) for each in sorted(groups)]
    return sorted(rows, key=lambda row: row["total_traces"], reverse=True)


def span_stats(spans: Iterable[SpanSummary], sort_by: str, order: str) -> list[dict[str, Any]]:
    """Rows of spans by name and kind, from the largest, unless another order is asked for."""
    groups = _grouped(spans, lambda each: (each.name, each.kind))
    ordered = sorted(groups.items(), key=lambda pair: (pair[0][0], pair[0][1] or ""))
    rows = [(_rank(group, sort_by), _span_row(*of, group)) for of, group in ordered]
    rows.sort(key=lambda pair: pair[0], reverse=order != "asc")
    return [row for _, row in rows]


def _grouping(group_by: str) -> Callable[[TraceSummary], bool]:
    """What tells whether a trace is in a group."""
    if group_by == "endpoint":
        return lambda each: all(getattr(each, name) is None for name in LEVELS)
    return lambda each: getattr(each, GROUPED[group_by]) is not None


def _grouped(members: Iterable[E], group: Callable[[E], G]) -> dict[G, list[E]]:
    found: defaultdict[G, list[E]] = defaultdict(list)
    for each in members:
        found[group(each)].append(each)
    return found


def _times(traces: Sequence[TraceSummary]) -> dict[str, dt.datetime]:
    times = [each.created_at for each in traces]
    return {"first_trace_at": min(times), "last_trace_at": max(times)}


def _session_row(session_id: str, traces: Sequence[TraceSummary]) -> dict[str, Any]:
    known = {
        name: [found for each in traces if (found := getattr(each, name)) is not None]
        for name in OWNERS
    }
    owners = {name: max(found, default=None) for name, found in known.items()}
    return {"session_id": session_id, **owners, "total_traces": len(traces), **_times(traces)}


def _component_row(name: str, of: str, traces: Sequence[TraceSummary]) -> dict[str, Any]:
    figures = Figures.of(traces)
    sessions = {each.session_id for each in traces if each.session_id is not None}
    return {
        name: of,
        "total_traces": figures.total,
        "total_sessions": len(sessions),
        **figures.row,
        "error_traces": figures.errors,
        **_times(traces),
    }


def _span_row(name: str, kind: str | None, spans: Sequence[SpanSummary]) -> dict[str, Any]:
    figures = Figures.of(spans)
    return {
        "name": name,
        "span_type": kind,
        "total_calls": figures.total,
        **figures.row,
        "error_count": figures.errors,
        "last_called_at": max(each.start_time for each in spans),
    }


def _rank(spans: Sequence[SpanSummary], sort_by: str) -> Any:
    if sort_by == "last_called_at":
        return max(each.start_time for each in spans)
    figures = Figures.of(spans)
    ranks = (figures.total, figures.average_ms, figures.p95_ms, figures.most_ms, figures.errors)
    return dict(zip(SORTED, ranks, strict=True)).get(sort_by, figures.total)


def _quantile(values: Sequence[int], rank: float) -> float:
    """The value at a place among sorted ones, and between two the part of the way from one to the other."""
    place = rank * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)
