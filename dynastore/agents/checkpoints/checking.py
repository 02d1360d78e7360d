"""Checking a thread: which checkpoints cannot be given back, and what belongs to none."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from functools import partial
from typing import Any

from attrs import frozen

from ...entities.spec import Ref, ref
from ...errors import DataError
from ...operations.reading.reads import get_many
from ...requests import Now, Steps
from ...schema.schema import Schema
from .chains import Gap, joined
from .clearing import PRUNED_GRACE, Lasting
from .contents import spilled_name
from .entities import Checkpoint, CheckpointValue, TaskWrites
from .examining import Examined, Space, examined, ref_of, trouble, written_apart
from .findings import Checked, Damaged, Finding, Headless, Item, Litter, Lost
from .keeping import Keeping
from .returning import brought_back
from .stored import is_shown

ITEMS: dict[type[Any], Item] = {
    Checkpoint: "checkpoint",
    CheckpointValue: "value",
    TaskWrites: "writes",
}


@frozen
class Diagnosis:
    """A thread that was examined.

    Attributes:
        checked: what is wrong.
        read: all that was read.
        dropped: what tasks wrote and cannot be read.
    """

    checked: Checked
    read: Examined
    dropped: Collection[TaskWrites]


def check(schema: Schema, thread_id: str, keeping: Keeping, lasting: Lasting) -> Steps[Checked]:
    """Read all of a thread, and tell what is wrong with it.

    The thread may be worked on meanwhile: what is deleted or rewritten at the time is not taken for
    broken. What is written before its checkpoint is told as litter until that is there.

    Args:
        schema: where it is.
        thread_id: the thread.
        keeping: how it is read.
        lasting: the channels whose values are made of older writes.
    """
    return (yield from diagnosed(schema, thread_id, keeping, lasting)).checked


def diagnosed(
    schema: Schema, thread_id: str, keeping: Keeping, lasting: Lasting
) -> Steps[Diagnosis]:
    """A thread, and what is wrong with it; see `check`."""
    diagnosis = partial(_diagnosed, schema, thread_id, lasting)
    return (yield from brought_back(schema, thread_id, keeping, diagnosis))


def _diagnosed(
    schema: Schema, thread_id: str, lasting: Lasting, keeping: Keeping
) -> Steps[Diagnosis]:
    """What is wrong with a thread that is in the table."""
    now = yield from Now()
    read = yield from examined(schema, thread_id, keeping)
    of_some = _stored(read) | _unknown(read)
    troubled = {
        ref_of(task): (task, why)
        for task in read.tasks
        if _place(task) in of_some and (why := trouble(task, read))
    }
    lost = list(_lost(read, {_place(task) for task, _ in troubled.values()}, lasting, now))
    suspects: dict[Ref[Any], Any] = {target: task for target, (task, _) in troubled.items()}
    for finding in lost:
        suspects |= _about(read, finding)
    same = yield from _same(schema, suspects, keeping)
    dropped = [(task, why) for target, (task, why) in troubled.items() if target in same]
    findings: list[Finding] = [
        *(each for each in lost if _about(read, each).keys() <= same),
        *(_unreadable(target, reason) for target, reason in read.unreadable.items()),
        *(Damaged(*_place(task), "writes", task.task_id, why) for task, why in dropped),
        *_litter(read, now),
    ]
    return Diagnosis(_checked(thread_id, read, findings, now), read, [task for task, _ in dropped])


def _stored(read: Examined) -> set[tuple[str, str]]:
    """Namespace and id of the checkpoints that can be unpacked."""
    return {
        (namespace, each) for namespace, space in read.spaces.items() for each in space.checkpoints
    }


def _unknown(read: Examined) -> set[tuple[str, str]]:
    """Where something cannot be read, so that it is not known what that refers to."""
    values = (dict(target.values) for target in read.unreadable)
    return {(of["namespace"], of["checkpoint_id"]) for of in values}


def _about(read: Examined, lost: Lost) -> dict[Ref[Any], Checkpoint | None]:
    """A checkpoint that cannot be given back, and the one that should hold what it lacks.

    Somebody may have rewritten both after the second was read, and before the first was.
    """
    checkpoints = read.spaces[lost.namespace].checkpoints
    broken = checkpoints[lost.checkpoint_id]
    where = {"thread_id": broken.thread_id, "namespace": lost.namespace}
    holding = ref(Checkpoint, **where, checkpoint_id=lost.at)
    found = {ref_of(broken): broken, holding: checkpoints.get(lost.at)}
    return {target: each for target, each in found.items() if target not in read.unreadable}


def _same(schema: Schema, suspects: dict[Ref[Any], Any], keeping: Keeping) -> Steps[set[Ref[Any]]]:
    """Those that are stored as they were when something was found to be gone, or still are not.

    Who removes something rewrites first what refers to it. So one that is the same refers to
    nothing that was removed in the meantime.
    """
    if not suspects:
        return set()
    found = yield from get_many(schema, [*suspects], consistent=keeping.consistent)
    return {
        target for target, each in zip(suspects, found, strict=True) if each == suspects[target]
    }


def _checked(thread_id: str, read: Examined, findings: list[Finding], now: dt.datetime) -> Checked:
    everything = [each for space in read.spaces.values() for each in space.checkpoints.values()]
    shown = sum(is_shown(each, now) for each in everything)
    if read.header is None and shown:
        findings.append(Headless())
    hidden = len(everything) - shown
    sizes = (shown, hidden, len(read.tasks), len(read.values))
    return Checked(thread_id, *sizes, read.header is not None, tuple(findings))


def _lost(
    read: Examined, troubled: Collection[tuple[str, str]], lasting: Lasting, now: dt.datetime
) -> Iterator[Lost]:
    """The checkpoints that cannot be given back, from the oldest on, by channel."""
    for namespace, space in read.spaces.items():
        after = {each for of, each in troubled if of == namespace}
        for each in space.checkpoints.values():
            if is_shown(each, now):
                yield from _lost_values(read, namespace, space, each.checkpoint_id)
                yield from _lost_writes(namespace, space, each, after, lasting)


def _lost_values(
    read: Examined, namespace: str, space: Space, checkpoint_id: str
) -> Iterator[Lost]:
    known = space.known
    for channel, held in known.contents[checkpoint_id].held.items():
        chain = known.chain(channel, held)
        if isinstance(chain, Gap):
            reason = _gone(read, namespace, chain)
            yield Lost(namespace, checkpoint_id, channel, chain.at, reason)
            continue
        try:
            joined(channel, chain)
        except DataError as error:
            yield Lost(namespace, checkpoint_id, channel, held.at, f"but {error}")


def _gone(read: Examined, namespace: str, gap: Gap) -> str:
    """Why a segment is not there."""
    name = spilled_name(gap.channel, gap.mark)
    for target in read.unreadable:
        of = dict(target.values)
        is_value = target.cls is CheckpointValue
        same = (of["namespace"], of["checkpoint_id"]) == (namespace, gap.at)
        if same and is_value == gap.is_spilled and of.get("name", name) == name:
            return "which is damaged"
    if gap.is_spilled:
        return "whose value is gone"
    is_another = gap.at in read.spaces[namespace].checkpoints
    return "which is another one since" if is_another else "which is gone"


def _lost_writes(
    namespace: str,
    space: Space,
    checkpoint: Checkpoint,
    troubled: Collection[str],
    lasting: Lasting,
) -> Iterator[Lost]:
    """The channels whose values are made of writes that are lost."""
    content = space.known.contents[checkpoint.checkpoint_id]
    for channel in {*lasting(checkpoint, content)} - content.held.keys():
        for at in made_of(space, checkpoint, {channel}):
            if at not in space.checkpoints:
                reason = "which is gone with what its tasks wrote"
            elif at in troubled:
                reason = "after which a task wrote what cannot be read"
            else:
                continue
            yield Lost(namespace, checkpoint.checkpoint_id, channel, at, reason)


def made_of(space: Space, checkpoint: Checkpoint, channels: Collection[str]) -> Iterator[str]:
    """Ids of the checkpoints, from its parent back, whose writes some channels of one are made of."""
    wanted, at = set(channels), checkpoint.parent_id
    while wanted and at is not None:
        yield at
        if at not in space.checkpoints:
            return
        wanted -= space.known.contents[at].held.keys()
        at = space.checkpoints[at].parent_id


def _litter(read: Examined, now: dt.datetime) -> Iterator[Litter]:
    """What nothing refers to. What a checkpoint that cannot be read refers to is not known."""
    unknown = _unknown(read)
    of_some = _stored(read) | unknown
    claimed = read.claims(
        {namespace: space.checkpoints for namespace, space in read.spaces.items()},
        (now - PRUNED_GRACE).timestamp(),
    )
    for task in read.tasks:
        if _place(task) in of_some:
            claimed.update(written_apart(task))
            continue
        yield Litter(*_place(task), "writes", task.task_id, task.unclaimed_at)
    for name, value in read.values.items():
        if name not in claimed and name[:2] not in unknown:
            yield Litter(*name[:2], "value", name[2], value.unclaimed_at)


def _unreadable(target: Ref[Any], reason: str) -> Damaged:
    of = dict(target.values)
    name = of.get("name") or of.get("task_id") or ""
    return Damaged(of["namespace"], of["checkpoint_id"], ITEMS[target.cls], name, reason)


def _place(task: TaskWrites) -> tuple[str, str]:
    return task.namespace, task.checkpoint_id
