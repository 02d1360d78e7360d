"""Waiting: the writes of tasks that the next checkpoint is to be made of, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import field, frozen

from ...errors import PayloadMissing
from ...operations.reading.reads import get_many
from ...requests import Steps
from ...schema import Schema
from ...spec import ref
from ..checkpoints import CheckpointValue, TaskWrites
from .keeping import Keeping
from .pending import Elsewhere, Pending, TaskWrite, in_place_order, write_of
from .saving import Place


@frozen
class _Waiting:
    """A write with what it is sorted by."""

    order: tuple[str, str, int]
    task_id: str = field(order=False)
    write: TaskWrite | Elsewhere = field(order=False)
    task: TaskWrites = field(order=False)


def waiting_writes(
    schema: Schema, tasks: Iterable[TaskWrites], keeping: Keeping
) -> Steps[dict[str, list[Pending]]]:
    """The writes of tasks by checkpoint, in the order in which they are applied.

    That is by path, then by task, then by place; large ones are read by key.
    """
    waiting = sorted(
        (
            _Waiting((task.task_path, task.task_id, at), task.task_id, write_of(form), task)
            for task in tasks
            for at, form in in_place_order(task.writes)
        ),
        key=lambda each: each.order,
    )
    large = yield from _read_large(schema, waiting, keeping)
    found: dict[str, list[Pending]] = {}
    for each in waiting:
        write = each.write
        if isinstance(write, Elsewhere):
            write = large[each.task.checkpoint_id, write.name]
        entry = Pending(each.task_id, write.channel, write.value)
        found.setdefault(each.task.checkpoint_id, []).append(entry)
    return found


def _read_large(
    schema: Schema, waiting: Sequence[_Waiting], keeping: Keeping
) -> Steps[dict[tuple[str, str], TaskWrite]]:
    wanted = {
        (each.task.checkpoint_id, each.write.name): each.task
        for each in waiting
        if isinstance(each.write, Elsewhere)
    }
    if not wanted:
        return {}
    refs = [
        ref(CheckpointValue, name=name, **_place_of(task).fields)
        for (_, name), task in wanted.items()
    ]
    values = yield from get_many(schema, refs, consistent=keeping.consistent)
    found: dict[tuple[str, str], TaskWrite] = {}
    for (at, task), value in zip(wanted.items(), values, strict=True):
        read = None if value is None else write_of(value.content)
        if not isinstance(read, TaskWrite):
            raise PayloadMissing(
                f"thread {task.thread_id!r}, checkpoint {task.checkpoint_id}",
                f"{at[1]!r}, which task {task.task_id} wrote,",
                "Was it deleted, or the thread, while this ran?",
            )
        found[at] = read
    return found


def _place_of(task: TaskWrites) -> Place:
    return Place(task.thread_id, task.namespace, task.checkpoint_id)
