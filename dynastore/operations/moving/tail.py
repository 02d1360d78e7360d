"""What is written to a scope while it moves, and the lease of whoever moves it.

Both are one consumer's item in the home table: the lease, how far the changes of the source were
followed, and the stage of the move. So they are written together, and only by who has the lease::

    PK                           SK  TYPE       owner  until  revision  stream   shards  state
    @#consumer#scope move qa     ~   ~consumer  8f3a…  2026…  17        arn:…    {…}     {"stage": …}
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from attrs import evolve, field, frozen

from ...errors import ConsumerBusy, RequestError
from ...requests import DeleteItem, Key, Now
from ...requests.tables import DescribeTable
from ...schema.schema import Schema
from ...schema.streams import NO_IMAGES
from ...terms import Equal
from ..following.consumers import Consumer, acquired, consumer_key, saved
from ..following.follower import CLOCK_SLACK, gap_of, is_stale
from ..following.records import StreamReader
from ..following.shards import list_shards, newest
from ..scopes.registry import entry_key
from .sides import Moving, On

MOVES = "~move"  # in the place of the classes that a consumer follows
AFTER_LEASE_SECONDS = 0.1  # that the lease of another is over, and not just about to be
RENEWED_PART = 3  # the lease is renewed when this part of it is over, at the latest


@frozen
class Lease:
    """Who moves a scope, and for how long.

    Attributes:
        owner: a name that no other process has.
        seconds: how long a process that was killed keeps its place. Two thirds of it are left
            whenever something is written, so no request may take longer than that.
    """

    owner: str
    seconds: float

    def consumer(self, scope: str, now: dt.datetime) -> Consumer:
        """What is written where nobody moves the scope."""
        return Consumer(move_key(scope), f"scope move {scope}", (MOVES,), self.owner, now)


def move_key(scope: str) -> Key:
    """The primary key of what is kept of a scope's move.

    Raises:
        RequestError: the scope's name is too long.
    """
    return consumer_key(f"scope move {scope}", "")


@frozen(eq=False)
class _Followed:
    """A stream that is being read."""

    stream: str
    since: dt.datetime | None
    reader: StreamReader = field(repr=False)


@frozen
class Look:
    """What a look at the changes found.

    Attributes:
        keys: of the scope, that were written; each once.
        behind: how long ago the newest of them was written, in the shard that is furthest behind.
    """

    keys: list[Key]
    behind: dt.timedelta


class Tail:
    """Follows the changes of a scope where it lives, and keeps the lease and the stage.

    Attributes:
        consumer: as it was written last.
    """

    def __init__(self, home: Schema, source: Schema, scope: str, lease: Lease) -> None:
        """Nothing is sent yet.

        Args:
            home: the table with the scope's entry.
            source: the scope where it lives.
            scope: its name.
            lease: who moves it.
        """
        self._home = home.table.name
        self._source = source
        self._entry = entry_key(source).pk
        self._scope = scope
        self._lease = lease
        self._followed: _Followed | None = None
        self.consumer: Consumer | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether all shards were asked in vain several times."""
        return self._followed is None or self._followed.reader.is_quiet

    def begun(self, begin: Callable[[str | None], Moving[None]]) -> Moving[float | None]:
        """Get the lease and begin, with what was kept of the move so far.

        Returns:
            The seconds that another process may have the lease, if one has.
        """
        try:
            kept = yield from self._acquire()
        except ConsumerBusy as busy:
            now = yield from On("home", Now())
            return max(0.0, (busy.until - now).total_seconds()) + AFTER_LEASE_SECONDS
        yield from begin(kept)
        return None

    def _acquire(self) -> Moving[str | None]:
        """Get the lease; what was kept of the move so far.

        Raises:
            ConsumerBusy: another process moves the scope.
        """
        now = yield from On("home", Now())
        lasting = dt.timedelta(seconds=self._lease.seconds)
        new = self._lease.consumer(self._scope, now)
        steps = acquired(self._home, new, lease=lasting, standby=False, regardless=False)
        self.consumer = yield from On("home", steps)
        return self.consumer.state

    def follow(self) -> Moving[bool]:
        """Begin to follow, where it stopped or with new changes; whether some may have been missed.

        Raises:
            RequestError: the source has no stream of images.
        """
        assert self.consumer is not None, "it has the lease"
        description = yield from On("source", DescribeTable(self._source.table.name))
        stream = description.stream
        if stream is None:
            raise RequestError(f"table {self._source.table.name} has no stream; {NO_IMAGES}")
        shards = yield from On("source", list_shards(stream))
        now = yield from On("home", Now())
        found = self.consumer
        gap = gap_of(found, stream, shards, now) is not None
        positions, since = found.positions, found.since
        if gap or found.stream is None:
            positions = yield from On("source", newest(stream, shards))
            since = now - CLOCK_SLACK
        stale = is_stale(found, now) and not gap
        reader = StreamReader(stream, shards, positions, since=since, stale=stale, restarts=True)
        self._followed = _Followed(stream, since, reader)
        return gap

    def round(self) -> Moving[Look]:
        """Ask some shards for more, all of which counts as followed with the next `save`."""
        assert self._followed is not None, "it follows"
        reader = self._followed.reader
        yield from On("source", reader.read())
        now = yield from On("home", Now())
        keys: dict[Key, None] = {}
        newest_at: dict[str, dt.datetime] = {}
        for reading, record in reader.available():
            reading.take()
            newest_at[reading.name] = record.at
            if record.key.pk.startswith(self._source.prefix) and record.key.pk != self._entry:
                keys[record.key] = None
        return Look(list(keys), now - min(newest_at.values(), default=now))

    def hold(self) -> Moving[None]:
        """Make sure that two thirds of the lease are left. To be called before anything is written.

        Raises:
            ConsumerBusy: another process has it.
        """
        assert self.consumer is not None, "it has the lease"
        now = yield from On("home", Now())
        seconds = self._lease.seconds
        if (self.consumer.until - now).total_seconds() < seconds - seconds / RENEWED_PART:
            yield from self._save(self.consumer, now)

    def save(self, state: str) -> Moving[None]:
        """Write the stage, and what was followed.

        Raises:
            ConsumerBusy: another process has the lease.
        """
        assert self.consumer is not None, "it has the lease"
        now = yield from On("home", Now())
        consumer = evolve(self.consumer, state=state)
        if (followed := self._followed) is not None:
            reader = followed.reader
            consumer = evolve(
                consumer,
                stream=followed.stream,
                since=followed.since,
                positions=reader.positions,
                saved=consumer.saved if reader.is_lost else now,
            )
        yield from self._save(consumer, now)

    def release(self, *, forget: bool) -> Moving[None]:
        """Let another process go on where this one has saved, or keep nothing."""
        if forget:
            yield from self.end()
        elif self.consumer is not None:
            now = yield from On("home", Now())
            consumer, self.consumer = self.consumer, None
            yield from On("home", saved(self._home, evolve(consumer, until=now)))

    def end(self) -> Moving[None]:
        """The move is over, and nothing is kept of it."""
        assert self.consumer is not None, "it has the lease"
        ours = (("revision", Equal({"N": str(self.consumer.revision)})),)
        yield from On("home", DeleteItem(self._home, self.consumer.key, ours, returns_old=False))
        self.consumer = None

    def _save(self, consumer: Consumer, now: dt.datetime) -> Moving[None]:
        until = now + dt.timedelta(seconds=self._lease.seconds)
        self.consumer = yield from On("home", saved(self._home, evolve(consumer, until=until)))
