"""Copying a thread: all that belongs to it, under another id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from attrs import evolve

from ...changes import unset
from ...errors import RequestError
from ...operations.interleaved import all_of
from ...operations.reading.reads import get, read_all, read_page
from ...operations.writing.batches import put_many
from ...operations.writing.writes import write
from ...planner import Ask
from ...requests import BATCH_WRITES, Steps
from ...schema import Schema
from ...spec import ref
from ...writes import Put, Update
from .entities import Checkpoint, CheckpointValue, TaskWrites, Thread
from .examining import ref_of
from .keeping import Keeping
from .loading import read_refs, reading

ELSEWHERE = "copy it to a new thread, or delete this one first"


def copy_thread(schema: Schema, source: str, target: str, keeping: Keeping) -> Steps[None]:
    """Copy a thread: what its checkpoints refer to, then they, from the oldest on, then its header.

    So the checkpoints that are there after a failure can be read, and it can be called again. What
    of the copy is there already stays: what was pruned there may refer to it as it is.

    Args:
        schema: where both are.
        source: id of the thread to copy.
        target: id of the copy: of no thread, or of an earlier copy that was not worked on since.
        keeping: how it is read.

    Raises:
        RequestError: the source has no checkpoint, or the target is another thread.
    """
    if source == target:
        raise RequestError(f"thread {source!r} is no copy of itself; give the copy another id")
    yield from _refuse_others(schema, source, target, keeping)
    header, there = yield from all_of(_header(schema, each, keeping) for each in (source, target))
    if header is not None and there is not None and _owner(header) != _owner(there):
        raise RequestError(
            f"thread {target!r} is there, and is not of the user and component of thread {source!r}; "
            f"{ELSEWHERE}"
        )
    for cls in (CheckpointValue, TaskWrites, Checkpoint):
        yield from _copy_items(schema, cls, source, target, keeping)
    if header is None:
        return
    if there is None:
        yield from write(schema, Put(evolve(header, thread_id=target)))
    elif there.expires_at != header.expires_at:
        # Its checkpoints are kept for as long as those of the source, which may have grown since.
        until = unset() if header.expires_at is None else header.expires_at
        yield from write(schema, Update(ref(Thread, thread_id=target), expires_at=until))


def _copy_items(
    schema: Schema, cls: type[Any], source: str, target: str, keeping: Keeping
) -> Steps[None]:
    there = {*(yield from read_refs(schema, cls, {"thread_id": target}, keeping))}
    reader = yield from reading(schema, cls, {"thread_id": source}, keeping)
    while True:
        page = yield from reader.page(None)
        copies: Iterator[Any] = (evolve(each, thread_id=target) for each in page.entities)
        missing = (each for each in copies if ref_of(each) not in there)
        while some := list(islice(missing, BATCH_WRITES)):
            yield from put_many(schema, some)
        if page.cursor is None:
            return


def _header(schema: Schema, thread_id: str, keeping: Keeping) -> Steps[Any]:
    return get(schema, Thread, {"thread_id": thread_id}, consistent=keeping.consistent)


def _owner(header: Thread) -> tuple[str | None, str | None]:
    return header.user_id, header.component


def _refuse_others(schema: Schema, source: str, target: str, keeping: Keeping) -> Steps[None]:
    """Refuse a source without checkpoints, and a target that has others than the source."""
    there = yield from _marks(schema, target, keeping)
    ours = yield from _marks(schema, source, keeping, limit=None if there else 1)
    if not ours:
        raise RequestError(f"there is no thread {source!r} to copy: it has no checkpoint")
    others = sorted(place for place, mark in there.items() if ours.get(place) != mark)
    if others:
        namespace, checkpoint_id = others[0]
        raise RequestError(
            f"thread {target!r} is there, and has other checkpoints than thread {source!r}: "
            f"{len(others)}, such as {checkpoint_id} of namespace {namespace!r}; {ELSEWHERE}"
        )


def _marks(
    schema: Schema, thread_id: str, keeping: Keeping, limit: int | None = None
) -> Steps[dict[tuple[str, str], str]]:
    """Namespace and id of a thread's checkpoints -> the mark of each."""
    ask = Ask(consistent=keeping.consistent, selected=("namespace", "checkpoint_id", "mark"))
    plan = schema.plan(Checkpoint, {"thread_id": thread_id}, (), ask)
    if limit is None:
        found: Sequence[Any] = yield from read_all(schema, plan)
    else:
        found = (yield from read_page(schema, plan, limit=limit)).entities
    return {(each["namespace"], each["checkpoint_id"]): each["mark"] for each in found}
