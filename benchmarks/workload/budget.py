"""A limit in dollars: units are counted as they are told, and nothing begins that might pass it."""

from __future__ import annotations

from math import inf
from threading import Lock
from typing import Any

from typer import BadParameter

from dynastore.capacity import READ_DOLLARS, WRITE_DOLLARS
from dynastore.clients.observing import Ending, Sent
from dynastore.requests import Request

READS = {"GetItem", "BatchGetItem", "Query", "TransactGetItems", "Scan"}
# Write units that an operation takes at most: the largest writes a turn of some 100 KB, twice where a
# retry was carried out too, and its few index entries.
MOST_UNITS = 250


class Budget:
    """An observer that adds up dollars, for any number of threads and tasks."""

    def __init__(self, dollars: float | None = None) -> None:
        """Nothing is spent.

        Args:
            dollars: that may be spent; without end by default.
        """
        self._limit = inf if dollars is None else dollars
        self._lock = Lock()
        self._in_flight = 0
        self.spent = 0.0
        self.requests = 0
        self.over = False  # whether something was not begun

    def __call__(self, _: Request[Any], /) -> Ending:
        """Be told how a request ends."""
        return self._add

    def begin(self) -> bool:
        """Reserve what an operation may take; False where that is no longer left."""
        most = MOST_UNITS * WRITE_DOLLARS / 1e6
        with self._lock:
            if self.spent + (self._in_flight + 1) * most > self._limit:
                self.over = True
                return False
            self._in_flight += 1
            return True

    def end(self) -> None:
        """The operation has ended; what it took was told."""
        with self._lock:
            self._in_flight -= 1

    def _add(self, sent: Sent) -> None:
        price = READ_DOLLARS if sent.operation in READS else WRITE_DOLLARS
        with self._lock:
            self.spent += sent.units * price / 1e6
            self.requests += 1


def account(endpoint_url: str | None, dollars: float | None) -> Budget:
    """What may be spent on a table of one's own.

    Raises:
        BadParameter: it is at AWS, and there is no limit.
    """
    if endpoint_url is None and dollars is None:
        raise BadParameter("a table at AWS costs money: say how much with --spend")
    return Budget(dollars)
