"""Copying items as they are, so that in the end the target has what the source has.

What is written to the target was read from the source just before, consistently, by the one process
that has the lease. So its writes to a key are in the order of its reads of it, and whatever comes
later into the source comes as a change, or is seen by the proof: no copy is older than what it replaces.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice

from ...capacity import item_bytes, write_units
from ...requests import BATCH_KEYS, DeleteItem, Key, PlainWrite, PutItem, Wait
from ...values.attributes import AttributeMap, as_sent
from ..keyed import read_items
from ..writing.batches import write_plainly
from .digests import is_same
from .parties import Parties
from .sides import Moving, On, Side
from .tail import Tail

WAIT_SECONDS = 10.0  # for a rate, between looks at the lease


class Copy:
    """Writes items of the source to the target."""

    def __init__(self, parties: Parties, tail: Tail, rate: float | None) -> None:
        """Nothing is sent yet.

        Args:
            parties: from where to where.
            tail: keeps the lease.
            rate: units to take in a second on average, where writers do not wait; None for no limit.
        """
        self._parties = parties
        self._tail = tail
        self._rate = rate

    def put(self, items: Sequence[AttributeMap]) -> Moving[None]:
        """Write items that were read from the source, and wait as long as that takes of the rate."""
        yield from self._tail.hold()
        yield from self._write(self._put(each) for each in items)
        seconds = 0.0 if self._rate is None else sum(map(self._units, items)) / self._rate
        while seconds > 0:
            yield from On("target", Wait(min(seconds, WAIT_SECONDS)))
            yield from self._tail.hold()
            seconds -= WAIT_SECONDS

    def bring(self, keys: Iterable[Key]) -> Moving[int]:
        """Let the target have what the source has under some keys now; how many keys.

        It is not held to a rate: one below that of the writers would never come to an end.
        """
        brought = 0
        for some in _hundreds(keys):
            yield from self._tail.hold()
            source = self._parties.table("source")
            found = yield from On("source", read_items(source, some, consistent=True))
            yield from self._write(self._write_of(key, found[key]) for key in some)
            brought += len(some)
        return brought

    def differing(self, items: Sequence[AttributeMap]) -> Moving[list[Key]]:
        """Keys of items of the source that the target has otherwise, or not at all."""
        found = yield from self._found("target", items)
        return [Key.of(each) for each in items if not is_same(each, found[Key.of(each)])]

    def missing(self, items: Sequence[AttributeMap]) -> Moving[list[Key]]:
        """Keys of items of the target that the source has not."""
        found = yield from self._found("source", items)
        return [key for key, item in found.items() if item is None]

    def _found(
        self, side: Side, items: Sequence[AttributeMap]
    ) -> Moving[Mapping[Key, AttributeMap | None]]:
        if not items:
            return {}
        keys = [Key.of(each) for each in items]
        return (yield from On(side, read_items(self._parties.table(side), keys, consistent=True)))

    def _write(self, writes: Iterable[PlainWrite]) -> Moving[None]:
        yield from On("target", write_plainly(writes))

    def _write_of(self, key: Key, item: AttributeMap | None) -> PlainWrite:
        if item is None:
            return DeleteItem(self._parties.table("target"), key, returns_old=False)
        return self._put(item)

    def _put(self, item: AttributeMap) -> PutItem:
        return PutItem(self._parties.table("target"), as_sent({"M": item})["M"])

    def _units(self, item: AttributeMap) -> float:
        """At most; entries of an index may be smaller than the item."""
        entries = sum(index.hash in item for index in self._parties.target.table.indexes)
        return write_units(item_bytes(item)) * (1 + entries)


def _hundreds(keys: Iterable[Key]) -> Iterator[list[Key]]:
    left = iter(keys)
    while some := list(islice(left, BATCH_KEYS)):
        yield some
