"""Clearing: whose a session is, is a condition of the write that deletes it; the rest goes after it.

A session is gone with its header: what is left of its incarnation then belongs to nobody, and is deleted
without a condition. Where a process dies before that is done, the next call finds it by its ids.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from ...codec.payloads import INLINE_BYTES
from ...entities.spec import Ref, ref
from ...errors import ConditionFailed, DynastoreError, TransactionCanceled
from ...operations.interleaved import all_of
from ...operations.reading.reads import get_many, read_all
from ...operations.writing.batches import delete_many
from ...operations.writing.writes import ATTEMPTS, transact, write
from ...planner import Ask
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...terms import missing
from ...writes import Delete
from ..annexes.clearing import clear
from .archives import Overtaken, archive_ref
from .belongings import belongings
from .entities import Passage, Run, Session
from .loading import key_of
from .recent import Place, Recent
from .returning import bring_back
from .saving import TOGETHER
from .tallying import untally

KEY = ("session_id", "created_at", "run_id", "incarnation")


def delete_session(
    schema: Schema, recent: Recent, session_id: str, user_id: str | None = None
) -> Steps[bool]:
    """Delete a session, its runs and its annex: four requests, and one for each 25 of these.

    Args:
        schema: where it is.
        recent: then forgets it.
        session_id: its id.
        user_id: whose it must be; anybody's without.

    Returns:
        Whether there was one, or something that was left of the user's.
    """
    now = yield from Now()
    when = None if user_id is None else {"user_id": user_id}
    try:
        gone = yield from write(schema, Delete(ref(Session, session_id=session_id), when))
    except ConditionFailed as failure:
        if failure.stored is not None:
            return False
        return (yield from _finish(schema, recent, [session_id], user_id))
    recent.forget_session(session_id)
    yield from _delete_all_of(schema, recent, [session_id], now)
    return gone is not None


def delete_sessions(
    schema: Schema, recent: Recent, session_ids: Sequence[str], user_id: str | None = None
) -> Steps[None]:
    """Delete sessions with their runs and annexes.

    A request each, and one for each 100 headers, twice, 100 annexes and 25 runs.

    Args:
        schema: where they are.
        recent: then forgets them.
        session_ids: their ids. Of those that are another user's nothing is deleted.
        user_id: whose they must be; anybody's without. Then the headers go in transactions, which
            leave the parts of one over 300 KB for a sweep.

    Raises:
        PartialFailure: some were not deleted; it says which.
    """
    now = yield from Now()
    ids = [*dict.fromkeys(session_ids)]
    if user_id is None:
        yield from delete_many(schema, [ref(Session, session_id=each) for each in ids])
    else:
        some = [ids[at : at + TOGETHER] for at in range(0, len(ids), TOGETHER)]
        done: list[_Owned] = yield from all_of(
            _delete_owned(schema, each, user_id) for each in some
        )
        ids = [each for found in done for each in found.deleted]
        yield from _finish(schema, recent, [one for each in done for one in each.missing], user_id)
    for each in ids:
        recent.forget_session(each)
    yield from _delete_all_of(schema, recent, ids, now)


@frozen
class _Owned:
    """The sessions of a user, out of some.

    Attributes:
        deleted: these were theirs.
        missing: these were not there.
    """

    deleted: Sequence[str]
    missing: Sequence[str]


def _delete_owned(schema: Schema, session_ids: Sequence[str], user_id: str) -> Steps[_Owned]:
    """Delete the headers that are a user's; which these were."""
    left, missing = [*session_ids], list[str]()
    for _ in range(ATTEMPTS):
        if not left:
            return _Owned([], missing)
        targets = [ref(Session, session_id=each) for each in left]
        try:
            yield from transact(schema, [Delete(each, {"user_id": user_id}) for each in targets])
        except TransactionCanceled as canceled:
            if not all(isinstance(each, ConditionFailed | None) for each in canceled.reasons):
                raise
            pairs = [*zip(left, canceled.reasons, strict=True)]
            missing += [each for each, reason in pairs if _is_of_nothing(reason)]
            left = [each for each, reason in pairs if reason is None]
        else:
            return _Owned(left, missing)
    raise ConditionFailed(schema.codec(Session).key({"session_id": left[0]}, schema.prefix))


def _is_of_nothing(reason: DynastoreError | None) -> bool:
    return isinstance(reason, ConditionFailed) and reason.stored is None


def _finish(
    schema: Schema, recent: Recent, session_ids: Sequence[str], user_id: str | None
) -> Steps[bool]:
    """Delete what is left of a user's sessions that are gone: a request each where there is nothing.

    They are known by their runs, which go last.
    """
    found = yield from all_of(belongings(schema, each) for each in session_ids)
    theirs = [
        session_id
        for session_id, runs in zip(session_ids, found, strict=True)
        if any(_is_owned(each, user_id) for each in runs)
    ]
    if not theirs:
        return False
    for each in theirs:
        recent.forget_session(each)
    yield from _delete_all_of(schema, recent, theirs, None)
    return True


def _is_owned(left: Run | Passage, user_id: str | None) -> bool:
    """Whether something was a user's, of a session that there was; passages do not say whose they are."""
    return isinstance(left, Run) and left.incarnation != "" and left.user_id in {None, user_id}


def _delete_all_of(
    schema: Schema, recent: Recent, session_ids: Sequence[str], at: dt.datetime | None
) -> Steps[None]:
    """Delete what sessions had, whose headers are gone.

    Args:
        schema: where they are.
        recent: then forgets their runs.
        session_ids: their ids.
        at: when it was asked for: what was saved without a session until then belonged to these. None
            leaves that for the session that follows.
    """
    yield from clear(schema, session_ids)
    runs = yield from all_of(belongings(schema, each) for each in session_ids)
    refs = [ref(Session, session_id=each) for each in session_ids]
    # Read after the runs: a run is never saved before the incarnation that it has.
    headers = yield from get_many(schema, refs, consistent=True)
    now = {each.session_id: each.incarnation for each in headers if each is not None}
    some = [one for each in runs for one in each if _is_left(one, now.get(one.session_id), at)]
    for each in some:
        if isinstance(each, Run):
            recent.forget_run(each.run_id)
    # Before those that say that there are archives.
    away = {archive_ref(each.session_id, each.incarnation) for each in some if each.archived}
    yield from all_of(_delete_archive(schema, each) for each in away)
    yield from _delete(schema, some)


def _delete_archive(schema: Schema, target: Ref[Any]) -> Steps[None]:
    yield from write(schema, Delete(target))


def _is_left(found: Run | Passage, incarnation: str | None, at: dt.datetime | None) -> bool:
    """Whether a run or a passage is of a session that is gone."""
    if found.incarnation:
        return found.incarnation != incarnation
    if isinstance(found, Passage):
        return at is not None and incarnation != ""
    return at is not None and (found.updated_at or at) <= at


def _delete(schema: Schema, found: Sequence[Run | Passage]) -> Steps[None]:
    """Delete runs and passages. What may be in parts goes by itself: a batch leaves these behind."""
    yield from all_of(write(schema, Delete(each)) for each in found if _is_large(each))
    rest = [each for each in found if not _is_large(each)]
    if rest:
        yield from delete_many(schema, rest)


def _is_large(found: Run | Passage) -> bool:
    return isinstance(found, Run) and found.content_bytes > INLINE_BYTES


def delete_run(schema: Schema, recent: Recent, run_id: str) -> Steps[bool]:
    """Delete a run, from wherever it was saved to; whether there was one. Four requests.

    Its id is that of one run, whatever its session. Where several were given one, all of them go:
    those that an index has, which may lag by a second, and the one that this process knows.
    """
    places = yield from _places(schema, recent, run_id)
    # No tally first: with one, a run that is gone would be counted for ever, should this end here.
    yield from untally(schema, recent, [each.session_id for each in places])
    gone = yield from all_of(_delete_run(schema, each) for each in places)
    recent.forget_run(run_id)
    return any(gone)


def _delete_run(schema: Schema, place: Place) -> Steps[bool]:
    """Delete a run; whether it was there. If it is archived, its session comes back before that.

    So that what it says is deleted too.
    """
    for _ in range(ATTEMPTS):
        try:
            yield from write(schema, Delete(_ref(place), {"archived": missing()}))
        except ConditionFailed as failure:
            if failure.stored is None:
                return False
        else:
            return True
        yield from bring_back(schema, place.session_id, place.incarnation)
    raise Overtaken(place.session_id)


def delete_runs(schema: Schema, recent: Recent, run_ids: Sequence[str]) -> Steps[None]:
    """Delete runs: four requests each, sent together; those that are not there are no error."""
    yield from all_of(delete_run(schema, recent, each) for each in dict.fromkeys(run_ids))


def _places(schema: Schema, recent: Recent, run_id: str) -> Steps[list[Place]]:
    plan = schema.plan(Run, {"run_id": run_id}, (), Ask(selected=KEY))
    found = [Place(**each) for each in (yield from read_all(schema, plan))]
    known = recent.place(run_id)
    return [*dict.fromkeys(found if known is None else [*found, known])]


def _ref(place: Place) -> Ref[Any]:
    return ref(Run, **key_of(place))
