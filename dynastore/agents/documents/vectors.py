"""Vectors of texts: 32-bit floats of length 1, and how alike two of them are."""

from __future__ import annotations

import hashlib
import math
import sys
from array import array
from collections.abc import Iterable, Sequence
from operator import mul

from attrs import frozen

from ...errors import RequestError, shown

FLOAT_BYTES = 4
FLOAT_DIGITS = 9  # tell any two 32-bit floats apart; IEEE 754
DIGEST_BYTES = 8  # tells the vectors of one document from those it had before


@frozen
class Packed:
    """Vectors of one document.

    Attributes:
        data: one after the other, as little-endian 32-bit floats.
        count: how many.
    """

    data: bytes
    count: int

    def digest(self, put_at: str) -> str:
        """Tells them from others, and from the same ones that were put at another time."""
        found = hashlib.blake2b(self.data, digest_size=DIGEST_BYTES)
        found.update(put_at.encode())
        return found.hexdigest()

    @property
    def each(self) -> list[tuple[float, ...]]:
        """The vectors, as decimal numbers that are no longer than 32-bit floats need."""
        held = _floats(self.data)
        dims = len(held) // self.count
        exact = [float(f"{number:.{FLOAT_DIGITS}g}") for number in held]
        return [tuple(exact[at : at + dims]) for at in range(0, len(exact), dims)]


def packed(vectors: Sequence[Sequence[float]], dims: int | None = None) -> Packed:
    """Vectors, made as long as 1, as an `Embedding` holds them.

    Args:
        vectors: one or more, all of as many dimensions.
        dims: how many that must be, or None.

    Raises:
        RequestError: a vector has another number of dimensions, or is not made of finite numbers.
    """
    first, *others = vectors
    one = unit(first, dims)
    return joined([one, *(unit(each, len(one)) for each in others)])


def joined(vectors: Iterable[Sequence[float]]) -> Packed:
    """Vectors, one after the other, as they are."""
    units = [array("f", each) for each in vectors]
    if sys.byteorder == "big":
        for each in units:
            each.byteswap()
    return Packed(b"".join(each.tobytes() for each in units), len(units))


def unit(vector: Sequence[float], dims: int | None = None) -> array[float]:
    """A vector in the same direction, of length 1; one without a length as it is.

    Raises:
        RequestError: it has another number of dimensions, or is not made of finite numbers.
    """
    try:
        length, count = math.hypot(*vector), len(vector)
    except TypeError as error:
        raise RequestError(f"an embedding is a list of numbers, not {shown(vector)}") from error
    if dims is not None and count != dims:
        raise RequestError(
            f"an embedding has {count} dimensions, and the index {dims}; "
            "set dims= to what the model gives"
        )
    if not math.isfinite(length):
        raise RequestError(f"an embedding is made of finite numbers, not {shown(list(vector))}")
    return array("f", (each / length for each in vector) if length else vector)


def likeness(wanted: Sequence[float], vectors: Packed) -> float | None:
    """The cosine of the angle between a vector of length 1 and the nearest of some others.

    Returns:
        -1 to 1; None where they have another number of dimensions, so that a model of others made
        them.
    """
    dims = len(wanted)
    if not vectors.count or len(vectors.data) != FLOAT_BYTES * dims * vectors.count:
        return None
    held = _floats(vectors.data)
    if vectors.count == 1:  # a slice would copy it
        return _product(wanted, held)
    return max(_product(wanted, held[at : at + dims]) for at in range(0, len(held), dims))


def _floats(data: bytes) -> array[float]:
    held = array("f", data)
    if sys.byteorder == "big":
        held.byteswap()
    return held


def _product(one: Iterable[float], other: Iterable[float]) -> float:
    total: float = sum(map(mul, one, other))
    return total
