"""Archives of sessions: what state one is in, and what holds only while it is in that state.

    leaving -> archived -> returning -> back -> leaving -> ...
    leaving -> returning

What left says by which archiving, so nobody who is late brings back what was written since; and texts
leave in transactions that check the state, so none leaves for an archive that is brought back or deleted.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any, TypeAlias, cast

from attrs import evolve, fields_dict, frozen

from ...entities.spec import Ref, ref
from ...errors import ConditionFailed, ConflictError, TransactionCanceled
from ...operations.reading.reads import get, read_all
from ...operations.writing.writes import transact
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Update
from ..cold import AWAY
from ..packing import unpacked
from .entities import ArchiveState, Passage, Run, SessionArchive

Which: TypeAlias = tuple[str, str]
"""A session: its id, and its incarnation."""

Texts: TypeAlias = Run | Passage
"""What an archive may hold the texts of."""


@frozen
class Archive:
    """What the archive of a session says, without what it holds; see `SessionArchive`."""

    session_id: str
    incarnation: str
    state: ArchiveState
    mark: str
    since: dt.datetime
    items: int
    item_bytes: int

    @property
    def is_away(self) -> bool:
        """Whether some texts of the session may be outside of the table."""
        return self.state in AWAY

    @property
    def target(self) -> Ref[SessionArchive]:
        """The archive itself."""
        return archive_ref(self.session_id, self.incarnation)


class SessionsAway(ConflictError):
    """Sessions are archived, and have to be brought back before they are read.

    Attributes:
        sessions: these.
    """

    def __init__(self, sessions: Iterable[Which]) -> None:
        """Take the sessions."""
        self.sessions = frozenset(sessions)
        named = ", ".join(sorted(repr(session_id) for session_id, _ in self.sessions))
        super().__init__(f"archived and read at once all the time: sessions {named}; try again")


class Overtaken(ConflictError):
    """Somebody else has changed the state of an archive since it was read."""

    def __init__(self, session_id: str) -> None:
        """Take the session."""
        super().__init__(
            f"somebody else archives session {session_id!r}, brings it back or deletes it; try again"
        )


def archive_ref(session_id: str, incarnation: str) -> Ref[SessionArchive]:
    """The archive of a session."""
    return ref(SessionArchive, session_id=session_id, incarnation=incarnation)


def archive_of(schema: Schema, session_id: str, incarnation: str) -> Steps[Archive | None]:
    """What the archive of a session says; None where it never was archived. One small request."""
    where = {"session_id": session_id, "incarnation": incarnation}
    ask = Ask(consistent=True, selected=tuple(fields_dict(Archive)))
    found = yield from read_all(schema, schema.plan(SessionArchive, where, (), ask))
    return Archive(**found[0]) if found else None


def held(schema: Schema, archive: Archive) -> Steps[Iterator[Texts]]:
    """What an archive holds.

    Raises:
        Overtaken: it is of another archiving by now, or gone.
    """
    found = yield from get(schema, SessionArchive, dict(archive.target.values), consistent=True)
    if found is None or found.mark != archive.mark:
        raise Overtaken(archive.session_id)
    return (
        evolve(cast("Any", each), session_id=archive.session_id)
        for each in unpacked(schema, found.content)
    )


def as_it_is(archive: Archive) -> dict[str, Any]:
    """What holds while nobody has changed the state of an archive."""
    return {"state": archive.state, "mark": archive.mark}


def changed(schema: Schema, archive: Archive, **changes: Any) -> Steps[None]:
    """Change an archive whose state is as it was read: one request, whose answer does not hold it.

    Raises:
        Overtaken: it is in another state.
    """
    try:
        yield from transact(schema, [Update(archive.target, when=as_it_is(archive), **changes)])
    except TransactionCanceled as canceled:
        if isinstance(canceled.reasons[0], ConditionFailed):
            raise Overtaken(archive.session_id) from canceled
        raise


def text_ref(found: Texts) -> Ref[Any]:
    """The run or the passage that an archive holds the texts of."""
    if isinstance(found, Passage):
        where = {"session_id": found.session_id, "incarnation": found.incarnation}
        return ref(Passage, **where, digest=found.digest)
    names = ("session_id", "created_at", "run_id", "incarnation")
    return ref(Run, **{name: getattr(found, name) for name in names})


def texts_of(found: Texts) -> dict[str, Any]:
    """What of a run or a passage leaves the table."""
    if isinstance(found, Passage):
        return {"text": found.text}
    return {"messages": found.messages, "content": found.content}


def no_texts(found: Texts) -> dict[str, Any]:
    """What stays in their place."""
    if isinstance(found, Passage):
        return {"text": b""}
    return {"messages": [], "content": b""}
