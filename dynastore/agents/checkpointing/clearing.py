"""Clearing: threads, runs and old checkpoints are deleted, and nothing that is left refers to them.

A process may remember a checkpoint that is removed, and write one that refers to it. So what goes is
hidden first, and deleted when it has been hidden for longer than any process remembers, and nothing
refers to it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from attrs import frozen

from ...errors import ConditionFailed
from ...operations.interleaved import all_of
from ...operations.writing.batches import delete_many
from ...operations.writing.writes import write
from ...requests import BATCH_WRITES, Now, Steps
from ...schema import Schema
from ...spec import Ref, ref
from ...writes import Delete, Put, Update
from ..checkpoints import Checkpoint, CheckpointValue, TaskWrites, Thread
from .chains import Known
from .contents import Content, content_of, packed
from .keeping import Keeping
from .loading import complete, is_shown, place_of, read_all, read_refs
from .rewriting import Rewritten, referred, rewritten
from .saving import spilled_values

PRUNED_GRACE = dt.timedelta(hours=1)  # twice as long as a process remembers a checkpoint
NO_GRACE = dt.timedelta(0)

Lasting = Callable[[Checkpoint, Content], Collection[str]]
"""The channels of a checkpoint whose values are made of the writes of those before it."""


def delete_thread(schema: Schema, thread_id: str, keeping: Keeping) -> Steps[None]:
    """Delete all of a thread, its header last, so that what is left after a failure is found again.

    The newest checkpoints go first, as what is left refers to none of them and can still be read.

    Raises:
        PartialFailure: some of it could not be deleted.
    """
    of_thread = {"thread_id": thread_id}
    checkpoints, values, tasks = yield from all_of(
        read_refs(schema, cls, of_thread, keeping)
        for cls in (Checkpoint, CheckpointValue, TaskWrites)
    )
    newest_first = iter(reversed(checkpoints))
    while some := list(islice(newest_first, BATCH_WRITES)):
        yield from delete_many(schema, some)
    yield from all_of(write(schema, Delete(each)) for each in values)  # with their parts
    yield from delete_many(schema, tasks)
    yield from write(schema, Delete(ref(Thread, thread_id=thread_id)))


def delete_for_runs(
    schema: Schema,
    run_ids: Iterable[str],
    keeping: Keeping,
    lasting: Lasting,
    *,
    grace: dt.timedelta = PRUNED_GRACE,
) -> Steps[list[str]]:
    """Delete the checkpoints that some runs made, and what tasks wrote after them.

    They are given back no more. Those that no others refer to are deleted by the first call, or by
    the first `prune`, after they have been hidden for the grace.

    Args:
        schema: where they are.
        run_ids: the runs. What they wrote within the last second may not be found.
        keeping: how they are read.
        lasting: the channels whose values are made of older writes.
        grace: as of `prune`.

    Returns:
        The threads that they were in.
    """
    now = yield from Now()
    runs = frozenset(run_ids)
    found = yield from all_of(
        read_refs(schema, Checkpoint, {"run_id": each}, Keeping(consistent=False))
        for each in sorted(runs)
    )
    threads = sorted({dict(each.values)["thread_id"] for some in found for each in some})
    for thread_id in threads:
        for namespace in (yield from _read(schema, thread_id, keeping)):
            gone = [each for each in namespace.checkpoints if each.run_id in runs]
            yield from _hide(schema, [each for each in gone if each.hidden_at is None], now)
            over = [each for each in gone if (each.hidden_at or now) + grace <= now]
            yield from _delete(schema, namespace, over, keeping, lasting)
    return threads


def prune(
    schema: Schema,
    thread_id: str,
    keeping: Keeping,
    lasting: Lasting,
    *,
    keep_last: int = 1,
    grace: dt.timedelta = PRUNED_GRACE,
) -> Steps[None]:
    """Remove all but the newest checkpoints of each namespace of a thread.

    Those that stay are rewritten, so that they refer to none that goes. What goes is given back no
    more, and is deleted by the first call after it has been hidden for the grace.

    Args:
        schema: where it is.
        thread_id: the thread.
        keeping: how it is read.
        lasting: the channels whose values are made of older writes; those then stay, hidden.
        keep_last: how many of each namespace stay, 1 or more.
        grace: how long a process may still refer to what is removed; none, if no process works on
            the thread.
    """
    now = yield from Now()
    for namespace in (yield from _read(schema, thread_id, keeping)):
        kept = [each for each in namespace.checkpoints if is_shown(each, now)][-keep_last:]
        stays = {each.checkpoint_id for each in kept}
        gone = [each for each in namespace.checkpoints if each.checkpoint_id not in stays]
        anew = yield from _anew(schema, namespace, kept, keeping)
        # Who remembers a checkpoint as it was may refer to what only that form of it refers to. So
        # that counts as hidden from now on, and is so before the form is replaced.
        released = referred(namespace.known.contents, [each.checkpoint_id for each in anew])
        fresh = [each for each in gone if not each.hidden_at or each.checkpoint_id in released]
        yield from _hide(schema, fresh, now)
        yield from _replace(schema, namespace, anew)
        since = {each.checkpoint_id: each.hidden_at or now for each in gone}
        since |= {each.checkpoint_id: now for each in fresh}
        over = [each for each in gone if since[each.checkpoint_id] + grace <= now]
        yield from _delete(schema, namespace, over, keeping, lasting)


@frozen
class _Namespace:
    """The checkpoints of one namespace of a thread, from the oldest on, and what was read of them."""

    checkpoints: Sequence[Checkpoint]
    known: Known

    def needed(self, left: Iterable[Checkpoint], lasting: Lasting) -> set[str]:
        """Ids of the checkpoints that some refer to, or are made of the writes of."""
        live = [each.checkpoint_id for each in left]
        by_id = {each.checkpoint_id: each for each in self.checkpoints}
        found = referred(self.known.contents, live)
        for each in live:
            found |= set(self._ancestors(by_id, each, lasting))
        return found | {*live}

    def _ancestors(
        self, by_id: dict[str, Checkpoint], checkpoint_id: str, lasting: Lasting
    ) -> Iterator[str]:
        """Those whose writes the values of a checkpoint are made of, and what these begin with."""
        content = self.known.contents[checkpoint_id]
        wanted = {*lasting(by_id[checkpoint_id], content)} - content.held.keys()
        parent = by_id[checkpoint_id].parent_id
        while wanted and parent is not None and parent in by_id:
            yield parent
            begun = wanted & self.known.contents[parent].held.keys()
            yield from referred(self.known.contents, [parent], begun)
            wanted -= begun
            parent = by_id[parent].parent_id


def _read(schema: Schema, thread_id: str, keeping: Keeping) -> Steps[list[_Namespace]]:
    """All checkpoints of a thread, by namespace; hidden ones too."""
    found: list[Checkpoint] = yield from read_all(
        schema, Checkpoint, {"thread_id": thread_id}, keeping
    )
    namespaces: dict[str, list[Checkpoint]] = defaultdict(list)
    for each in found:
        namespaces[each.namespace].append(each)
    return [
        _Namespace(
            some, Known({each.checkpoint_id: content_of(each.content, each.mark) for each in some})
        )
        for some in namespaces.values()
    ]


def _anew(
    schema: Schema, namespace: _Namespace, kept: Sequence[Checkpoint], keeping: Keeping
) -> Steps[list[Rewritten]]:
    """Those of the checkpoints that stay which have to be written anew."""
    if not kept:
        return []
    known = namespace.known
    contents = [known.contents[each.checkpoint_id] for each in kept]
    yield from complete(schema, place_of(kept[0]), known, contents, keeping)
    return list(rewritten(known, {each.checkpoint_id: _lasts(each) for each in kept}))


def _lasts(checkpoint: Checkpoint) -> int:
    return 0 if checkpoint.expires_at is None else int(checkpoint.expires_at.timestamp())


def _replace(schema: Schema, namespace: _Namespace, anew: Iterable[Rewritten]) -> Steps[None]:
    """Write checkpoints anew, from the oldest on: each then refers to what is there already."""
    by_id = {each.checkpoint_id: each for each in namespace.checkpoints}
    for new in anew:
        checkpoint = by_id[new.checkpoint_id]
        values = spilled_values(
            place_of(checkpoint), checkpoint.mark, new.spilled, checkpoint.expires_at
        )
        yield from all_of(write(schema, Put(each)) for each in values)
        yield from _changed(schema, checkpoint, content=packed(new.content))
        namespace.known.contents[new.checkpoint_id] = new.content


def _hide(schema: Schema, checkpoints: Iterable[Checkpoint], now: dt.datetime) -> Steps[None]:
    yield from all_of(_changed(schema, each, hidden_at=now) for each in checkpoints)


def _changed(schema: Schema, checkpoint: Checkpoint, **changes: Any) -> Steps[None]:
    """Change a checkpoint, unless it was deleted in the meantime.

    Raises:
        ConditionFailed: it was put again in the meantime.
    """
    target = ref(Checkpoint, **place_of(checkpoint).fields)
    try:
        yield from write(schema, Update(target, when={"mark": checkpoint.mark}, **changes))
    except ConditionFailed as failure:
        if failure.stored is not None:
            raise


def _delete(
    schema: Schema,
    namespace: _Namespace,
    over: Sequence[Checkpoint],
    keeping: Keeping,
    lasting: Lasting,
) -> Steps[None]:
    """Delete hidden checkpoints that nothing else needs, after what belongs to them."""
    going = {each.checkpoint_id: each for each in over}
    left = [each for each in namespace.checkpoints if each.checkpoint_id not in going]
    for each in namespace.needed(left, lasting) & going.keys():
        del going[each]
    if not going:
        return
    first = over[0]
    where = {"thread_id": first.thread_id, "namespace": first.namespace}
    values, tasks = yield from all_of(
        read_refs(schema, cls, where, keeping) for cls in (CheckpointValue, TaskWrites)
    )
    yield from all_of(write(schema, Delete(each)) for each in values if _of(each) in going)
    yield from delete_many(schema, [each for each in tasks if _of(each) in going])
    yield from delete_many(
        schema, [ref(Checkpoint, **place_of(each).fields) for each in going.values()]
    )


def _of(target: Ref[Any]) -> str:
    checkpoint_id: str = dict(target.values)["checkpoint_id"]
    return checkpoint_id
