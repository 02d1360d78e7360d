"""Apart: the writes of a task that its item has no room for, which are stored by themselves.

W##1f0a…#7c1e…   writes: {"0": a write, "1": → #5b…, "2": → #5b…, "3": → 7c1e…#3#09…}
K##1f0a…##5b…    the writes 1 and 2
K##1f0a…#7c1e…#3#09…   the write 3, which is large
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, cast

from attrs import evolve, field, frozen

from ...entities.spec import Ref
from ...errors import AlreadyExists, ConditionFailed, ItemTooLarge
from ...operations.interleaved import all_of
from ...operations.reading.reads import get, get_many
from ...operations.writing.writes import ATTEMPTS, write
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Create, Put, Update
from ..cold import later
from .entities import CheckpointValue, TaskWrites
from .pending import Elsewhere, packed_elsewhere, packed_together, write_of

KEY = ("thread_id", "namespace", "checkpoint_id", "name")  # of a value
REFERENCE_BYTES = 40  # at most, to one of several that are stored together


@frozen
class Divided:
    """The writes of a task, divided.

    Attributes:
        inside: place -> what the item of the task holds: a write, or where it is.
        values: name -> what is stored by itself: one write, or several together.
    """

    inside: Mapping[int, bytes]
    values: Mapping[str, bytes] = field(factory=dict)


def divided(task_id: str, forms: Mapping[int, bytes], *, large: int, room: int) -> Divided:
    """Divide the writes of a task.

    Args:
        task_id: the task.
        forms: place -> a write.
        large: what is larger is stored by itself, in bytes.
        room: bytes that the others may have in the item. Of those that do not fit the largest are
            stored together.
    """
    single = {
        at: f"{task_id}#{at}#{_digest(form)}" for at, form in forms.items() if len(form) > large
    }
    rest = {at: form for at, form in forms.items() if at not in single}
    values = {name: forms[at] for at, name in single.items()}
    inside = {**rest, **{at: packed_elsewhere(Elsewhere(name)) for at, name in single.items()}}
    crowd = dict(_crowd(rest, room))
    return _together(task_id, inside, crowd, values)


def _crowd(forms: Mapping[int, bytes], room: int) -> Iterator[tuple[int, bytes]]:
    """Those that do not fit, the largest; a reference to each stays."""
    total = sum(map(len, forms.values()))
    for at, form in sorted(forms.items(), key=lambda each: -len(each[1])):
        if total <= room or len(form) <= REFERENCE_BYTES:
            return
        total -= len(form) - REFERENCE_BYTES
        yield at, form


def _together(
    task_id: str,
    inside: Mapping[int, bytes],
    crowd: Mapping[int, bytes],
    values: Mapping[str, bytes],
) -> Divided:
    if not crowd:
        return Divided(inside, values)
    content = packed_together(crowd)
    # Short, as there may be thousands of references; the tasks of a checkpoint share the names.
    name = f"#{_digest(task_id.encode(errors='surrogatepass') + content)}"
    reference = packed_elsewhere(Elsewhere(name))
    return Divided({**inside, **dict.fromkeys(crowd, reference)}, {**values, name: content})


def store_apart(schema: Schema, task: TaskWrites, made: Divided) -> Steps[None]:
    """Store what is stored by itself for a task, before the task's item refers to it.

    Args:
        schema: where to.
        task: whose; the values stay at least as long as it says of itself.
        made: its writes.
    """
    names = ("thread_id", "namespace", "checkpoint_id", "expires_at")
    shared = {name: getattr(task, name) for name in names}
    yield from all_of(
        _stored(schema, CheckpointValue(**shared, name=name, content=content))
        for name, content in made.values.items()
    )


def _stored(schema: Schema, value: CheckpointValue) -> Steps[None]:
    """Store a value. One that is there already has the same content, and never stays shorter by it."""
    key = {name: getattr(value, name) for name in KEY}
    for _ in range(ATTEMPTS):
        try:
            yield from write(schema, Create(value))
        except AlreadyExists:
            there = yield from get(schema, CheckpointValue, key, consistent=True)
            if there is not None and (yield from _stays(schema, there, value)):
                return
        else:
            return
    raise ConditionFailed(schema.codec(CheckpointValue).key(key, schema.prefix))


def _stays(schema: Schema, there: CheckpointValue, value: CheckpointValue) -> Steps[bool]:
    """Let a stored value stay as long as another one; False if it was changed in the meantime."""
    lasts = later(there.expires_at, value.expires_at)
    new: CheckpointValue = evolve(cast("Any", value), expires_at=lasts)
    if new == there:
        return True
    same = {"expires_at": there.expires_at, "unclaimed_at": there.unclaimed_at}
    try:
        yield from write(schema, Put(new, when=same))
    except ConditionFailed:
        return False
    return True


def _digest(content: bytes) -> str:
    return blake2b(content, digest_size=8).hexdigest()


def make_room(schema: Schema, target: Ref[TaskWrites], refused: ItemTooLarge) -> Steps[None]:
    """Store by itself what the item of a task holds, and refer to it.

    Where somebody else changes the item in the meantime, or deletes it, it stays as it is.

    Args:
        schema: where it is.
        target: the item.
        refused: why there has to be room.

    Raises:
        ItemTooLarge: it holds nothing but references.
    """
    (stored,) = yield from get_many(schema, [target], consistent=True)
    if stored is None:
        return
    forms = {
        int(at): form
        for at, form in stored.writes.items()
        if not isinstance(write_of(form), Elsewhere)
    }
    crowd = dict(_crowd(forms, 0))
    if not crowd:
        raise refused
    made = _together(stored.task_id, {}, crowd, {})
    yield from store_apart(schema, stored, made)
    moved = stored.writes | {str(at): form for at, form in made.inside.items()}
    try:
        yield from write(schema, Update(target, writes=moved, when={"writes": stored.writes}))
    except ConditionFailed:
        return
