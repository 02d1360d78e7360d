"""Clearing: whose a session is, is a condition of the write that deletes it; the rest goes after it.

A session is gone with its header. Where a process dies before the rest is, it is still found by its ids,
and is deleted with the next unscoped call.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ...errors import ConditionFailed, TransactionCanceled
from ...operations.interleaved import all_of, both
from ...operations.writing.batches import delete_many
from ...operations.writing.writes import ATTEMPTS, transact, write
from ...payloads import INLINE_BYTES
from ...requests import Steps
from ...schema import Schema
from ...spec import Ref, ref
from ...writes import Delete
from ..annexing.clearing import clear
from ..sessions import Run, Session
from .loading import key_of, passage_of, place_of, runs_by_id, runs_of
from .recent import Place, Recent
from .saving import TOGETHER
from .tallying import untally

KEY = ("session_id", "created_at", "run_id")


def delete_session(
    schema: Schema, recent: Recent, session_id: str, user_id: str | None = None
) -> Steps[bool]:
    """Delete a session, its runs and its annex: three requests, and one for each 25 of these.

    Args:
        schema: where it is.
        recent: then forgets it.
        session_id: its id.
        user_id: whose it must be; anybody's without.

    Returns:
        Whether there was one.
    """
    when = None if user_id is None else {"user_id": user_id}
    try:
        gone = yield from write(schema, Delete(ref(Session, session_id=session_id), when))
    except ConditionFailed:
        return False
    recent.forget_session(session_id)
    yield from _delete_all_of(schema, recent, [session_id])
    return gone is not None


def delete_sessions(
    schema: Schema, recent: Recent, session_ids: Sequence[str], user_id: str | None = None
) -> Steps[None]:
    """Delete sessions with their runs and annexes.

    A request each, and one for each 100 headers, 100 annexes and 25 runs.

    Args:
        schema: where they are.
        recent: then forgets them.
        session_ids: their ids. Of those that are another user's nothing is deleted.
        user_id: whose they must be; anybody's without. Then the headers go in transactions, which
            leave the parts of one over 300 KB for a sweep.

    Raises:
        PartialFailure: some were not deleted; it says which.
    """
    ids = [*dict.fromkeys(session_ids)]
    if user_id is None:
        yield from delete_many(schema, [ref(Session, session_id=each) for each in ids])
    else:
        some = [ids[at : at + TOGETHER] for at in range(0, len(ids), TOGETHER)]
        left: list[list[str]] = yield from all_of(
            _delete_owned(schema, each, user_id) for each in some
        )
        ids = [each for found in left for each in found]
    for each in ids:
        recent.forget_session(each)
    yield from _delete_all_of(schema, recent, ids)


def _delete_owned(schema: Schema, session_ids: Sequence[str], user_id: str) -> Steps[list[str]]:
    """Delete the headers that are a user's; which these were."""
    left = [*session_ids]
    for _ in range(ATTEMPTS):
        if not left:
            return []
        targets = [ref(Session, session_id=each) for each in left]
        try:
            yield from transact(schema, [Delete(each, {"user_id": user_id}) for each in targets])
        except TransactionCanceled as canceled:
            if not all(isinstance(each, ConditionFailed | None) for each in canceled.reasons):
                raise
            pairs = zip(left, canceled.reasons, strict=True)
            left = [each for each, reason in pairs if reason is None]
        else:
            return left
    raise ConditionFailed(schema.codec(Session).key({"session_id": left[0]}, schema.prefix))


def _delete_all_of(schema: Schema, recent: Recent, session_ids: Sequence[str]) -> Steps[None]:
    """Delete what sessions had, whose headers are gone."""
    yield from both(_delete_runs_of(schema, recent, session_ids), clear(schema, session_ids))


def _delete_runs_of(schema: Schema, recent: Recent, session_ids: Sequence[str]) -> Steps[None]:
    fields = (*KEY, "content_bytes", "passage")
    found = yield from all_of(runs_of(schema, each, fields) for each in session_ids)
    runs = [Run(**each) for some in found for each in some]
    for each in runs:
        recent.forget_run(each.run_id)
    yield from _delete(schema, runs)


def _delete(schema: Schema, runs: Sequence[Run]) -> Steps[None]:
    """Delete the runs of sessions, with their passages.

    What may be in parts goes by itself: a batch leaves the parts behind.
    """
    large = [_ref(place_of(each)) for each in runs if each.content_bytes > INLINE_BYTES]
    small = [_ref(place_of(each)) for each in runs if each.content_bytes <= INLINE_BYTES]
    yield from all_of(write(schema, Delete(each)) for each in large)
    passages = dict.fromkeys(passage_of(each) for each in runs if each.passage is not None)
    if runs:
        yield from delete_many(schema, [*small, *passages])


def delete_run(schema: Schema, recent: Recent, run_id: str) -> Steps[bool]:
    """Delete a run; whether there was one. Four requests.

    Its id is that of one run, whatever its session. Where several were given one, all of them go:
    those that an index has, which may lag by a second, and the one that this process knows.
    """
    places = yield from _places(schema, recent, run_id)
    gone = yield from all_of(write(schema, Delete(_ref(each))) for each in places)
    recent.forget_run(run_id)
    yield from untally(schema, recent, [each.session_id for each in places])
    return any(each is not None for each in gone)


def delete_runs(schema: Schema, recent: Recent, run_ids: Sequence[str]) -> Steps[None]:
    """Delete runs: four requests each, sent together; those that are not there are no error."""
    yield from all_of(delete_run(schema, recent, each) for each in dict.fromkeys(run_ids))


def _places(schema: Schema, recent: Recent, run_id: str) -> Steps[list[Place]]:
    found = [place_of(each) for each in (yield from runs_by_id(schema, run_id))]
    known = recent.place(run_id)
    return [*dict.fromkeys(found if known is None else [*found, known])]


def _ref(place: Place) -> Ref[Any]:
    return ref(Run, **key_of(place))
