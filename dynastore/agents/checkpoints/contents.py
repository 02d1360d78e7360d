"""Contents: a checkpoint's header and the segments of its channels, as bytes.

A segment says what a channel became: a whole value, or what is spliced into the value that the
channel had before. Channels that did not change have none; the content names the checkpoint that
holds theirs.

A checkpoint may be put again, under its id and with other values. Others may refer to what it held
before, so it goes on holding that. A reference has the id of a checkpoint and its mark, which is made
of what was put.

The bytes are one line of JSON, and then the data of all that it names, one after the other.
"""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, TypeAlias

import orjson
from attrs import evolve, field, frozen

from ...errors import DataError


@frozen
class Value:
    """A serialized value.

    Attributes:
        type: what the serializer calls its form, such as ``msgpack``.
        data: the form.
    """

    type: str
    data: bytes


@frozen
class Splice:
    """A list or dict that is an earlier one with other members in one place.

    Attributes:
        base: id of the checkpoint that holds the channel's segment before this one.
        first: how many members it has in common with the earlier one at the start.
        last: how many at the end.
        count: how many are between them.
        is_base_spilled: whether that segment is a `CheckpointValue` of its own.
        data: those between, serialized one after the other.
        base_mark: of that checkpoint.
    """

    base: str
    first: int
    last: int
    count: int
    is_base_spilled: bool
    data: bytes
    base_mark: str = ""


Segment: TypeAlias = Value | Splice

MARK_BYTES = 6  # of a digest, enough to tell apart what is put under one id

# What reading a line of JSON that is another than `packed` wrote comes to.
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)


# Checkpoints for each link of a chain: one that goes back further is read by key, not all between.
SPREAD = 8
FAR_LINKS = 4  # of a chain that is spread; each may take a request


@frozen
class Held:
    """Where the value of a channel is.

    Attributes:
        at: id of the checkpoint that holds the channel's latest segment.
        root: id of the one with the whole value that the later segments are spliced into.
        links: how many segments there are from the root on; 1 where it is the root.
        whole_bytes: size of the whole value.
        spliced_bytes: size of the segments after it.
        age: how many checkpoints there are from the root on.
        lasts: until when all these segments are kept, in seconds since 1970; 0 for ever.
        is_spilled: whether the latest segment is a `CheckpointValue` beside its checkpoint.
        mark: of the checkpoint that holds it.
    """

    at: str
    root: str
    links: int
    whole_bytes: int
    spliced_bytes: int
    age: int
    lasts: int
    is_spilled: bool = False
    mark: str = ""

    @property
    def is_spread(self) -> bool:
        """Whether most of the checkpoints from the root on hold nothing of the value."""
        return self.age > SPREAD * self.links


@frozen
class Former:
    """What was put under an id before something else was.

    Attributes:
        segments: channel -> its segment, of those whose segment is in the item.
        held: channel -> where its value is.
        since: when the other was put, in seconds since 1970.
    """

    segments: Mapping[str, Segment] = field(factory=dict)
    held: Mapping[str, Held] = field(factory=dict)
    since: int = 0


@frozen
class Content:
    """What a checkpoint's item holds.

    Attributes:
        header: the checkpoint without the values of its channels, serialized.
        metadata: serialized.
        held: channel -> where its value is; channels without a value have no place.
        segments: channel -> its segment, of those whose segment is in this item.
        thread_lasts: until when the thread's header is kept, in seconds since 1970; 0 for ever.
        mark: of what was put last.
        former: what was put before under the same id, by its mark.
    """

    header: Value
    metadata: Value
    held: Mapping[str, Held] = field(factory=dict)
    segments: Mapping[str, Segment] = field(factory=dict)
    thread_lasts: int = 0
    mark: str = ""
    former: Mapping[str, Former] = field(factory=dict)

    def put(self, mark: str) -> Mapping[str, Segment] | None:
        """Channel -> segment, of what was put with a mark; None if nothing was."""
        if mark == self.mark:
            return self.segments
        return self.former[mark].segments if mark in self.former else None

    def references(self, after: float = 0) -> Iterator[tuple[str, Held]]:
        """Channels and where their values are: as it is, and as it was some time ago.

        Who remembers it as it was may go on from that.

        Args:
            after: of what was put before, what it was after this time, in seconds since 1970.
        """
        yield from self.held.items()
        for each in self.former.values():
            if each.since > after:
                yield from each.held.items()


def marked(content: Content, spilled: Mapping[str, Segment]) -> Content:
    """A content with the mark of what it holds: equal ones have the same.

    Args:
        content: one without a mark, that refers to itself without one.
        spilled: channel -> segment, of those that are stored by themselves.
    """
    digest = blake2b(packed(content), digest_size=MARK_BYTES)
    for name, segment in spilled.items():
        digest.update(orjson.dumps(name) + packed_segment(segment))
    mark = urlsafe_b64encode(digest.digest()).decode()
    own = {name: evolve(held, mark=held.mark or mark) for name, held in content.held.items()}
    return evolve(content, mark=mark, held=own)


def spilled_name(channel: str, mark: str) -> str:
    """The name of a segment that is stored by itself, beside a checkpoint with that mark."""
    return f"{channel}#{mark}"


def packed(content: Content) -> bytes:
    """The bytes of a content, but for its mark."""
    line = {
        "h": [content.header.type, len(content.header.data)],
        "m": [content.metadata.type, len(content.metadata.data)],
        "s": _outlines(content.segments),
        "d": {name: _place(each, content.mark) for name, each in content.held.items()},
        "t": content.thread_lasts,
    }
    if content.former:
        line["f"] = {mark: _outlines(each.segments) for mark, each in content.former.items()}
        line["p"] = {mark: _past(each, mark) for mark, each in content.former.items()}
    data = [content.header.data, content.metadata.data]
    for some in (content.segments, *(each.segments for each in content.former.values())):
        data += [each.data for each in some.values()]
    return b"".join((orjson.dumps(line), b"\n", *data))


def content_of(form: bytes, mark: str = "") -> Content:
    """The content that some bytes hold.

    Args:
        form: the bytes.
        mark: of the checkpoint.

    Raises:
        DataError: they are damaged.
    """
    line, data = _opened(form)
    try:
        former: dict[str, Any] = line.get("f", {})
        groups = [line["s"], *former.values()]
        outlines = [each for group in groups for each in group.values()]
        header, metadata, *segments = _cut(data, [line["h"], line["m"], *outlines])
        rest = iter(segments)
        named, *others = [{name: next(rest) for name in group} for group in groups]
        held = {name: _held(each, mark) for name, each in line["d"].items()}
        past = line.get("p", {})
        before = {
            mark: _former(some, past.get(mark, [{}, 0]), mark)
            for mark, some in zip(former, others, strict=True)
        }
        lasts = line["t"]
    except UNREADABLE as error:
        raise _damaged(error) from error
    if not isinstance(header, Value) or not isinstance(metadata, Value):
        raise _damaged("its header is spliced")
    return Content(header, metadata, held, named, lasts, mark, before)


def packed_segment(segment: Segment) -> bytes:
    """The bytes of a segment that is stored by itself."""
    return orjson.dumps(_outline(segment)) + b"\n" + segment.data


def segment_of(form: bytes) -> Segment:
    """The segment that some bytes hold.

    Raises:
        DataError: they are damaged.
    """
    line, data = _opened(form)
    try:
        (segment,) = _cut(data, [line])
    except UNREADABLE as error:
        raise _damaged(error) from error
    return segment


def _outline(segment: Segment) -> list[Any]:
    match segment:
        case Value():
            return [segment.type, len(segment.data)]
        case Splice():
            places = [segment.first, segment.last, segment.count, segment.is_base_spilled]
            return [None, len(segment.data), segment.base, *places, segment.base_mark]


def _outlines(segments: Mapping[str, Segment]) -> dict[str, list[Any]]:
    return {name: _outline(each) for name, each in segments.items()}


def _place(held: Held, own: str) -> list[Any]:
    """Where a value is; without a mark where that is the checkpoint's own."""
    figures = [held.links, held.whole_bytes, held.spliced_bytes, held.age, held.lasts]
    mark = "" if held.mark == own else held.mark
    return [held.at, held.root, *figures, held.is_spilled, mark]


def _held(place: list[Any], own: str) -> Held:
    *figures, mark = place
    return Held(*(*figures, mark or own))


def _past(former: Former, mark: str) -> list[Any]:
    """What it says of something that was put before, besides its segments."""
    return [{name: _place(each, mark) for name, each in former.held.items()}, former.since]


def _former(segments: Mapping[str, Segment], past: list[Any], mark: str) -> Former:
    held, since = past
    return Former(segments, {name: _held(each, mark) for name, each in held.items()}, since)


def _opened(form: bytes) -> tuple[Any, memoryview]:
    line, found, _ = form.partition(b"\n")
    if not found:
        raise _damaged("its first line is cut off")
    try:
        return orjson.loads(line), memoryview(form)[len(line) + len(found) :]
    except orjson.JSONDecodeError as error:
        raise _damaged(error) from error


def _cut(data: memoryview, outlines: list[list[Any]]) -> Iterator[Segment]:
    """The segments that some data holds, one after the other.

    Raises:
        ValueError: the data is shorter or longer than they are.
    """
    start = 0
    for type_, size, *places in outlines:
        piece = bytes(data[start : start + size])
        if len(piece) != size:
            raise ValueError("it is cut off")
        start += size
        if type_ is not None:
            yield Value(type_, piece)
        else:
            base, first, last, count, is_base_spilled, base_mark = places
            yield Splice(base, first, last, count, is_base_spilled, piece, base_mark)
    if start < len(data):
        raise ValueError("it is longer than it says")


def _damaged(why: object) -> DataError:
    return DataError(f"the content of a checkpoint is damaged: {why}")
