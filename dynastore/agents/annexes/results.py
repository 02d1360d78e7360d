"""Tool results: kept with their sessions, found by their ids, and deleted with what names them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from ...entities.spec import Ref, ref
from ...errors import TransactionCanceled
from ...operations.interleaved import all_of as together
from ...operations.reading.reads import get_many, read_all
from ...operations.writing.writes import transact
from ...planner import Ask
from ...requests import ACTIONS, Now, Steps
from ...schema.schema import Schema
from ...terms import all_of, any_of, missing, until
from ...writes import Delete, Put
from .adding import add
from .entities import Annexed
from .tool_results import ToolResult

PAIRS = ACTIONS // 2  # a result and what names it, in one transaction


def keep_result(schema: Schema, result: ToolResult) -> Steps[None]:
    """Keep a tool result, in place of what there is under its id: one request.

    Raises:
        ConditionFailed: the id is that of another session's result.
    """
    now = yield from Now()
    same = any_of(all_of(session_id=missing()), all_of(session_id=result.session_id))
    try:
        yield from add(schema, result.session_id, [Put(result, same), Put(entry_of(result))], now)
    except TransactionCanceled as canceled:
        reason, *_ = canceled.reasons
        raise reason or canceled from canceled


def results_of(schema: Schema, session_id: str, limit: int | None) -> Steps[list[ToolResult]]:
    """The tool results of a session, newest first, in two requests and one more for each 100.

    Args:
        schema: where they are.
        session_id: the session.
        limit: how many at most; all without.
    """
    where = {"session_id": session_id, "kind": "tool_result"}
    entries = yield from read_all(schema, schema.plan(Annexed, where, (), Ask(consistent=True)))
    newest = sorted(sorted(entries, key=_name), key=_made, reverse=True)
    refs = [ref(ToolResult, result_id=each.name) for each in newest[:limit]]
    found = yield from get_many(schema, refs, consistent=True)
    return [each for each in found if each is not None]


def due_results(schema: Schema, by: dt.datetime) -> Steps[list[ToolResult]]:
    """The tool results that are to be deleted, the longest due first.

    They are found by an index, which may lag by a second: one request, and one more for each 100.
    """
    found: list[ToolResult] = yield from read_all(
        schema, schema.plan(ToolResult, {"due_at": until(by)})
    )
    return found


def delete_results(schema: Schema, result_ids: Sequence[str]) -> Steps[int]:
    """Delete tool results: a request for each 100 that finds them, and one for each 50 found.

    Returns:
        How many there were.
    """
    refs = [ref(ToolResult, result_id=each) for each in dict.fromkeys(result_ids)]
    stored = yield from get_many(schema, refs, consistent=True)
    found = [each for each in stored if each is not None]
    yield from delete_annexed(schema, [*map(entry_of, found)])
    return len(found)


def delete_annexed(schema: Schema, entries: Sequence[Annexed]) -> Steps[None]:
    """Delete tool results, each together with what names it: one request for each 50."""
    some = [entries[at : at + PAIRS] for at in range(0, len(entries), PAIRS)]
    yield from together(transact(schema, _deletes(each)) for each in some)


def _deletes(entries: Sequence[Annexed]) -> list[Delete[object]]:
    pairs = ((_ref(each), each) for each in entries)
    return [Delete(each) for pair in pairs for each in pair]


def _ref(entry: Annexed) -> Ref[ToolResult]:
    return ref(ToolResult, result_id=entry.name)


def entry_of(result: ToolResult) -> Annexed:
    """What an annex has of a tool result."""
    return Annexed(
        session_id=result.session_id,
        kind="tool_result",
        name=result.result_id,
        created_at=result.created_at,
    )


def _name(entry: Annexed) -> str:
    return entry.name


def _made(entry: Annexed) -> dt.datetime:
    return entry.created_at
