"""Results: a query that has not run yet, blocking or awaited.

Making one, and setting its options, sends nothing. `plan` explains it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping
from typing import Any, Generic, Literal, Protocol, Self, TypeVar, cast

import orjson
from attrs import evolve, field, frozen

from ..errors import RequestError, shown
from ..operations.reading import reads
from ..operations.reading.reader import MOST_ITEMS, Page, Reader, Slice
from ..planner import PLAIN, Ask
from ..planner.explain import as_dict, as_mermaid
from ..planner.plan import Plan
from ..requests import Steps
from ..schema.schema import Schema

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
class Asked:
    """What a query asks for, and its plan.

    Attributes:
        schema: where.
        classes: the entity classes; of several, those that share a partition.
        where: field -> a literal or a term.
        combined: filters made by `any_of`, `all_of` and `not_`.
        ask: order, consistency and fields.
        plan: how it will be served. Print it to see the key conditions, the filters, what it costs
            and why other patterns were passed over.
    """

    schema: Schema
    classes: tuple[type[Any], ...]
    where: Mapping[str, Any]
    combined: tuple[Any, ...] = ()
    ask: Ask = PLAIN
    is_collection: bool = False
    plan: Plan = field(init=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Plan it, so that what is wrong is said where the query is written."""
        if self.is_collection:
            plan = self.schema.plan_collection(self.classes, self.where, self.combined, self.ask)
        else:
            plan = self.schema.plan(self.classes[0], self.where, self.combined, self.ask)
        object.__setattr__(self, "plan", plan)


@frozen
class _Options:
    """The options of results, whoever runs them."""

    _asked: Asked

    @property
    def plan(self) -> Plan:
        """How it will be served. Print it; that sends nothing."""
        return self._asked.plan

    def explain(self, form: Literal["text", "json", "mermaid"] = "text") -> str:
        """How it will be served, as text, as JSON, or as a Mermaid diagram; sends nothing.

        Raises:
            RequestError: there is no such form.
        """
        match form:
            case "text":
                return str(self.plan)
            case "json":
                return orjson.dumps(as_dict(self.plan), option=orjson.OPT_INDENT_2).decode()
            case "mermaid":
                return as_mermaid(self.plan)
        raise RequestError(f"a plan is explained as text, json or mermaid, not as {shown(form)}")

    def newest_first(self) -> Self:
        """The same results in the opposite order: descending."""
        return self._with(newest_first=not self._asked.ask.newest_first)

    def order_by(self, *fields: str) -> Self:
        """The same results sorted by fields, ascending; None comes first.

        An index sorts where one can. Otherwise up to 10,000 items are read and sorted in memory,
        which the plan says.

        Raises:
            UnknownField, RequestError: a field is none, or has no order.
        """
        return self._with(order=fields)

    def limit(self, count: int) -> Self:
        """The first of the same results; their pages end there too.

        Then the plan weighs what it takes to find so many, rather than all.

        Args:
            count: how many at most, 1 or more.

        Raises:
            RequestError: the count is below 1.
        """
        if type(count) is not int or count < 1:
            raise RequestError(f"results are limited to 1 or more, not to {shown(count)}")
        return self._with(limit=min(count, MOST_ITEMS))

    def consistent(self) -> Self:
        """The same results, with every write acknowledged before; costs twice the read units.

        Raises:
            RequestError: only an index serves the query, and indexes are eventually consistent.
        """
        return self._with(consistent=True)

    def _with(self, **options: Any) -> Self:
        return evolve(self, asked=evolve(self._asked, ask=evolve(self._asked.ask, **options)))

    def _selecting(self, fields: tuple[str, ...]) -> Self:
        if self._asked.is_collection:
            raise RequestError("entities of several classes are read whole; leave select() out")
        if not fields:
            raise RequestError("select() names at least one field")
        return self._with(selected=fields)

    def _page(self, limit: int | None, cursor: str | None) -> Steps[Page[Any]]:
        return reads.read_page(self._asked.schema, self.plan, limit=limit, cursor=cursor)

    def _slice(self, offset: int, limit: int) -> Steps[Slice[Any]]:
        return reads.read_slice(self._asked.schema, self.plan, offset=offset, limit=limit)

    def _count(self) -> Steps[int]:
        return reads.count(self._asked.schema, self.plan)

    def _opened(self) -> Steps[Reader]:
        return reads.opened(self._asked.schema, self.plan)


@frozen
class Results(_Options, Generic[E]):
    """Entities in the order of the index, or of `order_by`. Iterating reads pages as far as it goes.

    The results of an OR that is read by several access patterns follow each other, path by path,
    unless they are sorted.
    """

    _store: Runs

    def __iter__(self) -> Iterator[E]:
        reader = self._store.run(self._opened())
        while True:
            page = self._store.run(reader.page(None))
            yield from page.entities
            if page.cursor is None:
                return

    def select(self, *fields: str) -> Results[dict[str, Any]]:
        """The same results as dicts of some fields, which a slim index may have.

        Raises:
            UnknownField, RequestError: a field is none, or none is given.
        """
        return cast("Results[dict[str, Any]]", self._selecting(fields))

    def page(self, *, limit: int | None = None, cursor: str | None = None) -> Page[E]:
        """One page; see `operations.reading.reads.read_page`."""
        return self._store.run(self._page(limit, cursor))

    def slice(self, offset: int, limit: int) -> Slice[E]:
        """The results from a place on, and their total; reads all. See `page`, which does not."""
        return self._store.run(self._slice(offset, limit))

    def first(self) -> E | None:
        """The first entity, or None if there is none."""
        page = self.limit(1).page()
        return page.entities[0] if page.entities else None

    def count(self) -> int:
        """How many entities there are. Costs what reading them costs, but sends none of them."""
        return self._store.run(self._count())

    def by_class(self) -> dict[type[Any], list[E]]:
        """All entities of a collection, by class, in order; a class without any has an empty list."""
        return _by_class(self._asked.classes, list(self))


@frozen
class AsyncResults(_Options, Generic[E]):
    """`Results` of an AsyncStore: ``async for``, and awaited methods."""

    _store: RunsAsync

    async def __aiter__(self) -> AsyncIterator[E]:
        reader = await self._store.run(self._opened())
        while True:
            page = await self._store.run(reader.page(None))
            for entity in page.entities:
                yield entity
            if page.cursor is None:
                return

    def select(self, *fields: str) -> AsyncResults[dict[str, Any]]:
        """The same results as dicts of some fields; see `Results.select`."""
        return cast("AsyncResults[dict[str, Any]]", self._selecting(fields))

    async def page(self, *, limit: int | None = None, cursor: str | None = None) -> Page[E]:
        """One page; see `operations.reading.reads.read_page`."""
        return await self._store.run(self._page(limit, cursor))

    async def slice(self, offset: int, limit: int) -> Slice[E]:
        """The results from a place on, and their total; see `Results.slice`."""
        return await self._store.run(self._slice(offset, limit))

    async def first(self) -> E | None:
        """The first entity, or None if there is none."""
        page = await self.limit(1).page()
        return page.entities[0] if page.entities else None

    async def count(self) -> int:
        """How many entities there are. Costs what reading them costs, but sends none of them."""
        return await self._store.run(self._count())

    async def by_class(self) -> dict[type[Any], list[E]]:
        """All entities of a collection, by class; see `Results.by_class`."""
        return _by_class(self._asked.classes, [entity async for entity in self])


def _by_class(classes: tuple[type[Any], ...], entities: list[E]) -> dict[type[Any], list[E]]:
    found: dict[type[Any], list[E]] = {cls: [] for cls in classes}
    for entity in entities:
        found[type(entity)].append(entity)
    return found
