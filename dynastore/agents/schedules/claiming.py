"""Claiming: a schedule that is due is run by one worker, that whose conditional write came first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from ...entities.spec import ref
from ...errors import ConditionFailed
from ...operations.interleaved import all_of as together
from ...operations.reading.reads import opened, read_all
from ...operations.writing.writes import ATTEMPTS, write
from ...planner import Ask
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...terms import Combined, all_of, any_of, missing, not_, one_of, until
from ...writes import Update
from .entities import Schedule

CANDIDATES = 5  # schedules of the first page; other workers may have claimed some of them
MORE = 4  # times as many in each further page
MOST = 100  # of a page: one BatchGetItem
ON_DEMAND = ""  # the times of a schedule that has none


def claim_due(schema: Schema, worker_id: str, grace: dt.timedelta) -> Steps[Schedule | None]:
    """Claim the schedule that has been due longest: one request if none is due, else three mostly.

    They are found by an index, which may lag; the claim is a condition on the schedule itself, so
    where it fails the next one is tried. What others have claimed is passed over: two requests more
    for the first 5 that are due, the next 20, 80, and each 100 then. No others are read.

    Args:
        schema: where they are.
        worker_id: who claims it.
        grace: how long a claim holds; after it any worker may claim the schedule.

    Returns:
        The schedule with its claim; None where there is none to claim.
    """
    now = (yield from Now()).replace(microsecond=0)
    free = any_of(all_of(locked_by=missing()), all_of(locked_at=until(now - grace)))
    due = {"enabled": True, "next_run_at": until(now)}
    # Without what is free: a filtered page reads far more entries than it needs.
    reader = yield from opened(schema, schema.plan(Schedule, due, (), Ask(order=("next_run_at",))))
    size = CANDIDATES
    while True:
        page = yield from reader.page(size)
        for each in (each for each in page if _is_free(each, now - grace)):
            claimed = yield from _claimed(schema, each.schedule_id, worker_id, now, free)
            if claimed is not None:
                return claimed
        if page.cursor is None:
            return None
        size = min(MORE * size, MOST)


def _is_free(schedule: Schedule, stale: dt.datetime) -> bool:
    """Whether nobody has claimed a schedule, or somebody so long ago that the claim is stale."""
    locked_at = schedule.locked_at
    return schedule.locked_by is None or (locked_at is not None and locked_at <= stale)


def _claimed(
    schema: Schema, schedule_id: str, worker_id: str, now: dt.datetime, free: Combined
) -> Steps[Schedule | None]:
    is_due = all_of(free, enabled=True, next_run_at=until(now))
    target = ref(Schedule, schedule_id=schedule_id)
    try:
        return (
            yield from write(
                schema, Update(target, when=is_due, locked_by=worker_id, locked_at=now)
            )
        )
    except ConditionFailed:
        return None


def release(
    schema: Schema, schedule_id: str, next_run_at: dt.datetime | None, claim: Mapping[str, Any]
) -> Steps[bool]:
    """Give a schedule back, with the time at which it is due next: one request.

    One that has become on demand in the meantime is due no more: that takes one request more.

    Args:
        schema: where it is.
        schedule_id: its id.
        next_run_at: when it is due next; None to leave it.
        claim: what of the claim must still hold.

    Returns:
        Whether the claim held.
    """
    now = yield from Now()
    target = ref(Schedule, schedule_id=schedule_id)
    unlocked = {"locked_by": None, "locked_at": None, "updated_at": now}
    next_time = {} if next_run_at is None else {"next_run_at": next_run_at}
    on_demand = False
    for _ in range(ATTEMPTS):
        times = ON_DEMAND if on_demand else not_(ON_DEMAND)
        due = {"next_run_at": None} if on_demand else next_time
        when = {**claim, "cron_expr": times}
        try:
            yield from write(schema, Update(target, when=when, **unlocked, **due))
        except ConditionFailed as failure:
            stored = failure.stored
            if not isinstance(stored, Schedule) or (stored.cron_expr == ON_DEMAND) is on_demand:
                return False
            on_demand = not on_demand
        else:
            return True
    raise ConditionFailed(schema.codec(Schedule).key({"schedule_id": schedule_id}, schema.prefix))


def disable_for(
    schema: Schema, target: tuple[str, str], endpoints: Sequence[str], reason: str | None
) -> Steps[int]:
    """Disable the schedules that run a component, or are meant to.

    Three requests, one for each 100 schedules that call an endpoint of it, and one for each that is
    disabled. They are found by indexes, which may lag by a second.

    Args:
        schema: where they are.
        target: kind and id of the component.
        endpoints: those that run it.
        reason: why.

    Returns:
        How many were enabled before.
    """
    meant = {"kind": target[0], "component": target[1]}
    ask = Ask(selected=("schedule_id",))
    plans = [
        schema.plan(Schedule, {"enabled": True, **meant}, (), ask),
        schema.plan(Schedule, {"endpoint": one_of(*endpoints)}, (), ask),
    ]
    found = yield from together(read_all(schema, plan) for plan in plans)
    ids = dict.fromkeys(each["schedule_id"] for some in found for each in some)
    when = all_of(any_of(all_of(**meant), all_of(endpoint=one_of(*endpoints))), enabled=True)
    done = yield from together(_disabled(schema, each, when, reason) for each in ids)
    return sum(done)


def _disabled(schema: Schema, schedule_id: str, when: Combined, reason: str | None) -> Steps[bool]:
    now = yield from Now()
    changes = {"enabled": False, "disabled_reason": reason, "updated_at": now}
    target = ref(Schedule, schedule_id=schedule_id)
    try:
        yield from write(schema, Update(target, when=when, **changes))
    except ConditionFailed:
        return False
    return True
