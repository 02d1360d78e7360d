"""Scanning: items wherever they are in the table, at a rate; the entities of one class.

A scan reads the whole table and pays for it, whatever it is asked for. So it has a name of its own,
and no query becomes one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from typing import Any, TypeAlias

from attrs import evolve, frozen

from ...capacity import PAGE_BYTES, read_units
from ...errors import MalformedItem, RequestError
from ...expressions.matching import matcher
from ...keys.templates import nested_prefix
from ...planner import filters
from ...requests import SEGMENTS, Purpose, Scan, ScanPage, Steps, Wait
from ...schema.schema import Schema
from ...table import PRIMARY, TYPE, Index
from ...terms import BeginsWith, Conditions, Equal, Not
from ...values.attributes import AttributeMap
from ..conditions import encoded, moment, unexpired
from ..payloads import scanned
from ..together import IN_FLIGHT, read_together
from .cursors import Cursor
from .reader import Page

MOST_ITEMS = PAGE_BYTES  # of a page, at one byte each; they are larger, so no page is cut short

Position: TypeAlias = AttributeMap | bool | None
"""Where a segment goes on: after a key, at its start (None), nowhere (True)."""


@frozen
class ScanOptions:
    """How a scan reads.

    Attributes:
        segments: parts that the table is divided into, 1 to 1,000,000. Up to 10 are read at once.
        units_per_second: read units that it takes in a second, on average; None for no limit.
        consistent: whether every write acknowledged before must be seen; costs twice the units.

    Raises:
        RequestError: one of them is no such number.
    """

    segments: int = 1
    units_per_second: float | None = None
    consistent: bool = False

    def __attrs_post_init__(self) -> None:
        """Refuse what DynamoDB does not have, and a scan that would never go on."""
        if type(self.segments) is not int or not 1 <= self.segments <= SEGMENTS:
            raise RequestError(
                f"a scan has 1 to {SEGMENTS:,} segments, not {self.segments!r}; "
                f"{IN_FLIGHT} are read at once"
            )
        rate = self.units_per_second
        if rate is not None and not (type(rate) in {int, float} and isfinite(rate) and rate > 0):
            raise RequestError(
                f"a rate is a number of read units per second, above 0, not {rate!r}; "
                "leave it out to scan as fast as the table answers"
            )


class Segment:
    """One segment of the table, or of an index, being read.

    Attributes:
        number: which one, from 0.
        index: what it is a segment of.
        position: where it goes on after what was taken from it.
        items: what was read and not taken, in the order of the segment.
    """

    def __init__(self, number: int, index: Index, position: Position = None) -> None:
        """Nothing is read yet."""
        self.number = number
        self.index = index
        self.position = position
        self.items: deque[AttributeMap] = deque()
        self._next: Position = position  # where the page after the items starts

    @property
    def unread(self) -> bool:
        """Whether there may be more to read."""
        return self._next is not True

    def take(self) -> AttributeMap:
        """The next item, which was read already."""
        item = self.items.popleft()
        self.position = self.index.key_in(item) if self.items else self._next
        return item

    def take_all(self) -> None:
        """Take all that was read already."""
        self.items.clear()
        self.position = self._next

    def request(self, scan: Scan, limit: int | None) -> Scan:
        """What reads the next page."""
        start = self._next if isinstance(self._next, dict) else None
        return evolve(scan, segment=self.number, limit=limit, start_key=start)

    def receive(self, items: Sequence[AttributeMap], last_key: AttributeMap | None) -> None:
        """Keep what was read."""
        self.items += items
        self._next = True if last_key is None else last_key
        if not self.items:
            self.position = self._next


class Sweep:
    """Reads the items of a table, or of an index, that pass a filter, each once, in no order.

    What is written or deleted meanwhile may be found or not. What is expired by the time at which
    its round is read is not found.
    """

    def __init__(
        self,
        table: str,
        found: Conditions,
        options: ScanOptions,
        cursor: str | None = None,
        *,
        kind: str,
        checks: Conditions = (),
        nothing: bool = False,
        purpose: Purpose | None = None,
        attributes: tuple[str, ...] = (),
        index: Index = PRIMARY,
    ) -> None:
        """Nothing is read yet.

        Args:
            table: its name.
            found: what the server filters.
            options: how it reads.
            cursor: of another sweep of the same kind, filters and segments.
            kind: what the items are read for.
            checks: what the client filters.
            nothing: whether nothing can pass, so that nothing is read.
            purpose: what observers are told.
            attributes: names of those that items are reduced to, the index's keys among them; none
                for all.
            index: what is read instead of the table itself.

        Raises:
            InvalidCursor: the cursor is damaged or foreign.
        """
        self._passes = matcher(checks)
        self._scan = Scan(
            table,
            found,
            segments=options.segments,
            consistent=options.consistent,
            purpose=purpose,
            attributes=attributes,
            index=index,
        )
        self._rate = options.units_per_second
        self._cursor = Cursor((kind, table, found, checks, options.segments))
        self._open: list[Segment] = []
        self._next = options.segments if nothing else 0  # the first not opened yet
        self._units = 0.0
        self._scanned = 0
        if cursor is not None:
            self._resume(self._cursor.state(cursor))

    @property
    def done(self) -> bool:
        """Whether everything was read and taken."""
        return not self._unread and not any(segment.items for segment in self._open)

    @property
    def begun(self) -> bool:
        """Whether it has read any item, kept or not."""
        return self._scanned > 0

    @property
    def cursor(self) -> str | None:
        """Where it goes on after what was taken; None at the end."""
        if self.done:
            return None
        places = [
            [segment.number, segment.position and self._texts(segment.position)]
            for segment in self._open
            if segment.position is not True
        ]
        return self._cursor.text([self._next, places])

    def items(self) -> Iterator[AttributeMap]:
        """The items that were read already; each is taken as it is handed out."""
        for segment in self._open:
            while segment.items:
                yield segment.take()

    def round(self) -> Steps[list[AttributeMap]]:
        """What was read and not taken; else what the next round brings. It is not taken yet."""
        if not any(segment.items for segment in self._open):
            yield from self.read()
        return [item for segment in self._open for item in segment.items]

    def take_all(self) -> None:
        """Take all that was read already."""
        for segment in self._open:
            segment.take_all()

    def read(self) -> Steps[None]:
        """Read a round: the next page of up to 10 segments. Only when all items were taken.

        With a rate, a round of u units is followed by a wait of u / rate seconds, unless it is the
        last. There is no clock: the time that reading and using the items takes is not counted, so
        the scan is rather slower than its rate. How many items a round asks for is guessed from the
        size of those before: a round can take more than a second's units, and is waited for longer.

        A round that fails leaves everything as it was, and is read again by the next call.

        Raises:
            DynastoreError: the first failure of a round.
        """
        self._open = [segment for segment in self._open if segment.unread]
        width = self._width
        while len(self._open) < width and self._next < self._scan.segments:
            self._open.append(Segment(self._next, self._scan.index))
            self._next += 1
        some = self._open[:width]
        if not some:
            return
        limit = self._limit(len(some))
        scan = evolve(self._scan, filter=self._scan.filter + (yield from self._timely()))
        pages = yield from read_together([each.request(scan, limit) for each in some])
        kept: dict[Segment, Sequence[AttributeMap]] = {}
        for segment, page in zip(some, pages, strict=True):
            kept[segment] = yield from self._kept(page.items)
        for segment, page in zip(some, pages, strict=True):
            segment.receive(kept[segment], page.last_key)
        yield from self._paced(pages)

    def _timely(self) -> Steps[Conditions]:
        """What the server filters besides, by the time."""
        yield from ()
        return ()

    def _kept(self, items: Sequence[AttributeMap]) -> Steps[Sequence[AttributeMap]]:
        """What there is to take of the items of a page."""
        yield from ()
        return list(filter(self._passes, items))

    def _paced(self, pages: Sequence[ScanPage]) -> Steps[None]:
        units = sum(page.units for page in pages)
        self._units += units
        self._scanned += sum(page.scanned for page in pages)
        if self._rate is not None and self._unread:
            yield from Wait(units / self._rate)

    @property
    def _unread(self) -> bool:
        return self._next < self._scan.segments or any(each.unread for each in self._open)

    @property
    def _width(self) -> int:
        """How many segments to read at once: with a rate, each takes one item of it at least."""
        if self._rate is None:
            return IN_FLIGHT
        least = max(self._item_units, read_units(0, consistent=self._scan.consistent))
        return min(IN_FLIGHT, max(1, int(self._rate / least)))

    def _limit(self, requests: int) -> int | None:
        """How many items to ask each request for, so that together they take a second's units."""
        if self._rate is None:
            return None
        items = self._rate / self._item_units / requests if self._item_units else MOST_ITEMS
        return min(MOST_ITEMS, max(1, int(items)))

    @property
    def _item_units(self) -> float:
        """What an item took so far. The first may take a second's units, so it is read alone."""
        assert self._rate is not None, "without a rate nothing is measured"
        return self._units / self._scanned if self._scanned else self._rate

    def _resume(self, state: Any) -> None:
        self._next, places = state
        names = self._scan.index.entry_key
        for number, texts in places:
            position = texts and {
                name: {"S": text} for name, text in zip(names, texts, strict=True)
            }
            self._open.append(Segment(number, self._scan.index, position))

    def _texts(self, position: Position) -> list[str]:
        """A key as the cursor has it."""
        assert isinstance(position, dict)
        return [position[name]["S"] for name in self._scan.index.entry_key]


class Scanner(Sweep):
    """Reads the entities of one class in one scope."""

    def __init__(
        self,
        schema: Schema,
        cls: type[Any],
        where: Mapping[str, Any],
        combined: Sequence[Any],
        options: ScanOptions,
        cursor: str | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            schema: where they are.
            cls: the entity class.
            where: field -> a literal or a term.
            combined: filters made by `any_of`, `all_of` and `not_`.
            options: how it reads.
            cursor: of another scanner with the same filters, scope and segments.

        Raises:
            UnknownField, RequestError: a filter is wrong.
            InvalidCursor: the cursor is damaged or foreign.
        """
        schema = schema.of(cls)
        self._schema = schema
        self._codec = schema.codec(cls)
        spec = self._codec.spec
        asked = filters.conditions(spec, where, combined)
        unclear = tuple(each for each in asked if filters.is_unclear(spec, each))
        clear = tuple(each for each in asked if not filters.is_unclear(spec, each))
        super().__init__(
            schema.table.name,
            owned(spec.tag, schema.prefix) + encoded(self._codec, clear),
            options,
            cursor,
            kind="scan",
            checks=encoded(self._codec, unclear),
            nothing=filters.is_empty(asked),
            purpose=Purpose(spec.tag, "scan"),
        )

    def available(self) -> Iterator[Any]:
        """The entities that were read already; each is taken as it is handed out.

        Raises:
            DataError: a stored item does not fit its class. It is taken too.
        """
        return map(self._codec.decode, self.items())

    def page(self) -> Steps[Page[Any]]:
        """What was read and not taken; else what the next round brings, which may be nothing.

        Raises:
            DataError: a stored item does not fit its class. Nothing of the page is taken.
        """
        items = yield from self.round()
        entities = [self._codec.decode(item) for item in items]
        self.take_all()
        return Page(entities, self.cursor)

    def _timely(self) -> Steps[Conditions]:
        """What is expired is not found."""
        return unexpired((yield from moment(self._codec)))

    def _kept(self, items: Sequence[AttributeMap]) -> Steps[Sequence[AttributeMap]]:
        """The items that pass, with their payloads; older ones with the fields of today."""
        if not self._codec.spec.evolution.upcasters:
            return (yield from scanned(self._schema, list(filter(self._passes, items))))
        complete = yield from scanned(self._schema, items)
        return [item for item in complete if self._has_passed(item)]

    def _has_passed(self, item: AttributeMap) -> bool:
        try:
            return self._passes(self._codec.current(item))
        except MalformedItem:
            return True  # it says so when it is taken


def owned(tag: str, prefix: str) -> Conditions:
    """What tells the items of an entity in a scope from all others of the table."""
    inside = (("PK", BeginsWith({"S": prefix})),) if prefix else ()
    nested = ("PK", Not(BeginsWith({"S": nested_prefix(prefix)})))
    return (TYPE, Equal({"S": tag})), *inside, nested


def is_empty(table: str) -> Steps[bool]:
    """Whether a table has no item: reads one."""
    page = yield from Scan(table, limit=1, consistent=True)
    return not page.items
