"""Histories: the runs of schedules, which are made while their schedule is there, and go with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from ...entities.spec import ref
from ...errors import ConditionFailed, TransactionCanceled
from ...operations.interleaved import all_of
from ...operations.reading.reads import get_many, opened, read_all, read_page
from ...operations.writing.writes import transact, write
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from ...terms import before
from ...writes import Check, Create, Delete
from .entities import Schedule, ScheduleRun

AT_ONCE = 500  # runs that are deleted together


def begin(schema: Schema, run: ScheduleRun) -> Steps[None]:
    """Save a new run of a schedule: one request.

    Raises:
        AlreadyExists: its id is taken.
        ConditionFailed: its schedule is not there.
    """
    is_there = Check(ref(Schedule, schedule_id=run.schedule_id))
    try:
        yield from transact(schema, [Create(run), is_there])
    except TransactionCanceled as canceled:
        raise next(filter(None, canceled.reasons)) from canceled


def entries(schema: Schema, where: Mapping[str, Any]) -> Steps[list[dict[str, Any]]]:
    """The index entries of a schedule's runs: one request for each some 3,700 of them.

    An index may lag by a second.

    Args:
        schema: where they are.
        where: the schedule, and what else they must be.
    """
    plan = schema.plan(ScheduleRun, where, (), Ask(selected=("schedule_run_id", "created_at")))
    found: list[dict[str, Any]] = yield from read_all(schema, plan)
    return found


def latest(schema: Schema, schedule_ids: Sequence[str]) -> Steps[list[ScheduleRun]]:
    """The latest run of each schedule that has any.

    A request for each schedule, sent together, and one for each 100.
    """
    found = yield from all_of(_latest(schema, each) for each in dict.fromkeys(schedule_ids))
    ids = [each["schedule_run_id"] for some in found for each in some]
    refs = [ref(ScheduleRun, schedule_run_id=each) for each in ids]
    runs = yield from get_many(schema, refs, consistent=True)
    return [each for each in runs if each is not None]


def _latest(schema: Schema, schedule_id: str) -> Steps[Sequence[dict[str, Any]]]:
    ask = Ask(newest_first=True, selected=("schedule_run_id",), limit=1)
    plan = schema.plan(ScheduleRun, {"schedule_id": schedule_id}, (), ask)
    return (yield from read_page(schema, plan, limit=1)).entities


def expire_runs(schema: Schema, schedule_id: str, completed: dt.datetime) -> Steps[int]:
    """Delete a schedule's runs that were completed before a moment: a request each; how many."""
    old = {"completed_at": before(completed)}
    return (yield from _delete_runs(schema, {"schedule_id": schedule_id, **old}, old))


def delete_schedule(schema: Schema, schedule_id: str, user_id: str | None = None) -> Steps[bool]:
    """Delete a schedule, then its runs: a request for each of them, and three.

    It is gone before its runs are, and then gets no more of them. Where a process dies between,
    the same call deletes those that are left.

    Args:
        schema: where it is.
        schedule_id: its id.
        user_id: whose it must be; anybody's without.

    Returns:
        Whether there was one.
    """
    owned = {} if user_id is None else {"user_id": user_id}
    try:
        gone = yield from write(schema, Delete(ref(Schedule, schedule_id=schedule_id), owned))
    except ConditionFailed as failure:
        if failure.stored is not None:
            return False
        gone = None
    whose = {} if gone is not None else owned
    yield from _delete_runs(schema, {"schedule_id": schedule_id, **whose}, whose)
    return gone is not None


def _delete_runs(schema: Schema, where: Mapping[str, Any], when: Mapping[str, Any]) -> Steps[int]:
    """Delete the runs that are found so and are still so, 500 at a time; how many."""
    plan = schema.plan(ScheduleRun, where, (), Ask(selected=("schedule_run_id",)))
    reader = yield from opened(schema, plan)
    count = 0
    while True:
        page = yield from reader.page(AT_ONCE)
        ids = [each["schedule_run_id"] for each in page.entities]
        count += sum((yield from all_of(_deleted(schema, each, when) for each in ids)))
        if page.cursor is None:
            return count


def _deleted(schema: Schema, schedule_run_id: str, when: Mapping[str, Any]) -> Steps[bool]:
    target = ref(ScheduleRun, schedule_run_id=schedule_run_id)
    try:
        return (yield from write(schema, Delete(target, when))) is not None
    except ConditionFailed:
        return False
