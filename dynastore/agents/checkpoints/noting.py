"""Noting: what a task wrote is one item; what is large comes before it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from attrs import evolve

from ...changes import if_missing, inside
from ...entities.spec import Ref, ref
from ...errors import AlreadyExists, ConditionFailed, ItemTooLarge, RequestError
from ...operations.reading.reads import get_many, key_of
from ...operations.writing.writes import ATTEMPTS, write
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...terms import When
from ...writes import Create, Update
from ..cold import later
from .apart import divided, make_room, store_apart
from .entities import TaskWrites
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
    forms = {at: packed_write(each) for at, each in writes.items()}
    empty = TaskWrites(
        **place.fields,
        task_id=task[0],
        task_path=task[1],
        expires_at=keeping.expires_at((yield from Now())),
    )
    made = yield from _with(schema, empty, forms, TASK_BYTES)
    target = ref(TaskWrites, **_key(made))
    for _ in range(ATTEMPTS):
        try:
            yield from write(schema, Create(made))
        except AlreadyExists:
            if (yield from _added(schema, target, made, forms)):
                return
        else:
            return
    raise ConditionFailed(key_of(schema, target))


def _with(
    schema: Schema, task: TaskWrites, forms: Mapping[int, bytes], room: int
) -> Steps[TaskWrites]:
    """The item of a task with more writes, after what is too large for it was stored by itself."""
    some = divided(task.task_id, forms, large=LARGE_WRITE_BYTES, room=room)
    yield from store_apart(schema, task, some)
    made: TaskWrites = evolve(cast("Any", task), writes={**task.writes, **_by_text(some.inside)})
    return made


def _added(
    schema: Schema, target: Ref[TaskWrites], made: TaskWrites, forms: Mapping[int, bytes]
) -> Steps[bool]:
    """Add writes to those of the same task, all or none; False if these changed in the meantime.

    LangGraph takes a task with any ordinary write for done, so it is one request.
    """
    few = len(forms) <= WRITES_OF_UPDATE and made.writes == _by_text(forms)
    if few and sum(map(len, forms.values())) <= ADDED_BYTES:
        parts: dict[str | int, Any] = {
            str(at): form if at < 0 else if_missing(form) for at, form in forms.items()
        }
        return (yield from _updated(schema, target, inside(parts), None))
    (stored,) = yield from get_many(schema, [target], consistent=True)
    if stored is None:
        return False
    # Of ordinary writes the first stays.
    new = {at: form for at, form in forms.items() if at < 0 or str(at) not in stored.writes}
    if not new:
        return True
    # What an item refers to is there for as long as the item is, and as long as these writes are.
    lasts = later(stored.expires_at, made.expires_at)
    lasting: TaskWrites = evolve(cast("Any", stored), expires_at=lasts)
    whole = yield from _with(schema, lasting, new, ADDED_BYTES)
    same = {"writes": stored.writes, "expires_at": stored.expires_at}
    return (yield from _updated(schema, target, whole.writes, same))


def _updated(
    schema: Schema, target: Ref[TaskWrites], writes: Any, same: When | None
) -> Steps[bool]:
    """Change the item of a task; False if it has to be tried again.

    Where the item has no room, what it holds makes room first.
    """
    try:
        yield from write(schema, Update(target, writes=writes, when=same))
    except ConditionFailed:
        return False
    except ItemTooLarge as refused:
        yield from make_room(schema, target, refused)
        return False
    return True


def _by_text(forms: Mapping[int, bytes]) -> dict[str, bytes]:
    return {str(at): form for at, form in forms.items()}


def _key(made: TaskWrites) -> dict[str, Any]:
    names = ("thread_id", "namespace", "checkpoint_id", "task_id")
    return {name: getattr(made, name) for name in names}
