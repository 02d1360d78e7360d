"""Runs: what Agno's contract asks of them."""

from __future__ import annotations

from typing import Any

from agno.db.utils import validate_pagination
from agno.run.agent import RunOutput
from agno.run.base import RunStatus
from agno.run.team import TeamRunOutput
from agno.run.workflow import WorkflowRunOutput
from attrs import evolve

from ....agents.conversations.claiming import change_run
from ....agents.conversations.clearing import delete_run, delete_runs
from ....agents.conversations.entities import Run
from ....agents.conversations.listing import slim_copies_where, whole
from ....agents.conversations.loading import load_run, one_each, whole_runs
from ....agents.conversations.saving import save_run
from ....requests import Now, Steps
from ..calls import Calls
from ..paging import in_order, page_of
from ..texts import json_bytes
from .run_rows import COLUMNS, data_of, given_run, run_of, run_row

CANCELLED = RunStatus.cancelled.value
CANCELLABLE = {RunStatus.pending.value, RunStatus.running.value}
ENDED = {RunStatus.completed.value, RunStatus.cancelled.value, RunStatus.error.value}
SORTED = {*COLUMNS, "run_type", "created_at", "updated_at"}


class RunCalls(Calls):
    """Runs of agents, teams and workflows."""

    def get_run(self, run_id: str, deserialize: bool | None = True) -> Steps[Any]:
        """A run by its id: one request where this process knows it, else two, the first on an index."""
        run = yield from load_run(self.schema, self.recent, run_id)
        if run is None:
            return None
        return given_run(run) if deserialize else run_row(run)

    def get_runs(
        self,
        session_id: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
        workflow_id: str | None = None,
        status: RunStatus | None = None,
        limit: int | None = None,
        page: int | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        deserialize: bool | None = True,
    ) -> Steps[Any]:
        """A page of runs: one request for those of a session, else one for each session, and two.

        Args:
            session_id: of a session; otherwise of the user's sessions, or of all.
            user_id: whose.
            agent_id: by an agent.
            team_id: by a team.
            workflow_id: by a workflow.
            status: how they stand.
            limit: how many at most.
            page: which page of so many, from 1.
            sort_by: a column; by default their places in their sessions.
            sort_order: ``asc``, or else descending.
            deserialize: whether to give run objects, and not dicts and how many there are.
        """
        validate_pagination(limit, page)
        asked = {
            "user_id": user_id,
            "agent_id": agent_id,
            "team_id": team_id,
            "workflow_id": workflow_id,
            "status": status.value if isinstance(status, RunStatus) else status,
        }
        copies = yield from self._found(session_id, user_id)
        found = [run for some in copies for run in one_each(some)]
        matching = [run for run in found if _matches(run, asked)]
        ordered = in_order(matching, _column, sort_by, sort_order, known=SORTED, otherwise=_place)
        runs = yield from whole(self.schema, page_of(ordered, limit, page), copies)
        if deserialize:
            return list(map(given_run, runs))
        return list(map(run_row, runs)), len(ordered)

    def _found(self, session_id: str | None, user_id: str | None) -> Steps[list[list[Run]]]:
        if session_id is not None:
            return [(yield from whole_runs(self.schema, session_id))]
        where = {} if user_id is None else {"user_id": user_id}
        return (yield from slim_copies_where(self.schema, where))

    def upsert_run(
        self,
        run: RunOutput | TeamRunOutput | WorkflowRunOutput | dict[str, Any],
        session_id: str,
        user_id: str | None = None,
        run_index: int | None = None,
    ) -> Steps[None]:
        """Save a run: one request. Its session may be saved before or after it.

        Args:
            run: as it becomes, whatever is stored of it.
            session_id: the session it belongs to.
            user_id: whose it is, and whose the session must be, or nobody's; without it anybody's.
            run_index: its place in the session, from 0. One that is new gets the next without; of two
                with the same place that which began first is first.

        Raises:
            ValueError: it has no id.
            ConditionFailed: the session is another user's, and nothing was saved.
        """
        now = yield from Now()
        new, dated, repeated = run_of(run, session_id, user_id, run_index, now)
        is_new = yield from save_run(
            self.schema, self.recent, new, dated=dated, repeated=repeated, user_id=user_id
        )
        self.recent.keep_ended(new.run_id, is_new=is_new and new.status in ENDED)

    def delete_run(self, run_id: str) -> Steps[bool]:
        """Delete a run; whether there was one: four requests.

        Its id is that of one run, whatever its session. Where several were given one, all of them go.
        """
        return (yield from delete_run(self.schema, self.recent, run_id))

    def delete_runs(self, run_ids: list[str]) -> Steps[None]:
        """Delete runs; those that are not there are no error."""
        yield from delete_runs(self.schema, self.recent, run_ids)

    def cancel_pending_run(
        self,
        run_id: str,
        *,
        session_id: str,
        reason: str,
        user_id: str | None = None,
        expected_status: str = "PENDING",
    ) -> Steps[bool]:
        """Cancel a run that stands as expected, while nobody else changes it; whether it was.

        Args:
            run_id: its id.
            session_id: its session.
            reason: what it says then, if it says nothing.
            user_id: whose it must be, or nobody's.
            expected_status: ``PENDING`` or ``RUNNING``.

        Raises:
            ValueError: the status is neither.
        """
        if expected_status not in CANCELLABLE:
            raise ValueError("Only Pending or Running runs can be cancelled by recovery")

        def cancelled(run: Run) -> Run | None:
            is_theirs = run.user_id is None or run.user_id == user_id
            return _cancelled(run, reason) if is_theirs and run.status == expected_status else None

        return (yield from change_run(self.schema, self.recent, session_id, run_id, cancelled))


def _cancelled(run: Any, reason: str) -> Run:
    data = {**data_of(run), "status": CANCELLED}
    if data.get("content") in (None, ""):
        data["content"] = reason
    content = json_bytes(data)
    cancelled: Run = evolve(run, status=CANCELLED, content=content, content_bytes=len(content))
    return cancelled


def _matches(run: Run, asked: dict[str, str | None]) -> bool:
    return all(wanted is None or getattr(run, name) == wanted for name, wanted in asked.items())


def _column(run: Run, name: str) -> Any:
    return run.kind if name == "run_type" else getattr(run, name)


def _place(run: Run) -> tuple[Any, ...]:
    """A run's place in its session; runs of several sessions that have the same one by time."""
    index = run.run_index
    return index is not None, index or 0, run.created_at, run.session_id, run.run_id
