"""Archiving: sessions that nobody works on any more leave their texts to the bucket, each in one object.

The header stays as it is, and of each run and passage an item without its text, which says so: whoever
reads one brings the session back. No wait is needed, as each item is either here or says that it is not.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from attrs import frozen

from ...entities.spec import ref
from ...errors import DataError
from ...operations.interleaved import all_of
from ...operations.reading.reader import Page
from ...operations.reading.reads import get_many
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from ...terms import before
from ..cold import (
    Archived,
    Cold,
    TooLarge,
    archives_in,
    begun_at,
    by_rounds,
    check_archivable,
    paced,
)
from .archives import Archive, Overtaken, archive_of
from .entities import ArchiveState, Passage, Run, Session, SessionArchive
from .leaving import leave
from .returning import bring_back

AT_ONCE = 100  # sessions whose headers are read together


def archive_sessions(
    schema: Schema, cold: Cold, *, cursor: str | None = None, rounds: int | None = None
) -> Steps[Archived]:
    """Archive the sessions that nobody has worked on for some time.

    It lists the sessions that began before that by an index, and reads their headers, 100 a request;
    of each that was not updated since what its archive says, a request. One that is archived takes some
    four requests and one for each hundred runs: to read it, to write an object, and a transaction of
    updates, at two write units for each 1,024 bytes.

    Args:
        schema: where they are; its table has a bucket.
        cold: which, and how.
        cursor: of the call before.
        rounds: after how many rounds of 100 sessions to stop; without, at the end.

    Raises:
        RequestError: the table has no bucket, or the schema lacks the entities.
        InvalidCursor: the cursor is damaged, or of another table.
        DynastoreError: something could not be read or written; call it again with the same cursor.
    """
    check_archivable(schema, "sessions", (Session, Run, Passage, SessionArchive))
    at = yield from begun_at(cold, cursor)
    where = {"created_at": before(at.cold_since)}
    plan = schema.plan(Session, where, (), Ask(selected=("session_id",)))
    one = partial(_round, schema, cold, at.cold_since)
    return (yield from by_rounds(schema, plan, at, one, at_once=AT_ONCE, rounds=rounds))


def archived_sessions(
    schema: Schema,
    state: ArchiveState = "archived",
    *,
    limit: int | None = None,
    cursor: str | None = None,
) -> Steps[Page[Archive]]:
    """One page of the archives in a state, those that were archived first first; by an index.

    Args:
        schema: where they are.
        state: see `SessionArchive`.
        limit: how many at most.
        cursor: of the page before.
    """
    return archives_in(schema, SessionArchive, Archive, state, limit=limit, cursor=cursor)


def restore_session(schema: Schema, session_id: str, user_id: str | None = None) -> Steps[bool]:
    """Bring a session back before somebody reads it; whether it was archived.

    Args:
        schema: where it is.
        session_id: its id.
        user_id: whose it must be; anybody's without.
    """
    (header,) = yield from get_many(schema, [ref(Session, session_id=session_id)], consistent=True)
    if header is None or (user_id is not None and header.user_id != user_id):
        return False
    return (yield from bring_back(schema, session_id, header.incarnation))


def _round(
    schema: Schema, cold: Cold, cold_since: dt.datetime, listed: Sequence[Mapping[str, Any]]
) -> Steps[Archived]:
    """Archive those of some sessions that are cold."""
    session_ids = dict.fromkeys(each["session_id"] for each in listed)
    refs = [ref(Session, session_id=each) for each in session_ids]
    headers = yield from get_many(schema, refs, consistent=True)
    found = [each for each in headers if each is not None]
    still = [each for each in found if (each.updated_at or each.created_at) < cold_since]
    archives = yield from all_of(
        archive_of(schema, each.session_id, each.incarnation) for each in still
    )
    figures = Archived(seen=len(found), warm=len(found) - len(still))
    for header, archive in zip(still, archives, strict=True):
        one = yield from _one(schema, cold, _Candidate(header, archive, cold_since))
        figures = figures.and_then(one)
    return figures


@frozen
class _Candidate:
    """A session that was not updated for some time, its archive, and since when it is cold."""

    header: Session
    archive: Archive | None
    cold_since: dt.datetime

    @property
    def is_away(self) -> bool:
        """Whether there is nothing to archive: it is, and no turn was saved since."""
        archive, saved = self.archive, self.header.updated_at or self.header.created_at
        return archive is not None and archive.state == "archived" and saved < archive.since

    @property
    def is_warm(self) -> bool:
        """Whether somebody has read it lately, or does."""
        archive = self.archive
        if archive is None or archive.state in {"leaving", "archived"}:
            return False
        return archive.state == "returning" or archive.since >= self.cold_since


def _one(schema: Schema, cold: Cold, candidate: _Candidate) -> Steps[Archived]:
    """Archive a session that was not updated for some time, unless it is archived or was read."""
    header, archive = candidate.header, candidate.archive
    if candidate.is_away:
        return Archived()
    if cold.dry_run:
        return Archived(warm=1) if candidate.is_warm else Archived(archived=1)
    try:
        if archive is not None and archive.state in {"archived", "returning"}:
            yield from bring_back(schema, header.session_id, header.incarnation)
        if candidate.is_warm:
            return Archived(warm=1)
        if archive is not None and archive.state == "archived":  # what was saved since goes with it
            archive = yield from archive_of(schema, header.session_id, header.incarnation)
        done = yield from leave(schema, header, archive, candidate.cold_since)
    except Overtaken:
        return Archived(warm=1)
    except TooLarge:
        return Archived(large=(header.session_id,))
    except DataError:  # one session is no reason to archive none; whoever reads it is told why
        return Archived(damaged=(header.session_id,))
    if done is None:
        return Archived()
    yield from paced(cold, done.item_bytes)
    return Archived(archived=1, items=done.items, item_bytes=done.item_bytes)
