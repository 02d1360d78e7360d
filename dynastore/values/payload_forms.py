"""Forms: an attribute value as bytes, compressed where that is smaller.

The first byte says how to read the rest: in its low half how it is compressed, in its high half what
is in it. That is the bytes of a B, the text of an S, and of all else JSON of attribute values, with a
line for each member of an L or M, so that a large value is written and read without a second copy of
the whole. Whatever attribute values hold comes back unchanged.
"""

from __future__ import annotations

import zlib
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, TypeAlias

import orjson

from ..capacity import LIMIT_BYTES
from ..errors import DataError
from .attributes import AttributeValue

try:
    import zstandard
except ModuleNotFoundError:  # the extra dynastore[zstd]; zlib then
    zstandard = None  # type: ignore[assignment]

RAW, ZLIB, ZSTD, PARTS, OBJECT = range(5)  # the low half of a first byte: how to read the rest
JSON, BYTES, TEXT, LIST, MAP = range(0, 0x50, 0x10)  # the high half: what is in it
CONTENTS = {"B": BYTES, "S": TEXT, "L": LIST, "M": MAP}  # by the type of the attribute value

ZLIB_LEVEL = 6  # at 6 KB of conversations 0.31 of the native size; level 1 makes 0.35 of it
ZSTD_LEVEL = 3  # 0.33 there, in a quarter of zlib's time; level 9 takes longer than zlib
WINDOW_BYTES = 1024 * 1024  # compressed or decompressed at a time
# What is larger may repeat itself from further back than level 3 looks: an image that a framework keeps
# twice. Looking there takes a hash table of its own, which smaller values do not need.
FAR_BYTES = 1024 * 1024
LONGEST_WINDOW = (
    27  # its logarithm: 128 MB, the most that a zstd decoder takes unless it is told more
)

# Of one value, decompressed: a few bytes could else fill the memory of whoever reads them.
LARGEST_BYTES = 256 * 1024 * 1024

Form: TypeAlias = bytes | bytearray


class Unreadable(ValueError):
    """A form is damaged."""


def form_of(
    value: AttributeValue, *, compress: bool, method: Literal["zlib", "zstd"] | None = None
) -> Form:
    """The form of an attribute value.

    Args:
        value: as other fields are stored.
        compress: whether to; a form that is not smaller so is raw all the same.
        method: by default zstd where it is installed.

    Raises:
        TypeError, ValueError: a text holds half of a surrogate pair, or the value is larger than one
            that would be read.
    """
    size = sum(map(len, _pieces(value)))
    if size > LARGEST_BYTES:
        raise ValueError(
            f"it takes {size:,} bytes; a payload holds {LARGEST_BYTES:,}. Keep it elsewhere."
        )
    content = CONTENTS.get(next(iter(value)), JSON)
    form = _compressed(value, size, content, method) if compress else None
    if form is None and content == BYTES:  # of views, so that nothing is copied twice
        return b"".join((bytes((RAW | content,)), *_pieces(value)))
    if form is None:
        form = bytearray((RAW | content,))
        for piece in _pieces(value):
            form += piece
    return form if len(form) > LIMIT_BYTES else bytes(form)


def value_of(form: Form) -> AttributeValue:
    """The attribute value of a form.

    Raises:
        Unreadable: the form is damaged, or larger than any that was written.
        DataError: it is compressed by zstd, which is not installed.
    """
    if not form:
        raise Unreadable("it is empty, and has not even a first byte")
    method, content = form[0] & 0x0F, form[0] & 0xF0
    if method not in {RAW, ZLIB, ZSTD} or content > MAP:
        raise Unreadable(f"its first byte is {form[0]}, which no version wrote")
    windows = _bounded(_READERS[method](memoryview(form)[1:]))
    if content == LIST:
        return {"L": [orjson.loads(line) for line in _lines(windows)]}
    if content == MAP:
        return {"M": {k: v for line in _lines(windows) for k, v in orjson.loads(line).items()}}
    plain = b"".join(windows)
    if content == BYTES:
        return {"B": plain}
    if content == TEXT:
        return {"S": plain.decode()}
    read = orjson.loads(plain)
    if not isinstance(read, dict):
        raise Unreadable("it holds no attribute value")
    return read


def form_in(value: AttributeValue) -> Form:
    """The form that an attribute of a payload field holds; of a value stored natively, a raw one."""
    if "B" not in value:
        return form_of(value, compress=False)
    held = value["B"]
    return held if isinstance(held, bytes | bytearray) else b64decode(held)


def _pieces(value: AttributeValue) -> Iterator[bytes | memoryview]:
    """What a form holds of an attribute value, before compression, in pieces."""
    ((kind, held),) = value.items()
    if kind == "B":
        yield from _windows(memoryview(form_in(value)))
    elif kind == "S":
        yield held.encode()
    elif kind == "L":
        yield from (_json(each) for each in held)
    elif kind == "M":
        yield from (_json({name: each}) for name, each in held.items())
    else:
        yield _json(value)


def _json(value: Any) -> bytes:
    return orjson.dumps(value, default=_base64, option=orjson.OPT_APPEND_NEWLINE)


def _compressed(
    value: AttributeValue, size: int, content: int, method: str | None
) -> bytearray | None:
    """The compressed form; None if it is not smaller than the raw one."""
    chosen = method or ("zstd" if zstandard else "zlib")
    made: Any
    made = _zstd(size).compressobj(size=size) if chosen == "zstd" else zlib.compressobj(ZLIB_LEVEL)
    form = bytearray(((ZSTD if chosen == "zstd" else ZLIB) | content,))
    for piece in _pieces(value):
        form += made.compress(piece)
        if len(form) > size:
            return None
    form += made.flush()
    return form if len(form) <= size else None


def _zstd(size: int) -> zstandard.ZstdCompressor:
    """What compresses so many bytes: in a large value it finds again what lies far behind."""
    if size <= FAR_BYTES:
        return zstandard.ZstdCompressor(level=ZSTD_LEVEL)
    window = min(size.bit_length(), LONGEST_WINDOW)
    return zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters.from_level(
            ZSTD_LEVEL, source_size=size, window_log=window, enable_ldm=True, write_content_size=1
        )
    )


def _windows(data: memoryview) -> Iterator[memoryview]:
    for at in range(0, len(data), WINDOW_BYTES):
        yield data[at : at + WINDOW_BYTES]


def _inflated(data: memoryview) -> Iterator[bytes]:
    made = zlib.decompressobj()
    try:
        for window in _windows(data):
            left: bytes | memoryview = window
            while some := made.decompress(left, WINDOW_BYTES):
                yield some
                left = made.unconsumed_tail
    except zlib.error as error:
        raise Unreadable(str(error)) from error
    if not made.eof or made.unused_data:
        raise Unreadable("it is cut off, or something follows it")


def _unpacked(data: memoryview) -> Iterator[bytes]:
    if zstandard is None:
        raise DataError(
            'a payload is compressed by zstd, which is not installed: pip install ".[zstd]" in a clone '
            "of dynastore"
        )
    left = 0
    try:
        left = zstandard.frame_content_size(data)
        with zstandard.ZstdDecompressor().stream_reader(data) as reader:
            while some := reader.read(WINDOW_BYTES):
                left -= len(some)
                yield some
    except zstandard.ZstdError as error:
        raise Unreadable(str(error)) from error
    if left:
        raise Unreadable("it is cut off, or something follows it")


_READERS: Mapping[int, Callable[[memoryview], Iterator[bytes | memoryview]]] = {
    RAW: _windows,
    ZLIB: _inflated,
    ZSTD: _unpacked,
}


def _bounded(windows: Iterator[bytes | memoryview]) -> Iterator[bytes | memoryview]:
    """Windows of what was compressed, as long as they are no more than was ever written."""
    size = 0
    for window in windows:
        size += len(window)
        if size > LARGEST_BYTES:
            raise Unreadable(f"it decompresses to more than {LARGEST_BYTES:,} bytes")
        yield window


def _lines(windows: Iterator[bytes | memoryview]) -> Iterator[bytes]:
    """The lines of what windows hold together; each ends with a line feed, which JSON never has."""
    left = b""
    for window in windows:
        *lines, left = (left + window).split(b"\n")
        yield from lines
    if left:
        raise Unreadable("its last line is cut off")


def _base64(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is no part of an attribute value")
