"""Owning: a user's runs are written into that user's sessions, and into those that are nobody's.

Whose a session is, its header says. Where this process has read or written that last, which it has in
every turn, it is known and the run is written by itself; else a transaction checks the header with it.
"""

from __future__ import annotations

from ...entities.spec import ref
from ...errors import ConditionFailed, TransactionCanceled, shown
from ...operations.writing.writes import transact, write
from ...requests import Steps
from ...schema.schema import Schema
from ...terms import Combined, all_of, any_of, missing
from ...writes import Check, Create, Update
from .entities import Run, Session
from .recent import Recent


def owned_by(user_id: str | None) -> Combined:
    """Whose sessions a user may write: the own ones, and those that are nobody's."""
    if user_id is None:
        return all_of(user_id=missing())
    return any_of(all_of(user_id=user_id), all_of(user_id=missing()))


def is_known(recent: Recent, session_id: str, user_id: str | None) -> bool:
    """Whether it need not be asked that a user may write into a session; anybody may without one."""
    return user_id is None or recent.may_write(session_id, user_id)


def written(
    schema: Schema,
    recent: Recent,
    session_id: str,
    user_id: str | None,
    asked: Create[Run] | Update[Run],
) -> Steps[None]:
    """Write a run, unless its session is another user's: one request.

    What is known of a session that another process has given to another user since, or made since
    it was found missing, is not asked again. Of a session that is not there, a run may be saved
    before it: that takes two requests.

    Args:
        schema: where it is.
        recent: whose the session was; then remembers that.
        session_id: its session.
        user_id: who writes; anybody without.
        asked: the write.

    Raises:
        ConditionFailed: the session, which is its ``stored``, is another user's; or the run is not
            there.
        AlreadyExists: it is there.
    """
    if user_id is None or is_known(recent, session_id, user_id):
        yield from write(schema, asked)
        return
    whose = Check(ref(Session, session_id=session_id), owned_by(user_id))
    try:
        yield from transact(schema, [whose, asked])
    except TransactionCanceled as canceled:
        header, run = canceled.reasons
        if run is not None and header is None:
            raise run from canceled
        if not isinstance(header, ConditionFailed):
            raise
        if header.stored is not None:
            raise _refused(header, session_id, user_id) from canceled
        yield from write(schema, asked)
    else:
        recent.keep_user(session_id, user_id)


def _refused(failure: ConditionFailed, session_id: str, user_id: str) -> ConditionFailed:
    """The error by what was asked, without whose the session is."""
    message = (
        f"session {shown(session_id)} is another user's than {shown(user_id)}, so the run was not "
        "saved; give this user a session of another id"
    )
    refused = ConditionFailed(failure.key, failure.stored)
    refused.args = (message,)
    return refused
