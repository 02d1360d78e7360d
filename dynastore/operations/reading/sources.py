"""Sources: what the branches of a plan are read from, page after page, and put in one order.

A source is read only as far as it is consumed. Where sources are merged, the next item is the
smallest of their first ones, so each of them has to be read once; then only the one whose items are
used up.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from math import ceil
from typing import Any, TypeAlias

from attrs import evolve, frozen

from ...requests import Key, Query, QueryPage, Steps
from ...values.attributes import AttributeMap
from ..keyed import read_items
from ..together import IN_FLIGHT, read_together

FILTERED_ITEMS = 100  # to read at least for a filtered page: few pass, and a request costs more

Position: TypeAlias = AttributeMap | int | bool | None
"""Where a source goes on: after a key or at one of its keys, at its start (None), nowhere (True)."""


class Stretch:
    """One stretch of an index being read.

    Attributes:
        query: its first request.
        path: place of its access path in the plan.
        skipped: characters of the attribute that sources are merged by, to leave out.
    """

    def __init__(self, query: Query, path: int, skipped: int, position: Position) -> None:
        """Nothing is read yet."""
        self.query = query
        self.path = path
        self.skipped = skipped
        # Where they are many, each is parsed as it is taken.
        self._items: Sequence[AttributeMap] = ()
        self._at = self._count = 0
        self._last: AttributeMap | None = None  # that was taken, while more are left
        self._start = position
        self._next: Position = position  # where the page after the items starts

    @property
    def position(self) -> Position:
        """Where it goes on after what was taken from it."""
        return self._start if self._last is None else self.query.index.key_in(self._last)

    @property
    def ready(self) -> bool:
        """Whether the next item was read already."""
        return self._at < self._count

    @property
    def head(self) -> AttributeMap | None:
        """The next item, if it was read already."""
        return self._items[self._at] if self.ready else None

    @property
    def done(self) -> bool:
        """Whether all items were read and taken."""
        return self._next is True and not self.ready

    def take(self) -> AttributeMap:
        """The next item, which was read already."""
        item = self._items[self._at]
        self._at += 1
        if self.ready:
            self._last = item
        else:
            self._go_on()
        return item

    def take_run(self, limit: int | None) -> Sequence[AttributeMap]:
        """The next items, which were read already; parsed by who needs them."""
        left = self._count - self._at
        if limit is None or limit >= left:
            items = self._items[self._at :] if self._at else self._items
            self._go_on()
            return items
        items = self._items[self._at : self._at + limit]
        self._at += limit
        self._last = self._items[self._at - 1]
        return items

    def request(self, limit: int | None) -> Query:
        """What reads the next page."""
        start = self._next if isinstance(self._next, dict) else None
        return evolve(self.query, limit=limit, start_key=start)

    def receive(self, page: QueryPage) -> None:
        """Keep a page that was read, where all items of the one before were taken."""
        self._items, self._at, self._count = page.items, 0, len(page.items)
        self._next = True if page.last_key is None else page.last_key
        if not self.ready:
            self._go_on()

    def _go_on(self) -> None:
        """Go on with the next page."""
        self._items, self._at, self._count = (), 0, 0
        self._start, self._last = self._next, None


class Keys:
    """Items of known primary keys being read, in the order of the keys.

    Attributes:
        path: place of its access path in the plan.
        position: the place of the key at which it goes on after what was taken from it.
    """

    skipped = 0

    def __init__(
        self, table: str, keys: Sequence[Key], path: int, position: Position, *, consistent: bool
    ) -> None:
        """Nothing is read yet."""
        self.path = path
        self.position = position
        self._table = table
        self._keys = keys
        self._consistent = consistent
        place = position if isinstance(position, int) else 0
        self._next = len(keys) if position is True else place
        self._items: deque[tuple[int, AttributeMap]] = deque()

    @property
    def ready(self) -> bool:
        """Whether the next item was read already."""
        return bool(self._items)

    @property
    def head(self) -> AttributeMap | None:
        """The next item, if it was read already."""
        return self._items[0][1] if self._items else None

    @property
    def done(self) -> bool:
        """Whether all items were read and taken."""
        return not self._items and self._next >= len(self._keys)

    def take(self) -> AttributeMap:
        """The next item, which was read already."""
        at, item = self._items.popleft()
        self.position = True if self.done else at + 1
        return item

    def take_run(self, limit: int | None) -> Sequence[AttributeMap]:
        """The next items, which were read already."""
        count = len(self._items) if limit is None else min(limit, len(self._items))
        return [self.take() for _ in range(count)]

    def read(self, limit: int | None) -> Steps[None]:
        """Read the items of the next keys."""
        upto = len(self._keys) if limit is None else min(len(self._keys), self._next + limit)
        keys = self._keys[self._next : upto]
        found = yield from read_items(self._table, keys, consistent=self._consistent)
        places = enumerate(keys, start=self._next)
        self._items += ((at, item) for at, key in places if (item := found.get(key)) is not None)
        self._next = upto
        if not self._items:
            self.position = True if self.done else upto


Source: TypeAlias = Stretch | Keys


@frozen
class Sources:
    """Several sources in one order.

    Attributes:
        each: the sources.
        sort_key: what the items of all sources are merged by; None where one source follows the
            other.
        newest_first: whether the order is descending.
    """

    each: Sequence[Source]
    sort_key: Callable[[Source, AttributeMap], Any] | None
    newest_first: bool

    @property
    def done(self) -> bool:
        """Whether everything was taken."""
        return all(source.done for source in self.each)

    def available(self) -> Iterator[tuple[Source, AttributeMap]]:
        """The items that can be taken in order without reading on."""
        if self.sort_key is not None:
            while (source := self._first(self.sort_key)) is not None:
                yield source, source.take()
            return
        for source in self.each:
            while source.ready:
                yield source, source.take()
            if not source.done:
                return

    def runs(self, limit: int | None) -> Iterator[Iterable[AttributeMap]]:
        """The items of `available`, as far as a limit, in runs that are of one page each."""
        if self.sort_key is not None:
            yield (item for _, item in islice(self.available(), limit))
            return
        for source in self.each:
            while source.ready and limit != 0:
                items = source.take_run(limit)
                limit = None if limit is None else limit - len(items)
                yield items
            if not source.done:
                return

    def fetch(self, wanted: int | None, width: int, least: int = 1) -> Steps[None]:
        """Read on where the next items are missing.

        Args:
            wanted: how many items are still to be taken; None for as many as there are.
            width: how many sources to read at once where one follows the other.
            least: how many items to read at least, where not all that are read are kept.
        """
        waiting = [source for source in self.each if not source.ready and not source.done]
        if self.sort_key is None:
            waiting = waiting[: min(width, IN_FLIGHT)]
        limit = self._limit(wanted, least, len(waiting))
        for keys in (source for source in waiting if isinstance(source, Keys)):
            yield from keys.read(limit)
        stretches = [source for source in waiting if isinstance(source, Stretch)]
        for at in range(0, len(stretches), IN_FLIGHT):
            some = stretches[at : at + IN_FLIGHT]
            pages = yield from read_together([stretch.request(limit) for stretch in some])
            for stretch, page in zip(some, pages, strict=True):
                stretch.receive(page)

    def _first(self, sort_key: Callable[[Source, AttributeMap], Any]) -> Source | None:
        """The source that the next item is from, if that is known."""
        live = [source for source in self.each if not source.done]
        if not live or not all(source.ready for source in live):
            return None
        best = max if self.newest_first else min
        return best(live, key=lambda source: sort_key(source, source.head or {}))

    def _limit(self, wanted: int | None, least: int, sources: int) -> int | None:
        """How many items to read of each source: of many, each gives but a part."""
        if wanted is None:
            return None
        most = max(wanted, least)
        if self.sort_key is None or sources < 2:
            return most
        return min(most, ceil(2 * most / sources) + 1)
