"""Runs of schedules: what Agno's contract asks of them."""

from __future__ import annotations

from typing import Any

from ....agents.schedules.entities import ScheduleRun
from ....agents.schedules.histories import begin, entries, expire_runs, latest
from ....entities.spec import ref
from ....errors import ConditionFailed
from ....operations.reading.reads import get
from ....operations.writing.writes import write
from ....requests import Steps
from ....schema.schema import Schema
from ....writes import Update
from ..calls import Calls
from ..current import as_they_are, given_values, has_all
from ..paging import page_of
from ..texts import moment
from .rows import RUNS, run_of


class ScheduleRunCalls(Calls):
    """What came of schedules each time that they were due."""

    def create_schedule_run(self, run_data: dict[str, Any]) -> Steps[dict[str, Any]]:
        """Save a new run of a schedule: one request.

        Raises:
            AlreadyExists: its id is taken.
            ConditionFailed: its schedule is not there.
            RequestError: a column is missing, or unknown.
        """
        yield from begin(self.schema, run_of(run_data))
        return run_data

    def update_schedule_run(
        self, schedule_run_id: str, **kwargs: Any
    ) -> Steps[dict[str, Any] | None]:
        """Change some columns of a run: one request. None if there is none."""
        changes = RUNS.values(kwargs)
        if not changes:
            return (yield from _row(self.schema, schedule_run_id, None))
        target = ref(ScheduleRun, schedule_run_id=schedule_run_id)
        try:
            return RUNS.row((yield from write(self.schema, Update(target, **changes))))
        except ConditionFailed:
            return None

    def get_schedule_run(
        self, run_id: str, user_id: str | None = None
    ) -> Steps[dict[str, Any] | None]:
        """A run of a schedule by its id: one request."""
        return (yield from _row(self.schema, run_id, user_id))

    def get_schedule_runs(
        self, schedule_id: str, limit: int = 20, page: int = 1, user_id: str | None = None
    ) -> Steps[tuple[list[dict[str, Any]], int]]:
        """A page of a schedule's runs, the last ones first, and how many there are.

        One request for each 3,700 that there are, and one for each 100 of the page. They are found
        by an index, which may lag by a second; what is given back is current.

        Args:
            schedule_id: the schedule.
            limit: how many at most.
            page: which page of so many, from 1.
            user_id: whose.
        """
        asked = given_values(schedule_id=schedule_id, user_id=user_id)
        found = yield from entries(self.schema, asked)
        ordered = sorted(found, key=_saved, reverse=True)
        ids = [each["schedule_run_id"] for each in page_of(ordered, limit, page)]
        refs = [ref(ScheduleRun, schedule_run_id=each) for each in ids]
        runs = yield from as_they_are(self.schema, refs, lambda each: has_all(each, asked))
        return list(map(RUNS.row, runs)), len(found)

    def get_latest_schedule_runs(self, schedule_ids: list[str]) -> Steps[dict[str, dict[str, Any]]]:
        """The latest run of each schedule that has any, by its id.

        A request for each schedule, sent together, and one for each 100.
        """
        runs = yield from latest(self.schema, schedule_ids)
        return {each.schedule_id: RUNS.row(each) for each in runs}

    def delete_schedule_runs(self, schedule_id: str, *, before: int) -> Steps[int]:
        """Delete a schedule's runs that were completed before a second: a request each; how many."""
        return (yield from expire_runs(self.schema, schedule_id, moment(before)))


def _saved(entry: dict[str, Any]) -> tuple[Any, ...]:
    return entry["created_at"], entry["schedule_run_id"]


def _row(schema: Schema, schedule_run_id: str, user_id: str | None) -> Steps[dict[str, Any] | None]:
    key = {"schedule_run_id": schedule_run_id}
    found = yield from get(schema, ScheduleRun, key, consistent=True)
    if found is None or not has_all(found, given_values(user_id=user_id)):
        return None
    return RUNS.row(found)
