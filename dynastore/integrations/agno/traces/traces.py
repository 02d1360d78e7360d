"""Traces: what Agno's contract asks of them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Literal

from ....agents.traces.listing import counted, traces_of_run, traces_where
from ....agents.traces.saving import save_trace
from ....agents.traces.summaries import TraceSummary
from ....requests import Steps
from ....schema.schema import Schema
from ..calls import Calls
from ..paging import page_of
from .filters import Sought, condition_of, given
from .rows import level_of, summary_of, trace_of, utc
from .stats import GROUPED, trace_stats

if TYPE_CHECKING:
    from agno.tracing.schemas import Trace

Grouping = Literal["session", "agent", "team", "workflow", "endpoint"]


class TraceCalls(Calls):
    """Traces of what agents, teams and workflows do."""

    def upsert_trace(self, trace: Trace) -> Steps[None]:
        """Save what is told of a trace, merged with what is known of it: two requests."""
        yield from save_trace(self.schema, summary_of(trace), level_of)

    def get_trace(self, trace_id: str | None = None, run_id: str | None = None) -> Steps[Any]:
        """A trace with its spans counted: one request by its id, three by that of its run.

        Args:
            trace_id: its id.
            run_id: that of its run, where its own is not known; of several the latest.
        """
        ids = [trace_id] if trace_id else []
        if not ids and run_id:
            ids = [each.trace_id for each in (yield from traces_of_run(self.schema, run_id))]
        found = yield from counted(self.schema, ids)
        latest = max(found, key=lambda each: each.summary.start_time, default=None)
        return None if latest is None else trace_of(latest)

    def get_traces(
        self,
        run_id: str | None = None,
        session_id: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
        workflow_id: str | None = None,
        status: str | None = None,
        start_time: dt.datetime | None = None,
        end_time: dt.datetime | None = None,
        limit: int | None = 20,
        page: int | None = 1,
        filter_expr: dict[str, Any] | None = None,
    ) -> Steps[tuple[list[Any], int]]:
        """A page of traces, the latest first, and how many there are: two requests up to 3,500.

        They are found by an index, which may lag by a second; what is given back is current.

        Args:
            run_id: of which run.
            session_id: of which session.
            user_id: whose.
            agent_id: of which agent.
            team_id: of which team.
            workflow_id: of which workflow.
            status: such as ``OK`` or ``ERROR``.
            start_time: when they began at the earliest.
            end_time: when they ended at the latest.
            limit: how many at most; None for all.
            page: which page of so many, from 1.
            filter_expr: a filter expression of Agno's, as a dict.

        Raises:
            ValueError: the filter expression is none.
        """
        ids = {"agent_id": agent_id, "team_id": team_id, "workflow_id": workflow_id}
        sought = Sought(
            given(user_id=user_id, run_id=run_id, session_id=session_id, status=status, **ids),
            first=_utc(start_time),
            last=_utc(end_time),
            test=condition_of(filter_expr) if filter_expr else None,
        )
        found = yield from _found(self.schema, sought, run_id)
        ordered = sorted(found, key=lambda each: each.trace_id)
        ordered.sort(key=lambda each: each.start_time, reverse=True)
        chosen = [each.trace_id for each in page_of(ordered, limit, page)]
        current = yield from counted(self.schema, chosen)
        return [trace_of(each) for each in current if sought.has(each.summary)], len(ordered)

    def get_trace_stats(
        self,
        user_id: str | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
        workflow_id: str | None = None,
        start_time: dt.datetime | None = None,
        end_time: dt.datetime | None = None,
        limit: int | None = 20,
        page: int | None = 1,
        filter_expr: dict[str, Any] | None = None,
        group_by: Grouping = "session",
    ) -> Steps[tuple[list[dict[str, Any]], int]]:
        """Figures of traces by group, and how many groups there are: a request for each 3,500 traces.

        Args:
            user_id: whose.
            agent_id: of which agent.
            team_id: of which team.
            workflow_id: of which workflow.
            start_time: when they were stored at the earliest.
            end_time: when they were stored at the latest.
            limit: how many groups at most; None for all.
            page: which page of so many, from 1.
            filter_expr: a filter expression of Agno's, as a dict.
            group_by: ``session``; ``agent``, ``team`` or ``workflow``; or ``endpoint``, which is by the
                names of those that are of no component.

        Raises:
            ValueError: there is no such group, or the filter expression is none.
        """
        if group_by not in GROUPED:
            raise ValueError(f"traces are grouped by {', '.join(GROUPED)}, not by {group_by!r}")
        sought = Sought(
            given(user_id=user_id, agent_id=agent_id, team_id=team_id, workflow_id=workflow_id),
            first=_utc(start_time),
            last=_utc(end_time),
            began="created_at",
            ended="created_at",
            test=condition_of(filter_expr) if filter_expr else None,
        )
        rows = trace_stats((yield from _found(self.schema, sought)), group_by)
        return [*page_of(rows, limit, page)], len(rows)


def _found(schema: Schema, sought: Sought, run_id: str | None = None) -> Steps[list[TraceSummary]]:
    if run_id:
        found = yield from traces_of_run(schema, run_id)
    else:
        found = yield from traces_where(schema, sought.where)
    return [*filter(sought.has, found)]


def _utc(moment: dt.datetime | None) -> dt.datetime | None:
    return None if moment is None else utc(moment)
