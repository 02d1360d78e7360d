"""Loading: a checkpoint, the values that older ones hold for it, and the writes that wait for the next.

What is newest is read first: the checkpoints from the one that is asked for backwards, and with them
the writes of its tasks. Most often that is all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from attrs import frozen

from ...errors import PayloadMissing
from ...operations.interleaved import both
from ...operations.reading import reads
from ...operations.reading.reader import Reader
from ...operations.reading.reads import get_many, opened
from ...planner import Ask
from ...requests import Now, Steps
from ...schema import Schema
from ...spec import Ref, ref
from ...terms import Combined, between, until
from .chains import Gap, Known, serialized
from .contents import FAR_LINKS, Content, Held, Value, content_of, segment_of, spilled_name
from .deltas import Head, digests_of
from .elements import Elements
from .entities import Checkpoint, CheckpointValue, TaskWrites
from .keeping import Keeping
from .pending import Pending
from .recent import Recent, Remembered
from .saving import Place
from .waiting import waiting_writes

CHECKPOINTS_AT_ONCE = 100  # read first: of most threads all that the newest refers to
MADE_SINCE = 8  # read besides those that are remembered: others may have made some
TASKS_AT_ONCE = 8  # read first: the tasks of a step, which are few
LONG_LINKS = 3  # from so many missing segments on, all between them are read rather than one by one


@frozen
class Loaded:
    """A checkpoint that was read.

    Attributes:
        checkpoint: its item.
        content: what is in it.
        channels: channel -> its value; cut, if it was spliced together.
        writes: those that wait for the next checkpoint, in the order in which they are applied.
        read_at: when.
    """

    checkpoint: Checkpoint
    content: Content
    channels: Mapping[str, Value | Elements]
    writes: Sequence[Pending]
    read_at: dt.datetime

    @property
    def values(self) -> dict[str, Value]:
        """Channel -> its value, serialized."""
        return {name: serialized(value) for name, value in self.channels.items()}

    @property
    def place(self) -> Place:
        """Where it is."""
        return place_of(self.checkpoint)

    def remembered(
        self, versions: Mapping[str, object], whose: tuple[str | None, str | None]
    ) -> Remembered:
        """What the next checkpoint has to know of it.

        Args:
            versions: channel -> the version of its value.
            whose: the user and the component that its metadata names.
        """
        digests = {
            name: found for name, each in self.channels.items() if (found := digests_of(each))
        }
        head = Head(versions, self.content.held, digests)
        return Remembered(head, (*whose, self.content.thread_lasts), self.read_at)


def place_of(checkpoint: Checkpoint) -> Place:
    """Where a checkpoint is."""
    return Place(checkpoint.thread_id, checkpoint.namespace, checkpoint.checkpoint_id)


def is_shown(checkpoint: Checkpoint, now: dt.datetime) -> bool:
    """Whether a checkpoint is given back: it is not hidden, and its time is not over."""
    return checkpoint.hidden_at is None and (checkpoint.until is None or checkpoint.until > now)


def load(
    schema: Schema,
    recent: Recent,
    thread_id: str,
    namespace: str,
    checkpoint_id: str | None,
    keeping: Keeping,
) -> Steps[Loaded | None]:
    """Load one checkpoint: two requests at the same time, and a third where its values are far back.

    Args:
        schema: where it is.
        recent: what this process remembers: from it, how far back to read.
        thread_id: its thread.
        namespace: of a graph inside the graph; "" is the outermost.
        checkpoint_id: its id; the newest without.
        keeping: how it is read.

    Returns:
        The checkpoint, or None if there is none.

    Raises:
        PayloadMissing: a value that it refers to is gone.
        DataError: an item is damaged.
    """
    now = yield from Now()
    namespaced = {"thread_id": thread_id, "namespace": namespace}
    reach = recent.reach(thread_id, namespace, checkpoint_id)
    at_once = _at_once(reach, checkpoint_id)
    checkpoints, (tasks, more) = yield from both(
        _newest(schema, namespaced, checkpoint_id, at_once, keeping, now),
        _newest_tasks(schema, namespaced, checkpoint_id, keeping),
    )
    head = next((each for each in checkpoints if is_shown(each, now)), None)
    if head is None or checkpoint_id not in {None, head.checkpoint_id}:
        return None
    while more is not None and (not tasks or tasks[-1].checkpoint_id >= head.checkpoint_id):
        page = yield from more.page(None)
        tasks += page.entities
        more = more if page.cursor else None
    known = Known({each.checkpoint_id: content_of(each.content, each.mark) for each in checkpoints})
    yield from complete(
        schema, place_of(head), known, [known.contents[head.checkpoint_id]], keeping
    )
    # Those of older checkpoints came with the page: what they refer to is not needed, and may be gone.
    own = [each for each in tasks if each.checkpoint_id == head.checkpoint_id]
    written = yield from waiting_writes(schema, own, keeping)
    return loaded(head, known, written.get(head.checkpoint_id, ()), now)


def _at_once(reach: int | None, checkpoint_id: str | None) -> int:
    """How many checkpoints are read first, as far as one request brings them."""
    if checkpoint_id is not None:
        return reach or 1  # it says itself where its values are
    return CHECKPOINTS_AT_ONCE if reach is None else reach + MADE_SINCE


def loaded(
    checkpoint: Checkpoint, known: Known, writes: Sequence[Pending], now: dt.datetime
) -> Loaded:
    """A checkpoint, all of whose values are known."""
    content = known.contents[checkpoint.checkpoint_id]
    return Loaded(checkpoint, content, known.values(content), writes, now)


def reading(
    schema: Schema,
    cls: type[Any],
    where: Mapping[str, Any],
    keeping: Keeping,
    *filters: Combined,
    newest_first: bool = False,
) -> Steps[Reader]:
    """What reads the items of a class in one thread."""
    ask = Ask(newest_first=newest_first, consistent=keeping.consistent)
    return (yield from opened(schema, schema.plan(cls, where, filters, ask)))


def read_all(
    schema: Schema, cls: type[Any], where: Mapping[str, Any], keeping: Keeping
) -> Steps[list[Any]]:
    """All items of a class in one thread, between two places."""
    plan = schema.plan(cls, where, (), Ask(consistent=keeping.consistent))
    return (yield from reads.read_all(schema, plan))


def read_refs(
    schema: Schema,
    cls: type[Any],
    where: Mapping[str, Any],
    keeping: Keeping,
    *,
    newest_first: bool = False,
) -> Steps[list[Ref[Any]]]:
    """The keys of all items of a class that are found so."""
    fields = tuple(dict.fromkeys(schema.codec(cls).spec.primary.fields))
    ask = Ask(newest_first=newest_first, consistent=keeping.consistent, selected=fields)
    found = yield from reads.read_all(schema, schema.plan(cls, where, (), ask))
    return [ref(cls, **each) for each in found]


def _newest(
    schema: Schema,
    namespaced: Mapping[str, Any],
    checkpoint_id: str | None,
    at_once: int,
    keeping: Keeping,
    now: dt.datetime,
) -> Steps[list[Checkpoint]]:
    """Checkpoints from one backwards, as far as to one that is given back."""
    bound = {} if checkpoint_id is None else {"checkpoint_id": until(checkpoint_id)}
    where = {**namespaced, **bound}
    reader = yield from reading(schema, Checkpoint, where, keeping, newest_first=True)
    found: list[Checkpoint] = []
    while True:
        page = yield from reader.page(at_once, once=True)
        found += page.entities
        if page.cursor is None or checkpoint_id or any(is_shown(each, now) for each in found):
            return found


def _newest_tasks(
    schema: Schema, namespaced: Mapping[str, Any], checkpoint_id: str | None, keeping: Keeping
) -> Steps[tuple[list[TaskWrites], Reader | None]]:
    """What tasks wrote: of one checkpoint all, else the newest, and what reads on."""
    if checkpoint_id is not None:
        where = {**namespaced, "checkpoint_id": checkpoint_id}
        return (yield from read_all(schema, TaskWrites, where, keeping)), None
    reader = yield from reading(schema, TaskWrites, namespaced, keeping, newest_first=True)
    page = yield from reader.page(TASKS_AT_ONCE)
    return [*page.entities], reader if page.cursor else None


def complete(
    schema: Schema, place: Place, known: Known, wanted: Sequence[Content], keeping: Keeping
) -> Steps[None]:
    """Read what some checkpoints refer to, until it is known.

    Args:
        schema: where it is.
        place: of one of the checkpoints; all are in its namespace.
        known: what was read, to which is added.
        wanted: the contents of the checkpoints.
        keeping: how it is read.

    Raises:
        PayloadMissing: a value is gone.
    """
    while gaps := [gap for content in wanted for gap in known.gaps(content.held.items())]:
        spilled = {(gap.at, spilled_name(gap.channel, gap.mark)) for gap in gaps if gap.is_spilled}
        inside = [gap for gap in gaps if not gap.is_spilled]
        yield from both(
            _read_spilled(schema, place, known, spilled, keeping),
            _read_contents(schema, place, known, inside, keeping),
        )
        for gap in gaps:
            if not known.is_read(gap):
                raise missing(place, gap)


def traced(
    schema: Schema,
    place: Place,
    known: Known,
    references: Collection[tuple[str, Held]],
    keeping: Keeping,
) -> Steps[None]:
    """Read what tells where some values are, of which all checkpoints were read.

    These are segments that are stored by themselves and spliced into others, as far as they are
    there.

    Args:
        schema: where it is.
        place: of one of the checkpoints; all are in its namespace.
        known: what was read, to which is added.
        references: channels, and where their values are.
        keeping: how it is read.
    """
    tried: set[tuple[str, str]] = set()
    while (
        wanted := {
            (gap.at, spilled_name(gap.channel, gap.mark))
            for gap in known.gaps(references)
            if gap.is_spilled and gap.links > 1
        }
        - tried
    ):
        yield from _read_spilled(schema, place, known, wanted, keeping)
        tried |= wanted


def missing(place: Place, gap: Gap) -> PayloadMissing:
    """The error that a value is gone."""
    return PayloadMissing(
        f"thread {place.thread_id!r}, checkpoint {place.checkpoint_id}",
        f"of channel {gap.channel!r}, which checkpoint {gap.at} holds,",
        "Was it deleted, or the thread, while a graph ran? repair() makes the newest checkpoint that "
        "can be read the last one.",
    )


def _read_spilled(
    schema: Schema,
    place: Place,
    known: Known,
    wanted: Iterable[tuple[str, str]],
    keeping: Keeping,
) -> Steps[None]:
    places = sorted(wanted)
    refs = [
        ref(
            CheckpointValue,
            thread_id=place.thread_id,
            namespace=place.namespace,
            checkpoint_id=checkpoint_id,
            name=name,
        )
        for checkpoint_id, name in places
    ]
    if refs:
        values = yield from get_many(schema, refs, consistent=keeping.consistent)
        found = {at: each for at, each in zip(places, values, strict=True) if each is not None}
        known.spilled.update({at: segment_of(each.content) for at, each in found.items()})


def _read_contents(
    schema: Schema, place: Place, known: Known, gaps: Sequence[Gap], keeping: Keeping
) -> Steps[None]:
    """Checkpoints that hold segments: a stretch of them if chains are long, else just these.

    Of a chain that is spread the first and the last are known, and few are between them.
    """
    namespaced = {"thread_id": place.thread_id, "namespace": place.namespace}
    long = [gap for gap in gaps if gap.links >= LONG_LINKS and not _is_far(gap)]
    if stretches := [gap for gap in long if gap.root <= gap.at]:
        low, high = min(gap.root for gap in stretches), max(gap.at for gap in stretches)
        where = {**namespaced, "checkpoint_id": between(low, high)}
        found = yield from read_all(schema, Checkpoint, where, keeping)
        _learn(known, found)
    # Where a chain begins at a host whose clock is ahead, what is between sorts before the latest.
    elif long:
        where = {**namespaced, "checkpoint_id": until(max(gap.at for gap in long))}
        reader = yield from reading(schema, Checkpoint, where, keeping, newest_first=True)
        page = yield from reader.page(min(CHECKPOINTS_AT_ONCE, max(gap.links for gap in long)))
        _learn(known, page.entities)
    far = {gap.root for gap in gaps if _is_far(gap)}
    wanted = sorted({*far, *(gap.at for gap in gaps)} - known.contents.keys())
    refs = [ref(Checkpoint, **namespaced, checkpoint_id=each) for each in wanted]
    if refs:
        some = yield from get_many(schema, refs, consistent=keeping.consistent)
        _learn(known, [each for each in some if each is not None])


def _is_far(gap: Gap) -> bool:
    return gap.is_spread and gap.links <= FAR_LINKS


def _learn(known: Known, checkpoints: Iterable[Checkpoint]) -> None:
    for each in checkpoints:
        if each.checkpoint_id not in known.contents:
            known.contents[each.checkpoint_id] = content_of(each.content, each.mark)
