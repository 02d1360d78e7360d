"""Schedules and their runs, in tables of several sizes.

One of them has so many runs; there are a tenth as many schedules, one of five is due, and 20 users
share them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from dynastore import Store
from dynastore.agents.schedules.entities import Schedule, ScheduleRun
from dynastore.integrations.agno import DynastoreDb
from dynastore.integrations.agno.schedules.rows import run_of, schedule_of

from .measured import BEGAN, USERS, Measured, Topic, pages, text

DUE = 5  # one schedule of so many is due
COMPONENTS = 30
SHARE = 10  # one schedule for so many runs of one
LATER = 4_000_000_000  # in the year 2096
OLD = 50  # runs of schedule 1 that may expire


def schedule(number: int) -> dict[str, Any]:
    """A schedule, by its number."""
    return {
        "id": f"schedule-{number}",
        "name": f"Report {number}",
        "user_id": f"user-{number % USERS}",
        "endpoint": f"/agents/agent-{number % COMPONENTS}/runs",
        "payload": {"message": text(number)[:200]},
        "cron_expr": "0 9 * * *",
        "next_run_at": LATER if number % DUE else BEGAN + number,
        "created_at": BEGAN + number,
    }


def run(number: int, of: int = 1) -> dict[str, Any]:
    """A run of a schedule, by its number."""
    return {
        "id": f"schedule-{of}-run-{number}",
        "schedule_id": f"schedule-{of}",
        "user_id": f"user-{of % USERS}",
        "status": "success",
        "triggered_at": BEGAN + number,
        "completed_at": BEGAN + number + 1 if number < OLD else None,
        "created_at": BEGAN + number,
    }


def _latest(db: DynastoreDb, _: int) -> Any:
    return db.get_latest_schedule_runs([f"schedule-{number}" for number in range(20)])


def _release(db: DynastoreDb, _: int) -> Any:
    return db.release_schedule("schedule-0", LATER, worker_id="w")


CALLS: Mapping[str, Measured] = {
    "get_schedule": Measured(lambda db, _: db.get_schedule("schedule-1"), lambda _: 1),
    "get_schedule_by_name": Measured(
        lambda db, _: db.get_schedule_by_name("Report 1", "user-1"), lambda _: 2
    ),
    "a user's schedules, page of 20": Measured(
        lambda db, _: db.get_schedules(user_id="user-1", limit=20), lambda _: 2
    ),
    "enabled schedules, page 2": Measured(
        lambda db, _: db.get_schedules(enabled=True, limit=20, page=2),
        lambda size: 1 + pages(size // SHARE),
    ),
    "create_schedule": Measured(lambda db, size: db.create_schedule(schedule(size)), lambda _: 1),
    "update_schedule": Measured(
        lambda db, _: db.update_schedule("schedule-1", timezone="UTC"), lambda _: 1
    ),
    "claim_due_schedule": Measured(lambda db, _: db.claim_due_schedule("w"), lambda _: 3),
    "release_schedule": Measured(_release, lambda _: 1),
    "create_schedule_run": Measured(
        lambda db, size: db.create_schedule_run(run(size)), lambda _: 1
    ),
    "update_schedule_run": Measured(
        lambda db, _: db.update_schedule_run("schedule-1-run-60", completed_at=int(time.time())),
        lambda _: 1,
    ),
    "get_schedule_run": Measured(
        lambda db, _: db.get_schedule_run("schedule-1-run-60"), lambda _: 1
    ),
    "a schedule's runs, page of 20": Measured(
        lambda db, _: db.get_schedule_runs("schedule-1"), lambda size: 1 + pages(size)
    ),
    "the latest runs of 20 schedules": Measured(_latest, lambda _: 20 + 1),
    "delete_schedule_runs, 50": Measured(
        lambda db, _: db.delete_schedule_runs("schedule-1", before=BEGAN + OLD + 1),
        lambda _: 1 + 1 + OLD,
    ),
    "disable_schedules_for_target": Measured(
        lambda db, _: db.disable_schedules_for_target("agent", "agent-1"),
        lambda size: 2 + 1 + 1 + size // SHARE // COMPONENTS + 1,
    ),
    "delete_schedule, 1 run": Measured(
        lambda db, _: db.delete_schedule("schedule-2"), lambda _: 2 + 1 + 1
    ),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with so many runs of one schedule."""
    schedules: list[Schedule] = [schedule_of(schedule(number)) for number in range(size // SHARE)]
    runs: list[ScheduleRun] = [run_of(run(number)) for number in range(size)]
    store.put_many(schedules)
    store.put_many([*runs, run_of(run(0, of=2))])
    return DynastoreDb(store)


TOPIC = Topic(filled, CALLS)
