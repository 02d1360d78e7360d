"""Schedules: what Agno's contract asks of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from agno.db.schemas.scheduler import build_run_endpoint, validate_schedule_update

from ....agents.schedules.claiming import claim_due, disable_for, release
from ....agents.schedules.entities import Schedule, owner_of
from ....agents.schedules.histories import delete_schedule
from ....agents.schedules.listing import schedule_entries
from ....entities.spec import ref
from ....errors import ConditionFailed
from ....operations.reading.reads import get
from ....operations.reading.uniquely import get_unique
from ....operations.writing.writes import write
from ....requests import Now, Steps
from ....schema.schema import Schema
from ....writes import Create, Update
from ..calls import Calls
from ..current import as_they_are, given_values, has_all
from ..paging import page_of
from ..texts import moment
from .rows import PROVENANCE, SCHEDULES, schedule_of


class ScheduleCalls(Calls):
    """Schedules, and the claims of the workers that run them."""

    def get_schedule(
        self, schedule_id: str, user_id: str | None = None
    ) -> Steps[dict[str, Any] | None]:
        """A schedule by its id: one request."""
        found = yield from get(self.schema, Schedule, {"schedule_id": schedule_id}, consistent=True)
        if found is None or not has_all(found, given_values(user_id=user_id)):
            return None
        return SCHEDULES.row(found)

    def get_schedule_by_name(
        self, name: str, user_id: str | None = None
    ) -> Steps[dict[str, Any] | None]:
        """A user's schedule by its name, without a user one that is nobody's: two requests."""
        values = {"owner": owner_of(user_id), "name": name}
        found = yield from get_unique(self.schema, Schedule, values, consistent=True)
        return None if found is None else SCHEDULES.row(found)

    def get_schedules(
        self,
        enabled: bool | None = None,
        limit: int = 100,
        page: int = 1,
        user_id: str | None = None,
        raise_on_error: bool = False,  # noqa: ARG002 (errors are always raised)
    ) -> Steps[tuple[list[dict[str, Any]], int]]:
        """A page of schedules, those that were made last first, and how many there are.

        One request for each 3,700 that there are, and one for each 100 of the page. They are found
        by an index, which may lag by a second; what is given back is current.

        Args:
            enabled: whether they are.
            limit: how many at most.
            page: which page of so many, from 1.
            user_id: whose.
            raise_on_error: changes nothing.
        """
        asked = given_values(enabled=enabled, user_id=user_id)
        found = yield from schedule_entries(self.schema, enabled, user_id)
        refs = [ref(Schedule, schedule_id=each) for each in page_of(found, limit, page)]
        schedules = yield from as_they_are(self.schema, refs, lambda each: has_all(each, asked))
        return list(map(SCHEDULES.row, schedules)), len(found)

    def create_schedule(self, schedule_data: dict[str, Any]) -> Steps[dict[str, Any]]:
        """Save a new schedule: one request.

        Raises:
            AlreadyExists: its id is taken; NotUnique, where its name is.
            RequestError: a column is missing, or unknown.
        """
        yield from write(self.schema, Create(schedule_of(schedule_data)))
        return schedule_data

    def update_schedule(
        self, schedule_id: str, user_id: str | None = None, **kwargs: Any
    ) -> Steps[dict[str, Any] | None]:
        """Change some columns of a schedule, if it is the user's: one request, two for its name.

        Returns:
            The schedule as it is now; None if there is none.

        Raises:
            ValueError: a column is not to be changed so.
            NotUnique: its owner has one of that name.
        """
        validate_schedule_update(kwargs)
        if kwargs.get("enabled") is True:
            kwargs.setdefault("disabled_reason", None)  # it told why it was not
        changed = yield from _changed(
            self.schema, schedule_id, kwargs, given_values(user_id=user_id)
        )
        return None if changed is None else SCHEDULES.row(changed)

    def delete_schedule(self, schedule_id: str, user_id: str | None = None) -> Steps[bool]:
        """Delete a schedule and its runs, if it is the user's; whether there was one."""
        return (yield from delete_schedule(self.schema, schedule_id, user_id))

    def disable_schedules_for_target(
        self, target_type: str, target_id: str, reason: str | None = None
    ) -> Steps[int]:
        """Disable the schedules that run a component, anybody's; how many were enabled."""
        endpoint = build_run_endpoint(target_type, target_id)
        target, endpoints = (target_type, target_id), (endpoint, f"{endpoint}/")
        return (yield from disable_for(self.schema, target, endpoints, reason))

    def stamp_schedule_provenance(self, schedule_id: str, **provenance: Any) -> Steps[bool]:
        """Say who made a schedule, and for what: one request; whether there is one.

        Raises:
            ValueError: a column is another one.
        """
        if rejected := sorted(set(provenance) - set(PROVENANCE)):
            raise ValueError(f"stamp_schedule_provenance cannot write {rejected}")
        return (yield from _changed(self.schema, schedule_id, provenance, {})) is not None

    def claim_due_schedule(
        self, worker_id: str, lock_grace_seconds: int = 300
    ) -> Steps[dict[str, Any] | None]:
        """Claim a schedule that is due, which no other worker then gets: three requests, or one.

        Args:
            worker_id: who claims it.
            lock_grace_seconds: after how long another worker's claim holds no more.

        Returns:
            The schedule as claimed; None if none is due.
        """
        grace = dt.timedelta(seconds=lock_grace_seconds)
        claimed = yield from claim_due(self.schema, worker_id, grace)
        return None if claimed is None else SCHEDULES.row(claimed)

    def release_schedule(
        self,
        schedule_id: str,
        next_run_at: int | None = None,
        *,
        worker_id: str | None = None,
        locked_at: int | None = None,
    ) -> Steps[bool]:
        """Give a schedule back: one request. Nothing changes where the claim is no longer so.

        Args:
            schedule_id: its id.
            next_run_at: when it is due next; without, it stays as it is.
            worker_id: who must have claimed it.
            locked_at: when that must have been.

        Returns:
            Whether it was given back.
        """
        since = None if locked_at is None else moment(locked_at)
        due = None if next_run_at is None else moment(next_run_at)
        claim = given_values(locked_by=worker_id, locked_at=since)
        return (yield from release(self.schema, schedule_id, due, claim))


def _changed(
    schema: Schema, schedule_id: str, columns: dict[str, Any], when: dict[str, Any]
) -> Steps[Schedule | None]:
    changes = {**SCHEDULES.values(columns), "updated_at": (yield from Now())}
    target = ref(Schedule, schedule_id=schedule_id)
    try:
        return (yield from write(schema, Update(target, when=when, **changes)))
    except ConditionFailed:
        return None
