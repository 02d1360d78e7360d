"""Following a table's stream: from its shards to one change after the other, and what was taken.

A change counts as taken when the next one is asked for. How far was taken is written to the
consumer's item now and then, with the renewed lease; so after a crash some changes come again, and
none is passed over.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from math import isfinite
from typing import Any, Literal
from uuid import uuid4

from attrs import evolve, field, frozen

from ...errors import ChangesTrimmed, ConsumerBusy, RequestError, ServiceError
from ...requests import Now, Steps, Wait
from ...requests.tables import DescribeTable
from ...schema.schema import Schema
from ...schema.streams import NO_IMAGES, Change, Lens
from .consumers import Consumer, Unread, acquired, consumer_key, saved
from .records import TRIMMED, Reading, StreamReader
from .shards import Shards, list_shards, newest

KEPT = dt.timedelta(
    hours=24
)  # how long a stream keeps records; DynamoDB Developer Guide, "Streams"
SAVE_SECONDS = 10.0  # between writes of the positions: one write unit each
LEASE_PART = 3  # the lease is renewed when this part of it is over, at the latest
CLOCK_SLACK = dt.timedelta(hours=1)  # that the clocks of a store and its table may differ
FIRST_WAIT_SECONDS = 0.02  # after a round without records; doubled up to the longest
LONGEST_WAIT_SECONDS = 1.0


@frozen
class FollowOptions:
    """How changes are followed.

    Attributes:
        name: the consumer's. Each name sees all changes, and one process at a time reads for it.
        start: where it begins the first time.
        follow: whether to wait for more at the end, and for the lease of another.
        on_gap: what to do where changes that it has not seen are no longer kept, or were passed
            over because it followed other classes.
        save_every: changes taken between two writes of the positions, at most.
        lease_seconds: how long the consumer's place is kept for a process that was killed.

    Raises:
        RequestError: one of them is no such value.
    """

    name: str = "default"
    start: Literal["new", "oldest"] = "new"
    follow: bool = True
    on_gap: Literal["raise", "oldest"] = "raise"
    save_every: int = 100
    lease_seconds: float = 60.0
    owner: str = field(factory=lambda: uuid4().hex, init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Refuse what would never go on."""
        if self.start not in {"new", "oldest"}:
            raise RequestError(f"changes start at 'new' or 'oldest', not {self.start!r}")
        if self.on_gap not in {"raise", "oldest"}:
            raise RequestError(f"on_gap is 'raise' or 'oldest', not {self.on_gap!r}")
        if type(self.save_every) is not int or self.save_every < 1:
            raise RequestError(f"save_every is a number of changes, not {self.save_every!r}")
        seconds = self.lease_seconds
        if not (type(seconds) in {int, float} and isfinite(seconds) and seconds > 0):
            raise RequestError(f"a lease is a number of seconds, above 0, not {seconds!r}")

    @property
    def lease(self) -> dt.timedelta:
        """How long the lease lasts."""
        return dt.timedelta(seconds=self.lease_seconds)

    @property
    def pause(self) -> dt.timedelta:
        """How long the positions stay unwritten at most."""
        return dt.timedelta(seconds=min(SAVE_SECONDS, self.lease_seconds / LEASE_PART))


class Follower:
    """Reads the changes of some classes as a consumer. It holds the lease until `close`."""

    def __init__(
        self, schema: Schema, classes: Sequence[type[Any]], options: FollowOptions
    ) -> None:
        """Nothing is sent yet.

        Raises:
            RequestError: a class is not in the schema, or the name is no name.
        """
        schema = schema.together(classes or schema.entities)
        self._table = schema.table.name
        self._key = consumer_key(options.name, schema.prefix)
        self._lens = Lens(schema, classes)
        self._classes = tuple(sorted({codec.spec.tag for codec in self._lens.codecs}))
        self._options = options
        self._turn = 0
        self._forget()

    def _forget(self) -> None:
        self._consumer: Consumer | None = None
        self._reader: StreamReader | None = None
        self._handed: Reading | None = None
        self._taken = 0  # since the positions were written
        self._wait: float = FIRST_WAIT_SECONDS

    def next(self) -> Steps[Change[Any] | None]:
        """The next change; the one before it counts as taken. None at the end, unless it waits.

        Raises:
            ConsumerBusy: another process reads as this consumer.
            ConsumerMismatch: this consumer followed other classes so far.
            ChangesTrimmed: changes that were not taken are no longer kept.
            RequestError: the table has no stream of images.
            MalformedItem: an image does not fit its class; the change is not taken.
        """
        if self._reader is None:
            yield from self._begin()
        assert self._reader is not None, "it has begun"
        self._take()
        while True:
            yield from self._save_if_due()
            if (change := self._available(self._reader)) is not None:
                return change
            if (yield from self._read(self._reader)):
                continue
            if self._reader.is_quiet and not self._options.follow:
                return None
            yield from Wait(self._wait)
            self._wait = min(self._wait * 2, LONGEST_WAIT_SECONDS)

    def turn(self) -> int:
        """The number of a loop that begins; `close` of an earlier one then does nothing."""
        self._turn += 1
        return self._turn

    def close(self, turn: int | None = None) -> Steps[None]:
        """Write what was taken, and give the lease back. Reading can go on afterwards.

        Args:
            turn: the loop that ends; None for whichever.
        """
        if self._consumer is None or turn not in {None, self._turn}:
            return
        now = yield from Now()
        try:
            yield from self._save(now, until=now)
        finally:
            self._forget()

    def _begin(self) -> Steps[None]:
        """Get the lease, and go on where the consumer was."""
        description = yield from DescribeTable(self._table)
        stream = description.stream
        if stream is None:
            raise RequestError(f"table {self._table} has no stream; {NO_IMAGES}")
        options = self._options
        now = yield from Now()
        new = Consumer(self._key, options.name, self._classes, options.owner, now)
        self._consumer = yield from acquired(
            self._table,
            new,
            lease=options.lease,
            standby=options.follow,
            regardless=options.on_gap == "oldest",
        )
        shards = yield from list_shards(stream)
        now = yield from Now()
        consumer = yield from self._placed(self._consumer, stream, shards, now)
        self._consumer = consumer
        self._reader = StreamReader(
            stream,
            shards,
            consumer.positions,
            since=consumer.since,
            stale=is_stale(consumer, now),
            restarts=options.on_gap == "oldest",
        )
        yield from self._save(now)

    def _placed(
        self, consumer: Consumer, stream: str, shards: Shards, now: dt.datetime
    ) -> Steps[Consumer]:
        """The consumer with positions in this stream.

        Raises:
            ChangesTrimmed: changes after its positions are no longer kept.
        """
        if consumer.classes != self._classes:  # it may go on all the same: from the oldest
            return evolve(consumer, classes=self._classes, stream=stream, since=None, positions={})
        if consumer.saved is None and self._options.start == "new":
            positions = yield from newest(stream, shards)
            return evolve(consumer, stream=stream, since=now - CLOCK_SLACK, positions=positions)
        gap = gap_of(consumer, stream, shards, now)
        if gap and self._options.on_gap == "raise":
            raise ChangesTrimmed(consumer.name, gap)
        if gap or consumer.saved is None:
            return evolve(consumer, stream=stream, since=None, positions={})
        return consumer

    def _take(self) -> None:
        if self._handed is not None:
            self._handed.take()
            self._handed = None
            self._taken += 1

    def _available(self, reader: StreamReader) -> Change[Any] | None:
        """The next change of what was read; records that are none are taken on the way."""
        for reading, record in reader.available():
            change = self._lens.change(record)
            if change is not None:
                self._handed = reading
                self._wait = FIRST_WAIT_SECONDS
                return change
            reading.take()
        return None

    def _read(self, reader: StreamReader) -> Steps[bool]:
        try:
            return (yield from reader.read())
        except ServiceError as error:
            if error.code != TRIMMED:
                raise
            reason = "what comes after its position is gone"
            raise ChangesTrimmed(self._options.name, reason) from error

    def _save_if_due(self) -> Steps[None]:
        now = yield from Now()
        assert self._consumer is not None, "it has begun"
        saved_at = self._consumer.saved
        is_late = saved_at is None or now - saved_at >= self._options.pause
        if is_late or self._taken >= self._options.save_every:
            yield from self._save(now)

    def _save(self, now: dt.datetime, until: dt.datetime | None = None) -> Steps[None]:
        """Write the lease, and what was taken once it has begun.

        A consumer that could not begin keeps its positions or their time, which tell of the gap.
        """
        assert self._consumer is not None, "it has the lease"
        consumer = evolve(self._consumer, until=until or now + self._options.lease)
        if self._reader is not None:
            consumer = evolve(consumer, positions=self._reader.positions)
            if not self._reader.is_lost:
                consumer = evolve(consumer, saved=now)
        try:
            self._consumer = yield from saved(self._table, consumer)
        except ConsumerBusy:
            self._forget()
            raise
        self._taken = 0


def gap_of(consumer: Consumer, stream: str, shards: Shards, now: dt.datetime) -> str | None:
    """Why a consumer may have missed changes that are no longer kept; None if it has not."""
    if consumer.saved is None:
        return None
    if consumer.stream != stream:
        return "the table has another stream now"
    if (lost := shards.lost(consumer.positions)) is not None:
        return f"shard {lost} is no longer kept"
    begins = [each for each in consumer.positions.values() if each == Unread()]
    if is_stale(consumer, now) and (begins or not consumer.positions):
        return f"it read last at {consumer.saved:%Y-%m-%d %H:%M} UTC"
    return None


def is_stale(consumer: Consumer, now: dt.datetime) -> bool:
    """Whether records may have been trimmed since its positions were written.

    A position after a record, or an iterator that is still good, tells itself. Others do not.
    """
    return consumer.saved is not None and now - consumer.saved > KEPT
