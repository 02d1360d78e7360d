"""Listing: the checkpoints of a thread, newest first, with what belongs to each of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import groupby
from typing import Any

from attrs import frozen

from ...operations.interleaved import all_of
from ...operations.reading.reader import Reader
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...terms import before as less_than
from ...terms import between, contains
from .chains import Known
from .completing import complete
from .contents import Content, content_of
from .entities import Checkpoint, TaskWrites
from .keeping import Keeping
from .loading import Loaded, loaded
from .returning import brought_back, is_away
from .stored import CHECKPOINTS_AT_ONCE, is_shown, place_of, read_all, reading
from .stubs import ThreadAway, none_away, or_stub
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
        self._seen: set[tuple[str, str]] = set()
        self._read_at: dt.datetime | None = None
        self.done = False

    def page(self, limit: int | None) -> Steps[list[Loaded]]:
        """The next checkpoints; only the last page can be empty.

        Args:
            limit: how many at most, 1 or more; without it as many as one read brings.

        Raises:
            PayloadMissing: a value that one of them refers to is gone.
        """
        now = yield from Now()
        thread_id = self._wanted.thread_id
        fetching = partial(self._filled, limit, now)
        yield from brought_back(self._schema, thread_id, self._keeping, fetching)
        chosen, self._read = self._read[:limit], self._read[len(self._read[:limit]) :]
        self.done = self.done and not self._read
        loading = partial(self._loaded, chosen, now)
        since = self._read_at
        return (
            yield from brought_back(self._schema, thread_id, self._keeping, loading, since=since)
        )

    def _filled(self, limit: int | None, now: dt.datetime, keeping: Keeping) -> Steps[None]:
        """Read until there is something to give back, or no more."""
        try:
            while not self._read and not self.done:
                if self._reader is None:
                    self._reader = yield from self._opened(keeping)
                yield from self._fetch(limit, now, keeping)
        except ThreadAway:
            self._reader = (
                None  # what is back is read from the newest on; what was seen is passed over
            )
            raise

    def _opened(self, keeping: Keeping) -> Steps[Reader]:
        filters = [or_stub(labels=contains(each)) for each in sorted(self._wanted.labels)]
        where = self._wanted.where
        return (
            yield from reading(
                self._schema, Checkpoint, where, keeping, *filters, newest_first=True
            )
        )

    def _fetch(self, limit: int | None, now: dt.datetime, keeping: Keeping) -> Steps[None]:
        assert self._reader is not None, "the lister is not open"
        least = None if limit is None else max(limit, CHECKPOINTS_AT_ONCE)
        page = yield from self._reader.page(least, once=True)
        if not page.entities and self._wanted.checkpoint_id is not None:
            yield from self._look_for_stub()
        self._read_at = now
        fresh = [
            each for each in none_away(page.entities, keeping) if _place(each) not in self._seen
        ]
        self.done = page.cursor is None
        self._seen.update(map(_place, fresh))
        for each in fresh:
            known = self._known.setdefault(each.namespace, Known())
            # Also where it is known: the next checkpoint may refer to what this one refers to now.
            content = known.contents[each.checkpoint_id] = content_of(each.content, each.mark)
            if (
                is_shown(each, now)
                and self._wanted.has(each)
                and self._wanted.passes(each, content)
            ):
                self._read.append(each)

    def _look_for_stub(self) -> Steps[None]:
        """Tell a checkpoint that is not there from one of a thread that is archived.

        Raises:
            ThreadAway: it is archived.
        """
        if (yield from is_away(self._schema, self._wanted.thread_id)):
            raise ThreadAway(self._wanted.thread_id)

    def _loaded(
        self, chosen: Sequence[Checkpoint], now: dt.datetime, keeping: Keeping
    ) -> Steps[list[Loaded]]:
        groups = [list(some) for _, some in groupby(chosen, key=lambda each: each.namespace)]
        found = yield from all_of(self._of_namespace(some, now, keeping) for some in groups)
        return [each for some in found for each in some]

    def _of_namespace(
        self, some: list[Checkpoint], now: dt.datetime, keeping: Keeping
    ) -> Steps[list[Loaded]]:
        known, place = self._known[some[0].namespace], place_of(some[0])
        ids = [each.checkpoint_id for each in some]
        yield from complete(self._schema, place, known, ids, keeping)
        where: dict[str, Any] = {"thread_id": place.thread_id, "namespace": place.namespace}
        where["checkpoint_id"] = ids[0] if len(ids) == 1 else between(min(ids), max(ids))
        tasks: Iterable[TaskWrites] = yield from read_all(self._schema, TaskWrites, where, keeping)
        wanted = [task for task in tasks if task.checkpoint_id in set(ids)]
        writes = yield from waiting_writes(self._schema, wanted, keeping)
        return [loaded(each, known, writes.get(each.checkpoint_id, ()), now) for each in some]


def _place(checkpoint: Checkpoint) -> tuple[str, str]:
    return checkpoint.namespace, checkpoint.checkpoint_id
