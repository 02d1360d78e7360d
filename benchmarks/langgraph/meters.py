"""What a checkpointer sends: requests, units and bytes. Ours is counted on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from attrs import define, evolve, frozen
from langgraph.checkpoint.base import BaseCheckpointSaver

from dynastore import Store
from dynastore.capacity import WRITE_UNIT_BYTES, item_bytes
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.recording import Sent
from dynastore.requests import Scan
from dynastore.testing import memory_store

READS = {"GetItem", "Query", "BatchGetItem"}

# A PUT of S3 costs 5 dollars a million, a write unit 0.625. Source: prices on demand in us-east-1,
# read in November 2026.
OBJECT_UNITS = 8.0


@frozen
class Taken:
    """What some requests took.

    Attributes:
        requests: how many there were.
        writes: how many of them wrote.
        write_units: those of items, and 8 for each object in a bucket: as much as that costs.
        read_units: those of items.
        written_bytes: at most: a write unit is up to 1,024 bytes; with all bytes of objects.
    """

    requests: int = 0
    writes: int = 0
    write_units: float = 0.0
    read_units: float = 0.0
    written_bytes: int = 0

    def __sub__(self, other: Taken) -> Taken:
        """What was taken since."""
        return Taken(
            self.requests - other.requests,
            self.writes - other.writes,
            self.write_units - other.write_units,
            self.read_units - other.read_units,
            self.written_bytes - other.written_bytes,
        )

    def read(self, units: float) -> Taken:
        """The same, and one request that reads."""
        return evolve(self, requests=self.requests + 1, read_units=self.read_units + units)

    def wrote(self, units: float, object_bytes: int | None = None) -> Taken:
        """The same, and one request that writes."""
        in_items = int(units * WRITE_UNIT_BYTES)
        more = OBJECT_UNITS if object_bytes is not None else units
        return evolve(
            self,
            requests=self.requests + 1,
            writes=self.writes + 1,
            write_units=self.write_units + more,
            written_bytes=self.written_bytes + (object_bytes or in_items),
        )


class Measured(Protocol):
    """A checkpointer, and what it took so far."""

    saver: BaseCheckpointSaver[Any]
    taken: Taken

    def stored_bytes(self) -> int:
        """What is stored, in bytes: items, and objects."""
        ...


@define
class Ours:
    """A `DynastoreSaver` on SQLite in memory."""

    saver: BaseCheckpointSaver[Any]
    store: Store
    taken: Taken = Taken()

    def stored_bytes(self) -> int:
        """What is stored, in bytes."""
        total, start = 0, None
        while True:
            page = self.store.client.send(Scan(self.store.schema.table.name, start_key=start))
            total += sum(map(item_bytes, page.items))
            start = page.last_key
            if start is None:
                return total

    def add(self, sent: Sent) -> None:
        """Count a request."""
        is_read = sent.operation in READS
        self.taken = self.taken.read(sent.units) if is_read else self.taken.wrote(sent.units)


@contextmanager
def ours() -> Iterator[Measured]:
    """Our checkpointer."""
    store = memory_store()
    store.create_table()
    measured = Ours(DynastoreSaver(store), store)
    with store.observed(lambda _: measured.add):
        yield measured
    store.close()
