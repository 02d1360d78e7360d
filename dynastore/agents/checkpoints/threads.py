"""Threads: found by whose they are and when they began, and by what worked on them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ...operations.interleaved import all_of
from ...operations.reading.reader import Page
from ...operations.reading.reads import read_page
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from .entities import Checkpoint, Thread
from .keeping import Keeping
from .stored import read_refs

EVENTUAL = Keeping(consistent=False)  # as an index is read


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


def threads_of_runs(schema: Schema, run_ids: Iterable[str]) -> Steps[list[str]]:
    """The threads that some runs worked on; what they wrote within the last second may not be found.

    Args:
        schema: where they are.
        run_ids: the runs.
    """
    found = yield from all_of(
        read_refs(schema, Checkpoint, {"run_id": each}, EVENTUAL) for each in sorted({*run_ids})
    )
    return sorted({dict(each.values)["thread_id"] for some in found for each in some})
