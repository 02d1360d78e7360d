"""Agno's schedules and their runs, and ours: pure conversions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....agents.schedules.entities import Schedule, ScheduleRun, owner_of
from ..kept_columns import KeptColumns

SCHEDULES = KeptColumns(
    "schedules",
    names=(
        *("id", "name", "description", "method", "endpoint", "payload", "cron_expr", "timezone"),
        *("timeout_seconds", "max_retries", "retry_delay_seconds", "enabled", "next_run_at"),
        *("locked_by", "locked_at", "user_id", "managed_by", "target_type", "target_id"),
        *("created_by_run_id", "created_by_session_id", "updated_by_run_id"),
        *("updated_by_session_id", "disabled_reason", "created_at", "updated_at"),
    ),
    fields={
        "id": "schedule_id",
        "payload": "body",
        "target_type": "kind",
        "target_id": "component",
    },
    times={"next_run_at", "locked_at", "created_at", "updated_at"},
    texts={"payload"},
    needed=("id", "name", "endpoint", "created_at"),
)
RUNS = KeptColumns(
    "schedule runs",
    names=(
        *("id", "schedule_id", "attempt", "triggered_at", "completed_at", "status"),
        *("status_code", "run_id", "session_id", "error", "input", "output", "requirements"),
        *("user_id", "created_at"),
    ),
    fields={"id": "schedule_run_id"},
    times={"triggered_at", "completed_at", "created_at"},
    texts={"error", "input", "output", "requirements"},
    needed=("id", "schedule_id", "created_at"),
)
# What tells who made a schedule, and for what; only what manages schedules may change it.
PROVENANCE = (
    *("managed_by", "target_type", "target_id", "created_by_run_id", "created_by_session_id"),
    *("updated_by_run_id", "updated_by_session_id"),
)


def schedule_of(row: Mapping[str, Any]) -> Schedule:
    """A new schedule.

    Raises:
        RequestError: a column is missing, or unknown.
    """
    values = SCHEDULES.new_values(row)
    return Schedule(**values, owner=owner_of(values.get("user_id")))


def run_of(row: Mapping[str, Any]) -> ScheduleRun:
    """A new run of a schedule.

    Raises:
        RequestError: a column is missing, or unknown.
    """
    return ScheduleRun(**RUNS.new_values(row))
