"""Compactions: in the annexes of their sessions, so that one consistent query reads them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ...codec.payloads import INLINE_BYTES
from ...entities.spec import Ref, ref
from ...errors import AlreadyExists, TransactionCanceled
from ...operations.interleaved import all_of
from ...operations.reading.reads import read_all
from ...operations.writing.batches import delete_many
from ...operations.writing.writes import write
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Create, Delete
from .adding import add
from .compactions import Compaction


def keep_compaction(schema: Schema, compaction: Compaction) -> Steps[None]:
    """Keep a compaction; where there is one under its id, that one stays. One request."""
    try:
        yield from add(schema, compaction.session_id, [Create(compaction)], compaction.saved_at)
    except TransactionCanceled as canceled:
        if not isinstance(canceled.reasons[0], AlreadyExists):
            raise


def compaction_by_id(schema: Schema, compaction_id: str) -> Steps[Compaction | None]:
    """A compaction by its id: two requests, the first on an index, which may lag by a second."""
    where = {"compaction_id": compaction_id}
    found = yield from read_all(schema, schema.plan(Compaction, where))
    return found[0] if found else None


def compactions_of(schema: Schema, session_id: str) -> Steps[list[Compaction]]:
    """The compactions of a session, newest first: one request for each 1 MB of them."""
    ask = Ask(consistent=True)
    plan = schema.plan(Compaction, {"session_id": session_id}, (), ask)
    found: list[Compaction] = yield from read_all(schema, plan)
    return sorted(found, key=_made, reverse=True)


def delete_compactions(schema: Schema, session_id: str) -> Steps[int]:
    """Delete the compactions of a session: one request that finds them, and one for each 25.

    Returns:
        How many there were.
    """
    ask = Ask(consistent=True, selected=("compaction_id", "content_bytes"))
    plan = schema.plan(Compaction, {"session_id": session_id}, (), ask)
    found: list[dict[str, Any]] = yield from read_all(schema, plan)
    refs: dict[Ref[Any], Any] = {
        ref(Compaction, session_id=session_id, compaction_id=each["compaction_id"]): each
        for each in found
    }
    # What may be in parts goes by itself: a batch leaves the parts behind.
    large = [each for each, slim in refs.items() if slim["content_bytes"] > INLINE_BYTES]
    yield from all_of(write(schema, Delete(each)) for each in large)
    yield from delete_many(schema, [each for each in refs if each not in large])
    return len(refs)


def _made(compaction: Compaction) -> tuple[dt.datetime, dt.datetime, str]:
    return compaction.created_at, compaction.saved_at, compaction.compaction_id
