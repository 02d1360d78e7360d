"""Repairing a thread: its newest checkpoint that can be read becomes the last one.

As when old checkpoints are removed, a process may remember one that goes, and refer to what it
holds. So what goes is hidden first, and deleted by a call after the grace. What nothing refers to
may be on its way: values and writes of tasks are sent before, or with, their checkpoint. So it is
marked first, and deleted if nothing refers to it after the grace either.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from itertools import compress
from typing import Any, TypeAlias

from attrs import frozen

from ...entities.spec import Ref
from ...errors import AlreadyExists, ConditionFailed, DataError
from ...operations.interleaved import all_of
from ...operations.writing.writes import write
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...writes import Create, Delete, Update
from .checking import Diagnosis, diagnosed, made_of
from .clearing import PRUNED_GRACE, Lasting
from .contents import Content
from .entities import Checkpoint, CheckpointValue, TaskWrites, Thread
from .examining import Examined, Space, ref_of, written_apart
from .findings import Lost, Repaired
from .keeping import Keeping
from .stored import is_shown
from .unchanged import change, delete


@frozen
class Described:
    """What a checkpoint says of its thread.

    Attributes:
        user_id: whose the thread is, or None.
        component: what works on it, or None.
        made_at: when the checkpoint was made.
    """

    user_id: str | None
    component: str | None
    made_at: dt.datetime


_Unclaimed: TypeAlias = CheckpointValue | TaskWrites

Describe = Callable[[Checkpoint, Content], Described]
"""Reads what a checkpoint says of its thread."""


def repair(
    schema: Schema,
    thread_id: str,
    keeping: Keeping,
    lasting: Lasting,
    describe: Describe,
    *,
    grace: dt.timedelta = PRUNED_GRACE,
) -> Steps[Repaired]:
    """Make the newest checkpoint of each namespace that can be read the last one, and tidy up.

    Args:
        schema: where it is.
        thread_id: the thread.
        keeping: how it is read.
        lasting: the channels whose values are made of older writes.
        describe: reads what a checkpoint says of its thread, for a header that is missing.
        grace: how long what goes is hidden or marked before a call deletes it; none, if no process
            works on the thread.

    Raises:
        PartialFailure: something could not be deleted; call it again.
    """
    now = yield from Now()
    found = yield from diagnosed(schema, thread_id, keeping, lasting)
    plan = _planned(found, lasting, now, grace)
    done = yield from _carried_out(schema, plan, now)
    left = _left(found.read, {_place(each) for each in (*done.hidden, *done.deleted)}, now)
    is_headless = found.read.header is None and any(left.values())
    if is_headless:
        yield from _write_header(schema, thread_id, found.read, left, describe)
    return _repaired(found, plan, done, left, header=is_headless)


@frozen
class _Plan:
    """What becomes of which items; each is in one of these at most.

    Attributes:
        hidden: checkpoints that are given back no more.
        deleted: checkpoints that are deleted.
        dropped: what tasks wrote and cannot be read; it is deleted.
        useless: what else cannot be read, and is deleted.
        removed: what nothing refers to, and is deleted.
        marked: what is deleted later, if nothing refers to it then.
    """

    hidden: Sequence[Checkpoint]
    deleted: Sequence[Checkpoint]
    dropped: Sequence[Ref[Any]]
    useless: Sequence[Ref[Any]]
    removed: Sequence[_Unclaimed]
    marked: Sequence[_Unclaimed]


@frozen
class _Done:
    """What of a plan was done: not what was put again in the meantime.

    Attributes:
        hidden: checkpoints.
        deleted: checkpoints.
        removed: how many items that nothing referred to.
    """

    hidden: Sequence[Checkpoint]
    deleted: Sequence[Checkpoint]
    removed: int


def _planned(found: Diagnosis, lasting: Lasting, now: dt.datetime, grace: dt.timedelta) -> _Plan:
    read, unreadable = found.read, found.read.unreadable
    lost = {
        (each.namespace, each.checkpoint_id)
        for each in found.checked.findings
        if isinstance(each, Lost)
    }
    going = {
        (namespace, each)
        for namespace, space in read.spaces.items()
        for each in _over(
            space, {each for of, each in lost if of == namespace}, lasting, now, grace
        )
    }
    dropped = [
        *map(ref_of, found.dropped),
        *(each for each in unreadable if each.cls is TaskWrites),
    ]
    damaged = [each for each in unreadable if each.cls is Checkpoint]
    unclaimed, useless = _unclaimed(read, going, {*dropped}, now - grace)
    over = [each for each in unclaimed if _place(each) in going or _is_over(each, now, grace)]
    return _Plan(
        [_at(read, each) for each in sorted(lost - going)],
        [_at(read, each) for each in sorted(going)],
        dropped,
        [*damaged, *useless],
        over,
        [each for each in unclaimed if each.unclaimed_at is None and each not in over],
    )


def _carried_out(schema: Schema, plan: _Plan, now: dt.datetime) -> Steps[_Done]:
    """Do what is planned. A checkpoint that was put again stays, with all that is its own."""
    are_hidden = yield from all_of(_hidden(schema, each, now) for each in plan.hidden)
    are_deleted = yield from all_of(delete(schema, each) for each in plan.deleted)
    yield from all_of(_deleted(schema, each) for each in (*plan.dropped, *plan.useless))
    deleted = [*compress(plan.deleted, are_deleted)]
    stay = {_place(each) for each in plan.deleted} - {_place(each) for each in deleted}
    removed = yield from all_of(
        _removed(schema, each) for each in plan.removed if _place(each) not in stay
    )
    yield from all_of(_marked(schema, each, now) for each in plan.marked)
    return _Done([*compress(plan.hidden, are_hidden)], deleted, sum(removed))


def _left(
    read: Examined, gone: Collection[tuple[str, str]], now: dt.datetime
) -> dict[str, list[Checkpoint]]:
    """The checkpoints of each namespace that are still given back, from the oldest on."""
    return {
        namespace: [
            each
            for each in space.checkpoints.values()
            if is_shown(each, now) and _place(each) not in gone
        ]
        for namespace, space in read.spaces.items()
    }


def _repaired(
    found: Diagnosis,
    plan: _Plan,
    done: _Done,
    left: Mapping[str, Sequence[Checkpoint]],
    *,
    header: bool,
) -> Repaired:
    """What was done, as it is told."""
    damaged = [each for each in plan.useless if each.cls is Checkpoint]
    return Repaired(
        found=found.checked,
        last={each: some[-1].checkpoint_id if some else None for each, some in left.items()},
        hidden=[each.checkpoint_id for each in done.hidden],
        deleted=[
            *(each.checkpoint_id for each in done.deleted),
            *(_value(each, "checkpoint_id") for each in damaged),
        ],
        dropped=[_value(each, "task_id") for each in plan.dropped],
        removed=done.removed + len(plan.useless) - len(damaged),
        marked=len(plan.marked),
        header=header,
    )


def _over(
    space: Space, broken: Collection[str], lasting: Lasting, now: dt.datetime, grace: dt.timedelta
) -> set[str]:
    """Ids of the checkpoints of a namespace that can be deleted: none that stays needs them."""
    over = {
        each.checkpoint_id
        for each in space.checkpoints.values()
        if each.hidden_at is not None or each.checkpoint_id in broken
        if (each.hidden_at or now) + grace <= now
    }
    known, needed = space.known, set[str]()
    for left in known.contents.keys() - over:
        content = known.contents[left]
        needed |= known.referred(content.references((now - grace).timestamp()))
        channels = {*lasting(space.checkpoints[left], content)} - content.held.keys()
        needed.update(made_of(space, space.checkpoints[left], channels))
    return over - needed


def _unclaimed(
    read: Examined,
    going: Collection[tuple[str, str]],
    dropped: Collection[Ref[Any]],
    after: dt.datetime,
) -> tuple[list[_Unclaimed], list[Ref[Any]]]:
    """What nothing that stays refers to, and the keys of such values that cannot be read.

    What a checkpoint referred to before it was put again counts, if that was after some time.
    """
    staying = {
        namespace: [each for each in space.checkpoints if (namespace, each) not in going]
        for namespace, space in read.spaces.items()
    }
    tasks = [each for each in read.tasks if ref_of(each) not in dropped]
    claimed, alone = read.claims(staying, after.timestamp()), list[_Unclaimed]()
    for each in tasks:
        if each.checkpoint_id in staying.get(each.namespace, ()):
            claimed.update(written_apart(each))
        else:
            alone.append(each)
    values = [each for name, each in read.values.items() if name not in claimed]
    unreadable = (each for each in read.unreadable if each.cls is CheckpointValue)
    useless = [
        each for each in unreadable if (*_place_of(each), _value(each, "name")) not in claimed
    ]
    return [*alone, *(each for each in values if ref_of(each) not in useless)], useless


def _is_over(found: _Unclaimed, now: dt.datetime, grace: dt.timedelta) -> bool:
    return (found.unclaimed_at or now) + grace <= now


def _place(found: Checkpoint | _Unclaimed) -> tuple[str, str]:
    return found.namespace, found.checkpoint_id


def _place_of(target: Ref[Any]) -> tuple[str, str]:
    return _value(target, "namespace"), _value(target, "checkpoint_id")


def _at(read: Examined, place: tuple[str, str]) -> Checkpoint:
    namespace, checkpoint_id = place
    return read.spaces[namespace].checkpoints[checkpoint_id]


def _value(target: Ref[Any], name: str) -> str:
    value: str = dict(target.values)[name]
    return value


def _hidden(schema: Schema, checkpoint: Checkpoint, now: dt.datetime) -> Steps[bool]:
    """Hide a checkpoint; False if it was put again in the meantime."""
    try:
        yield from change(schema, checkpoint, hidden_at=now)
    except ConditionFailed:
        return False
    return True


def _marked(schema: Schema, found: _Unclaimed, now: dt.datetime) -> Steps[None]:
    """Note that nothing refers to an item, unless it was deleted in the meantime."""
    try:
        yield from write(schema, Update(ref_of(found), unclaimed_at=now))
    except ConditionFailed as failure:
        if failure.stored is not None:
            raise


def _removed(schema: Schema, found: _Unclaimed) -> Steps[bool]:
    """Delete an item that nothing refers to; False if it was put again in the meantime."""
    try:
        same = {"unclaimed_at": found.unclaimed_at}
        yield from write(schema, Delete(ref_of(found), when=same))
    except ConditionFailed as failure:
        return failure.stored is None
    return True


def _deleted(schema: Schema, target: Ref[Any]) -> Steps[None]:
    """Delete an item, with the parts of its payload as far as they are known."""
    try:
        yield from write(schema, Delete(target))
    except DataError:  # what was deleted cannot be read, and that is why
        return


def _write_header(
    schema: Schema,
    thread_id: str,
    read: Examined,
    left: Mapping[str, Sequence[Checkpoint]],
    describe: Describe,
) -> Steps[None]:
    """Write the header of a thread as its checkpoints have it, if there is none yet."""
    namespace = "" if left.get("") else next(each for each, some in left.items() if some)
    contents = read.spaces[namespace].known.contents
    ends = (left[namespace][at] for at in (0, -1))
    first, last = (describe(each, contents[each.checkpoint_id]) for each in ends)
    header = Thread(
        thread_id=thread_id,
        user_id=last.user_id,
        component=last.component,
        created_at=first.made_at,
        expires_at=left[namespace][-1].expires_at,
    )
    with suppress(AlreadyExists):
        yield from write(schema, Create(header))
