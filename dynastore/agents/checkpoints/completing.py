"""Completing: what checkpoints refer to is read, until their values are known.

Most of it comes with the page that is read first, see `loading`. What is further back is a stretch of
checkpoints, or some of them by key; and segments that are stored by themselves.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence

from attrs import evolve

from ...entities.spec import ref
from ...errors import PayloadMissing
from ...operations.interleaved import both
from ...operations.reading.reads import get_many
from ...requests import Steps
from ...schema.schema import Schema
from ...terms import between, until
from .chains import Gap, Known
from .contents import FAR_LINKS, Held, content_of, segment_of, spilled_name
from .entities import Checkpoint, CheckpointValue
from .keeping import Keeping
from .saving import Place
from .stored import CHECKPOINTS_AT_ONCE, read_all, reading
from .stubs import none_away

LONG_LINKS = 3  # from so many missing segments on, all between them are read rather than one by one


def complete(
    schema: Schema,
    place: Place,
    known: Known,
    wanted: Sequence[str],
    keeping: Keeping,
    channels: Collection[str] | None = None,
) -> Steps[None]:
    """Read what some checkpoints refer to, until it is known.

    What is missing at first is read once more, and consistently: somebody may have rewritten what
    refers to it, or to whom it refers, between two reads; and an eventual one may lag.

    Args:
        schema: where it is.
        place: of one of the checkpoints; all are in its namespace.
        known: what was read, to which is added.
        wanted: ids of the checkpoints, which were read.
        keeping: how it is read.
        channels: those whose values are wanted; all without.

    Raises:
        PayloadMissing: a value is gone.
    """
    looked_for: set[Gap] = set()
    while gaps := [*_gaps(known, wanted, channels)]:
        spilled = {(gap.at, spilled_name(gap.channel, gap.mark)) for gap in gaps if gap.is_spilled}
        inside = [gap for gap in gaps if not gap.is_spilled]
        yield from both(
            _read_spilled(schema, place, known, spilled, keeping),
            _read_contents(schema, place, known, inside, keeping),
        )
        unread = [gap for gap in gaps if not known.is_read(gap)]
        if gone := [gap for gap in unread if gap in looked_for]:
            raise missing(place, gone[0])
        looked_for.update(unread)
        if unread:
            keeping = evolve(keeping, consistent=True)
            yield from _read_anew(schema, place, known, {gap.at for gap in unread}, wanted)


def _gaps(known: Known, wanted: Sequence[str], channels: Collection[str] | None) -> Iterator[Gap]:
    for each in wanted:
        held = known.contents[each].held
        yield from known.gaps(
            (name, held[name]) for name in held if channels is None or name in channels
        )


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
        _learn(known, found, keeping)
    # Where a chain begins at a host whose clock is ahead, what is between sorts before the latest.
    elif long:
        where = {**namespaced, "checkpoint_id": until(max(gap.at for gap in long))}
        reader = yield from reading(schema, Checkpoint, where, keeping, newest_first=True)
        page = yield from reader.page(min(CHECKPOINTS_AT_ONCE, max(gap.links for gap in long)))
        _learn(known, page.entities, keeping)
    far = {gap.root for gap in gaps if _is_far(gap)}
    wanted = sorted({*far, *(gap.at for gap in gaps)} - known.contents.keys())
    refs = [ref(Checkpoint, **namespaced, checkpoint_id=each) for each in wanted]
    if refs:
        some = yield from get_many(schema, refs, consistent=keeping.consistent)
        _learn(known, [each for each in some if each is not None], keeping)


def _read_anew(
    schema: Schema, place: Place, known: Known, ids: Collection[str], wanted: Collection[str]
) -> Steps[None]:
    """Read checkpoints again. One that is wanted and was put again since stays as it was read."""
    namespaced = {"thread_id": place.thread_id, "namespace": place.namespace}
    refs = [ref(Checkpoint, **namespaced, checkpoint_id=each) for each in sorted(ids)]
    found = yield from get_many(schema, refs, consistent=True)
    for each in found:
        if each is None:
            continue
        before = known.contents.get(each.checkpoint_id)
        if before is None or before.mark == each.mark or each.checkpoint_id not in wanted:
            known.contents[each.checkpoint_id] = content_of(each.content, each.mark)


def _is_far(gap: Gap) -> bool:
    return gap.is_spread and gap.links <= FAR_LINKS


def _learn(known: Known, checkpoints: Sequence[Checkpoint], keeping: Keeping) -> None:
    for each in none_away(checkpoints, keeping):
        if each.checkpoint_id not in known.contents:
            known.contents[each.checkpoint_id] = content_of(each.content, each.mark)
