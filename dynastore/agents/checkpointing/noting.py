"""Noting: what a task wrote is one item; what is large comes before it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from itertools import islice
from typing import Any

from ...changes import if_missing, inside
from ...errors import AlreadyExists, ConditionFailed, ItemTooLarge, RequestError
from ...operations.interleaved import all_of
from ...operations.reading.reads import key_of
from ...operations.writing.writes import ATTEMPTS, write
from ...requests import Now, Steps
from ...schema import Schema
from ...spec import Ref, ref
from ...writes import Create, Put, Update
from ..checkpoints import TaskWrites
from .apart import divided, make_room, not_yet_there, values_of
from .keeping import Keeping
from .pending import TaskWrite, packed_write
from .saving import Place

# As they are stored. A read of a checkpoint passes over the writes of others, so they stay small.
LARGE_WRITE_BYTES = 32 * 1024
TASK_BYTES = 300 * 1024  # of all writes of a task that are in one item, which holds 400 KB
ADDED_BYTES = 64 * 1024  # of those that a task adds to what it wrote before
WRITES_OF_TASK = 8_000  # references to as many have room in an item of 400 KB, and more beside them
WRITES_OF_UPDATE = 100  # an expression holds 4 KB


def save_writes(
    schema: Schema,
    place: Place,
    task: tuple[str, str],
    writes: Mapping[int, TaskWrite],
    keeping: Keeping,
) -> Steps[None]:
    """Save what a task wrote: one request, and one more if it wrote before.

    Args:
        schema: where to.
        place: of the checkpoint that the task started from.
        task: its id, and its path in the graph.
        writes: place -> write. Of an ordinary one, at 0 or above, the first that is saved stays; a
            special one, below 0, replaces what was there.
        keeping: how long.

    Raises:
        RequestError: there are more than an item has room to refer to; nothing is sent.
    """
    if not writes:
        return
    if len(writes) > WRITES_OF_TASK:
        raise RequestError(
            f"task {task[0]!r} wrote {len(writes):,} values after one checkpoint; {WRITES_OF_TASK:,} "
            "of a task can be kept. Let it write lists of them, or fewer Sends at a time"
        )
    expires_at = keeping.expires_at((yield from Now()))
    forms = {at: packed_write(each) for at, each in writes.items()}
    made = yield from _task_writes(schema, place, task, forms, expires_at, TASK_BYTES)
    for _ in range(ATTEMPTS):
        try:
            yield from write(schema, Create(made))
        except AlreadyExists:
            added = made
            if sum(map(len, made.writes.values())) > ADDED_BYTES:
                new = yield from not_yet_there(schema, ref(TaskWrites, **_key(made)), forms)
                added = yield from _task_writes(schema, place, task, new, expires_at, ADDED_BYTES)
            if (yield from _added(schema, added)):
                return
        else:
            return
    raise ConditionFailed(key_of(schema, ref(TaskWrites, **_key(made))))


def _task_writes(
    schema: Schema,
    place: Place,
    task: tuple[str, str],
    forms: Mapping[int, bytes],
    expires_at: dt.datetime | None,
    room: int,
) -> Steps[TaskWrites]:
    """The item of a task, after what is too large for it or for the room was stored by itself."""
    task_id, task_path = task
    some = divided(task_id, forms, large=LARGE_WRITE_BYTES, room=room)
    made = TaskWrites(
        **place.fields,
        task_id=task_id,
        task_path=task_path,
        writes={str(at): form for at, form in some.inside.items()},
        expires_at=expires_at,
    )
    yield from all_of(write(schema, Put(each)) for each in values_of(made, some))
    return made


def _added(schema: Schema, made: TaskWrites) -> Steps[bool]:
    """Add writes to those of the same task; False if these were deleted in the meantime."""
    target = ref(TaskWrites, **_key(made))
    changes = iter(made.writes.items())
    while some := dict(islice(changes, WRITES_OF_UPDATE)):
        parts: dict[str | int, Any] = {
            at: form if int(at) < 0 else if_missing(form) for at, form in some.items()
        }
        try:
            yield from _updated(schema, target, parts)
        except ConditionFailed as failure:
            if failure.stored is not None:
                raise
            return False
    return True


def _updated(
    schema: Schema, target: Ref[TaskWrites], parts: Mapping[str | int, Any]
) -> Steps[None]:
    """Add to the item of a task, whose other writes make room where they have to."""
    for _ in range(ATTEMPTS):
        try:
            yield from write(schema, Update(target, writes=inside(parts)))
        except ItemTooLarge as refused:
            yield from make_room(schema, target, refused)
        else:
            return
    raise ConditionFailed(key_of(schema, target))


def _key(made: TaskWrites) -> dict[str, Any]:
    names = ("thread_id", "namespace", "checkpoint_id", "task_id")
    return {name: getattr(made, name) for name in names}
