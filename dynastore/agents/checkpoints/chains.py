"""Chains: from a checkpoint to the values of its channels, through those that it refers to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TypeAlias

from attrs import field, frozen

from ...errors import DataError
from .contents import Content, Held, Segment, Splice, Value, spilled_name
from .elements import Elements, cut, elements_of

Spot: TypeAlias = tuple[str, str]
"""A checkpoint as others refer to it: its id and its mark."""


@frozen
class Gap:
    """A segment that has still to be read.

    Attributes:
        channel: whose it is.
        at: id of the checkpoint that holds it.
        root: id of the checkpoint where the chain begins.
        links: how many segments of the chain are missing at most.
        is_spilled: whether it is a `CheckpointValue`.
        mark: of the checkpoint that holds it.
        is_spread: whether most checkpoints of the chain hold nothing of it.
    """

    channel: str
    at: str
    root: str
    links: int
    is_spilled: bool
    mark: str
    is_spread: bool = False


@frozen
class Known:
    """What was read of a thread's namespace so far.

    Attributes:
        contents: checkpoint id -> its content.
        spilled: checkpoint id and name -> a segment that is stored by itself.
    """

    contents: dict[str, Content] = field(factory=dict)
    spilled: dict[tuple[str, str], Segment] = field(factory=dict)

    def segment(self, channel: str, spot: Spot, *, is_spilled: bool) -> Segment | None:
        """The segment of a channel that a checkpoint holds, if it was read."""
        at, mark = spot
        spilled = self.spilled.get((at, spilled_name(channel, mark)))
        if is_spilled or at not in self.contents:
            return spilled
        return (self.contents[at].put(mark) or {}).get(channel) or spilled

    def is_read(self, gap: Gap) -> bool:
        """Whether all that can be read of a segment that was missing was read."""
        if gap.is_spilled:
            return (gap.at, spilled_name(gap.channel, gap.mark)) in self.spilled
        content = self.contents.get(gap.at)
        return content is not None and content.put(gap.mark) is not None

    def gaps(self, references: Iterable[tuple[str, Held]]) -> Iterator[Gap]:
        """The first segment of each channel's chain that is missing."""
        for channel, held in references:
            chain = self.chain(channel, held)
            if isinstance(chain, Gap):
                yield chain

    def values(self, content: Content) -> dict[str, Value | Elements]:
        """The values of a checkpoint's channels, all of whose chains are known.

        Returns:
            Channel -> its value; cut, if it was spliced together.

        Raises:
            DataError: the segments do not fit together.
        """
        chains = {name: self.chain(name, held) for name, held in content.held.items()}
        return {
            name: joined(name, chain)
            for name, chain in chains.items()
            if not isinstance(chain, Gap)
        }

    def referred(self, references: Iterable[tuple[str, Held]]) -> set[str]:
        """Ids of the checkpoints that hold the segments of some channels, as far as these were read.

        Ids need not be in the order in which checkpoints follow each other: the clocks of hosts
        differ. So no more is taken for referred to than what is.
        """
        passed: set[tuple[str, Spot, bool]] = set()
        for channel, held in references:
            for spot, is_spilled, _ in self.walk(channel, held):
                step = channel, spot, is_spilled
                if step in passed:
                    break
                passed.add(step)
        return {at for _, (at, _), _ in passed}

    def places(self, channel: str, held: Held) -> list[Spot]:
        """The checkpoints that hold the segments of a channel, the latest first."""
        return [spot for spot, _, _ in self.walk(channel, held)]

    def walk(self, channel: str, held: Held) -> Iterator[tuple[Spot, bool, Segment | None]]:
        """The way from a channel's latest segment to its whole value, as far as it was read.

        Yields:
            The checkpoint that holds the segment, whether that is stored by itself, and the
            segment; None where it has to be read first, and then the way ends.
        """
        spot, is_spilled = (held.at, held.mark), held.is_spilled
        while True:
            segment = self.segment(channel, spot, is_spilled=is_spilled)
            content = self.contents.get(spot[0])
            put = None if content is None else content.put(spot[1])
            # A checkpoint that was read and holds it not in its item holds it beside it.
            is_apart = put is not None and channel not in put
            yield spot, is_spilled or is_apart, segment
            if not isinstance(segment, Splice):
                return
            spot, is_spilled = (segment.base, segment.base_mark), segment.is_base_spilled

    def chain(self, channel: str, held: Held) -> list[Segment] | Gap:
        """The segments of a channel, the whole value first; or which of them has to be read next."""
        found: list[Segment] = []
        for (at, mark), is_spilled, segment in self.walk(channel, held):
            if segment is None:
                missing = held.links - len(found)
                return Gap(channel, at, held.root, missing, is_spilled, mark, held.is_spread)
            found.append(segment)
        return found[::-1]


def joined(channel: str, chain: Sequence[Segment]) -> Value | Elements:
    """The value that a chain of segments makes; one that was never spliced is as it was stored.

    Raises:
        DataError: the segments do not fit together.
    """
    whole, *splices = chain
    if not isinstance(whole, Value):
        raise DataError(f"channel {channel!r} of a checkpoint begins with a splice")
    if not splices:
        return whole
    elements = elements_of(whole)
    if elements is None:
        raise DataError(f"channel {channel!r} of a checkpoint is spliced into no list and no dict")
    each = list(elements.each)
    for splice in splices:
        if not isinstance(splice, Splice) or splice.first + splice.last > len(each):
            raise DataError(f"channel {channel!r} of a checkpoint is spliced where nothing is")
        middle = cut(elements.kind, splice.data, count=splice.count)
        if middle is None:
            raise DataError(f"channel {channel!r} of a checkpoint is spliced with no members")
        each[splice.first : len(each) - splice.last] = middle
    return Elements(elements.kind, each)


def serialized(value: Value | Elements) -> Value:
    """A value in one piece, as a serializer reads it."""
    return value if isinstance(value, Value) else value.whole
