"""Leaving: one thread leaves the table, step by step; see `archiving` for their order.

Each step can be carried out again, by a process that takes up what another one has begun.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from typing import Any, cast

from attrs import evolve, frozen

from ...entities.spec import ref
from ...operations.reading.reads import get, opened
from ...planner import Ask
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...writes import Create, Delete, Put, Update, Write
from ..cold import LARGEST_BYTES, TOGETHER, Sized, TooLarge, later
from ..packing import packed, unpacked
from .ages import made_at
from .archives import (
    Archive,
    Overtaken,
    as_it_is,
    changed,
    fenced,
)
from .entities import Checkpoint, CheckpointValue, TaskWrites, ThreadArchive
from .examining import ref_of
from .returning import STRICT, bring_back, size_of
from .stored import reading
from .stubs import is_stub, is_stub_id, stubs
from .unchanged import same

READ_AT_ONCE = 200  # of a thread's checkpoints, and of what its tasks wrote
VALUES_AT_ONCE = (
    10  # of what is stored by itself; each may be some megabytes with what left its item
)
STUB_BYTES = 1024  # what one counts for at most


@frozen
class Survey:
    """What the keys of a thread's checkpoints tell.

    Attributes:
        thread_id: the thread.
        runs: namespace and run of each.
        newest: when the newest was made; None where one does not tell, or there is none.
        expires_at: when none of them is there any more, or None.
    """

    thread_id: str
    runs: Collection[tuple[str, str | None]]
    newest: dt.datetime | None
    expires_at: dt.datetime | None


def surveyed(schema: Schema, thread_id: str, expires_at: dt.datetime | None) -> Steps[Survey]:
    """Survey a thread: a request for each megabyte of checkpoints, eventually consistent.

    Args:
        schema: where it is.
        thread_id: the thread.
        expires_at: of its header.
    """
    fields = ("namespace", "checkpoint_id", "run_id", "expires_at")
    ask = Ask(consistent=False, selected=fields)
    reader = yield from opened(schema, schema.plan(Checkpoint, {"thread_id": thread_id}, (), ask))
    runs: set[tuple[str, str | None]] = set()
    times: set[dt.datetime | None] = set()
    cursor: str | None = ""
    while cursor is not None:
        page = yield from reader.page(None)
        for each in page.entities:
            if not is_stub_id(each["checkpoint_id"]):
                runs.add((each["namespace"], each["run_id"]))
                times.add(made_at(each["checkpoint_id"]))
                expires_at = later(expires_at, each["expires_at"])
        cursor = page.cursor
    known = [each for each in times if each is not None]
    newest = max(known) if known and len(known) == len(times) else None
    return Survey(thread_id, runs, newest, expires_at)


def begin(schema: Schema, survey: Survey, archive: Archive | None) -> Steps[Archive]:
    """Put the stubs of a thread, and an archive that says that it is leaving.

    Args:
        schema: where it is.
        survey: of the thread.
        archive: its archive as it was read: one that is leaving is taken up.

    Raises:
        Overtaken: somebody else has changed it since.
    """
    now = yield from Now()
    leaving = archive or Archive(survey.thread_id, "leaving", now, 0, 0)
    if leaving.state != "leaving":
        leaving = Archive(survey.thread_id, "leaving", now, 0, 0)
    made = stubs(survey.thread_id, survey.runs, leaving.since, survey.expires_at)
    puts: list[Write[Any]] = [Put(each) for each in made]
    first: list[Write[Any]] = []
    if leaving is not archive:
        first, puts = puts[:TOGETHER], puts[TOGETHER:]
        new = ThreadArchive(
            thread_id=survey.thread_id,
            state="leaving",
            since=now,
            expires_at=survey.expires_at,
        )
        write = Create(new) if archive is None else Put(new, when=as_it_is(archive))
        yield from changed(schema, leaving, write, first)
    yield from fenced(schema, leaving, [(each, STUB_BYTES) for each in puts])
    return leaving


@frozen
class Contents:
    """What a thread has, in the bucket.

    Attributes:
        archive: as it is now.
        content: the items, packed.
    """

    archive: Archive
    content: bytes


def stored(
    schema: Schema, survey: Survey, archive: Archive, cold_since: dt.datetime
) -> Steps[Contents | None]:
    """Write what a thread has into the bucket, as one object that its archive refers to.

    Args:
        schema: where it is.
        survey: of the thread.
        archive: its archive, which is leaving.
        cold_since: a thread with a checkpoint from after that is brought back, and stays.

    Returns:
        What was written, by this or an earlier call; None where the thread stays.

    Raises:
        Overtaken: somebody else has changed the archive since.
        TooLarge: the thread is too large to be archived.
    """
    thread_id = archive.thread_id
    if archive.items:
        held = yield from get(schema, ThreadArchive, {"thread_id": thread_id}, consistent=True)
        if held is None or held.since != archive.since:
            raise Overtaken(thread_id)
        return Contents(archive, held.content)
    entities, content = yield from _read(schema, thread_id)
    if not entities or not all(_is_cold(each, survey, cold_since) for each in entities):
        yield from bring_back(schema, thread_id)
        return None
    archive = evolve(archive, items=len(entities), item_bytes=len(content))
    sizes = {"items": archive.items, "item_bytes": archive.item_bytes}
    target = ref(ThreadArchive, thread_id=thread_id)
    # Only where nothing was written yet: another process may have begun to delete what this one read.
    write = Update(target, when={**as_it_is(archive), "items": 0}, content=content, **sizes)
    yield from changed(schema, archive, write)
    return Contents(archive, content)


def _is_cold(entity: Any, survey: Survey, cold_since: dt.datetime) -> bool:
    """Whether an item belongs to what was surveyed, and is not newer."""
    if not isinstance(entity, Checkpoint):
        return True
    made = made_at(entity.checkpoint_id)
    known = (entity.namespace, entity.run_id) in survey.runs
    return known and made is not None and made < cold_since


def _read(schema: Schema, thread_id: str) -> Steps[tuple[list[Any], bytes]]:
    """All items of a thread but its header, and the same packed.

    Raises:
        TooLarge: they are more than may be archived.
    """
    found: list[Any] = []
    pieces: list[bytes] = []
    for cls in (Checkpoint, CheckpointValue, TaskWrites):
        reader = yield from reading(schema, cls, {"thread_id": thread_id}, STRICT)
        cursor: str | None = ""
        while cursor is not None:
            page = yield from reader.page(
                VALUES_AT_ONCE if cls is CheckpointValue else READ_AT_ONCE, once=True
            )
            cursor = page.cursor
            some = [each for each in page.entities if cls is not Checkpoint or not is_stub(each)]
            found += some
            pieces += packed(schema, some)
            if sum(map(len, pieces)) > LARGEST_BYTES:
                raise TooLarge
    return found, b"".join(pieces)


def leave(schema: Schema, contents: Contents, *classes: type[Any]) -> Steps[None]:
    """Delete the items of some classes that are in the bucket, as far as they are as they are there.

    Raises:
        Overtaken: somebody brings the thread back, or deletes it.
    """
    thread_id = contents.archive.thread_id
    yield from fenced(schema, contents.archive, _deletes(schema, thread_id, contents, classes))


def _deletes(
    schema: Schema, thread_id: str, contents: Contents, classes: tuple[type[Any], ...]
) -> Iterator[Sized[Write[Any]]]:
    for each in unpacked(schema, contents.content):
        if isinstance(each, classes):
            gone = evolve(cast("Any", each), thread_id=thread_id)
            yield Delete(ref_of(gone), when=_as_stored(gone)), size_of(gone)


def _as_stored(entity: Any) -> dict[str, Any]:
    """What holds while nobody has written an item since it was read."""
    if isinstance(entity, Checkpoint):
        return same(entity)
    names = ["expires_at", "unclaimed_at"]
    names += ["writes"] if isinstance(entity, TaskWrites) else []
    return {name: getattr(entity, name) for name in names}


def end(schema: Schema, contents: Contents) -> Steps[None]:
    """Say that a thread is archived: one request.

    Raises:
        Overtaken: somebody brings the thread back, or deletes it.
    """
    archive = contents.archive
    target = ref(ThreadArchive, thread_id=archive.thread_id)
    write = Update(target, when={"state": archive.state, "since": archive.since}, state="archived")
    yield from changed(schema, archive, write)
