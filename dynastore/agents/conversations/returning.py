"""Returning: an archived session comes back when somebody reads its runs, and by all of those who do.

Each text is written where what is left says that this archive has it: what was saved or deleted since
stays as it is. So any number of processes may do it at once, and one that dies leaves the rest to the next.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from typing import TypeVar

from attrs import evolve

from ...errors import ConditionFailed, DataError
from ...operations.interleaved import all_of
from ...operations.writing.writes import write
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...writes import Delete, Update
from .archives import (
    Archive,
    Overtaken,
    SessionsAway,
    archive_of,
    changed,
    held,
    text_ref,
    texts_of,
)
from .belongings import belongings
from .entities import Passage, Run

T = TypeVar("T")

ATTEMPTS = 100  # at a session; each one lost means that another process archived it again
# The note that a session was brought back stays, so that who archives leaves it.
NOTED = dt.timedelta(days=90)


def brought_back(schema: Schema, operation: Callable[[], Steps[T]]) -> Steps[T]:
    """Run an operation; if sessions that it reads are archived, bring them back and run it again.

    Where none is archived this costs no request more.

    Args:
        schema: where they are.
        operation: what is run; one that was run before does no harm.
    """
    for _ in range(ATTEMPTS):
        try:
            return (yield from operation())
        except SessionsAway as away:
            lost = away
        yield from all_of(bring_back(schema, *each) for each in lost.sessions)
    raise lost


def bring_back(schema: Schema, session_id: str, incarnation: str) -> Steps[bool]:
    """Bring a session back into the table, if it is archived: five requests, and one for each run.

    Args:
        schema: where it is.
        session_id: its id.
        incarnation: which of those that were begun under its id.

    Returns:
        Whether it was archived.

    Raises:
        PayloadMissing: the object of the archive is gone.
    """
    was_away = False
    for _ in range(ATTEMPTS):
        # Read before the archive: what has the mark of one that is over by then came back, or is left
        # of a session that was deleted with its archive.
        found = yield from belongings(schema, session_id)
        left = [each for each in found if each.archived and each.incarnation == incarnation]
        archive = yield from archive_of(schema, session_id, incarnation)
        if archive is None or not archive.is_away:
            yield from all_of(_forget(schema, each) for each in left)
            return was_away
        was_away = True
        try:
            yield from _return(schema, archive)
        except Overtaken:
            continue
        return True
    raise Overtaken(session_id)


def _return(schema: Schema, archive: Archive) -> Steps[None]:
    """Bring back what an archive holds.

    Raises:
        Overtaken: somebody else changed its state.
    """
    if archive.state != "returning":
        yield from changed(schema, archive, state="returning")  # nothing leaves from now on
        archive = evolve(archive, state="returning")
    texts = yield from held(schema, archive)
    yield from all_of(_put_back(schema, archive, each) for each in texts)
    now = yield from Now()
    done = {"state": "back", "since": now, "items": 0, "item_bytes": 0, "content": b""}
    yield from changed(schema, archive, expires_at=now + NOTED, **done)


def _put_back(schema: Schema, archive: Archive, stored: Run | Passage) -> Steps[None]:
    """Give a run or a passage its texts again, unless it was saved, or deleted, since."""
    when = {"archived": archive.mark}
    try:
        yield from write(
            schema, Update(text_ref(stored), when=when, archived=None, **texts_of(stored))
        )
    except ConditionFailed:
        return
    except DataError as error:
        if not error.written:
            raise


def _forget(schema: Schema, left: Run | Passage) -> Steps[None]:
    """Delete what is left of something whose archive was deleted, as its session was."""
    try:
        yield from write(schema, Delete(text_ref(left), {"archived": left.archived}))
    except ConditionFailed:
        return


def check_here(found: Sequence[Run | Passage]) -> None:
    """Refuse runs and passages whose texts are not in the table.

    Raises:
        SessionsAway: some are not.
    """
    if away := {(each.session_id, each.incarnation) for each in found if each.archived}:
        raise SessionsAway(away)
