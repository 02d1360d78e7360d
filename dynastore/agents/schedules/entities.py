"""Schedules, and what came of each time that one was due."""

from __future__ import annotations

import datetime as dt

from ...entities.declaring import entity
from ...entities.patterns import gsi, key
from ...entities.payload_fields import payload
from ...entities.uniques import unique

NOBODY = ""  # the owner of what is nobody's


@entity("schedule")
class Schedule:
    """An endpoint that is called at set times, by one worker each time.

    Attributes:
        schedule_id: unique in its scope.
        name: unique for its owner.
        user_id: whose it is, or None.
        owner: whose it is, as a text in any case; see `owner_of`.
        description: what it is for, or None.
        method: of HTTP.
        endpoint: what is called, a path.
        body: what is sent, as a framework serialized it.
        cron_expr: at which times; empty for one that only runs on demand.
        timezone: of these times.
        timeout_seconds: how long a call may take.
        max_retries: how often a call that failed is repeated.
        retry_delay_seconds: how long after it.
        enabled: whether it is called at all.
        disabled_reason: why it is not, or None.
        next_run_at: when it is due, or None.
        locked_by: the worker that runs it now, or None.
        locked_at: since when, or None.
        managed_by: what made it, or None.
        kind: of the component that it is meant to run, such as ``agent``, or None.
        component: that component, or None.
        created_by_run_id: the run that made it, or None.
        created_by_session_id: the session of that run, or None.
        updated_by_run_id: the run that changed it last, or None.
        updated_by_session_id: the session of that run, or None.
        created_at: when it was made; lists are sorted by it.
        updated_at: when it was changed last, or None.
    """

    schedule_id: str
    name: str
    user_id: str | None = None
    owner: str = NOBODY
    description: str | None = None
    method: str = "POST"
    endpoint: str
    body: bytes = payload(default=b"")
    cron_expr: str = ""
    timezone: str = "UTC"
    timeout_seconds: int = 3_600
    max_retries: int = 0
    retry_delay_seconds: int = 60
    enabled: bool = True
    disabled_reason: str | None = None
    next_run_at: dt.datetime | None = None
    locked_by: str | None = None
    locked_at: dt.datetime | None = None
    managed_by: str | None = None
    kind: str | None = None
    component: str | None = None
    created_by_run_id: str | None = None
    created_by_session_id: str | None = None
    updated_by_run_id: str | None = None
    updated_by_session_id: str | None = None
    created_at: dt.datetime
    updated_at: dt.datetime | None = None

    primary = key("SCHEDULE#{schedule_id}", "~")
    one_name_each = unique("owner", "name")
    by_user = gsi(
        *(1, "U#{user_id}", "SCHEDULE", "{enabled}", "{created_at}", "{schedule_id}"),
        include=("schedule_id", "created_at"),
    )
    # One that is enabled and never due is in it too, before all others, where none looks for it: so
    # that a release, which says when it is due next, need not ask whether it is enabled.
    due = gsi(
        *(2, "SCHEDULES#DUE", "{next_run_at?}", "{schedule_id}"),
        when={"enabled": True},
        include=(),
    )
    # By component, so that disabling those of one reads no others; lists are sorted in memory.
    directory = gsi(
        *(3, "SCHEDULES", "{enabled}", "{kind?}", "{component?}", "{schedule_id}"),
        include=("schedule_id", "created_at"),
    )
    by_endpoint = gsi(4, "ENDPOINT#{endpoint}", "SCHEDULE", include=())


@entity("schedule-run")
class ScheduleRun:
    """What came of one time that a schedule was due: of one call of its endpoint.

    Attributes:
        schedule_run_id: unique in its scope.
        schedule_id: of what.
        user_id: whose the schedule is, or None.
        attempt: which call it is of those that are repeated, from 1.
        status: such as ``running`` or ``success``.
        status_code: of HTTP, or None.
        run_id: the run that it started, or None.
        session_id: the session of that run, or None.
        error: why it failed, as a framework serialized it.
        input: what was sent, too.
        output: what came of it, too.
        requirements: what it waits for, too.
        triggered_at: when it was due, or None; the latest run is that of the latest time.
        completed_at: when it ended, or None.
        created_at: when it was saved first; lists are sorted by it.
    """

    schedule_run_id: str
    schedule_id: str
    user_id: str | None = None
    attempt: int = 1
    status: str = "running"
    status_code: int | None = None
    run_id: str | None = None
    session_id: str | None = None
    error: bytes = payload(default=b"")
    input: bytes = payload(default=b"")
    output: bytes = payload(default=b"")
    requirements: bytes = payload(default=b"")
    triggered_at: dt.datetime | None = None
    completed_at: dt.datetime | None = None
    created_at: dt.datetime

    primary = key("SCHEDULE_RUN#{schedule_run_id}", "~")
    by_schedule = gsi(
        *(
            2,
            "SCHEDULE#{schedule_id}",
            "RUN",
            "{triggered_at?}",
            "{created_at}",
            "{schedule_run_id}",
        ),
        include=("schedule_run_id", "user_id", "created_at"),
    )
    completed = gsi(
        *(4, "SCHEDULE#{schedule_id}", "COMPLETED", "{completed_at?}", "{schedule_run_id}"),
        include=(),
    )


def owner_of(user_id: str | None) -> str:
    """Whose a schedule is, as a text: names are unique among those that are nobody's, too.

    >>> owner_of("ann"), owner_of(None)
    ('@ann', '')
    """
    return NOBODY if user_id is None else f"@{user_id}"
