"""The proof that the target has what the source has, while nobody writes to either."""

from __future__ import annotations

import datetime as dt

from ..reading.scanner import ScanOptions
from .copying import Copy
from .digests import Digest, digest_of
from .parties import Parties
from .sides import Moving, On, Side
from .tail import Tail


class Proof:
    """Reads both sides, as fast as they answer: writers wait for it."""

    def __init__(self, parties: Parties, segments: int, copy: Copy, tail: Tail) -> None:
        """Nothing is read yet."""
        self._parties = parties
        self._options = ScanOptions(segments)
        self._copy = copy
        self._tail = tail

    def digests(
        self, side: Side, now: dt.datetime, until: dt.datetime
    ) -> Moving[tuple[Digest, Digest]]:
        """What a side holds of items that live now, and of those that live *until* a later moment."""
        living = lasting = Digest()
        sweep = self._parties.sweep(side, self._options)
        while not sweep.done:
            items = yield from On(side, sweep.round())
            sweep.take_all()
            living = living.and_(digest_of(items, now))
            lasting = lasting.and_(digest_of(items, until))
            yield from self._tail.hold()
        return living, lasting

    def mend(self) -> Moving[int]:
        """Bring what differs, key by key; how many keys."""
        mended = 0
        source = self._parties.sweep("source", self._options)
        while not source.done:
            items = yield from On("source", source.round())
            differing = yield from self._copy.differing(items)
            mended += yield from self._copy.bring(differing)
            source.take_all()
        target = self._parties.sweep("target", self._options)
        while not target.done:
            items = yield from On("target", target.round())
            missing = yield from self._copy.missing(items)
            mended += yield from self._copy.bring(missing)
            target.take_all()
        return mended
