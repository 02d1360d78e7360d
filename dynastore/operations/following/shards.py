"""The shards of a stream: which of them can be read, and whether one was lost.

A shard that is split or merged is closed and continued by others, its children. The changes of one
item stay in order when no shard is read before all of its parent was taken.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from attrs import frozen

from ...errors import RequestError
from ...requests import Steps
from ...requests.streams import DescribeStream, GetShardIterator, Shard
from ...schema.streams import NO_IMAGES
from ..together import read_together
from .consumers import Finished, Position, Unread


@frozen
class Shards:
    """The shards of a stream at one moment.

    Attributes:
        enabled: whether changes still come into the stream.
        each: by name.
    """

    enabled: bool
    each: Mapping[str, Shard]

    def behind(self, positions: Mapping[str, Position]) -> set[str]:
        """Names of shards of which nothing is left: finished ones, and what begun ones continue."""
        names = {name for name, position in positions.items() if position == Finished()}
        for name in positions:
            shard = self.each.get(name)
            while shard is not None and shard.parent is not None:
                names.add(shard.parent)
                shard = self.each.get(shard.parent)
        return names

    def readable(self, positions: Mapping[str, Position]) -> list[Shard]:
        """Those that have something left and continue no other shard that has.

        A parent that is no longer listed has nothing left: its records are no longer kept.
        """
        behind = self.behind(positions)
        left = {name: shard for name, shard in self.each.items() if name not in behind}
        return [shard for shard in left.values() if shard.parent not in left]

    def lost(self, positions: Mapping[str, Position]) -> str | None:
        """A shard that may have held changes after *positions*, and is no longer kept; or None."""
        if not positions:
            return None
        behind = self.behind(positions)
        for name in positions:
            if name not in behind and name not in self.each:
                return name
        known = {*behind, *self.each, None}
        parents = (shard.parent for name, shard in self.each.items() if name not in positions)
        return next((parent for parent in parents if parent not in known), None)

    def childless(self, names: Iterable[str]) -> list[str]:
        """Those of some shards that no listed shard continues."""
        parents = {shard.parent for shard in self.each.values()}
        return [name for name in names if name not in parents]


def list_shards(stream: str) -> Steps[Shards]:
    """All shards of a stream that are kept.

    Raises:
        RequestError: it holds no images.
    """
    page = yield from DescribeStream(stream)
    if not page.images:
        raise RequestError(NO_IMAGES)
    shards = [*page.shards]
    while page.last_shard is not None:
        page = yield from DescribeStream(stream, page.last_shard)
        shards += page.shards
    return Shards(page.enabled, {shard.id: shard for shard in shards})


def newest(stream: str, shards: Shards) -> Steps[dict[str, Position]]:
    """Positions after the newest record of each shard."""
    ongoing = [name for name, shard in shards.each.items() if not shard.closed]
    latest = [GetShardIterator(stream, name, "LATEST") for name in ongoing]
    iterators = yield from read_together(latest)
    closed = shards.childless(name for name in shards.each if name not in ongoing)
    begun = {name: Unread(each) for name, each in zip(ongoing, iterators, strict=True)}
    return {**dict.fromkeys(closed, Finished()), **begun}
