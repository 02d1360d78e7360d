"""Listing: sessions by their slim index entries, of which all are read, because totals are exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...operations.interleaved import all_of
from ...operations.reading.reads import read_all
from ...planner import Ask
from ...requests import Steps
from ...schema import Schema
from .entities import LISTED, Run, Session
from .loading import slim_runs


def entries(
    schema: Schema, where: Mapping[str, Any], *, updated: bool = False
) -> Steps[list[dict[str, Any]]]:
    """The index entries of sessions: one request for each some 3,700 of them.

    An index may lag by a second.

    Args:
        schema: where they are.
        where: field -> what it must be: ``user_id``, ``component``, ``kind`` or ``created_at``.
        updated: whether to tell when each was updated, which only the index by user does: for
            others the headers are read, 100 a request.

    Returns:
        Of each the fields of `LISTED`, in the order in which they began.
    """
    fields = (*LISTED, "updated_at") if updated else LISTED
    plan = schema.plan(Session, where, (), Ask(selected=fields))
    found: list[dict[str, Any]] = yield from read_all(schema, plan)
    return found


def slim_runs_where(schema: Schema, where: Mapping[str, Any]) -> Steps[list[Run]]:
    """The runs of the sessions that are found so, without what is in them: a request a session."""
    found = yield from entries(schema, where)
    runs = yield from all_of(
        slim_runs(schema, each["session_id"], each["incarnation"]) for each in found
    )
    return [each for some in runs for each in some]
