"""Listing: the checkpoints of a thread, newest first, with what belongs to each of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from itertools import groupby
from typing import Any

from attrs import frozen

from ...operations.interleaved import all_of
from ...operations.reading.reader import Reader
from ...requests import Now, Steps
from ...schema import Schema
from ...terms import all_of as all_hold
from ...terms import before as less_than
from ...terms import between, contains
from .chains import Known
from .completing import complete
from .contents import Content, content_of
from .entities import Checkpoint, TaskWrites
from .keeping import Keeping
from .loading import Loaded, loaded
from .stored import CHECKPOINTS_AT_ONCE, is_shown, place_of, read_all, reading
from .waiting import waiting_writes


@frozen
class Wanted:
    """Which checkpoints of a thread are listed.

    Attributes:
        thread_id: whose.
        namespace: of a graph inside the graph; None for all, one after the other.
        checkpoint_id: the only one, or None.
        before: id of the checkpoint before which they were made, or None.
        labels: those that they have.
        passes: tells by its item and content whether one is wanted, as far as labels do not say it.
    """

    thread_id: str
    namespace: str | None = None
    checkpoint_id: str | None = None
    before: str | None = None
    labels: frozenset[str] = frozenset()
    passes: Callable[[Checkpoint, Content], bool] = lambda *_: True

    @property
    def where(self) -> dict[str, Any]:
        """As filters of a query."""
        found: dict[str, Any] = {"thread_id": self.thread_id}
        if self.namespace is not None:
            found["namespace"] = self.namespace
        if self.checkpoint_id is not None:
            found["checkpoint_id"] = self.checkpoint_id
        elif self.before is not None:
            found["checkpoint_id"] = less_than(self.before)
        return found

    def has(self, checkpoint: Checkpoint) -> bool:
        """Whether one is among them, as far as its item says it."""
        return self.before is None or checkpoint.checkpoint_id < self.before


class Lister:
    """Lists checkpoints, page after page: within a namespace newest first."""

    def __init__(self, schema: Schema, wanted: Wanted, keeping: Keeping) -> None:
        """Nothing is read yet."""
        self._schema = schema
        self._wanted = wanted
        self._keeping = keeping
        self._reader: Reader | None = None
        self._known: dict[str, Known] = {}
        self._read: list[Checkpoint] = []
        self.done = False

    def page(self, limit: int | None) -> Steps[list[Loaded]]:
        """The next checkpoints; only the last page can be empty.

        Args:
            limit: how many at most, 1 or more; without it as many as one read brings.

        Raises:
            PayloadMissing: a value that one of them refers to is gone.
        """
        now = yield from Now()
        if self._reader is None:
            self._reader = yield from self._opened()
        while not self._read and not self.done:
            yield from self._fetch(limit, now)
        chosen, self._read = self._read[:limit], self._read[len(self._read[:limit]) :]
        self.done = self.done and not self._read
        return (yield from self._loaded(chosen, now))

    def _opened(self) -> Steps[Reader]:
        filters = [all_hold(labels=contains(each)) for each in sorted(self._wanted.labels)]
        where = self._wanted.where
        return (
            yield from reading(
                self._schema, Checkpoint, where, self._keeping, *filters, newest_first=True
            )
        )

    def _fetch(self, limit: int | None, now: dt.datetime) -> Steps[None]:
        assert self._reader is not None, "the lister is not open"
        least = None if limit is None else max(limit, CHECKPOINTS_AT_ONCE)
        page = yield from self._reader.page(least, once=True)
        self.done = page.cursor is None
        for each in page.entities:
            known = self._known.setdefault(each.namespace, Known())
            # Also where it is known: the next checkpoint may refer to what this one refers to now.
            content = known.contents[each.checkpoint_id] = content_of(each.content, each.mark)
            if (
                is_shown(each, now)
                and self._wanted.has(each)
                and self._wanted.passes(each, content)
            ):
                self._read.append(each)

    def _loaded(self, chosen: Sequence[Checkpoint], now: dt.datetime) -> Steps[list[Loaded]]:
        groups = [list(some) for _, some in groupby(chosen, key=lambda each: each.namespace)]
        found = yield from all_of(self._of_namespace(some, now) for some in groups)
        return [each for some in found for each in some]

    def _of_namespace(self, some: list[Checkpoint], now: dt.datetime) -> Steps[list[Loaded]]:
        known, place = self._known[some[0].namespace], place_of(some[0])
        ids = [each.checkpoint_id for each in some]
        yield from complete(self._schema, place, known, ids, self._keeping)
        where: dict[str, Any] = {"thread_id": place.thread_id, "namespace": place.namespace}
        where["checkpoint_id"] = ids[0] if len(ids) == 1 else between(min(ids), max(ids))
        tasks: Iterable[TaskWrites] = yield from read_all(
            self._schema, TaskWrites, where, self._keeping
        )
        wanted = [task for task in tasks if task.checkpoint_id in set(ids)]
        writes = yield from waiting_writes(self._schema, wanted, self._keeping)
        return [loaded(each, known, writes.get(each.checkpoint_id, ()), now) for each in some]
