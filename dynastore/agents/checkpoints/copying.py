"""Copying a thread: all that belongs to it, under another id."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial
from itertools import islice
from typing import Any, TypeAlias

from attrs import evolve

from ...changes import unset
from ...entities.spec import Ref, ref
from ...errors import RequestError
from ...operations.interleaved import all_of
from ...operations.reading import reads
from ...operations.reading.reads import get
from ...operations.writing.batches import put_many
from ...operations.writing.writes import write
from ...planner import Ask
from ...requests import BATCH_WRITES, Steps
from ...schema.schema import Schema
from ...writes import Put, Update
from .entities import Checkpoint, CheckpointValue, TaskWrites, Thread
from .examining import ref_of
from .keeping import Keeping
from .returning import brought_back
from .stored import read_all, read_refs, reading
from .stubs import ThreadAway, is_stub_id, none_away

ELSEWHERE = "copy it to a new thread, or delete this one first"

Place: TypeAlias = tuple[str, str]
"""Of a checkpoint in its thread: namespace and id."""


def copy_thread(schema: Schema, source: str, target: str, keeping: Keeping) -> Steps[None]:
    """Copy a thread: what its checkpoints refer to, then they, from the oldest on, then its header.

    So the checkpoints that are there after a failure can be read, and it can be called again. What
    of the copy is there already stays: what was pruned there may refer to it as it is.

    Somebody may work on the source meanwhile. So what refers to something is read before that, and
    kept in memory; the copy has the checkpoints that were there at first.

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
    copied = partial(_copied, schema, source, target)
    yield from brought_back(schema, source, keeping, copied)


def _copied(schema: Schema, source: str, target: str, keeping: Keeping) -> Steps[None]:
    """Copy a thread that is in the table; see `copy_thread`."""
    ours: list[Checkpoint] = yield from _read(schema, Checkpoint, source, target, keeping)
    marks = yield from _marks(schema, target, keeping)
    _refuse_others(source, target, ours, marks)
    header, there = yield from all_of(_header(schema, each, keeping) for each in (source, target))
    if header is not None and there is not None and _owner(header) != _owner(there):
        raise RequestError(
            f"thread {target!r} is there, and is not of the user and component of thread {source!r}; "
            f"{ELSEWHERE}"
        )
    places = {_place(each) for each in ours}
    tasks = yield from _read(schema, TaskWrites, source, target, keeping)
    yield from _copy_values(schema, source, target, places, keeping)
    written = yield from read_refs(schema, TaskWrites, {"thread_id": target}, keeping)
    yield from _put_missing(schema, (each for each in tasks if _place(each) in places), {*written})
    yield from _put_missing(schema, ours, marks)
    if header is None:
        return
    if there is None:
        yield from write(schema, Put(evolve(header, thread_id=target)))
    elif there.expires_at != header.expires_at:
        # Its checkpoints are kept for as long as those of the source, which may have grown since.
        until = unset() if header.expires_at is None else header.expires_at
        yield from write(schema, Update(ref(Thread, thread_id=target), expires_at=until))


def _read(
    schema: Schema, cls: type[Any], source: str, target: str, keeping: Keeping
) -> Steps[list[Any]]:
    """All items of a class in a thread, as those of another one."""
    found = yield from read_all(schema, cls, {"thread_id": source}, keeping)
    if cls is Checkpoint:
        none_away(found, keeping)
    return [evolve(each, thread_id=target) for each in found]


def _copy_values(
    schema: Schema, source: str, target: str, places: Collection[Place], keeping: Keeping
) -> Steps[None]:
    """Copy the values of some checkpoints and of their tasks, page by page."""
    there = {*(yield from read_refs(schema, CheckpointValue, {"thread_id": target}, keeping))}
    reader = yield from reading(schema, CheckpointValue, {"thread_id": source}, keeping)
    while True:
        page = yield from reader.page(None)
        theirs = (each for each in page.entities if _place(each) in places)
        yield from _put_missing(schema, (evolve(each, thread_id=target) for each in theirs), there)
        if page.cursor is None:
            return


def _put_missing(schema: Schema, copies: Iterable[Any], there: Collection[Ref[Any]]) -> Steps[None]:
    """Put those that are not there, 25 at a time, in their order."""
    missing = (each for each in copies if ref_of(each) not in there)
    while some := list(islice(missing, BATCH_WRITES)):
        yield from put_many(schema, some)


def _header(schema: Schema, thread_id: str, keeping: Keeping) -> Steps[Any]:
    return get(schema, Thread, {"thread_id": thread_id}, consistent=keeping.consistent)


def _owner(header: Thread) -> tuple[str | None, str | None]:
    return header.user_id, header.component


def _place(entity: Checkpoint | CheckpointValue | TaskWrites) -> Place:
    return entity.namespace, entity.checkpoint_id


def _refuse_others(
    source: str, target: str, ours: Sequence[Checkpoint], there: Mapping[Ref[Any], str]
) -> None:
    """Refuse a source without checkpoints, and a target that has others than the source."""
    if not ours:
        raise RequestError(f"there is no thread {source!r} to copy: it has no checkpoint")
    marks = {ref_of(each): each.mark for each in ours}
    others = [dict(each.values) for each, mark in there.items() if marks.get(each) != mark]
    if others:
        raise RequestError(
            f"thread {target!r} is there, and has other checkpoints than thread {source!r}: "
            f"{len(others)}, such as {others[0]['checkpoint_id']} of namespace "
            f"{others[0]['namespace']!r}; {ELSEWHERE}"
        )


def _marks(schema: Schema, thread_id: str, keeping: Keeping) -> Steps[dict[Ref[Any], str]]:
    """The checkpoints of a thread, and the mark of each."""
    ask = Ask(consistent=keeping.consistent, selected=("namespace", "checkpoint_id", "mark"))
    of_thread = {"thread_id": thread_id}
    found = yield from reads.read_all(schema, schema.plan(Checkpoint, of_thread, (), ask))
    if any(is_stub_id(each["checkpoint_id"]) for each in found):
        raise ThreadAway(thread_id)
    return {
        ref(
            Checkpoint,
            **of_thread,
            namespace=each["namespace"],
            checkpoint_id=each["checkpoint_id"],
        ): each["mark"]
        for each in found
    }
