"""Loading: a checkpoint, the values that older ones hold for it, and the writes that wait for the next.

What is newest is read first: the checkpoints from the one that is asked for backwards, and with them
the writes of its tasks. Most often that is all.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from ...operations.interleaved import both
from ...operations.reading.reader import Reader
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...terms import until
from .chains import Known, serialized
from .completing import complete
from .contents import Content, Value, content_of
from .deltas import Head, digests_of
from .elements import Elements
from .entities import Checkpoint, TaskWrites
from .keeping import Keeping
from .pending import Pending
from .recent import Recent, Remembered
from .returning import brought_back, is_away
from .saving import Place
from .stored import CHECKPOINTS_AT_ONCE, is_shown, place_of, read_all, reading
from .stubs import ThreadAway, none_away
from .waiting import waiting_writes

MADE_SINCE = 8  # read besides those that are remembered: others may have made some
TASKS_AT_ONCE = 8  # read first: the tasks of a step, which are few


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
    reach = recent.reach(thread_id, namespace, checkpoint_id)
    wanted = (thread_id, namespace, checkpoint_id)
    return (
        yield from brought_back(
            schema, thread_id, keeping, lambda read: _loaded(schema, reach, wanted, read)
        )
    )


def _loaded(
    schema: Schema, reach: int | None, wanted: tuple[str, str, str | None], keeping: Keeping
) -> Steps[Loaded | None]:
    """Load one checkpoint of a thread that is in the table; see `load`."""
    thread_id, namespace, checkpoint_id = wanted
    now = yield from Now()
    namespaced = {"thread_id": thread_id, "namespace": namespace}
    at_once = _at_once(reach, checkpoint_id)
    checkpoints, (tasks, more) = yield from both(
        _newest(schema, namespaced, checkpoint_id, at_once, keeping, now),
        _newest_tasks(schema, namespaced, checkpoint_id, keeping),
    )
    head = next((each for each in checkpoints if is_shown(each, now)), None)
    if head is None or checkpoint_id not in {None, head.checkpoint_id}:
        # One that is older may have been put again since the thread was archived.
        if checkpoints and checkpoint_id and (yield from is_away(schema, thread_id)):
            raise ThreadAway(thread_id)
        return None
    while more is not None and (not tasks or tasks[-1].checkpoint_id >= head.checkpoint_id):
        page = yield from more.page(None)
        tasks += page.entities
        more = more if page.cursor else None
    known = Known({each.checkpoint_id: content_of(each.content, each.mark) for each in checkpoints})
    yield from complete(schema, place_of(head), known, [head.checkpoint_id], keeping)
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
        found += none_away(page.entities, keeping)
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
