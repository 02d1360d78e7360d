"""Clearing: what belongs to a session goes with it, the header of its annex last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...entities.spec import Ref, ref
from ...errors import ConditionFailed
from ...operations.interleaved import all_of
from ...operations.reading.reads import get_many, read_all
from ...operations.writing.writes import write
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Delete
from ..transcripts.appending import session_named
from ..transcripts.removing import remove
from .compacting import delete_compactions
from .entities import Annex, Annexed
from .results import delete_annexed


def clear(schema: Schema, session_ids: Sequence[str]) -> Steps[None]:
    """Delete what belongs to sessions: a request for each 100 that tells which have an annex.

    One annex takes three requests, one for each 50 tool results and 25 compactions in it, and a few
    for each session of an agent whose transcripts it names. What is added while it is deleted stays,
    and stays named: it belongs to a session that somebody begins anew under the same id.

    Raises:
        PartialFailure: some could not be deleted; asked for again, this deletes the rest.
    """
    refs = [ref(Annex, session_id=each) for each in session_ids]
    found = yield from get_many(schema, refs, consistent=True)
    yield from all_of(_clear(schema, each) for each in found if each is not None)


def _clear(schema: Schema, annex: Annex) -> Steps[None]:
    where = {"session_id": annex.session_id}
    entries = yield from read_all(schema, schema.plan(Annexed, where, (), Ask(consistent=True)))
    yield from delete_annexed(schema, [each for each in entries if each.kind == "tool_result"])
    yield from delete_compactions(schema, annex.session_id)
    transcripts = [each for each in entries if each.kind == "transcript"]
    yield from all_of(_clear_transcripts(schema, each) for each in transcripts)
    yield from _deleted_as_read(schema, ref(Annex, **where), {"added_at": annex.added_at})


def _clear_transcripts(schema: Schema, entry: Annexed) -> Steps[None]:
    def is_chosen(stretch: dict[str, Any]) -> bool:
        return bool(stretch["owner"] == entry.session_id)

    yield from remove(schema, session_named(entry.name), is_chosen)
    target = ref(Annexed, session_id=entry.session_id, kind=entry.kind, name=entry.name)
    # What begins anew after that is named by the same key, at another time.
    yield from _deleted_as_read(schema, target, {"created_at": entry.created_at})


def _deleted_as_read(schema: Schema, target: Ref[Any], same: dict[str, Any]) -> Steps[None]:
    """Delete what is still as it was read; anything else names what was added since, and stays."""
    try:
        yield from write(schema, Delete(target, same))
    except ConditionFailed:
        return
