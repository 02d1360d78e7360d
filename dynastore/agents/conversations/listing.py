"""Listing: sessions by their slim index entries, of which all are read, because totals are exact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attrs import evolve

from ...entities.spec import ref
from ...operations.interleaved import all_of
from ...operations.reading.reads import get_many, read_all
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from .entities import LISTED, Run, Session
from .loading import key_of, place_of, restored, saved_last, slim_copies
from .returning import brought_back, check_here


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


def slim_copies_where(schema: Schema, where: Mapping[str, Any]) -> Steps[list[list[Run]]]:
    """The runs of each session that is found so, without what is in them: a request a session.

    Returns:
        Of each session all that there are of each run; see `loading.one_each`.
    """
    found = yield from entries(schema, where)
    return (
        yield from all_of(
            slim_copies(schema, each["session_id"], each["incarnation"]) for each in found
        )
    )


def whole(schema: Schema, runs: Sequence[Run], copies: Iterable[Iterable[Run]]) -> Steps[list[Run]]:
    """Runs with what is in them, as far as that was not read: a request for each 100, and their passages.

    Args:
        schema: where they are.
        runs: some of the runs that *copies* are of; those that are gone since are not given.
        copies: of each session all that there are of each run: a run is as it was saved last.
    """
    last = {_named(each): each for some in copies for each in saved_last(some)}
    return (yield from brought_back(schema, lambda: _whole(schema, runs, last)))


def _whole(
    schema: Schema, runs: Sequence[Run], last: Mapping[tuple[str, str], Run]
) -> Steps[list[Run]]:
    slim = [each for each in runs if not each.content and not each.messages]
    refs = [ref(Run, **key_of(place_of(last[_named(each)]))) for each in slim]
    read = yield from get_many(schema, refs, consistent=True)
    check_here([each for each in read if each is not None])
    filled = {_named(each): found for each, found in zip(slim, read, strict=True)}
    found = [_in_place(filled.get(_named(each), each), each) for each in runs]
    return (yield from restored(schema, [each for each in found if each is not None]))


def _named(run: Run) -> tuple[str, str]:
    """A run id may be in two sessions."""
    return run.session_id, run.run_id


def _in_place(found: Any, run: Run) -> Run | None:
    """A run as it was read, where it began first."""
    if found is None:
        return None
    in_place: Run = evolve(found, created_at=run.created_at, run_index=run.run_index)
    return in_place
