"""What a checkpointer sends: requests, units and bytes. Ours is counted on SQLite."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from threading import Lock
from typing import Any, Protocol

from attrs import astuple, define, field, frozen
from langgraph.checkpoint.base import BaseCheckpointSaver

from dynastore import Store
from dynastore.capacity import READ_DOLLARS, WRITE_DOLLARS, WRITE_UNIT_BYTES, item_bytes
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.requests import Scan
from dynastore.telemetry.recording import Sent
from dynastore.testing import memory_store

READS = {"GetItem", "Query", "BatchGetItem"}

# US dollars a million in us-east-1, read in November 2026: objects are PUT and GET in S3 Standard, of
# which storing is not counted here.
PUT_DOLLARS, GET_DOLLARS = 5.0, 0.4


@frozen
class Taken:
    """What some requests took.

    Attributes:
        requests: how many there were.
        writes: how many of them wrote.
        write_units: those of items.
        read_units: those of items.
        objects_put: objects written to a bucket.
        objects_got: objects read from it.
        written_bytes: at most: a write unit is up to 1,024 bytes; with all bytes of objects.
    """

    requests: int = 0
    writes: int = 0
    write_units: float = 0.0
    read_units: float = 0.0
    objects_put: int = 0
    objects_got: int = 0
    written_bytes: int = 0

    @property
    def dollars(self) -> float:
        """What a million times as much costs."""
        units = self.write_units * WRITE_DOLLARS + self.read_units * READ_DOLLARS
        return units + self.objects_put * PUT_DOLLARS + self.objects_got * GET_DOLLARS

    def __add__(self, other: Taken) -> Taken:
        """Both together."""
        return Taken(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))

    def __sub__(self, other: Taken) -> Taken:
        """What was taken since."""
        return Taken(*(a - b for a, b in zip(astuple(self), astuple(other), strict=True)))

    @classmethod
    def of_read(cls, units: float) -> Taken:
        """One request that reads items."""
        return cls(requests=1, read_units=units)

    @classmethod
    def of_write(cls, units: float) -> Taken:
        """One request that writes items."""
        written = int(units * WRITE_UNIT_BYTES)
        return cls(requests=1, writes=1, write_units=units, written_bytes=written)

    @classmethod
    def of_put(cls, size: int) -> Taken:
        """One object that is written."""
        return cls(requests=1, writes=1, objects_put=1, written_bytes=size)

    @classmethod
    def of_got(cls) -> Taken:
        """One object that is read."""
        return cls(requests=1, objects_got=1)


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
    taken: Taken = field(factory=Taken)
    _lock: Lock = field(factory=Lock)

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
        """Count a request; some are made at the same time."""
        is_read = sent.operation in READS
        with self._lock:
            self.taken += Taken.of_read(sent.units) if is_read else Taken.of_write(sent.units)


@contextmanager
def ours(store: Store | None = None) -> Iterator[Measured]:
    """Our checkpointer.

    Args:
        store: that it writes to, which is not closed; one in memory by default.
    """
    with ExitStack() as closing:
        if store is None:
            store = closing.enter_context(memory_store())
        store.create_table()
        measured = Ours(DynastoreSaver(store), store)
        with store.observed(lambda _: measured.add):
            yield measured
