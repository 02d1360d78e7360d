"""Results: a query that has not run yet, blocking or awaited.

Making one, and setting its options, sends nothing. `plan` explains it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator
from typing import Any, Generic, Protocol, Self, TypeVar

from attrs import evolve, frozen

from .operations import reads
from .operations.reads import Page
from .plan import Plan, consistently, reversed_order
from .requests import Steps
from .schema import Schema

E = TypeVar("E")
T = TypeVar("T")


class Runs(Protocol):
    """What runs operations and waits for them: a Store."""

    def run(self, steps: Steps[T], /) -> T:
        """The operation's result."""
        ...


class RunsAsync(Protocol):
    """What runs operations on the event loop: an AsyncStore."""

    def run(self, steps: Steps[T], /) -> Coroutine[Any, Any, T]:
        """The operation's result, to be awaited."""
        ...


@frozen
class _Asked:
    """What is asked, whoever runs it.

    Attributes:
        schema: where.
        plan: how. Print it to see the key conditions, the filters and the patterns passed over.
    """

    schema: Schema
    plan: Plan

    def newest_first(self) -> Self:
        """The same results in the opposite order: descending range attributes."""
        return evolve(self, plan=reversed_order(self.plan))

    def consistent(self) -> Self:
        """The same results, with every write acknowledged before; costs twice the read units.

        Raises:
            RequestError: the plan reads an index, which DynamoDB keeps eventually consistent only.
        """
        return evolve(self, plan=consistently(self.plan))

    def _page(self, limit: int | None, cursor: str | None) -> Steps[Page[Any]]:
        return reads.read_page(self.schema, self.plan, limit=limit, cursor=cursor)


@frozen
class Results(_Asked, Generic[E]):
    """Entities in the order of the index. Iterating reads page after page, as far as it goes."""

    store: Runs

    def __iter__(self) -> Iterator[E]:
        cursor = None
        while True:
            page = self.page(cursor=cursor)
            yield from page.entities
            cursor = page.cursor
            if cursor is None:
                return

    def page(self, *, limit: int | None = None, cursor: str | None = None) -> Page[E]:
        """One page; see `operations.reads.read_page`."""
        return self.store.run(self._page(limit, cursor))

    def first(self) -> E | None:
        """The first entity, or None if there is none."""
        page = self.page(limit=1)
        return page.entities[0] if page.entities else None

    def count(self) -> int:
        """How many entities there are. Costs what reading them costs, but sends none of them."""
        return self.store.run(reads.count(self.schema, self.plan))


@frozen
class AsyncResults(_Asked, Generic[E]):
    """`Results` of an AsyncStore: ``async for``, and awaited methods."""

    store: RunsAsync

    async def __aiter__(self) -> AsyncIterator[E]:
        cursor = None
        while True:
            page = await self.page(cursor=cursor)
            for entity in page.entities:
                yield entity
            cursor = page.cursor
            if cursor is None:
                return

    async def page(self, *, limit: int | None = None, cursor: str | None = None) -> Page[E]:
        """One page; see `operations.reads.read_page`."""
        return await self.store.run(self._page(limit, cursor))

    async def first(self) -> E | None:
        """The first entity, or None if there is none."""
        page = await self.page(limit=1)
        return page.entities[0] if page.entities else None

    async def count(self) -> int:
        """How many entities there are. Costs what reading them costs, but sends none of them."""
        return await self.store.run(reads.count(self.schema, self.plan))
