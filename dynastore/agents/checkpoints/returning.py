"""Returning: an archived thread comes back when somebody uses it, and by all of those who do at once.

Its items are written again, where they are not there; then its archive says that it is back, and its
stubs are deleted with that. What was written to the thread meanwhile stays, beside what comes back.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from attrs import evolve, frozen

from ...entities.spec import Ref, ref
from ...errors import ItemTooLarge, PayloadMissing
from ...operations.interleaved import all_of, both
from ...operations.reading.reads import get
from ...operations.writing.batches import delete_many
from ...operations.writing.writes import ATTEMPTS
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...writes import Create, Delete, Update
from ..cold import TOGETHER, later
from ..packing import unpacked
from .apart import make_room
from .archives import (
    Archive,
    Overtaken,
    archive_of,
    as_it_is,
    changed,
    fenced,
)
from .contents import content_of, packed
from .entities import Checkpoint, CheckpointValue, TaskWrites, ThreadArchive
from .examining import ref_of
from .keeping import Keeping
from .saving import over
from .stored import read_all, read_refs
from .stubs import ThreadAway, is_stub, mark_of
from .unchanged import delete, same

T = TypeVar("T")

STRICT = Keeping(consistent=True)

# A read that takes longer may have met a thread both before and after it was archived. Most take some
# milliseconds; who archives waits for twice as long before each step.
PATIENCE = dt.timedelta(seconds=10)
# The note that a thread was brought back stays, so that who archives leaves it, and a slow reader
# knows why it missed something.
NOTED = dt.timedelta(days=90)

ITEM_BYTES = 400 * 1024  # what is larger leaves its item


def brought_back(
    schema: Schema,
    thread_id: str,
    keeping: Keeping,
    operation: Callable[[Keeping], Steps[T]],
    *,
    since: dt.datetime | None = None,
) -> Steps[T]:
    """Run an operation on a thread; if that is archived, bring it back and run the operation again.

    A thread that is not archived costs no request more.

    Args:
        schema: where it is.
        thread_id: the thread.
        keeping: how it is read.
        operation: what is run; one that was run before does no harm.
        since: when what it goes by was read first; without, when it begins.
    """
    for _ in range(ATTEMPTS):
        began = since or (yield from Now())
        keeping = evolve(keeping, read_from=began)
        try:
            done = yield from operation(keeping)
        except ThreadAway as away:
            if away.is_stub or (yield from is_away(schema, away.thread_id)):
                yield from bring_back(schema, away.thread_id)
        except PayloadMissing:
            archive = yield from archive_of(schema, thread_id)
            if archive is None or (keeping.is_back and not archive.is_away):
                raise
            yield from bring_back(schema, thread_id)
        else:
            if not (yield from _is_torn(schema, thread_id, began)):
                return done
        keeping, since = evolve(keeping, consistent=True, is_back=True), None
    raise ThreadAway(thread_id, is_stub=False)


def is_away(schema: Schema, thread_id: str) -> Steps[bool]:
    """Whether a thread is archived, or some of it: one small request."""
    archive = yield from archive_of(schema, thread_id)
    return archive is not None and archive.is_away


def _is_torn(schema: Schema, thread_id: str, began: dt.datetime) -> Steps[bool]:
    """Whether a thread was archived or brought back while somebody read it, who took his time."""
    if (yield from Now()) - began <= PATIENCE:
        return False
    archive = yield from archive_of(schema, thread_id)
    if archive is None or not (archive.is_away or archive.since >= began):
        return False
    yield from bring_back(schema, thread_id)
    return True


def bring_back(schema: Schema, thread_id: str) -> Steps[bool]:
    """Bring a thread back into the table, if it is archived.

    Some ten requests, and one for each hundred items or 3 MB of them.

    Args:
        schema: where it is.
        thread_id: the thread.

    Returns:
        Whether it was archived.

    Raises:
        PayloadMissing: the object of the archive is gone.
    """
    was_away = False
    for _ in range(ATTEMPTS):
        left = yield from _stubs(schema, thread_id)
        archive = yield from archive_of(schema, thread_id)
        if archive is None or not archive.is_away:
            # Such as one had that was deleted while its thread was. What has this mark is over.
            yield from all_of(delete(schema, each) for each in left)
            return was_away
        was_away = True
        try:
            yield from _return(schema, archive, left)
        except Overtaken:
            continue
        return True
    raise Overtaken(thread_id)


def drop(schema: Schema, thread_id: str) -> Steps[None]:
    """Forget what the archive of a thread holds, because the thread is deleted: one request."""
    yield from delete_many(schema, [ref(ThreadArchive, thread_id=thread_id)])


def _stubs(schema: Schema, thread_id: str) -> Steps[list[Checkpoint]]:
    found: list[Checkpoint] = yield from read_all(
        schema, Checkpoint, {"thread_id": thread_id}, STRICT
    )
    return [each for each in found if is_stub(each)]


def _return(schema: Schema, archive: Archive, left: Sequence[Checkpoint]) -> Steps[None]:
    """Bring back what an archive holds.

    Raises:
        Overtaken: somebody else changed its state.
    """
    thread_id = archive.thread_id
    target = ref(ThreadArchive, thread_id=thread_id)
    if archive.state != "returning":
        begin = Update(target, when=as_it_is(archive), state="returning")
        yield from changed(schema, archive, begin)
        archive = evolve(archive, state="returning")
    held = yield from get(schema, ThreadArchive, {"thread_id": thread_id}, consistent=True)
    if held is None:
        raise Overtaken(thread_id)
    while (yield from _put_back(schema, archive, held.content)):
        pass
    ours = [Delete(ref_of(each)) for each in left if each.mark == mark_of(archive.since)]
    more, last = ours[TOGETHER:], ours[:TOGETHER]
    yield from fenced(schema, archive, [(each, 1024) for each in more])
    now = yield from Now()
    done = {"state": "back", "since": now, "items": 0, "item_bytes": 0, "content": b""}
    end = Update(target, when=as_it_is(archive), expires_at=now + NOTED, **done)
    yield from changed(schema, archive, end, last)


@frozen
class _Hot:
    """What of a thread is in the table, without its stubs."""

    checkpoints: Mapping[Ref[Any], Checkpoint]
    tasks: Mapping[Ref[Any], TaskWrites]
    values: frozenset[Ref[Any]]

    def __contains__(self, target: Ref[Any]) -> bool:
        return target in self.checkpoints or target in self.tasks or target in self.values


def _put_back(schema: Schema, archive: Archive, content: bytes) -> Steps[bool]:
    """Write what is not there: what belongs to checkpoints, then these, from the newest on.

    So each that is there has all that belongs to it, and none that is newer is missing: who reads some
    of the newest reads them right, whatever became of the process that brought back no more.

    Returns:
        Whether somebody wrote some of it just then, so that this is to be done again.
    """
    hot = yield from _hot(schema, archive.thread_id)
    now = yield from Now()
    stored = [evolve(each, thread_id=archive.thread_id) for each in unpacked(schema, content)]
    lasting = [each for each in stored if each.expires_at is None or each.expires_at > now]
    checkpoints = [each for each in lasting if isinstance(each, Checkpoint)]
    others = [each for each in lasting if not isinstance(each, Checkpoint)]
    refused = []
    for each in others:
        if isinstance(each, TaskWrites) and (task := hot.tasks.get(ref_of(each))) is not None:
            refused += yield from _add(schema, archive, task, each)
    new = [each for each in (*others, *_now_back(checkpoints, now)) if ref_of(each) not in hot]
    refused += yield from fenced(schema, archive, ((Create(each), size_of(each)) for each in new))
    for each in checkpoints:
        if (there := hot.checkpoints.get(ref_of(each))) is not None:
            refused += yield from _join(schema, archive, there, each, now)
    return bool(refused)


def _now_back(checkpoints: Sequence[Any], now: dt.datetime) -> Iterator[Checkpoint]:
    """Checkpoints, the last first, that say since when they are back."""
    return (evolve(each, back_at=now) for each in reversed(checkpoints))


def _hot(schema: Schema, thread_id: str) -> Steps[_Hot]:
    of_thread = {"thread_id": thread_id}
    checkpoints, tasks = yield from both(
        read_all(schema, Checkpoint, of_thread, STRICT),
        read_all(schema, TaskWrites, of_thread, STRICT),
    )
    values = yield from read_refs(schema, CheckpointValue, of_thread, STRICT)
    return _Hot(
        {ref_of(each): each for each in checkpoints if not is_stub(each)},
        {ref_of(each): each for each in tasks},
        frozenset(values),
    )


def size_of(entity: Checkpoint | CheckpointValue | TaskWrites) -> int:
    """About how many bytes an item has at most."""
    forms: Iterable[bytes] = (
        entity.writes.values() if isinstance(entity, TaskWrites) else [entity.content]
    )
    return min(sum(map(len, forms)) + 1024, ITEM_BYTES)


def _join(
    schema: Schema, archive: Archive, hot: Checkpoint, old: Checkpoint, now: dt.datetime
) -> Steps[list[Any]]:
    """Let a checkpoint that was put again hold what the one in the archive held too; see `saving`."""
    content = content_of(hot.content, hot.mark)
    if hot.mark == old.mark or old.mark in content.former:
        return []
    form = packed(over(content, content_of(old.content, old.mark), now))
    lasts = later(hot.expires_at, old.expires_at)
    update = Update(ref_of(hot), when=same(hot), content=form, expires_at=lasts)
    return (yield from fenced(schema, archive, [(update, ITEM_BYTES)]))


def _add(schema: Schema, archive: Archive, hot: TaskWrites, old: TaskWrites) -> Steps[list[Any]]:
    """Add what a task wrote before: of ordinary writes the first stays, of special ones the last."""
    first = {at: form for at, form in old.writes.items() if int(at) >= 0}
    writes = {**old.writes, **hot.writes, **first}
    if writes == hot.writes:
        return []
    lasts = later(hot.expires_at, old.expires_at)
    update = Update(ref_of(hot), when={"writes": hot.writes}, writes=writes, expires_at=lasts)
    try:
        return (yield from fenced(schema, archive, [(update, ITEM_BYTES)]))
    except ItemTooLarge as refused:
        yield from make_room(schema, ref_of(hot), refused)
        return [(update, refused)]
