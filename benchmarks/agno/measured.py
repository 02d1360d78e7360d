"""What Agno's calls take, against their bars: deterministic, counted on SQLite in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from random import Random
from typing import Any

from attrs import frozen

from dynastore import Store
from dynastore.integrations.agno import DynastoreDb
from dynastore.testing import memory_store, recorded

from ..cost.measured import Cost

SIZES = (100, 1_000, 5_000)  # sessions in the table
USERS = 20
TEXT_BYTES = 2_000
BEGAN = 1_767_600_000  # seconds since 1970
ENTRIES = 3_700  # of an index in 1 MB
WORDS = [
    "the",
    "agent",
    "looked",
    "up",
    "a",
    "flight",
    "for",
    "you",
    "and",
    "found",
    "two",
    "that",
    "leave",
    "on",
    "monday",
    "morning",
]


@frozen
class Measured:
    """A call, and what it may take.

    Attributes:
        call: gets the database and how many sessions there are.
        requests: at most, of so many sessions.
    """

    call: Callable[[DynastoreDb, int], Any]
    requests: Callable[[int], int]


@frozen
class Topic:
    """Calls that are measured on one table.

    Attributes:
        filled: puts so many sessions into an empty store, or what the topic has in their place.
        calls: name -> call.
    """

    filled: Callable[[Store, int], DynastoreDb]
    calls: Mapping[str, Measured]

    def costs(self, size: int, store: Store | None = None) -> dict[str, Cost]:
        """What each call takes with so many sessions, in an empty store; one in memory without."""
        db = self.filled(store or memory_store(), size)
        found: dict[str, Cost] = {}
        for name, measured in self.calls.items():
            with recorded(db.store) as sent:
                measured.call(db, size)
            found[name] = Cost(len(sent), sum(each.units for each in sent))
        return found


def pages(entries: int) -> int:
    """Requests that read so many index entries."""
    return 1 + entries // ENTRIES


@lru_cache(maxsize=1_000)
def text(number: int) -> str:
    """An answer in words, other ones for each number."""
    chosen = Random(number).choices(WORDS, k=TEXT_BYTES // 5)
    return " ".join(chosen)[:TEXT_BYTES]
