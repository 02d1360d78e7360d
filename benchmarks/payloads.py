"""What a payload takes of write units, against the same value stored natively.

On conversations of your own: the file that ``DYNASTORE_CONVERSATIONS`` names, a JSON object with
``messages`` a line; without it on the sample of ``dynastore demo``.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from itertools import chain
from pathlib import Path
from typing import Any

import orjson
from attrs import frozen
from rich.table import Table

from dynastore import Schema, entity, key, payload
from dynastore.capacity import value_bytes
from dynastore.testing import memory_store, recorded
from dynastore.values.attributes import encode_json

VARIABLE = "DYNASTORE_CONVERSATIONS"
SIZES = (1_500, 6_000, 20_000, 50_000, 200_000)  # bytes of the native form, about
BARS = {6_000: 0.50, 20_000: 0.37, 200_000: 0.22}  # of the native units, at most
MOST = 40  # payloads measured of each size


@entity("packed run")
class Packed:
    """A turn whose messages are a payload."""

    run_id: str
    messages: list[dict[str, Any]] = payload(factory=list)

    primary = key("RUN#{run_id}", "PACKED")


@entity("native run")
class Native:
    """The same, stored as any field is."""

    run_id: str
    messages: list[dict[str, Any]] = payload(factory=list, compress_over=None, split=False)

    primary = key("RUN#{run_id}", "NATIVE")


@frozen
class Units:
    """Write units of some payloads.

    Attributes:
        native: stored as any field is.
        packed: stored as a payload.
    """

    native: float
    packed: float

    @property
    def ratio(self) -> float:
        """What part of the native units a payload takes."""
        return self.packed / self.native


def conversations() -> Sequence[Sequence[dict[str, Any]]]:
    """The messages of each conversation, without the system's, which all of them share."""
    named = os.environ.get(VARIABLE)
    source: Any = Path(named) if named else files("dynastore.cli").joinpath("conversations.jsonl")
    rows = [orjson.loads(line) for line in source.read_bytes().splitlines() if line.strip()]
    return [[each for each in row["messages"] if each["role"] != "system"] for row in rows]


def payloads_of(size: int) -> Iterator[list[dict[str, Any]]]:
    """Messages in their order, in payloads that reach a size; no message is in two."""
    held: list[dict[str, Any]] = []
    bytes_held = 0
    for message in chain.from_iterable(conversations()):
        held.append(message)
        bytes_held += value_bytes(encode_json(message))
        if bytes_held >= size:
            yield held
            held, bytes_held = [], 0


def units(size: int) -> Units:
    """The write units of payloads of a size, together."""
    store = memory_store(Schema([Packed, Native]))
    taken = {}
    for cls in (Native, Packed):
        with recorded(store) as sent:
            for number, messages in zip(range(MOST), payloads_of(size), strict=False):
                store.put(cls(run_id=f"{number}", messages=messages))
        taken[cls] = sum(each.units for each in sent)
    return Units(taken[Native], taken[Packed])


def is_real() -> bool:
    """Whether it is conversations of one's own that are measured."""
    return VARIABLE in os.environ


def measured() -> dict[int, Units]:
    """Units by size, of those that the conversations are enough for."""
    found = {size: units(size) for size in SIZES}
    return {size: each for size, each in found.items() if each.native}


def table(found: Mapping[int, Units]) -> Table:
    """All sizes."""
    shown = Table(title="Write units of payloads of real conversations")
    for name in ("bytes", "native", "payload", "of it", "bar"):
        shown.add_column(name, justify="right")
    for size, each in found.items():
        cells = (f"{each.native:g}", f"{each.packed:g}", f"{each.ratio:.2f}")
        shown.add_row(f"{size:,}", *cells, f"{BARS[size]:.2f}" if size in BARS else "")
    return shown
