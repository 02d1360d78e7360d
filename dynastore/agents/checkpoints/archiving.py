"""Archiving: threads that nobody works on any more leave the table for the bucket, whole.

1. Stubs are put where the checkpoints of a thread are, and an archive that says ``leaving``. Whoever
   reads the thread from now on meets a stub and brings it back, which is nothing yet but to delete those.
2. After a wait, so that whoever read it before has done so, all of it is read, and written into the
   bucket as one object that the archive refers to.
3. Its checkpoints are deleted, as far as they are as they were read; after another wait what belongs to
   them. So nobody who has read a checkpoint misses what its tasks wrote.

Each step is a transaction that fails once somebody brings the thread back, or deletes it. A process that
dies leaves a thread that can be read, and that the next call takes up.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import partial

from attrs import evolve, frozen

from ...errors import DataError
from ...operations.interleaved import all_of
from ...operations.reading.reader import Page
from ...planner import Ask
from ...requests import Steps, Wait
from ...schema.schema import Schema
from ...terms import before
from ..cold import (
    FAILURES,
    Archived,
    Cold,
    TooLarge,
    archives_in,
    begun_at,
    by_rounds,
    check_archivable,
    paced,
)
from .ages import made_at
from .archives import Archive, Overtaken, archive_of
from .entities import ArchiveState, Checkpoint, CheckpointValue, TaskWrites, Thread, ThreadArchive
from .leaving import Contents, Survey, begin, end, leave, stored, surveyed
from .returning import bring_back
from .stored import reading
from .threads import EVENTUAL

AT_ONCE = 50  # threads that are begun together, so that they are waited for together


def archive_threads(
    schema: Schema, cold: Cold, *, cursor: str | None = None, rounds: int | None = None
) -> Steps[Archived]:
    """Archive the threads that nobody has worked on for some time.

    It lists the threads that began before that by an index, and reads the newest checkpoint of each: a
    request or two. One that is archived takes some ten requests and one for each hundred items: to read
    it, to write an object, and a transaction of deletes, at two write units for each 1,024 bytes.

    Args:
        schema: where they are; its table has a bucket.
        cold: which, and how.
        cursor: of the call before.
        rounds: after how many rounds of 50 threads to stop; without, at the end.

    Raises:
        RequestError: the table has no bucket, or the schema lacks the entities.
        InvalidCursor: the cursor is damaged, or of another table.
        DynastoreError: something could not be read or written; call it again with the same cursor.
    """
    classes = (Thread, Checkpoint, CheckpointValue, TaskWrites, ThreadArchive)
    check_archivable(schema, "threads", classes)
    at = yield from begun_at(cold, cursor)
    plan = schema.plan(Thread, {"created_at": before(at.cold_since)}, (), Ask())
    one = partial(_round, schema, cold, at.cold_since)
    return (yield from by_rounds(schema, plan, at, one, at_once=AT_ONCE, rounds=rounds))


def archived_threads(
    schema: Schema,
    state: ArchiveState = "archived",
    *,
    limit: int | None = None,
    cursor: str | None = None,
) -> Steps[Page[Archive]]:
    """One page of the archives in a state, those that were archived first first; by an index.

    Args:
        schema: where they are.
        state: see `ThreadArchive`.
        limit: how many at most.
        cursor: of the page before.
    """
    return archives_in(schema, ThreadArchive, Archive, state, limit=limit, cursor=cursor)


def _round(
    schema: Schema, cold: Cold, cold_since: dt.datetime, threads: Sequence[Thread]
) -> Steps[Archived]:
    """Archive those of some threads that are cold."""
    looked = yield from all_of(_look(schema, cold, each, cold_since) for each in threads)
    chosen = [each for each in looked if isinstance(each, _Chosen)]
    figures = Archived(
        seen=len(threads),
        warm=looked.count("warm"),
        undated=looked.count("undated"),
        damaged=_ids(
            thread for thread, each in zip(threads, looked, strict=True) if each == "damaged"
        ),
    )
    if cold.dry_run or not chosen:
        return evolve(figures, archived=len(chosen))
    left: list[Contents] = []
    begun = yield from _begun(schema, chosen)
    yield from _settled(cold, begun)
    for survey, archive in begun:
        try:
            contents = yield from stored(schema, survey, archive, cold_since)
            if contents is not None:
                yield from leave(schema, contents, Checkpoint)
                left.append(contents)
                yield from paced(cold, contents.archive.item_bytes)
        except Overtaken:
            figures = evolve(figures, warm=figures.warm + 1)
        except TooLarge:
            yield from bring_back(schema, survey.thread_id)
            figures = evolve(figures, large=(*figures.large, survey.thread_id)[:FAILURES])
        except DataError:  # one thread is no reason to archive none; whoever reads it is told why
            figures = evolve(figures, damaged=(*figures.damaged, survey.thread_id)[:FAILURES])
        else:
            figures = evolve(figures, warm=figures.warm + (contents is None))
    yield from _settled(cold, left)
    for each in left:
        figures = yield from _ended(schema, each, figures)
    return figures


@frozen
class _Chosen:
    """A thread that is to be archived, and its archive as it was read."""

    survey: Survey
    archive: Archive | None


def _look(
    schema: Schema, cold: Cold, thread: Thread, cold_since: dt.datetime
) -> Steps[_Chosen | str | None]:
    """Whether a thread is cold: ``warm`` or ``undated`` where it is not, None where it has left.

    ``damaged`` where somebody could not bring it back.
    """
    archive = yield from archive_of(schema, thread.thread_id)
    if archive is not None and archive.state == "archived":
        return None
    if archive is not None and archive.state == "returning":
        try:
            if not cold.dry_run:
                yield from bring_back(schema, thread.thread_id)
        except DataError:
            return "damaged"
        return "warm"
    if archive is not None and archive.state == "back" and archive.since >= cold_since:
        return "warm"
    is_here = archive is None or archive.state == "back"
    if is_here and (yield from _is_warm(schema, thread.thread_id, cold_since)):
        return "warm"
    survey = yield from surveyed(schema, thread.thread_id, thread.expires_at)
    if archive is not None and archive.items:
        return _Chosen(survey, archive)  # it has left in part
    if not survey.runs:
        return None
    if survey.newest is None:
        return "undated"
    return "warm" if survey.newest >= cold_since else _Chosen(survey, archive)


def _ids(threads: Iterable[Thread]) -> Sequence[str]:
    return tuple(each.thread_id for each in threads)[:FAILURES]


def _is_warm(schema: Schema, thread_id: str, cold_since: dt.datetime) -> Steps[bool]:
    """Whether the newest checkpoint of the outermost graph is too new, so that no other is looked at."""
    where = {"thread_id": thread_id, "namespace": ""}
    reader = yield from reading(schema, Checkpoint, where, EVENTUAL, newest_first=True)
    page = yield from reader.page(1, once=True)
    made = made_at(page.entities[0].checkpoint_id) if page.entities else None
    return made is not None and made >= cold_since


def _begun(schema: Schema, chosen: Iterable[_Chosen]) -> Steps[list[tuple[Survey, Archive]]]:
    """Begin with those that nobody else has begun with."""
    found: list[tuple[Survey, Archive]] = []
    for each in chosen:
        try:
            found.append((each.survey, (yield from begin(schema, each.survey, each.archive))))
        except Overtaken:
            continue
    return found


def _settled(cold: Cold, some: Sequence[object]) -> Steps[None]:
    """Wait until whoever read one of some threads before has done so."""
    if some and cold.settling:
        yield from Wait(cold.settling.total_seconds())


def _ended(schema: Schema, contents: Contents, figures: Archived) -> Steps[Archived]:
    """Delete what belongs to the checkpoints of a thread, and say that it is archived."""
    try:
        yield from leave(schema, contents, CheckpointValue, TaskWrites)
        yield from end(schema, contents)
    except Overtaken:
        return evolve(figures, warm=figures.warm + 1)
    return evolve(
        figures,
        archived=figures.archived + 1,
        items=figures.items + contents.archive.items,
        item_bytes=figures.item_bytes + contents.archive.item_bytes,
    )
