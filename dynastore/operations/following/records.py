"""Reading a stream: a page of up to ten shards at a time, parents before their children."""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any

from ...errors import DynastoreError, PartialFailure, RequestError, ServiceError
from ...requests import Request, Steps, Together
from ...requests.streams import GetRecords, GetShardIterator, RecordsPage, StreamRecord
from ..together import IN_FLIGHT
from .consumers import After, Finished, Position, Unread
from .shards import Shards, list_shards

QUIET_ROUNDS = 3  # without records until all seems to be read: an empty answer is no proof on AWS

TRIMMED, EXPIRED = "TrimmedDataAccessException", "ExpiredIteratorException"


class Reading:
    """One shard being read.

    Attributes:
        name: the shard's.
        records: what was read and not taken, in order.
        position: how far it was taken.
    """

    def __init__(
        self,
        name: str,
        position: Position,
        since: dt.datetime | None = None,
        *,
        stale: bool = False,
    ) -> None:
        """Nothing is read yet.

        Args:
            name: the shard's.
            position: where to go on.
            since: records from before are left out where it has to begin at the oldest one kept.
            stale: whether the position is older than the oldest record may be.
        """
        self.name = name
        self.position = position
        self.records: deque[StreamRecord] = deque()
        self._iterator = position.iterator if isinstance(position, Unread) else None
        self._since = since
        self._stale = stale
        self._from_oldest = False
        self._ended = False

    @property
    def is_lost(self) -> bool:
        """Whether records may have been trimmed unseen, once the iterator has expired."""
        return self._stale and isinstance(self.position, Unread)

    @property
    def done(self) -> bool:
        """Whether the shard is closed and all of it was taken."""
        return self._ended and not self.records

    def request(self, stream: str) -> GetRecords | GetShardIterator:
        """What reads on. Only when all records were taken."""
        if self._iterator is not None:
            return GetRecords(stream, self._iterator)
        if isinstance(self.position, After):
            sequence = self.position.sequence
            return GetShardIterator(stream, self.name, "AFTER_SEQUENCE_NUMBER", sequence)
        self._from_oldest = True
        return GetShardIterator(stream, self.name, "TRIM_HORIZON")

    def receive(self, answer: str | RecordsPage) -> None:
        """Keep the answer to `request`."""
        if isinstance(answer, str):
            self._iterator = answer
        else:
            self.records += filter(self._is_wanted, answer.records)
            self._iterator = answer.iterator
            self._ended = answer.iterator is None
            self._stale = False
        # An iterator is behind the records that came before it: they must be taken first.
        if isinstance(self.position, Unread) and not self.records:
            self.position = Unread(self._iterator)

    def take(self) -> None:
        """The first record was taken."""
        self.position = After(self.records.popleft().sequence)

    def renew(self) -> None:
        """The iterator has expired: go on at the position, or at the oldest record kept."""
        self._iterator = None
        if isinstance(self.position, Unread):
            self.position = Unread()

    def restart(self) -> None:
        """Go on at the oldest record kept."""
        self.position = Unread()
        self._iterator = None
        self._since = None

    def _is_wanted(self, record: StreamRecord) -> bool:
        return self._since is None or not self._from_oldest or record.at >= self._since


class StreamReader:
    """A stream being read.

    Attributes:
        stream: its ARN.
    """

    def __init__(
        self,
        stream: str,
        shards: Shards,
        positions: Mapping[str, Position],
        *,
        since: dt.datetime | None,
        stale: bool,
        restarts: bool,
    ) -> None:
        """Nothing is read yet.

        Args:
            stream: its ARN.
            shards: those it has.
            positions: shard -> where to go on.
            since: records from before are left out where a shard's position is not known exactly.
            stale: whether the positions are older than the oldest record may be.
            restarts: whether to go on at the oldest record where those of a position are no longer
                kept; otherwise that is an error.
        """
        self.stream = stream
        self._restarts = restarts
        self._finished = {name for name, each in positions.items() if each == Finished()}
        self._readings = [
            Reading(name, position, since, stale=stale)
            for name, position in positions.items()
            if position != Finished()
        ]
        self._fruitless = 0  # requests in a row that brought nothing
        self._look(shards)

    @property
    def positions(self) -> dict[str, Position]:
        """Shard -> how far it was taken; without those that others continue."""
        finished = dict.fromkeys(sorted(self._finished), Finished())
        return {**finished, **{each.name: each.position for each in self._readings}}

    @property
    def is_lost(self) -> bool:
        """Whether records may have been trimmed unseen, unless a shard's iterator is still good."""
        return any(each.is_lost for each in self._readings)

    @property
    def is_quiet(self) -> bool:
        """Whether all shards were asked in vain several times."""
        return self._fruitless >= QUIET_ROUNDS * max(1, len(self._readings))

    def available(self) -> Iterator[tuple[Reading, StreamRecord]]:
        """What was read and not taken; each has to be taken before the next."""
        for reading in self._readings:
            while reading.records:
                yield reading, reading.records[0]

    def read(self) -> Steps[bool]:
        """Ask the next ten shards for more; whether there was any. Only when all was taken.

        Raises:
            ServiceError: what comes next is no longer kept (TrimmedDataAccessException).
            RequestError: the stream has been disabled, and all of it was taken.
        """
        yield from self._go_on()
        some = self._readings[:IN_FLIGHT]
        self._readings = self._readings[IN_FLIGHT:] + some
        try:
            asked: list[Request[Any]] = [each.request(self.stream) for each in some]
            came = dict(enumerate((yield from Together(asked))))
        except PartialFailure as failure:
            came = failure.done
            for at, error in failure.failed.items():
                self._resume(some[at], error)
        for at, answer in came.items():
            some[at].receive(answer)
        fruitful = len(came) < len(some) or any(map(_is_news, came.values()))
        self._fruitless = 0 if fruitful else self._fruitless + max(1, len(some))
        return fruitful

    def _go_on(self) -> Steps[None]:
        """Where a shard was taken to its end, look for those that continue it."""
        self._finished |= {each.name for each in self._readings if each.done}
        self._readings = [each for each in self._readings if not each.done]
        if not self._finished and self._readings:
            return
        shards = yield from list_shards(self.stream)
        self._look(shards)
        if not self._readings and not shards.enabled:
            raise RequestError("the stream of this table was disabled; enable it again")

    def _look(self, shards: Shards) -> None:
        """Begin with what has become readable, and forget finished shards that are continued."""
        begun = self.positions
        ready = [shard for shard in shards.readable(begun) if shard.id not in begun]
        self._readings += [Reading(shard.id, Unread()) for shard in ready]
        self._finished = set(shards.childless(self._finished))

    def _resume(self, reading: Reading, error: DynastoreError) -> None:
        """Get over an error, so that the next request goes on; or raise it."""
        code = error.code if isinstance(error, ServiceError) else None
        if code == EXPIRED and not reading.is_lost:
            reading.renew()
        elif code in {EXPIRED, TRIMMED} and self._restarts:
            reading.restart()
        elif code == EXPIRED:
            raise ServiceError(TRIMMED, "nothing tells whether there was more") from error
        else:
            raise error


def _is_news(answer: Any) -> bool:
    """Whether an answer brings on: an iterator, records, or the end of a shard."""
    return isinstance(answer, str) or bool(answer.records) or answer.iterator is None
