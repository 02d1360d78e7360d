"""Listing: schedules by their slim index entries, of which all are read, because totals are exact."""

from __future__ import annotations

from typing import Any

from ...operations.reading.reads import read_all
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from .entities import Schedule


def schedule_entries(
    schema: Schema, enabled: bool | None = None, user_id: str | None = None
) -> Steps[list[str]]:
    """The ids of schedules, those that were made last first: one request for each some 3,700.

    An index may lag by a second.

    Args:
        schema: where they are.
        enabled: whether they are; in any case without.
        user_id: whose; anybody's without.
    """
    asked = {"enabled": enabled, "user_id": user_id}
    where = {name: wanted for name, wanted in asked.items() if wanted is not None}
    plan = schema.plan(Schedule, where, (), Ask(selected=("schedule_id", "created_at")))
    found = yield from read_all(schema, plan)
    return [each["schedule_id"] for each in sorted(found, key=_made, reverse=True)]


def _made(entry: dict[str, Any]) -> tuple[Any, ...]:
    return entry["created_at"], entry["schedule_id"]
