"""Deleting a thread: all that belongs to it, and what is archived of it."""

from __future__ import annotations

from functools import partial
from itertools import islice
from typing import Any

from ...entities.spec import Ref, ref
from ...operations.interleaved import all_of, both
from ...operations.reading import reads
from ...operations.writing.batches import delete_many
from ...operations.writing.writes import write
from ...planner import Ask
from ...requests import BATCH_WRITES, Steps
from ...schema.schema import Schema
from ...writes import Delete
from .entities import Checkpoint, CheckpointValue, TaskWrites, Thread
from .keeping import Keeping
from .returning import brought_back, drop
from .stored import read_refs
from .stubs import ThreadAway, has_just_come, is_stub_ref

FOUND_BY = ("namespace", "checkpoint_id", "back_at")


def delete_thread(schema: Schema, thread_id: str, keeping: Keeping) -> Steps[None]:
    """Delete all of a thread, its header last, so that what is left after a failure is found again.

    The newest checkpoints go first, as what is left refers to none of them and can still be read. Of
    a thread that is archived the archive goes first, without being read.

    Raises:
        PartialFailure: some of it could not be deleted.
    """
    yield from brought_back(schema, thread_id, keeping, partial(_deleted, schema, thread_id))


def _deleted(schema: Schema, thread_id: str, keeping: Keeping) -> Steps[None]:
    """Delete a thread as it is; see `delete_thread`."""
    checkpoints, (values, tasks) = yield from _refs(schema, thread_id, keeping)
    if any(map(is_stub_ref, checkpoints)):
        yield from drop(schema, thread_id)
        # Somebody may have been bringing it back.
        checkpoints, (values, tasks) = yield from _refs(schema, thread_id, keeping)
    newest_first = iter(reversed(checkpoints))
    while some := list(islice(newest_first, BATCH_WRITES)):
        yield from delete_many(schema, some)
    yield from all_of(write(schema, Delete(each)) for each in values)  # with their parts
    yield from delete_many(schema, tasks)
    yield from write(schema, Delete(ref(Thread, thread_id=thread_id)))


def _refs(
    schema: Schema, thread_id: str, keeping: Keeping
) -> Steps[tuple[list[Ref[Any]], list[list[Ref[Any]]]]]:
    """The keys of a thread's checkpoints; and of its values, and of what its tasks wrote."""
    of_thread = {"thread_id": thread_id}
    others = (read_refs(schema, cls, of_thread, keeping) for cls in (CheckpointValue, TaskWrites))
    return (yield from both(_checkpoints(schema, thread_id, keeping), all_of(others)))


def _checkpoints(schema: Schema, thread_id: str, keeping: Keeping) -> Steps[list[Ref[Any]]]:
    """The keys of a thread's checkpoints, in their order.

    Raises:
        ThreadAway: the thread has just come back, so that other reads may have missed some of it.
    """
    of_thread = {"thread_id": thread_id}
    ask = Ask(consistent=keeping.consistent, selected=FOUND_BY)
    found = yield from reads.read_all(schema, schema.plan(Checkpoint, of_thread, (), ask))
    if any(has_just_come(each["back_at"], keeping) for each in found):
        raise ThreadAway(thread_id, is_stub=False)
    names = FOUND_BY[:2]
    return [ref(Checkpoint, **of_thread, **{name: each[name] for name in names}) for each in found]
