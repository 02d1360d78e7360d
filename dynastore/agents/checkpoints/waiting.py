"""Waiting: the writes of tasks that the next checkpoint is to be made of, in their order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from attrs import field, frozen

from ...entities.spec import ref
from ...errors import PayloadMissing
from ...operations.reading.reads import get_many
from ...requests import Steps
from ...schema.schema import Schema
from .entities import CheckpointValue, TaskWrites
from .keeping import Keeping
from .pending import Apart, Elsewhere, Pending, TaskWrite, apart_of, in_place_order, write_of
from .saving import Place


@frozen
class _Waiting:
    """A write with what it is sorted by."""

    order: tuple[str, str, int]
    place: int = field(order=False)
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
            _Waiting((task.task_path, task.task_id, at), at, write_of(form), task)
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
            write = _found(each.task, each.place, write, large)
        entry = Pending(each.task.task_id, write.channel, write.value)
        found.setdefault(each.task.checkpoint_id, []).append(entry)
    return found


def _read_large(
    schema: Schema, waiting: Sequence[_Waiting], keeping: Keeping
) -> Steps[dict[tuple[str, str], Apart]]:
    """What is stored by itself, by checkpoint and name; without what is gone."""
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
    if not keeping.consistent and any(each is None for each in values):
        values = yield from get_many(schema, refs, consistent=True)  # the other read lagged, or not
    return {
        at: apart_of(value.content)
        for at, value in zip(wanted, values, strict=True)
        if value is not None
    }


def _found(
    task: TaskWrites, place: int, write: Elsewhere, large: Mapping[tuple[str, str], Apart]
) -> TaskWrite:
    apart = large.get((task.checkpoint_id, write.name))
    found = None if apart is None else apart.at(place)
    if found is None:
        raise PayloadMissing(
            f"thread {task.thread_id!r}, checkpoint {task.checkpoint_id}",
            f"{write.name!r}, which task {task.task_id} wrote,",
            "Was it deleted, or the thread, while this ran?",
        )
    return found


def _place_of(task: TaskWrites) -> Place:
    return Place(task.thread_id, task.namespace, task.checkpoint_id)
