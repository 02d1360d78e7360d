"""Approvals: what Agno's contract asks of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from agno.run.base import RunStatus

from ....agents.approvals import LISTED, PENDING, Approval
from ....entities.spec import Ref, ref
from ....errors import ConditionFailed
from ....operations.interleaved import all_of
from ....operations.reading.reads import count, read_all
from ....operations.reading.uniquely import get_unique
from ....operations.writing.writes import write
from ....planner import Ask
from ....requests import Now, Steps
from ....schema.schema import Schema
from ....writes import Create, Delete, Update
from ..calls import Calls
from ..current import as_they_are, given_values
from ..paging import page_of
from ..texts import seconds
from .rows import approval_changes, approval_of, approval_row, outlined_columns


class ApprovalCalls(Calls):
    """Approvals of what agents, teams and workflows may do."""

    def create_approval(self, approval_data: dict[str, Any]) -> Steps[dict[str, Any] | None]:
        """Save a new approval: one request.

        Raises:
            AlreadyExists: its id is taken.
            RequestError: a column is missing, or unknown.
        """
        now = seconds((yield from Now()))
        row = {"created_at": now, "updated_at": now, **approval_data}
        new = approval_of(row)
        self.recent.keep_asking(new.run_id)  # before, as it may be there though this fails
        yield from write(self.schema, Create(new))
        return row

    def get_approval(self, approval_id: str) -> Steps[dict[str, Any] | None]:
        """An approval by its id: two requests."""
        found = yield from _found(self.schema, approval_id)
        return None if found is None else approval_row(found)

    def get_approvals(
        self,
        status: str | None = None,
        source_type: str | None = None,
        approval_type: str | None = None,
        pause_type: str | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
        workflow_id: str | None = None,
        user_id: str | None = None,
        schedule_id: str | None = None,
        run_id: str | None = None,
        limit: int = 100,
        page: int = 1,
    ) -> Steps[tuple[list[dict[str, Any]], int]]:
        """A page of approvals, those that were asked last first, and how many there are.

        Those of a run: one request, which sees all that was written before. Others: one for each
        2,000 that have the status and are the user's, and one for each 100 of the page; they are
        found by an index, which may lag by a second, and what is given back is current.

        Args:
            status: how they stand.
            source_type: of what component: an agent, a team or a workflow.
            approval_type: such as ``required``.
            pause_type: what is asked for, such as ``confirmation``.
            agent_id: which agent asks.
            team_id: which team.
            workflow_id: which workflow.
            user_id: whose the run is.
            schedule_id: which schedule began it.
            run_id: which run waits.
            limit: how many at most.
            page: which page of so many, from 1.
        """
        outlined = given_values(
            source_type=source_type,
            approval_type=approval_type,
            pause_type=pause_type,
            agent_id=agent_id,
            team_id=team_id,
            workflow_id=workflow_id,
            schedule_id=schedule_id,
        )
        keyed = given_values(status=status, user_id=user_id)
        if run_id is not None:
            return (yield from _of_run(self.schema, run_id, {**keyed, **outlined}, limit, page))
        plan = self.schema.plan(Approval, keyed, (), Ask(selected=LISTED))
        found = yield from read_all(self.schema, plan)
        listed = [each for each in found if _has(outlined_columns(each["outline"]), outlined)]
        ordered = sorted(listed, key=_asked, reverse=True)
        refs = [_ref(each["outline"]) for each in page_of(ordered, limit, page)]
        current = yield from as_they_are(
            self.schema, refs, lambda each: _has(approval_row(each), {**keyed, **outlined})
        )
        return list(map(approval_row, current)), len(listed)

    def update_approval(
        self, approval_id: str, expected_status: str | None = None, **kwargs: Any
    ) -> Steps[dict[str, Any] | None]:
        """Change some columns of an approval: three requests.

        Args:
            approval_id: its id.
            expected_status: how it must stand when it is written, so that it is decided once.
            kwargs: the columns.

        Returns:
            The approval as it is now; None if there is none, or it stands otherwise.

        Raises:
            RequestError: a column is unknown, or is its id or its run.
        """
        changes = approval_changes(kwargs)
        found = yield from _found(self.schema, approval_id)
        if found is None:
            return None
        when = given_values(status=expected_status)
        changed = yield from _changed(self.schema, _ref(found), changes, when)
        return None if changed is None else approval_row(changed)

    def delete_approval(self, approval_id: str) -> Steps[bool]:
        """Delete an approval: four requests; whether there was one."""
        found = yield from _found(self.schema, approval_id)
        if found is None:
            return False
        return (yield from write(self.schema, Delete(_ref(found)))) is not None

    def get_pending_approval_count(self, user_id: str | None = None) -> Steps[int]:
        """How many approvals are pending, all or a user's: one request for each 2,000.

        They are counted in an index, which may lag by a second.
        """
        asked = given_values(status=PENDING, user_id=user_id)
        plan = self.schema.plan(Approval, asked, (), Ask(selected=("created_at",)))
        return (yield from count(self.schema, plan))

    def update_approval_run_status(self, run_id: str, run_status: RunStatus) -> Steps[int]:
        """Say how a run stands, of all its approvals: one request, and one each; how many there are.

        Agno calls this after every run. A run that this database saved for the first time when it had
        ended never paused, and who runs it creates its approvals by the same database, when it pauses
        or goes on: so there are none if none was created here, and no request is made.
        """
        if self.recent.take_unasking(run_id):
            return 0
        found = yield from _all_of_run(self.schema, run_id)
        changes = {"run_status": run_status.value}
        done = yield from all_of(_changed(self.schema, _ref(each), changes, {}) for each in found)
        return sum(each is not None for each in done)


def _found(schema: Schema, approval_id: str) -> Steps[Approval | None]:
    values = {"approval_id": approval_id}
    return (yield from get_unique(schema, Approval, values, consistent=True))


def _all_of_run(schema: Schema, run_id: str) -> Steps[Sequence[Approval]]:
    plan = schema.plan(Approval, {"run_id": run_id}, (), Ask(consistent=True))
    return (yield from read_all(schema, plan))


def _of_run(
    schema: Schema, run_id: str, filters: Mapping[str, Any], limit: int, page: int
) -> Steps[tuple[list[dict[str, Any]], int]]:
    rows = [approval_row(each) for each in (yield from _all_of_run(schema, run_id))]
    listed = [row for row in rows if _has(row, filters)]
    ordered = sorted(listed, key=lambda row: (row["created_at"], row["id"]), reverse=True)
    return [*page_of(ordered, limit, page)], len(listed)


def _changed(
    schema: Schema, target: Ref[Approval], changes: Mapping[str, Any], when: Mapping[str, Any]
) -> Steps[Approval | None]:
    now = yield from Now()
    try:
        update = Update(target, when=when, **{**changes, "updated_at": now})
        return (yield from write(schema, update))
    except ConditionFailed:
        return None


def _ref(known: Any) -> Ref[Approval]:
    return ref(Approval, run_id=known.run_id, approval_id=known.approval_id)


def _has(columns: Mapping[str, Any], filters: Mapping[str, Any]) -> bool:
    return all(columns[name] == wanted for name, wanted in filters.items())


def _asked(entry: Mapping[str, Any]) -> tuple[Any, ...]:
    return entry["created_at"], entry["outline"].approval_id
