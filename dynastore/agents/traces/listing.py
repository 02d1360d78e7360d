"""Listing: traces and spans by their slim index entries, of which all are read: totals are exact."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from ...entities.spec import Ref, ref
from ...operations.interleaved import both
from ...operations.reading.reads import get_many, read_all
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from .entities import LISTED, Span, SpanTally, Trace
from .summaries import SpanSummary, TraceSummary, span_summary, stored_summary, summary_of


@frozen
class Counted:
    """A trace, as it is now.

    Attributes:
        summary: what is known of it.
        spans: how many spans it has.
        errors: how many of them failed.
    """

    summary: TraceSummary
    spans: int
    errors: int


def traces_where(schema: Schema, where: Mapping[str, Any]) -> Steps[list[TraceSummary]]:
    """Traces by their index entries: one request for each 1 MB of these, some 3,500.

    An index may lag by a second.

    Args:
        schema: where they are.
        where: field -> what it must be: ``user_id``, ``session_id`` or ``start_time``.
    """
    found = yield from read_all(schema, schema.plan(Trace, where, (), Ask(selected=LISTED)))
    return [summary_of(each) for each in found]


def traces_of_run(schema: Schema, run_id: str) -> Steps[list[TraceSummary]]:
    """The traces of a run, mostly one: two requests. An index finds them, which may lag by a second."""
    found = yield from read_all(schema, schema.plan(Trace, {"run_id": run_id}))
    return [*map(stored_summary, found)]


def counted(schema: Schema, trace_ids: Sequence[str]) -> Steps[list[Counted]]:
    """Traces by their ids, with how many spans they have: one request for each 50.

    Returns:
        In the order of the ids those that there are.
    """
    headers: list[Ref[Any]] = [ref(Trace, trace_id=each) for each in trace_ids]
    tallies: list[Ref[Any]] = [ref(SpanTally, trace_id=each) for each in trace_ids]
    found = yield from get_many(schema, [*headers, *tallies], consistent=True)
    pairs = zip(found[: len(headers)], found[len(headers) :], strict=True)
    return [_counted(header, tally) for header, tally in pairs if header is not None]


def _counted(header: Trace, tally: SpanTally | None) -> Counted:
    tally = tally or SpanTally(trace_id=header.trace_id)
    return Counted(stored_summary(header), len(tally.spans), len(tally.errors))


def spans_of(schema: Schema, trace_id: str) -> Steps[list[Span]]:
    """The spans of a trace in the order in which they began: one request for each 1 MB of them."""
    plan = schema.plan(Span, {"trace_id": trace_id}, (), Ask(consistent=True))
    found = yield from read_all(schema, plan)
    return sorted(found, key=_begun)


def spans_where(schema: Schema, where: Mapping[str, Any]) -> Steps[list[SpanSummary]]:
    """Spans by their index entries, in the order in which they began: one request for each 1 MB.

    Args:
        schema: where they are.
        where: field -> what it must be: ``start_time``.
    """
    found = yield from read_all(schema, schema.plan(Span, where, (), Ask(selected=("outline",))))
    return [span_summary(each["outline"]) for each in found]


def whole_spans(schema: Schema, spans: Sequence[SpanSummary]) -> Steps[list[Span]]:
    """Spans with what was said in them: one request for each 100."""
    refs = [ref(Span, trace_id=each.trace_id, span_id=each.span_id) for each in spans]
    found = yield from get_many(schema, refs)
    return [each for each in found if each is not None]


def span_by_id(schema: Schema, span_id: str) -> Steps[Span | None]:
    """A span by its id: two requests. It is found by an index, which may lag by a second."""
    found = yield from read_all(schema, schema.plan(Span, {"span_id": span_id}))
    return found[0] if found else None


def both_where(
    schema: Schema, traces: Mapping[str, Any], spans: Mapping[str, Any]
) -> Steps[tuple[list[TraceSummary], list[SpanSummary]]]:
    """Traces and spans, read at the same time."""
    return (yield from both(traces_where(schema, traces), spans_where(schema, spans)))


def _begun(span: Span) -> tuple[dt.datetime, str]:
    return span.start_time, span.span_id
