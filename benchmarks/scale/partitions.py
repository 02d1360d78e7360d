"""A model of DynamoDB's partitions: ranges of keys, each with a limit, and split where they are hot.

An index, or the table itself, is a line of places: the hash of the partition key, then the sort key.
A partition is a stretch of it. What is assumed where AWS says nothing has a name in capitals.

Source: DynamoDB Developer Guide, "Best practices for designing and using partition keys" and
"Burst and adaptive capacity"; AWS Database Blog, "Scaling DynamoDB: How partitions, hot keys, and
split for heat impact performance".
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import groupby, pairwise
from operator import itemgetter
from typing import TypeAlias

from attrs import define, field, frozen

WRITE_LIMIT = 1_000  # write units a second of a partition
READ_LIMIT = 3_000  # read units a second of a partition; or a mix of both in proportion
NEW_PARTITIONS = 4  # of a new table on demand, which takes 4,000 write units a second
PARTITION_BYTES = 10 * 10**9  # a partition that holds more is split
HASH_BITS = 64
MINUTE = 60.0  # seconds
HEAT_MINUTES = 3  # at its limit before a partition is split; assumed
HEAT = 0.9  # of its limit that counts as being at it; assumed

Place: TypeAlias = tuple[int, str]
"""Where an item is in an index: hash of its partition key, sort key."""


def place(partition_key: str, sort_key: str) -> Place:
    """The place of an item."""
    digest = blake2b(partition_key.encode(), digest_size=HASH_BITS // 8).digest()
    return int.from_bytes(digest), sort_key


def load(write_units: float, read_units: float) -> float:
    """How long a partition at its limit is busy with some units, in seconds."""
    return write_units / WRITE_LIMIT + read_units / READ_LIMIT


@frozen
class Touch:
    """What a call takes of one index.

    Attributes:
        index: its number; 0 is the table itself.
        place: of the item; None of one of very many keys that are met alike, so that the load of all
            of them is spread evenly over the partitions.
        load: see `load`.
    """

    index: int
    place: Place | None
    load: float


@frozen
class Call:
    """A request. It is carried out if each partition that it touches has room, or throttled.

    A write that an index has no room for is throttled too: indexes push back on their table.

    Attributes:
        kind: what it is counted under.
        touches: of the table and its indexes.
        times: how many like it there are, at places close to it.
    """

    kind: str
    touches: tuple[Touch, ...]
    times: float = 1.0


@define
class Partition:
    """A stretch of an index.

    Attributes:
        low: the first place in it; the next partition's is the first after it.
        busy: seconds of this minute that it was busy.
        offered: the same for all that was asked of it, with the places.
        hot_minutes: for how long it has been at its limit.
    """

    low: Place
    busy: float = 0.0
    offered: list[tuple[Place, float]] = field(factory=list)
    hot_minutes: int = 0

    def end_minute(self, even: float) -> Partition | None:
        """Begin another minute; gives the new partition where this one is split.

        Args:
            even: seconds of the minute that were taken by what is spread over all partitions.
        """
        heat = (even + sum(seconds for _, seconds in self.offered)) / MINUTE
        self.hot_minutes = self.hot_minutes + 1 if heat >= HEAT else 0
        offered, self.offered, self.busy = self.offered, [], 0.0
        if self.hot_minutes < HEAT_MINUTES:
            return None
        middle = halved(offered)
        if middle is None:
            return None
        self.hot_minutes = 0
        return Partition(middle)


def halved(offered: Sequence[tuple[Place, float]]) -> Place | None:
    """The place from which on about half of the load is; None where it cannot be divided.

    An item with more than half of it ends alone in a partition, after two splits. So does a partition
    key whose sort keys only grow: a split within it would leave all that comes on one side.

    Args:
        offered: places and loads, in the order in which they came.
    """
    growing = {key for key, came in _sort_keys(offered).items() if came == sorted(came)}
    divisible = [((at[0], "") if at[0] in growing else at, load) for at, load in offered]
    grouped = groupby(sorted(divisible), itemgetter(0))
    places = [(at, sum(seconds for _, seconds in same)) for at, same in grouped]
    total, below, best = sum(seconds for _, seconds in places), 0.0, None
    nearest = total
    for (_, seconds), (at, _) in pairwise(places):
        below += seconds
        if abs(below - total / 2) < nearest:
            nearest, best = abs(below - total / 2), at
    return best


def _sort_keys(offered: Sequence[tuple[Place, float]]) -> Mapping[int, list[str]]:
    """Hash of a partition key -> the sort keys under it, as they came."""
    found: dict[int, list[str]] = {}
    for (key, sort_key), _ in offered:
        found.setdefault(key, []).append(sort_key)
    return found


class Line:
    """The partitions of one index, in the order of their places."""

    def __init__(self, count: int) -> None:
        """So many, of the same share of all hashes."""
        self.partitions = [Partition(low) for low in _even(count)]
        self._lows = [each.low for each in self.partitions]
        self._even = self._spread = 0.0  # seconds of a minute: of each partition, of all that came
        self._hot_minutes = 0

    def begin_minute(self, even_seconds: float) -> None:
        """Keep room for what is spread evenly, in each partition."""
        self._even = min(MINUTE, even_seconds / len(self.partitions))
        self._spread = 0.0

    def fits(self, where: Place | None, seconds: float) -> bool:
        """Whether there is room."""
        if where is None:
            return self._spread + seconds <= MINUTE * len(self.partitions)
        return self.at(where).busy + self._even + seconds <= MINUTE

    def offer(self, where: Place | None, seconds: float, *, done: bool) -> None:
        """Ask for some seconds, which are taken if the call is carried out."""
        if where is None:
            self._spread += seconds if done else 0
            return
        found = self.at(where)
        found.offered.append((where, seconds))
        found.busy += seconds if done else 0

    def at(self, where: Place) -> Partition:
        """The partition that a place is in."""
        return self.partitions[bisect_right(self._lows, where) - 1]

    def end_minute(self) -> None:
        """Split what was hot for long enough; all partitions, if what is spread keeps them busy."""
        self._hot_minutes = self._hot_minutes + 1 if self._even >= HEAT * MINUTE else 0
        new = [each for old in self.partitions if (each := old.end_minute(self._even)) is not None]
        if self._hot_minutes >= HEAT_MINUTES:
            new += map(Partition, _even(2 * len(self.partitions)))
            self._hot_minutes = 0
        for each in new:
            at = bisect_left(self._lows, each.low)
            if each.low not in self._lows[at : at + 1]:
                self.partitions.insert(at, each)
                self._lows.insert(at, each.low)


def _even(count: int) -> list[Place]:
    """First places of so many partitions of the same share of all hashes."""
    return [(number * 2**HASH_BITS // count, "") for number in range(count)]


@frozen
class Outcome:
    """What became of the calls of a minute.

    Attributes:
        offered: calls, by kind.
        done: those of them that were not throttled.
        partitions: how many each index has in the end.
    """

    offered: Mapping[str, float]
    done: Mapping[str, float]
    partitions: Mapping[int, int]

    def throttled(self, kind: str | None = None) -> float:
        """What part of the calls was throttled, of a kind or of all."""
        kinds = list(self.offered) if kind is None else [kind]
        offered = sum(self.offered.get(each, 0.0) for each in kinds)
        return 1 - sum(self.done.get(each, 0.0) for each in kinds) / offered if offered else 0.0


class Simulated:
    """A table and its indexes, under load."""

    def __init__(self, counts: Mapping[int, int]) -> None:
        """With so many partitions of each index at first."""
        self._lines = {number: Line(count) for number, count in counts.items()}

    def run(self, minutes: Sequence[Sequence[Call]], weight: float) -> Outcome:
        """Offer calls minute after minute; gives what became of those of the last one.

        Args:
            minutes: a sample of the calls of each.
            weight: how many calls each of the sample stands for.
        """
        return [self.minute(calls, weight) for calls in minutes][-1]

    def minute(self, calls: Sequence[Call], weight: float) -> Outcome:
        """Offer the calls of a minute; see `run`."""
        offered: dict[str, float] = defaultdict(float)
        done: dict[str, float] = defaultdict(float)
        self._begin_minute(calls, weight)
        for call in calls:
            times = weight * call.times
            offered[call.kind] += times
            done[call.kind] += times if self._offer(call, times) else 0
        for line in self._lines.values():
            line.end_minute()
        counts = {number: len(line.partitions) for number, line in self._lines.items()}
        return Outcome(offered, done, counts)

    def _begin_minute(self, calls: Sequence[Call], weight: float) -> None:
        even: dict[int, float] = defaultdict(float)
        for call in calls:
            for each in call.touches:
                if each.place is None:
                    even[each.index] += each.load * weight * call.times
        for number, line in self._lines.items():
            line.begin_minute(even[number])

    def _offer(self, call: Call, times: float) -> bool:
        asked = [(self._lines[each.index], each.place, each.load * times) for each in call.touches]
        fits = all(line.fits(where, seconds) for line, where, seconds in asked)
        for line, where, seconds in asked:
            line.offer(where, seconds, done=fits)
        return fits
