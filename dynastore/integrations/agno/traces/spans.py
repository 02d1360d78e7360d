"""Spans: what Agno's contract asks of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from ....agents.traces.listing import both_where, span_by_id, spans_of, spans_where, whole_spans
from ....agents.traces.saving import save_spans
from ....agents.traces.summaries import SpanSummary
from ....requests import Steps
from ....schema.schema import Schema
from ....terms import between, since, until
from ..calls import Calls
from ..paging import page_of
from .filters import Sought, given
from .rows import ERROR, given_span, stored_span, utc
from .stats import span_stats

if TYPE_CHECKING:
    from agno.tracing.schemas import Span


class SpanCalls(Calls):
    """Spans: the steps of traces."""

    def create_span(self, span: Span) -> Steps[None]:
        """Save a span: two requests. Its trace may come later."""
        yield from save_spans(self.schema, [stored_span(span)], ERROR)

    def create_spans(self, spans: list[Any]) -> Steps[None]:
        """Save spans: one request for each 25, and one or two for each trace, which may come later."""
        yield from save_spans(self.schema, [*map(stored_span, spans)], ERROR)

    def get_span(self, span_id: str) -> Steps[Any]:
        """A span by its id: two requests."""
        found = yield from span_by_id(self.schema, span_id)
        return None if found is None else given_span(found)

    def get_spans(
        self,
        trace_id: str | None = None,
        parent_span_id: str | None = None,
        limit: int | None = 1000,
    ) -> Steps[list[Any]]:
        """Spans in the order in which they began.

        Those of a trace take one request for each 1 MB of them. Others are found by an index of all
        spans, of which all entries are read, and then one request for each 100.

        Args:
            trace_id: of which trace.
            parent_span_id: the span that they are a part of.
            limit: how many at most; None for all.
        """
        if trace_id:
            spans = yield from spans_of(self.schema, trace_id)
        else:
            entries = yield from spans_where(self.schema, {})
            some = [
                each for each in entries if not parent_span_id or each.parent_id == parent_span_id
            ]
            spans = yield from whole_spans(self.schema, page_of(some, limit, 1))
        found = map(given_span, spans)
        mine = [e for e in found if not parent_span_id or e.parent_span_id == parent_span_id]
        return [*page_of(mine, limit, 1)]

    def get_span_stats(
        self,
        agent_id: str | None = None,
        team_id: str | None = None,
        workflow_id: str | None = None,
        start_time: dt.datetime | None = None,
        end_time: dt.datetime | None = None,
        name: str | None = None,
        span_type: str | None = None,
        limit: int | None = 20,
        page: int | None = 1,
        sort_by: str = "total_calls",
        sort_order: str = "desc",
    ) -> Steps[tuple[list[dict[str, Any]], int]]:
        """Figures of spans by name and type, and how many groups there are.

        They are of an index that does not have what was said: a request for each 4,000 spans of the
        time that is asked for, and by component one for each 3,500 traces.

        Args:
            agent_id: of traces of which agent.
            team_id: of traces of which team.
            workflow_id: of traces of which workflow.
            start_time: when they began at the earliest.
            end_time: when they began at the latest.
            name: what they are named.
            span_type: such as ``LLM`` or ``TOOL``.
            limit: how many groups at most; None for all.
            page: which page of so many, from 1.
            sort_by: a figure, or ``last_called_at``.
            sort_order: ``asc``, or else descending.
        """
        of = given(user_id=None, agent_id=agent_id, team_id=team_id, workflow_id=workflow_id)
        spans = yield from _spans(self.schema, of, _time(start_time, end_time))
        named = [each for each in spans if not name or each.name == name]
        typed = [each for each in named if not span_type or each.kind == span_type]
        rows = span_stats(typed, sort_by, sort_order)
        return [*page_of(rows, limit, page)], len(rows)


def _spans(schema: Schema, of: dict[str, str], where: dict[str, Any]) -> Steps[list[SpanSummary]]:
    """Spans by when they began, and by the component of their traces."""
    if not of:
        return (yield from spans_where(schema, where))
    traces, spans = yield from both_where(schema, {}, where)
    ids = {each.trace_id for each in traces if Sought(of).has(each)}
    return [each for each in spans if each.trace_id in ids]


def _time(first: dt.datetime | None, last: dt.datetime | None) -> dict[str, Any]:
    if first is not None and last is not None:
        return {"start_time": between(utc(first), utc(last))}
    if first is not None:
        return {"start_time": since(utc(first))}
    return {} if last is None else {"start_time": until(utc(last))}
