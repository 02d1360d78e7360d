"""Clearing: what belongs to a session goes with it, the header of its annex last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import ConditionFailed
from ...operations.interleaved import all_of
from ...operations.reading.reads import get_many, read_all
from ...operations.writing.batches import delete_many
from ...operations.writing.writes import write
from ...planner import Ask
from ...requests import Steps
from ...schema import Schema
from ...spec import ref
from ...writes import Delete
from ..annexes import Annex, Annexed
from ..tool_results import ToolResult
from ..transcribing.appending import session_named
from ..transcribing.removing import remove
from .compacting import delete_compactions


def clear(schema: Schema, session_ids: Sequence[str]) -> Steps[None]:
    """Delete what belongs to sessions: a request for each 100 that tells which have an annex.

    One annex takes three requests, and one for each 25 of what is in it. What is added while it is
    deleted stays: it belongs to a session that somebody begins anew under the same id.

    Raises:
        PartialFailure: some could not be deleted; asked for again, this deletes the rest.
    """
    refs = [ref(Annex, session_id=each) for each in session_ids]
    found = yield from get_many(schema, refs, consistent=True)
    yield from all_of(_clear(schema, each) for each in found if each is not None)


def _clear(schema: Schema, annex: Annex) -> Steps[None]:
    where = {"session_id": annex.session_id}
    entries = yield from read_all(schema, schema.plan(Annexed, where, (), Ask(consistent=True)))
    results = [each.name for each in entries if each.kind == "tool_result"]
    yield from delete_many(schema, [ref(ToolResult, result_id=each) for each in results])
    yield from delete_compactions(schema, annex.session_id)
    transcripts = [each.name for each in entries if each.kind == "transcript"]
    yield from all_of(_clear_transcripts(schema, annex.session_id, each) for each in transcripts)
    yield from delete_many(schema, entries)
    try:
        yield from write(schema, Delete(ref(Annex, **where), {"added_at": annex.added_at}))
    except ConditionFailed:
        return  # something has been added since, which is reached by the header that stays


def _clear_transcripts(schema: Schema, session_id: str, name: str) -> Steps[None]:
    def is_chosen(stretch: dict[str, Any]) -> bool:
        return bool(stretch["owner"] == session_id)

    yield from remove(schema, session_named(name), is_chosen)
