"""Verified: a table whose items are examined and perhaps mended, blocking or awaited.

It reads the whole table and pays for it, as a scan does. Making one sends nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

from attrs import field, frozen

from ..operations.upkeep.findings import Finding, Tally
from ..operations.upkeep.verifying import Verifier
from .results import Runs, RunsAsync


@frozen(eq=False)
class _Place:
    """How far it is, whoever runs it."""

    _verifier: Verifier = field(repr=False)

    @property
    def tally(self) -> Tally:
        """What was found so far, in numbers; the whole once it was iterated to its end."""
        return self._verifier.tally

    @property
    def begun(self) -> bool:
        """Whether it has read any item."""
        return self._verifier.begun

    @property
    def cursor(self) -> str | None:
        """Where it goes on after the items examined so far; None at the end.

        Give it to `verify` or `reindex` with the same scope and segments, in this process or
        another. It holds keys of items: keep it where you would keep these.
        """
        return self._verifier.cursor


@frozen(eq=False)
class Verified(_Place):
    """What is wrong with the items of a table, in no order.

    `Malformed`, `Misplaced`, `Outdated` and `Drifted` are about items, `Unguarded`, `Duplicated` and
    `Orphaned` about unique values and their guards.

    It is read once, by one thread; after an error, iterating again goes on.
    """

    _store: Runs = field(repr=False)

    def __iter__(self) -> Iterator[Finding]:
        while not self._verifier.done:
            yield from self.page()

    def page(self) -> list[Finding]:
        """What the next request to each of up to 10 segments brings up; often nothing.

        The end is where the cursor is None. With a rate, the page comes after the wait.
        """
        return self._store.run(self._verifier.page())


@frozen(eq=False)
class AsyncVerified(_Place):
    """`Verified` of an AsyncStore: ``async for``, and an awaited `page`. For one task."""

    _store: RunsAsync = field(repr=False)

    async def __aiter__(self) -> AsyncIterator[Finding]:
        while not self._verifier.done:
            for finding in await self.page():
                yield finding

    async def page(self) -> list[Finding]:
        """What the next request to each of up to 10 segments brings up; see `Verified.page`."""
        return await self._store.run(self._verifier.page())
