"""Belongings: the runs and passages under a session's id, of all its incarnations, without their texts."""

from __future__ import annotations

from attrs import evolve

from ...operations.reading.planned import queries_of
from ...planner import Ask
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...table import TYPE
from ...values.attributes import AttributeMap
from .entities import Passage, Run

RUN = (
    *("session_id", "created_at", "run_id", "incarnation"),
    *("user_id", "updated_at", "content_bytes", "archived"),
)
PASSAGE = ("session_id", "incarnation", "digest", "archived")


def belongings(schema: Schema, session_id: str) -> Steps[list[Run | Passage]]:
    """What a session has, as far as deleting it needs: a request for each 1 MB."""
    where = {"session_id": session_id}
    plan = schema.plan_collection((Run, Passage), where, (), Ask(consistent=True))
    now = yield from Now()
    (query,) = queries_of(schema, plan, plan.paths[0], now)
    wanted = tuple(dict.fromkeys((*query.index.entry_key, TYPE, *RUN, *PASSAGE)))
    found: list[Run | Passage] = []
    start: AttributeMap | None = None
    while True:
        page = yield from evolve(query, attributes=wanted, start_key=start)
        found += [_slim(schema, item) for item in page.items]
        start = page.last_key
        if start is None:
            return found


def _slim(schema: Schema, item: AttributeMap) -> Run | Passage:
    """An item without its text."""
    if item[TYPE]["S"] == schema.codec(Run).spec.tag:
        return Run(**schema.codec(Run).decode_fields(item, RUN))
    return Passage(**schema.codec(Passage).decode_fields(item, PASSAGE), text=b"")
