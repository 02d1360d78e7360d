"""Clearing: threads, runs and old checkpoints are deleted, and nothing that is left refers to them.

A process may remember a checkpoint that is removed, and write one that refers to it. So what goes is
hidden first, and deleted when it has been hidden for longer than any process remembers, and nothing
refers to it.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import compress, islice
from typing import Any, cast

from attrs import evolve, frozen

from ...entities.spec import Ref
from ...errors import ConditionFailed
from ...operations.interleaved import all_of
from ...operations.writing.batches import delete_many
from ...operations.writing.writes import ATTEMPTS, write
from ...requests import BATCH_WRITES, Now, Steps
from ...schema.schema import Schema
from ...writes import Delete, Put
from .chains import Known
from .completing import complete, traced
from .contents import Content, Held, content_of, packed, spilled_name
from .entities import Checkpoint, CheckpointValue, TaskWrites
from .keeping import Keeping
from .returning import brought_back
from .rewriting import Kept, Rewritten, rewritten
from .saving import spilled_values
from .stored import is_shown, place_of, read_all, read_refs
from .stubs import none_away
from .unchanged import change, delete

PRUNED_GRACE = dt.timedelta(hours=1)  # twice as long as a process remembers a checkpoint
NO_GRACE = dt.timedelta(0)

Lasting = Callable[[Checkpoint, Content], Collection[str]]
"""The channels of a checkpoint whose values are made of the writes of those before it."""


def delete_for_runs(
    schema: Schema,
    thread_ids: Iterable[str],
    run_ids: Collection[str],
    keeping: Keeping,
    lasting: Lasting,
    *,
    grace: dt.timedelta = PRUNED_GRACE,
) -> Steps[None]:
    """Delete the checkpoints that some runs made, and what tasks wrote after them.

    They are given back no more. Those that no others refer to are deleted by the first call, or by
    the first `prune`, after they have been hidden for the grace.

    Args:
        schema: where they are.
        thread_ids: the threads that the runs worked on.
        run_ids: the runs.
        keeping: how they are read.
        lasting: the channels whose values are made of older writes.
        grace: as of `prune`.
    """
    for each in thread_ids:
        without = partial(_without, schema, each, run_ids, lasting, grace)
        yield from brought_back(schema, each, keeping, partial(_until_done, without))


def _until_done(once: Callable[[Keeping], Steps[None]], keeping: Keeping) -> Steps[None]:
    """Read something and change it, and again where somebody else changed it in between."""
    for _ in range(ATTEMPTS - 1):
        try:
            return (yield from once(keeping))
        except ConditionFailed:
            continue
    yield from once(keeping)


def _without(
    schema: Schema,
    thread_id: str,
    runs: Collection[str],
    lasting: Lasting,
    grace: dt.timedelta,
    keeping: Keeping,
) -> Steps[None]:
    """Remove the checkpoints of a thread that some runs made.

    Raises:
        ConditionFailed: one of them was changed in the meantime.
    """
    now = yield from Now()
    for namespace in (yield from _read(schema, thread_id, keeping)):
        gone = [each for each in namespace.checkpoints if each.run_id in runs]
        fresh = [each for each in gone if each.hidden_at is None]
        hidden = yield from _hide(schema, fresh, now)
        yield from _delete(schema, namespace, [*gone, *hidden], keeping, lasting, now - grace)


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
    pruned = partial(_pruned, schema, thread_id, lasting, keep_last, grace)
    yield from brought_back(schema, thread_id, keeping, partial(_until_done, pruned))


def _pruned(
    schema: Schema,
    thread_id: str,
    lasting: Lasting,
    keep_last: int,
    grace: dt.timedelta,
    keeping: Keeping,
) -> Steps[None]:
    """Prune a thread.

    Raises:
        ConditionFailed: a checkpoint was changed in the meantime.
    """
    now = yield from Now()
    for namespace in (yield from _read(schema, thread_id, keeping)):
        kept = [each for each in namespace.checkpoints if is_shown(each, now)][-keep_last:]
        stays = {each.checkpoint_id for each in kept}
        gone = [each for each in namespace.checkpoints if each.checkpoint_id not in stays]
        anew = yield from _anew(schema, namespace, kept, keeping)
        # Who remembers a checkpoint as it was may refer to what only that form of it refers to. So
        # that counts as hidden from now on, and is so before the form is replaced.
        before = namespace.references(each.checkpoint_id for each in anew)
        released = namespace.known.referred(before)
        fresh = [each for each in gone if not each.hidden_at or each.checkpoint_id in released]
        hidden = yield from _hide(schema, fresh, now)
        yield from _replace(schema, namespace, anew)
        yield from _delete(schema, namespace, [*gone, *hidden], keeping, lasting, now - grace)


@frozen
class _Namespace:
    """The checkpoints of one namespace of a thread, from the oldest on, and what was read of them."""

    checkpoints: Sequence[Checkpoint]
    known: Known

    def references(self, ids: Iterable[str], after: float = 0) -> Iterator[tuple[str, Held]]:
        """Channels of some checkpoints, and where their values are; see `Content.references`."""
        for each in ids:
            yield from self.known.contents[each].references(after)

    def ancestors(
        self, checkpoint_id: str, lasting: Lasting
    ) -> Iterator[tuple[str, dict[str, Held]]]:
        """Those whose writes the values of a checkpoint are made of, and what these begin with."""
        by_id = {each.checkpoint_id: each for each in self.checkpoints}
        content = self.known.contents[checkpoint_id]
        wanted = {*lasting(by_id[checkpoint_id], content)} - content.held.keys()
        parent = by_id[checkpoint_id].parent_id
        while wanted and parent is not None and parent in by_id:
            held = self.known.contents[parent].held
            yield parent, {name: held[name] for name in wanted & held.keys()}
            wanted -= held.keys()
            parent = by_id[parent].parent_id


def _needed(
    schema: Schema,
    namespace: _Namespace,
    left: Collection[str],
    keeping: Keeping,
    lasting: Lasting,
    after: float,
) -> Steps[set[str]]:
    """Ids of some checkpoints, and of those that they refer to, or are made of the writes of.

    Args:
        schema: where they are.
        namespace: theirs.
        left: ids of those.
        keeping: how values are read.
        lasting: the channels whose values are made of older writes.
        after: as of `Content.references`.
    """
    found = {*left}
    references = [*namespace.references(left, after)]
    for each in left:
        for ancestor, begun in namespace.ancestors(each, lasting):
            found.add(ancestor)
            references += begun.items()
    place = place_of(namespace.checkpoints[0])
    yield from traced(schema, place, namespace.known, references, keeping)
    return found | namespace.known.referred(references)


def _read(schema: Schema, thread_id: str, keeping: Keeping) -> Steps[list[_Namespace]]:
    """All checkpoints of a thread, by namespace; hidden ones too."""
    found: list[Checkpoint] = yield from read_all(
        schema, Checkpoint, {"thread_id": thread_id}, keeping
    )
    none_away(found, keeping)
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
    ids = [each.checkpoint_id for each in kept]
    yield from complete(schema, place_of(kept[0]), known, ids, keeping)
    return list(rewritten(known, {each.checkpoint_id: _kept(each) for each in kept}))


def _kept(checkpoint: Checkpoint) -> Kept:
    until, expires_at = checkpoint.until, checkpoint.expires_at
    return Kept(
        0 if until is None else until.timestamp(),
        0 if expires_at is None else int(expires_at.timestamp()),
    )


def _replace(schema: Schema, namespace: _Namespace, anew: Iterable[Rewritten]) -> Steps[None]:
    """Write checkpoints anew, from the oldest on: each then refers to what is there already."""
    by_id = {each.checkpoint_id: each for each in namespace.checkpoints}
    for new in anew:
        checkpoint = by_id[new.checkpoint_id]
        values = spilled_values(
            place_of(checkpoint), checkpoint.mark, new.spilled, checkpoint.expires_at
        )
        yield from all_of(write(schema, Put(each)) for each in values)
        yield from change(schema, checkpoint, content=packed(new.content))
        namespace.known.contents[new.checkpoint_id] = new.content
        namespace.known.spilled.update(
            ((new.checkpoint_id, spilled_name(name, checkpoint.mark)), segment)
            for name, segment in new.spilled.items()
        )


def _hide(
    schema: Schema, checkpoints: Collection[Checkpoint], now: dt.datetime
) -> Steps[list[Checkpoint]]:
    """Hide checkpoints; how they are then."""
    yield from all_of(change(schema, each, hidden_at=now) for each in checkpoints)
    return [evolve(cast("Any", each), hidden_at=now) for each in checkpoints]


def _delete(
    schema: Schema,
    namespace: _Namespace,
    gone: Iterable[Checkpoint],
    keeping: Keeping,
    lasting: Lasting,
    after: dt.datetime,
) -> Steps[None]:
    """Delete checkpoints that have been hidden since before some time and that nothing else needs.

    What a checkpoint referred to before it was put again is needed, if that was after that time.

    The newest go first, some at a time. What belongs to them goes after them: one that was put again
    in the meantime stays, with all that is its own.

    Args:
        schema: where they are.
        namespace: theirs.
        gone: the checkpoints; of one that is there twice the last is how it is.
        keeping: how they are read.
        lasting: the channels whose values are made of older writes.
        after: the time.
    """
    last = {each.checkpoint_id: each for each in gone}
    over = {name: each for name, each in last.items() if each.hidden_at and each.hidden_at <= after}
    left = {each.checkpoint_id for each in namespace.checkpoints} - over.keys()
    needed = yield from _needed(schema, namespace, left, keeping, lasting, after.timestamp())
    going = [over[each] for each in sorted(over.keys() - needed, reverse=True)]
    if not going:
        return
    where = {"thread_id": going[0].thread_id, "namespace": going[0].namespace}
    values, tasks = yield from all_of(
        read_refs(schema, cls, where, keeping) for cls in (CheckpointValue, TaskWrites)
    )
    newest_first = iter(going)
    while some := list(islice(newest_first, BATCH_WRITES)):
        are_gone = yield from all_of(delete(schema, each) for each in some)
        ids = {each.checkpoint_id for each in compress(some, are_gone)}
        yield from all_of(write(schema, Delete(each)) for each in values if _of(each) in ids)
        yield from delete_many(schema, [each for each in tasks if _of(each) in ids])


def _of(target: Ref[Any]) -> str:
    checkpoint_id: str = dict(target.values)["checkpoint_id"]
    return checkpoint_id
