"""Rewriting: the checkpoints that stay, so that they refer to none that goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from attrs import evolve, frozen

from .chains import Known, Spot, joined, serialized
from .contents import Content, Held, Segment, Splice, Value
from .deltas import SPILLED_BYTES, earlier


@frozen
class Rewritten:
    """A checkpoint that has to be written anew.

    Attributes:
        checkpoint_id: its id.
        content: what its item holds.
        spilled: channel -> what has to be stored by itself, before the item is written.
    """

    checkpoint_id: str
    content: Content
    spilled: Mapping[str, Segment]


@frozen
class Kept:
    """How long a checkpoint that stays is there, in seconds since 1970; 0 for ever.

    Attributes:
        until: until when it is given back.
        lasts: until when its item is kept.
    """

    until: float
    lasts: int

    def may_refer_to(self, held: Held) -> bool:
        """Whether a value is there for as long as the checkpoint is given back."""
        return not held.lasts or 0 < self.until <= held.lasts


def rewritten(known: Known, kept: Mapping[str, Kept]) -> Iterator[Rewritten]:
    """The checkpoints to write anew, in the order in which that is done.

    Of each value, the first that stays and refers to what goes gets the whole; those after it refer
    to that, unless they are given back for longer than that is kept.

    Args:
        known: all that the checkpoints refer to.
        kept: ids of those that stay, from the oldest on, and how long each does.
    """
    moved: dict[tuple[str, Spot], Held] = {}
    for checkpoint_id, stays in kept.items():
        content = known.contents[checkpoint_id]
        held, segments = dict(content.held), dict(content.segments)
        spilled: dict[str, Segment] = {}
        for name, place in content.held.items():
            chain = known.places(name, place)
            if not any((name, each) in moved for each in chain) and {at for at, _ in chain} <= {
                *kept
            }:
                continue
            own = checkpoint_id, content.mark
            found = _moved(known, name, own, place, moved, stays)
            if isinstance(found, Held):  # another has it
                held[name] = evolve(found, age=place.age)
                continue
            segments.pop(name, None)
            is_spilled = len(found.segment.data) > SPILLED_BYTES
            (spilled if is_spilled else segments)[name] = found.segment
            held[name] = moved[name, own] = moved[name, (place.at, place.mark)] = evolve(
                found.held, is_spilled=is_spilled
            )
        if held != content.held:
            yield Rewritten(checkpoint_id, evolve(content, held=held, segments=segments), spilled)


@frozen
class _Made:
    held: Held
    segment: Segment


def _moved(
    known: Known,
    name: str,
    own: Spot,
    place: Held,
    moved: Mapping[tuple[str, Spot], Held],
    stays: Kept,
) -> Held | _Made:
    """Where the value of a channel is from now on, or what its checkpoint holds of it."""
    spot = place.at, place.mark
    if spot != own and (there := moved.get((name, spot))) and stays.may_refer_to(there):
        return there
    segment = known.segment(name, spot, is_spilled=place.is_spilled)
    at, mark = own
    # One that is stored by itself is whole: it takes the place of what others read at the moment, and
    # these know no base for it but the one before.
    if spot == own and isinstance(segment, Splice) and len(segment.data) <= SPILLED_BYTES:
        base = moved.get((name, (segment.base, segment.base_mark)))
        if base is not None and stays.may_refer_to(base):
            at_base = evolve(segment, base=base.at, base_mark=base.mark)
            size = base.spliced_bytes + len(segment.data)
            new = evolve(base, at=at, mark=mark, links=base.links + 1, spliced_bytes=size)
            new = evolve(new, age=place.age, lasts=earlier(base.lasts, stays.lasts))
            return _Made(new, evolve(at_base, is_base_spilled=base.is_spilled))
    chain = known.chain(name, place)
    assert isinstance(chain, list), "what stays was read as far as it goes"
    value: Value = serialized(joined(name, chain))
    return _Made(Held(at, at, 1, len(value.data), 0, 1, stays.lasts, mark=mark), value)
