"""What is in a PNG as browsers write it: 8 bits a channel, not interlaced."""

from __future__ import annotations

import struct
import zlib

CHANNELS = {2: 3, 6: 4}  # by colour type: RGB, RGBA

LINES = 150  # that are looked at, from the top


def colours(png: bytes) -> int:
    """How many different colours are in its upper lines."""
    lines, step = pixels(png)
    return len({line[at : at + step] for line in lines for at in range(0, len(line), step)})


def pixels(png: bytes) -> tuple[list[bytes], int]:
    """Its upper lines, and the bytes of a pixel."""
    chunks = chunks_of(png)
    width, _, bits, colour, *_, interlaced = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (bits, interlaced) == (8, 0)
    channels = CHANNELS[colour]
    data, size = zlib.decompress(chunks[b"IDAT"]), width * channels
    lines, before = [], bytes(size)
    for start in range(0, len(data), size + 1)[:LINES]:
        before = unfiltered(data[start], data[start + 1 : start + 1 + size], before, channels)
        lines.append(before)
    return lines, channels


def chunks_of(png: bytes) -> dict[bytes, bytes]:
    """Its chunks; those of one name are joined."""
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    found: dict[bytes, bytes] = {}
    at = 8
    while at < len(png):
        size, name = struct.unpack(">I4s", png[at : at + 8])
        found[name] = found.get(name, b"") + png[at + 8 : at + 8 + size]
        at += size + 12
    return found


def unfiltered(kind: int, line: bytes, above: bytes, step: int) -> bytes:
    """A line, from its difference to its left and to the line above; PNG specification, 9.2."""
    done = bytearray(line)
    for at in range(len(done)):
        left = done[at - step] if at >= step else 0
        corner = above[at - step] if at >= step else 0
        match kind:
            case 1:
                done[at] = (done[at] + left) & 255
            case 2:
                done[at] = (done[at] + above[at]) & 255
            case 3:
                done[at] = (done[at] + (left + above[at]) // 2) & 255
            case 4:
                done[at] = (done[at] + nearest(left, above[at], corner)) & 255
    return bytes(done)


def nearest(left: int, above: int, corner: int) -> int:
    guess = left + above - corner
    return min((left, above, corner), key=lambda each: abs(guess - each))
