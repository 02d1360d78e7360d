"""Histories: what tasks wrote to some channels, back to where a checkpoint holds the channel's value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import frozen

from ...requests import Steps
from ...schema.schema import Schema
from ...terms import between, until
from .chains import Known, joined, serialized
from .completing import complete
from .contents import Value, content_of
from .entities import Checkpoint, TaskWrites
from .keeping import Keeping
from .pending import Pending
from .returning import brought_back
from .saving import Place
from .stored import CHECKPOINTS_AT_ONCE, place_of, read_all, reading
from .stubs import none_away
from .waiting import waiting_writes


@frozen
class ChannelHistory:
    """What a channel's value is made of.

    Attributes:
        writes: from the oldest on.
        seed: the value before them; None where it begins empty.
    """

    writes: Sequence[Pending]
    seed: Value | None


def histories(
    schema: Schema, place: Place, parent_id: str | None, channels: Sequence[str], keeping: Keeping
) -> Steps[dict[str, ChannelHistory]]:
    """What the values of some channels of a checkpoint are made of.

    Two requests for any number of channels, where the values are not far back.

    Args:
        schema: where it is.
        place: the checkpoint.
        parent_id: the checkpoint that it follows.
        channels: names.
        keeping: how it is read.

    Raises:
        PayloadMissing: a value is gone.
    """
    wanted = (place, parent_id, channels)
    return (
        yield from brought_back(
            schema, place.thread_id, keeping, lambda read: _histories(schema, wanted, read)
        )
    )


def _histories(
    schema: Schema, wanted: tuple[Place, str | None, Sequence[str]], keeping: Keeping
) -> Steps[dict[str, ChannelHistory]]:
    """The histories of a thread that is in the table; see `histories`."""
    place, parent_id, channels = wanted
    line, known = yield from _line(schema, place, parent_id, set(channels), keeping)
    seeds = {name: _seed(line, known, name) for name in channels}
    if line:
        # Only these channels: of what is kept for its writes alone, other values may be gone.
        ids = [each.checkpoint_id for each in line]
        yield from complete(schema, place_of(line[0]), known, ids, keeping, channels)
    writes = yield from _writes(schema, place, line, keeping)
    return {
        name: ChannelHistory(
            list(_of(name, line[: _reach(line, seeds[name])], writes)),
            _value(known, seeds[name], name),
        )
        for name in channels
    }


def _line(
    schema: Schema, place: Place, parent_id: str | None, wanted: set[str], keeping: Keeping
) -> Steps[tuple[list[Checkpoint], Known]]:
    """The checkpoints before one, from its parent back, as far as to the values of all channels.

    Most often each sorts before the one that follows it. Where it does not, because the clocks of
    hosts differ, what is read next begins with it.
    """
    where = {"thread_id": place.thread_id, "namespace": place.namespace}
    known, line, read = Known(), list[Checkpoint](), dict[str, Checkpoint]()
    reader, lowest, looked_for = None, "", parent_id
    while looked_for is not None and wanted:
        if looked_for not in read:
            if reader is None or looked_for > lowest:
                bound = {**where, "checkpoint_id": until(looked_for)}
                reader = yield from reading(schema, Checkpoint, bound, keeping, newest_first=True)
            page = yield from reader.page(CHECKPOINTS_AT_ONCE)
            for each in none_away(page.entities, keeping):
                read[each.checkpoint_id] = each
                known.contents[each.checkpoint_id] = content_of(each.content, each.mark)
            lowest = page.entities[-1].checkpoint_id if page.entities else ""
            if looked_for not in read and (page.cursor is None or lowest < looked_for):
                break  # it is gone
            continue
        line.append(read[looked_for])
        wanted -= known.contents[looked_for].held.keys()
        looked_for = read[looked_for].parent_id
    return line, known


def _seed(line: Sequence[Checkpoint], known: Known, name: str) -> str | None:
    found = (each.checkpoint_id for each in line if name in known.contents[each.checkpoint_id].held)
    return next(found, None)


def _reach(line: Sequence[Checkpoint], seed: str | None) -> int:
    """How many checkpoints of the line contribute: up to and with the one that has the value."""
    ids = [each.checkpoint_id for each in line]
    return len(ids) if seed is None else ids.index(seed) + 1


def _value(known: Known, seed: str | None, name: str) -> Value | None:
    if seed is None:
        return None
    chain = known.chain(name, known.contents[seed].held[name])
    assert isinstance(chain, list), "the values of these channels were read as far as they go"
    return serialized(joined(name, chain))


def _writes(
    schema: Schema, place: Place, line: Sequence[Checkpoint], keeping: Keeping
) -> Steps[Mapping[str, Sequence[Pending]]]:
    if not line:
        return {}
    ids = [each.checkpoint_id for each in line]
    where = {
        "thread_id": place.thread_id,
        "namespace": place.namespace,
        "checkpoint_id": between(min(ids), max(ids)),
    }
    tasks: list[TaskWrites] = yield from read_all(schema, TaskWrites, where, keeping)
    on_line = [task for task in tasks if task.checkpoint_id in set(ids)]
    return (yield from waiting_writes(schema, on_line, keeping))


def _of(
    name: str, line: Sequence[Checkpoint], writes: Mapping[str, Sequence[Pending]]
) -> Iterator[Pending]:
    for each in reversed(line):
        yield from (one for one in writes.get(each.checkpoint_id, ()) if one.channel == name)
