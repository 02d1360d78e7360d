"""Claiming: changes that only one of several writers may make, each by a conditional write."""

from __future__ import annotations

from collections.abc import Callable

from ...entities.spec import ref
from ...errors import ConditionFailed
from ...operations.reading.reads import get
from ...operations.writing.writes import ATTEMPTS, write
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...terms import When, missing
from ...writes import Update
from .entities import Run, Session
from .incarnations import incarnation_of
from .loading import key_of, load, place_of, restored, saved_last, slim_copies
from .recent import Recent
from .returning import brought_back
from .saving import as_read

CHANGED = ("status", "content", "content_bytes", "passage", "passage_at", "archived")


def change_run(
    schema: Schema,
    recent: Recent,
    session_id: str,
    run_id: str,
    changed: Callable[[Run], Run | None],
) -> Steps[bool]:
    """Change the status and the content of a run that is as it was read: three requests.

    One more where it is not known which session is there.

    Args:
        schema: where it is.
        recent: which session is there.
        session_id: its session.
        run_id: its id.
        changed: gives the run as it becomes; None if it is to stay as it is.

    Returns:
        Whether it was changed.
    """
    for _ in range(ATTEMPTS):
        run = yield from brought_back(schema, lambda: _read(schema, recent, session_id, run_id))
        new = None if run is None else changed(run)
        if run is None or new is None:
            return False
        now = yield from Now()
        values = {name: getattr(new, name) for name in CHANGED}
        target = ref(Run, **key_of(place_of(run)))
        try:
            yield from write(schema, Update(target, when=_same(run), updated_at=now, **values))
        except ConditionFailed as failure:
            lost = failure  # somebody else has changed it since
        else:
            return True
    raise lost


def _read(schema: Schema, recent: Recent, session_id: str, run_id: str) -> Steps[Run | None]:
    """A run as it is now, found without an index: where it was saved last, if it is in several places."""
    incarnation = yield from incarnation_of(schema, recent, session_id)
    copies = yield from slim_copies(schema, session_id, incarnation)
    mine = [each for each in copies if each.run_id == run_id]
    if not mine:
        return None
    (last,) = saved_last(mine)
    run = yield from get(schema, Run, key_of(place_of(last)), consistent=True)
    return None if run is None else (yield from restored(schema, [run]))[0]


def _same(run: Run) -> When:
    return {
        name: missing() if getattr(run, name) is None else getattr(run, name)
        for name in ("status", "updated_at")
    }


def retitle(schema: Schema, header: Session, title: str) -> Steps[Session | None]:
    """Give a session another title, and change nothing else of it: one request.

    Returns:
        The header as it is stored now; None if it is gone, or another user's by now.
    """
    now = yield from Now()
    owner = missing() if header.user_id is None else header.user_id
    target = ref(Session, session_id=header.session_id)
    update = Update(target, when={"user_id": owner}, title=title, updated_at=now)
    try:
        return (yield from write(schema, update))
    except ConditionFailed:
        return None


def reassign(
    schema: Schema,
    recent: Recent,
    session_id: str,
    owners: tuple[str, str | None],
    is_active: Callable[[Run], bool],
) -> Steps[bool]:
    """Give a session to another user, if none of its runs is active: two requests.

    Args:
        schema: where it is.
        recent: then remembers it.
        session_id: its id.
        owners: whose it must be, and whose it becomes.
        is_active: tells whether a run still goes on.

    Returns:
        Whether it was given.
    """
    before, after = owners
    for _ in range(ATTEMPTS):
        found = yield from load(schema, recent, session_id)
        if found is None or found.session.user_id != before or any(map(is_active, found.runs)):
            return False
        target = ref(Session, session_id=session_id)
        try:
            yield from write(schema, Update(target, when=as_read(found.session), user_id=after))
        except ConditionFailed:
            continue  # a turn was saved in the meantime
        recent.keep_user(session_id, after)
        return True
    raise ConditionFailed(schema.codec(Session).key({"session_id": session_id}, schema.prefix))
