"""Scopes, looked at from outside of them: which there are, and what is found across them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any, TypeVar

from attrs import evolve, frozen

from ..errors import RequestError, shown
from ..operations.reading.reader import Page
from ..operations.reading.settling import InScope
from ..operations.scopes.registry import Names, scope_names
from ..planner import Ask
from ..requests import Steps
from ..schema.schema import Schema
from ..terms import Combined
from .results import Asked, AsyncResults, Results, Runs, RunsAsync

E = TypeVar("E")

NAMES_OF_PAGE = 1_000  # of those that an iteration reads at once


def _reading(schema: Schema, limit: int | None, after: str | None) -> Steps[Names]:
    if limit is not None and (type(limit) is not int or limit < 1):
        raise RequestError(f"a page has a whole number of names, at least 1, not {shown(limit)}")
    return scope_names(schema, limit or NAMES_OF_PAGE, after)


def _page(found: Names) -> Page[str]:
    return Page(found.names, found.names[-1] if found.more else None)


def _asked(
    schema: Schema, ask: Ask, cls: type[Any], filters: tuple[Any, ...], where: dict[str, Any]
) -> Asked:
    return Asked(schema, (cls,), where, filters, evolve(ask, across_scopes=True))


@frozen
class ScopeNames:
    """Names of scopes, sorted by their keys. Iterating reads pages as far as it goes."""

    _schema: Schema
    _store: Runs

    def __iter__(self) -> Iterator[str]:
        cursor = None
        while True:
            page = self.page(cursor=cursor)
            yield from page.entities
            if page.cursor is None:
                return
            cursor = page.cursor

    def page(self, *, limit: int | None = None, cursor: str | None = None) -> Page[str]:
        """Some names, and the last of them as the cursor if there are more.

        Args:
            limit: how many at most, 1 or more; 1,000 without.
            cursor: of the page before: the name that they come after; from the first on without.

        Raises:
            RequestError: the limit is wrong, or the table has no index.
        """
        return _page(self._store.run(_reading(self._schema, limit, cursor)))


@frozen
class AsyncScopeNames:
    """`ScopeNames`, awaited."""

    _schema: Schema
    _store: RunsAsync

    async def __aiter__(self) -> AsyncIterator[str]:
        cursor = None
        while True:
            page = await self.page(cursor=cursor)
            for name in page.entities:
                yield name
            if page.cursor is None:
                return
            cursor = page.cursor

    async def page(self, *, limit: int | None = None, cursor: str | None = None) -> Page[str]:
        """Some names; see `ScopeNames.page`."""
        return _page(await self._store.run(_reading(self._schema, limit, cursor)))


@frozen
class AcrossScopes:
    """Queries over all scopes directly inside a store's."""

    _schema: Schema
    _ask: Ask
    _store: Runs

    def query(self, cls: type[E], /, *filters: Combined, **where: Any) -> Results[InScope[E]]:
        """Find entities in all scopes, each with the name of its scope.

        Only access patterns that were declared with ``across_scopes=True`` are used.

        Args:
            cls: the entity class.
            filters: as those of `Store.query`.
            where: field -> a literal or a term.

        Raises:
            NoAccessPattern: no pattern across scopes serves these filters.
            UnknownField, RequestError: a filter is wrong.
        """
        return Results(_asked(self._schema, self._ask, cls, filters, where), self._store)


@frozen
class AsyncAcrossScopes:
    """`AcrossScopes`, awaited."""

    _schema: Schema
    _ask: Ask
    _store: RunsAsync

    def query(self, cls: type[E], /, *filters: Combined, **where: Any) -> AsyncResults[InScope[E]]:
        """Find entities in all scopes; see `AcrossScopes.query`. What is awaited is reading them."""
        return AsyncResults(_asked(self._schema, self._ask, cls, filters, where), self._store)
