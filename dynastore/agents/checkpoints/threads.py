"""Threads: found by whose they are and when they began."""

from __future__ import annotations

from typing import Any

from ...operations.reading.reader import Page
from ...operations.reading.reads import read_page
from ...planner import Ask
from ...requests import Steps
from ...schema import Schema
from .entities import Thread


def threads(
    schema: Schema,
    *,
    user_id: str | None = None,
    component: str | None = None,
    limit: int | None = None,
    cursor: str | None = None,
) -> Steps[Page[Thread]]:
    """One page of threads, those that began last first; by an index, which may lag by a second.

    Args:
        schema: where they are.
        user_id: whose; of all users without.
        component: the assistant or graph that works on them; all without.
        limit: how many at most.
        cursor: of the page before.
    """
    given: dict[str, Any] = {"user_id": user_id, "component": component}
    where = {name: value for name, value in given.items() if value is not None}
    plan = schema.plan(Thread, where, (), Ask(newest_first=True))
    return (yield from read_page(schema, plan, limit=limit, cursor=cursor))
