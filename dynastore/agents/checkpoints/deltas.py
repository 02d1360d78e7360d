"""Deltas: which segments a new checkpoint holds, and which values it leaves where they are.

A value that is as it was is referred to. Of a list or dict that has grown or changed in one place,
only what is new is written, until that sums up to four times the whole: then it is written whole
again. So a turn costs what it says, and what has to be read stays in proportion to the value. It is
written whole, too, where the splices are few and many checkpoints apart: each would be a request.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping

from attrs import define, evolve, field, frozen

from .contents import FAR_LINKS, Held, Segment, Splice, Value
from .elements import Elements, Kind, elements_of

# Of a value, before compression: below it is written whole, since a chain saves nothing.
SPLICED_BYTES = 512
LINK_BYTES = 300  # what a segment costs besides its data: reading and naming its item
SPLICED_RATIO = 4  # at 1 a turn of real conversations takes a fifth more units; at 8 reads double
SPILLED_BYTES = 256 * 1024  # before compression: larger segments are stored by themselves

Digests = tuple[Kind, tuple[bytes, ...]]
"""What tells the members of a list or dict from others, in their order."""


def _copy(versions: Mapping[str, object]) -> Mapping[str, object]:
    return {**versions}


@frozen
class Head:
    """What is remembered of a checkpoint, so that the next one can refer to it.

    Attributes:
        versions: channel -> the version of its value; a copy, as their owner may count on in them.
        held: channel -> where its value is.
        digests: channel -> those of its value, if that is a list or a dict.
    """

    versions: Mapping[str, object] = field(converter=_copy)
    held: Mapping[str, Held]
    digests: Mapping[str, Digests]

    @property
    def reach(self) -> int:
        """How many checkpoints a read of it goes back to, itself included.

        What is whole, or spread over many checkpoints, is read by key.
        """
        chains = (held for held in self.held.values() if held.links > 1 and not held.is_spread)
        return max((held.age for held in chains), default=1)


@define
class Drafted:
    """The channels of a new checkpoint.

    Attributes:
        held: channel -> where its value is; what the checkpoint holds itself has no mark yet.
        digests: channel -> those of its value, if that is a list or a dict.
        segments: channel -> what its item holds of it.
        spilled: channel -> what has to be stored by itself, because it is large.
    """

    held: dict[str, Held] = field(factory=dict)
    digests: dict[str, Digests] = field(factory=dict)
    segments: dict[str, Segment] = field(factory=dict)
    spilled: dict[str, Segment] = field(factory=dict)


@frozen
class Drafting:
    """A new checkpoint in the making.

    Attributes:
        checkpoint_id: its id.
        parent: the checkpoint that it follows; None where that is not known, or there is none.
        lasts: until when the new checkpoint is kept, in seconds since 1970; 0 for ever.
        outlives: whether what is kept until then is there for as long as the new checkpoint is
            given back.
    """

    checkpoint_id: str
    parent: Head | None
    lasts: int
    outlives: Callable[[int], bool]

    def drafted(
        self,
        channels: Collection[str],
        changed: Collection[str],
        versions: Mapping[str, object],
        value_of: Callable[[str], Value | None],
    ) -> Drafted:
        """Decide for each channel.

        Args:
            channels: all that may have a value.
            changed: those with a new version.
            versions: channel -> the version of its value.
            value_of: serializes the value of a channel; None where it has none.
        """
        draft = Drafted()
        for name in channels:
            if name not in changed and self._left(name, versions, draft):
                continue
            value = value_of(name)
            if value is not None:
                self._add(name, value, draft)
        return draft

    def _left(self, name: str, versions: Mapping[str, object], draft: Drafted) -> bool:
        """Whether the value stays where it is."""
        parent = self.parent
        if parent is None or name not in versions or parent.versions.get(name) != versions[name]:
            return False
        held = parent.held.get(name)
        if held is None:
            return True  # it had no value, and has none
        if not self.outlives(held.lasts):
            return False
        self._keep(name, _older(held), parent.digests.get(name), draft)
        return True

    def _add(self, name: str, value: Value, draft: Drafted) -> None:
        elements = None
        if len(value.data) > SPLICED_BYTES:
            elements = elements_of(value)
        digests = None if elements is None else (elements.kind, elements.digests)
        if elements is not None and (before := self._before(name, elements)) is not None:
            held, known = before
            if known == digests:
                return self._keep(name, _older(held), digests, draft)
            splice = _splice(held, known[1], elements, digests[1] if digests else ())
            if self._is_worth(splice, held, value):
                return self._write(name, splice, self._linked(held, splice), digests, draft)
        at, size = self.checkpoint_id, len(value.data)
        whole = Held(at, at, 1, size, 0, 1, self.lasts)
        return self._write(name, value, whole, digests, draft)

    def _before(self, name: str, elements: Elements) -> tuple[Held, Digests] | None:
        """The value that the channel had, if something can be spliced into it."""
        if self.parent is None:
            return None
        held, known = self.parent.held.get(name), self.parent.digests.get(name)
        if held is None or known is None or known[0] != elements.kind:
            return None
        return (held, known) if self.outlives(held.lasts) else None

    def _is_worth(self, splice: Splice, held: Held, value: Value) -> bool:
        if held.is_spread and held.links >= FAR_LINKS:
            return False
        cost = len(splice.data) + LINK_BYTES
        allowed = SPLICED_RATIO * held.whole_bytes
        return cost < len(value.data) and held.spliced_bytes + cost <= allowed

    def _linked(self, held: Held, splice: Splice) -> Held:
        spliced = held.spliced_bytes + len(splice.data) + LINK_BYTES
        return evolve(
            _older(held),
            at=self.checkpoint_id,
            mark="",
            links=held.links + 1,
            spliced_bytes=spliced,
            lasts=earlier(held.lasts, self.lasts),
        )

    def _write(
        self, name: str, segment: Segment, held: Held, digests: Digests | None, draft: Drafted
    ) -> None:
        is_spilled = len(segment.data) > SPILLED_BYTES
        (draft.spilled if is_spilled else draft.segments)[name] = segment
        self._keep(name, evolve(held, is_spilled=is_spilled), digests, draft)

    def _keep(self, name: str, held: Held, digests: Digests | None, draft: Drafted) -> None:
        draft.held[name] = held
        if digests is not None:
            draft.digests[name] = digests


def earlier(one: int, other: int) -> int:
    """The earlier of two times, in seconds since 1970; 0 is never."""
    return min(one, other) if one and other else one or other


def _older(held: Held) -> Held:
    """The same place, as the next checkpoint refers to it."""
    return evolve(held, age=held.age + 1)


def _splice(
    held: Held, before: tuple[bytes, ...], elements: Elements, digests: tuple[bytes, ...]
) -> Splice:
    """What makes the members from those before."""
    first = sum(1 for _ in _alike(zip(before, digests, strict=False)))
    rest = min(len(before), len(digests)) - first
    ends = zip(before[::-1][:rest], digests[::-1][:rest], strict=True)
    last = sum(1 for _ in _alike(ends))
    middle = elements.each[first : len(elements.each) - last]
    data = b"".join(middle)
    return Splice(held.at, first, last, len(middle), held.is_spilled, data, held.mark)


def _alike(pairs: Iterator[tuple[bytes, bytes]]) -> Iterator[None]:
    for one, other in pairs:
        if one != other:
            return
        yield None


def digests_of(value: Value | Elements) -> Digests | None:
    """What tells the members of a value from others, if anything can be spliced into it."""
    elements = elements_of(value) if isinstance(value, Value) else value
    is_small = isinstance(value, Value) and len(value.data) <= SPLICED_BYTES
    return None if elements is None or is_small else (elements.kind, elements.digests)
