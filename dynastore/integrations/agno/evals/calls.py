"""Eval runs: what Agno's contract asks of them."""

from __future__ import annotations

from typing import Any

from agno.db.schemas.evals import EvalFilterType, EvalRunRecord, EvalType
from agno.db.utils import validate_pagination

from ....agents.evals import LISTED, EvalRun
from ....entities.spec import Ref, ref
from ....errors import ConditionFailed, DynastoreError, PartialFailure
from ....operations.interleaved import interleaved
from ....operations.reading.reads import get, get_many, read_all
from ....operations.writing.writes import write
from ....planner import Ask
from ....requests import Now, Steps
from ....writes import Create, Delete, Update
from ..calls import Calls
from ..paging import in_order, page_of
from .rows import FIELDS, OUTLINED, SORTED, SoughtEvals, column, eval_of, given


class EvalCalls(Calls):
    """Eval runs of agents, teams and workflows."""

    def create_eval_run(self, eval_run: EvalRunRecord) -> Steps[EvalRunRecord]:
        """Save a new eval run: one request.

        Raises:
            AlreadyExists: there is one with its id.
        """
        yield from write(self.schema, Create(eval_of(eval_run, (yield from Now()))))
        return eval_run

    def delete_eval_runs(self, eval_run_ids: list[str], user_id: str | None = None) -> Steps[None]:
        """Delete eval runs, those that are the user's: a request each, sent together.

        Raises:
            PartialFailure: some were not deleted; ``done`` and ``failed`` are by ref.
        """
        refs = [_ref(each) for each in dict.fromkeys(eval_run_ids)]
        outcomes = yield from interleaved(self._deleted(each, user_id) for each in refs)
        pairs = [*zip(refs, outcomes, strict=True)]
        failed = {each: found for each, found in pairs if isinstance(found, DynastoreError)}
        if failed:
            done = {each: None for each in refs if each not in failed}
            raise PartialFailure(done, failed)

    def _deleted(self, target: Ref[EvalRun], user_id: str | None) -> Steps[None]:
        try:
            yield from write(self.schema, Delete(target, _owned_by(user_id)))
        except ConditionFailed:
            return  # another user's

    def get_eval_run(
        self, eval_run_id: str, deserialize: bool | None = True, user_id: str | None = None
    ) -> Steps[Any]:
        """An eval run, if it is the user's: one request.

        Args:
            eval_run_id: its id.
            deserialize: whether to give a record, and not a dict.
            user_id: whose it must be.
        """
        found = yield from get(self.schema, EvalRun, {"eval_id": eval_run_id}, consistent=True)
        if found is None or user_id not in {None, found.user_id}:
            return None
        return given(found, deserialize)

    def get_eval_runs(
        self,
        limit: int | None = None,
        page: int | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
        workflow_id: str | None = None,
        model_id: str | None = None,
        filter_type: EvalFilterType | None = None,
        eval_type: list[EvalType] | None = None,
        deserialize: bool | None = True,
        user_id: str | None = None,
    ) -> Steps[Any]:
        """A page of eval runs: one request for each 3,700 that there are, and one for 100 on the page.

        They are found by an index, which may lag by a second; what is given back is current.

        Args:
            limit: how many at most.
            page: which page of so many, from 1.
            sort_by: a column, by default when they were made. By component name, model provider or
                last change all are read whole.
            sort_order: ``asc``, or else descending.
            agent_id: the agent that was evaluated.
            team_id: the team.
            workflow_id: the workflow.
            model_id: the model that it ran on.
            filter_type: of agents, teams or workflows.
            eval_type: what was evaluated.
            deserialize: whether to give records, and not dicts and how many there are.
            user_id: whose.
        """
        validate_pagination(limit, page)
        values = (agent_id, team_id, workflow_id, model_id)
        outlined = dict(zip(OUTLINED, values, strict=True))
        sought = SoughtEvals(user_id, outlined, filter_type, eval_type)
        by, order = (sort_by, sort_order) if sort_by is not None else ("created_at", "desc")
        entries = filter(sought.has, (yield from self._entries(sought, by)))
        ordered = in_order(entries, column, by, order, known=SORTED, otherwise=_made)
        ids = [each["eval_id"] for each in page_of(ordered, limit, page)]
        found = yield from get_many(self.schema, [_ref(each) for each in ids], consistent=True)
        rows = [
            given(each, deserialize)
            for each in found
            if each is not None and sought.has({name: getattr(each, name) for name in LISTED})
        ]
        return rows if deserialize else (rows, len(ordered))

    def _entries(self, sought: SoughtEvals, by: str) -> Steps[list[dict[str, Any]]]:
        """Of each eval run the fields of `LISTED`, and the one that lists are sorted by."""
        sorts = [] if by in OUTLINED or by not in SORTED else [FIELDS.get(by, by)]
        ask = Ask(selected=tuple(dict.fromkeys([*LISTED, *sorts])))
        return (yield from read_all(self.schema, self.schema.plan(EvalRun, sought.where, (), ask)))

    def rename_eval_run(
        self,
        eval_run_id: str,
        name: str,
        deserialize: bool | None = True,
        user_id: str | None = None,
    ) -> Steps[Any]:
        """Give an eval run another name, if it is the user's: one request. None if there is none.

        Args:
            eval_run_id: its id.
            name: the new one.
            deserialize: whether to give a record, and not a dict.
            user_id: whose it must be.
        """
        now = yield from Now()
        update = Update(_ref(eval_run_id), when=_owned_by(user_id), title=name, updated_at=now)
        try:
            renamed = yield from write(self.schema, update)
        except ConditionFailed:
            return None
        return given(renamed, deserialize)

    def update_eval_run_user_id(self, eval_run_id: str, user_id: str) -> Steps[None]:
        """Give an eval run to a user, whoever had it: one request."""
        try:
            yield from write(self.schema, Update(_ref(eval_run_id), user_id=user_id))
        except ConditionFailed:
            return  # there is none


def _ref(eval_run_id: str) -> Ref[EvalRun]:
    return ref(EvalRun, eval_id=eval_run_id)


def _owned_by(user_id: str | None) -> dict[str, str] | None:
    return None if user_id is None else {"user_id": user_id}


def _made(entry: dict[str, Any]) -> tuple[Any, ...]:
    return entry["created_at"], entry["eval_id"]
