"""The two stores of an adapter: one for calls that block, one for those that are awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from threading import RLock
from typing import Any, Self, TypeVar, cast

from ..agents import agent_schema
from ..async_store import AsyncStore
from ..clients.opening import Place, Settings, place_of
from ..errors import RequestError, shown
from ..schema import Schema
from ..store import Store

S = TypeVar("S", bound=Store | AsyncStore)


def store_of(kind: type[S], given: Any) -> S:
    """A store of one kind, of what an adapter is given.

    Args:
        kind: Store or AsyncStore.
        given: a store of either kind, a *where* of `Store.connect`, or None.

    Raises:
        RequestError: it is none of these.
    """
    if given is None or isinstance(given, str):
        return cast("S", kind.connect(given))
    if isinstance(given, kind):
        return given
    if isinstance(given, AsyncStore):
        return cast("S", given.blocking())
    if isinstance(given, Store):
        return cast("S", given.awaited())
    raise _no_store(given)


def _no_store(given: Any) -> RequestError:
    return RequestError(f"{shown(given)} is no store; give one, or what Store.connect() takes")


class Stores:
    """A store and its awaited twin; what was not given is made when it is first used.

    Attributes:
        schema: that of both.
    """

    def __init__(
        self,
        schema: Schema,
        *,
        blocking: Store | None = None,
        awaited: AsyncStore | None = None,
        place: Place | None = None,
    ) -> None:
        """Take a store, or the place where both are."""
        self.schema = schema
        self._blocking = blocking
        self._awaited = awaited
        self._place = place
        self._making = RLock()

    @classmethod
    def of(cls, store: Any) -> Stores:
        """The stores of what an adapter is given: a store, a *where* of `Store.connect`, or nothing.

        Raises:
            RequestError: it is none of these.
        """
        match store:
            case AsyncStore():
                return cls(store.schema, awaited=store)
            case Store():
                return cls(store.schema, blocking=store)
            case None | str():
                place = place_of(store, Settings())
                entities = agent_schema()
                named = entities if place.table is None else entities.named(place.table)
                return cls(named, place=place)
        raise _no_store(store)

    @property
    def blocking(self) -> Store:
        """For calls that block."""
        with self._making:
            if self._blocking is None:
                twin = self._awaited
                self._blocking = twin.blocking() if twin else Store.at(self._where, self.schema)
            return self._blocking

    @property
    def awaited(self) -> AsyncStore:
        """For calls that are awaited."""
        with self._making:
            if self._awaited is None:
                twin = self._blocking
                self._awaited = twin.awaited() if twin else AsyncStore.at(self._where, self.schema)
            return self._awaited

    @property
    def _where(self) -> Place:
        assert self._place is not None, "a store is given, or its place"
        return self._place

    def close(self) -> None:
        """Give back the connections of calls that block."""
        if self._blocking is not None:
            self._blocking.close()

    async def aclose(self) -> None:
        """Give back all connections."""
        self.close()
        if self._awaited is not None:
            await self._awaited.close()


class OnStores:
    """What all adapters do with their stores."""

    _stores: Stores

    @classmethod
    @contextmanager
    def from_conn_string(cls, where: str, **options: Any) -> Iterator[Self]:
        """An adapter for a ``with`` block, at whose end its connections are closed.

        Args:
            where: of `Store.connect`: a table's name or a URL.
            options: of the class.
        """
        adapter = cls(where, **options)  # type: ignore[call-arg]  # each has options of its own
        try:
            yield adapter
        finally:
            adapter._stores.close()

    @classmethod
    @asynccontextmanager
    async def from_conn_string_async(cls, where: str, **options: Any) -> AsyncIterator[Self]:
        """`from_conn_string` for an ``async with`` block."""
        adapter = cls(where, **options)  # type: ignore[call-arg]  # each has options of its own
        try:
            yield adapter
        finally:
            await adapter._stores.aclose()

    def setup(self) -> None:
        """Make the table unless it is there. On SQLite the first call does it by itself."""
        self._stores.blocking.create_table()

    async def asetup(self) -> None:
        """Make the table unless it is there; see `setup`."""
        await self._stores.awaited.create_table()
