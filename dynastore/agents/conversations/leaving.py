"""Leaving: the texts of one session go into one object of the bucket; what tells of them stays.

The object is written first, by the transaction that takes the first texts out of the table: so where
there is an archive something says so, and goes with it. What was saved in the meantime stays.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

from ...entities.spec import ref
from ...errors import AlreadyExists, ConditionFailed, TransactionCanceled
from ...operations.reading.reads import opened
from ...operations.writing.writes import transact
from ...planner import Ask
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...terms import missing
from ...writes import Check, Create, Put, Update, Write
from ..cold import ITEM_BYTES, LARGEST_BYTES, Sized, TooLarge, later, together
from ..packing import packed
from .archives import Archive, Overtaken, Texts, as_it_is, changed, held, no_texts, text_ref
from .entities import Passage, Run, Session, SessionArchive
from .saving import as_read

READ_AT_ONCE = 100  # of a session's items; the texts of each may be some megabytes


def leave(
    schema: Schema, header: Session, archive: Archive | None, cold_since: dt.datetime
) -> Steps[Archive | None]:
    """Archive a session: to read it, an object, and a transaction for each hundred of its runs.

    Args:
        schema: where it is.
        header: of the session, as it was read.
        archive: its archive as it was read; one that is leaving is taken up.
        cold_since: a session with a run that was saved since stays.

    Returns:
        Its archive; None where the session stays.

    Raises:
        Overtaken: somebody saves the session, archives it, brings it back or deletes it.
        TooLarge: the session is too large to be archived.
    """
    if archive is not None and archive.state == "leaving":
        texts = yield from held(schema, archive)
        left: Sequence[Sized[Texts]] = [(each, ITEM_BYTES) for each in texts]
    else:
        found, content = yield from _read(schema, header, cold_since)
        if not found:
            return None
        archive, left = yield from _begun(schema, header, archive, (found, content))
    for some in together(left):
        check = Check(archive.target, **as_it_is(archive))
        yield from _left(schema, archive, [check], some)
    yield from changed(schema, archive, state="archived")
    return archive


def _read(
    schema: Schema, header: Session, cold_since: dt.datetime
) -> Steps[tuple[list[Sized[Texts]], bytes]]:
    """The runs and passages of a session, and the same packed; none where one is not cold.

    Runs that were saved before their session was stay: they are not deleted with it.

    Raises:
        TooLarge: they are more than may be archived.
    """
    ask = Ask(consistent=True)
    plan = schema.plan_collection((Run, Passage), {"session_id": header.session_id}, (), ask)
    reader = yield from opened(schema, plan)
    found: list[Sized[Texts]] = []
    pieces: list[bytes] = []
    cursor: str | None = ""
    while cursor is not None:
        page = yield from reader.page(READ_AT_ONCE)
        cursor = page.cursor
        if any(_is_warm(each, cold_since) for each in page.entities):
            return [], b""
        ours = (each for each in page.entities if _is_here(each, header))
        for each, piece in ((each, *packed(schema, [each])) for each in ours):
            found.append((each, min(len(piece) + 1024, ITEM_BYTES)))
            pieces.append(piece)
        if sum(map(len, pieces)) > LARGEST_BYTES:
            raise TooLarge
    return found, b"".join(pieces)


def _is_warm(found: Run | Passage, cold_since: dt.datetime) -> bool:
    """Whether it is a run that was saved since."""
    return isinstance(found, Run) and (found.updated_at or found.created_at) >= cold_since


def _is_here(found: Run | Passage, header: Session) -> bool:
    return found.incarnation == header.incarnation and found.archived is None


def _begun(
    schema: Schema,
    header: Session,
    archive: Archive | None,
    contents: tuple[Sequence[Sized[Texts]], bytes],
) -> Steps[tuple[Archive, Sequence[Sized[Texts]]]]:
    """Write an archive, and take the first texts out of the table; which are left."""
    found, content = contents
    now = yield from Now()
    new = Archive(
        *(header.session_id, header.incarnation, "leaving", uuid4().hex, now),
        *(len(found), len(content)),
    )
    entity = SessionArchive(
        session_id=new.session_id,
        incarnation=new.incarnation,
        state="leaving",
        mark=new.mark,
        since=now,
        items=new.items,
        item_bytes=new.item_bytes,
        content=content,
        expires_at=_lasts([each for each, _ in found]),
    )
    same = {**as_read(header), "incarnation": header.incarnation}
    session = Check(ref(Session, session_id=header.session_id), **same)
    put = Create(entity) if archive is None else Put(entity, when=as_it_is(archive))
    first = next(together(found))
    if not (yield from _left(schema, new, [session, put], first)):
        raise Overtaken(header.session_id)
    return new, found[len(first) :]


def _lasts(found: Sequence[Texts]) -> dt.datetime | None:
    """When none of what is archived is there any more; passages do not expire."""
    runs = [each for each in found if isinstance(each, Run)]
    if len(runs) < len(found):
        return None
    lasts = runs[0].expires_at
    for each in runs:
        lasts = later(lasts, each.expires_at)
    return lasts


def _left(
    schema: Schema, archive: Archive, guards: Sequence[Write[Any]], some: Sequence[Texts]
) -> Steps[bool]:
    """Take texts out of the table that are as they were read; whether there were any.

    Args:
        schema: where they are.
        archive: which has them.
        guards: what fails all of it.
        some: runs and passages.

    Raises:
        Overtaken: a guard does not hold.
    """
    writes = [_leaves(each, archive.mark) for each in some]
    while writes:
        try:
            yield from transact(schema, [*guards, *writes])
        except TransactionCanceled as canceled:
            mine, theirs = canceled.reasons[: len(guards)], canceled.reasons[len(guards) :]
            if any(isinstance(each, ConditionFailed | AlreadyExists) for each in mine):
                raise Overtaken(archive.session_id) from canceled
            if not any(isinstance(each, ConditionFailed) for each in theirs):
                raise
            writes = [
                each
                for each, why in zip(writes, theirs, strict=True)
                if not isinstance(why, ConditionFailed)
            ]
        else:
            return True
    return False


def _leaves(found: Run | Passage, mark: str) -> Update[Any]:
    """What takes the texts of a run or a passage out of the table, unless it was saved since."""
    when: dict[str, Any] = {"archived": missing()}
    if isinstance(found, Run):
        when |= {"content_bytes": found.content_bytes}
        for name in ("status", "updated_at"):
            value = getattr(found, name)
            when[name] = missing() if value is None else value
    return Update(text_ref(found), when=when, archived=mark, **no_texts(found))
