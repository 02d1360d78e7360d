"""Scanned: a scan of the table for the entities of one class, blocking or awaited.

It reads the whole table, all classes and scopes, and pays for it: half a read unit for each 4,096
bytes, a whole one on a consistent store. What is filtered is paid too. Making one sends nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Generic, TypeVar

from attrs import field, frozen

from ..operations.reading.reader import Page
from ..operations.reading.scanner import Scanner
from .results import Runs, RunsAsync

E = TypeVar("E")


@frozen(eq=False)
class _Place:
    """How far a scan is, whoever runs it."""

    _scanner: Scanner = field(repr=False)

    @property
    def cursor(self) -> str | None:
        """Where the scan goes on after the entities handed out so far; None at the end.

        Opaque and URL-safe; give it to `scan` with the same class, filters, scope and segments, in
        this process or another. It holds keys of items, which may be those of other scopes: keep it
        where you would keep these.
        """
        return self._scanner.cursor


@frozen(eq=False)
class Scanned(_Place, Generic[E]):
    """The entities of one class, wherever they are in the table: each once, in no order.

    It is read once, by one thread: iterating again, and `page`, go on where the last one ended.
    After an error they go on too: a round that failed is read again, an item that did not fit its
    class is passed over by iterating.
    """

    _store: Runs = field(repr=False)

    def __iter__(self) -> Iterator[E]:
        while True:
            yield from self._scanner.available()
            if self._scanner.done:
                return
            self._store.run(self._scanner.read())

    def page(self) -> Page[E]:
        """What the next request to each of up to 10 segments brings, 1 MB each at most.

        It may be empty before the end, which is where its cursor is None; give the cursor to
        `scan`. With a rate, the page comes after the wait. Entities that an iteration left of a
        round are a page of their own, without a request.

        Raises:
            DataError: a stored item does not fit its class. Iterating passes it over.
        """
        return self._store.run(self._scanner.page())


@frozen(eq=False)
class AsyncScanned(_Place, Generic[E]):
    """`Scanned` of an AsyncStore: ``async for``, and an awaited `page`. For one task."""

    _store: RunsAsync = field(repr=False)

    async def __aiter__(self) -> AsyncIterator[E]:
        while True:
            for entity in self._scanner.available():
                yield entity
            if self._scanner.done:
                return
            await self._store.run(self._scanner.read())

    async def page(self) -> Page[E]:
        """What the next request to each of up to 10 segments brings; see `Scanned.page`."""
        return await self._store.run(self._scanner.page())
