"""Stores of adapters: opened at their first use, and again when they are used after they were closed."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from threading import Lock
from types import TracebackType
from typing import Any, Generic, Self, TypedDict, TypeVar

from ..agents import agent_schema
from ..clients.opening import VARIABLE, Settings, place_of
from ..errors import RequestError, shown
from ..schema.schema import Schema
from ..stores.async_store import AsyncStore
from ..stores.store import Store

S = TypeVar("S", Store, AsyncStore)

HERE = Settings()  # as boto3 finds it


class Connecting(TypedDict, total=False):
    """What says how a table is reached, as of `Store.connect`."""

    session: Any
    client: Any
    region_name: str | None
    endpoint_url: str | None
    config: Any
    create: bool | None


class Opened(Generic[S]):
    """A store that is opened when it is first used, and again when it is used after it was closed."""

    def __init__(self, opening: Callable[[], S], *, is_own: bool = True) -> None:
        """Nothing is opened yet.

        Args:
            opening: opens it.
            is_own: whether it is closed here; one that somebody else opened is not.
        """
        self._opening: Callable[[], S] = opening
        self._is_own = is_own
        self._store: S | None = None
        self._lock = Lock()

    @classmethod
    def of(cls, kind: type[S], given: Any, **settings: Any) -> Opened[S]:
        """The store of one kind, of what an adapter is given.

        Args:
            kind: Store or AsyncStore.
            given: a store of either kind, a *where* of `Store.connect`, or None.
            settings: see `Connecting`.

        Raises:
            RequestError: it is none of these, or the settings do not fit it.
        """
        if given is None or isinstance(given, str):
            return cls(partial(kind.connect, given, **settings))
        _check_store(given, [name for name, value in settings.items() if value is not None])
        if isinstance(given, kind):
            return cls(lambda: given, is_own=False)
        twin: Any = given.blocking if isinstance(given, AsyncStore) else given.awaited
        return cls(twin)

    @property
    def store(self) -> S:
        """The store, open."""
        store = self._store
        if store is not None:
            return store
        with self._lock:
            if self._store is None:
                self._store = self._opening()
            return self._store

    def let_go(self) -> S | None:
        """The store to close; the next use opens it again.

        Returns:
            None if it was not used, if somebody else opened it, or if what is in memory would be lost.
        """
        with self._lock:
            store = self._store
            if store is None or not self._is_own or store.place is None or store.place.in_memory:
                return None
            self._opening, self._store = store.reopened, None
            return store


def _check_store(given: Any, names: list[str]) -> None:
    """Refuse what is no store, and settings beside one, which is connected already.

    Args:
        given: what an adapter is given, neither a *where* nor None.
        names: of the settings that are given with it.

    Raises:
        RequestError: it is none, or there are some.
    """
    if not isinstance(given, Store | AsyncStore):
        raise RequestError(f"{shown(given)} is no store; give one, or what Store.connect() takes")
    if names:
        raise RequestError(
            f"a store is given, so {', '.join(names)} has no effect; give it to Store.connect()"
        )


class Stores:
    """A store and its awaited twin.

    Attributes:
        schema: that of both.
    """

    def __init__(
        self, schema: Schema, blocking: Opened[Store], awaited: Opened[AsyncStore], told: str
    ) -> None:
        """Take both.

        Args:
            schema: that of both.
            blocking: for calls that block.
            awaited: for calls that are awaited.
            told: how their place is told.
        """
        self.schema = schema
        self._blocking = blocking
        self._awaited = awaited
        self._told = told

    @classmethod
    def of(cls, given: Any, settings: Settings = HERE) -> Stores:
        """The stores of what an adapter is given: a store, a *where* of `Store.connect`, or nothing.

        Args:
            given: what it is given.
            settings: how AWS is reached, if that is a table's name.

        Raises:
            RequestError: it is none of these, or the settings do not fit it.
        """
        if given is not None and not isinstance(given, str):
            _check_store(given, settings.given)
            twins = Opened.of(Store, given), Opened.of(AsyncStore, given)
            return cls(given.schema, *twins, given.schema.table.name)
        place = place_of(given, settings)
        entities = agent_schema()
        named = entities if place.table is None else entities.named(place.table)
        twins = (
            Opened(partial(Store.at, place, named)),
            Opened(partial(AsyncStore.at, place, named)),
        )
        return cls(named, *twins, given or os.environ[VARIABLE])

    def __str__(self) -> str:
        scopes = "".join(f".scope({name!r})" for name in self.schema.scopes)
        return f"{self._told!r}{scopes}"

    def check(self, *classes: type[Any]) -> None:
        """Refuse a schema that lacks some entities.

        Raises:
            RequestError: it does; all that it lacks are named.
        """
        if missing := [each.__name__ for each in classes if each not in self.schema.entities]:
            raise RequestError(
                f"the schema of this store lacks {', '.join(missing)}; put them into it: "
                "Schema([*dynastore.agents.ENTITIES, Mine])"
            )

    @property
    def blocking(self) -> Store:
        """For calls that block."""
        return self._blocking.store

    @property
    def awaited(self) -> AsyncStore:
        """For calls that are awaited."""
        return self._awaited.store

    def close(self) -> None:
        """Give back the connections that were opened here for calls that block."""
        if (store := self._blocking.let_go()) is not None:
            store.close()

    async def aclose(self) -> None:
        """Give back all connections that were opened here."""
        self.close()
        if (store := self._awaited.let_go()) is not None:
            await store.close()


class OnStores:
    """What all adapters do with their stores.

    Adapters are context managers, of ``with`` and of ``async with``: at the end they are closed.
    """

    _stores: Stores

    @classmethod
    def from_conn_string(cls, where: str, **options: Any) -> Self:
        """An adapter for a ``with`` or an ``async with`` block, at whose end it is closed.

        Args:
            where: of `Store.connect`: a table's name or a URL.
            options: of the class.
        """
        return cls(where, **options)  # type: ignore[call-arg]  # each has options of its own

    def __repr__(self) -> str:
        return f"<{type(self).__name__} on {self._stores}>"

    def setup(self) -> None:
        """Make the table unless it is there. On SQLite the first call does it by itself."""
        self._stores.blocking.create_table()

    async def asetup(self) -> None:
        """Make the table unless it is there; see `setup`."""
        await self._stores.awaited.create_table()

    def close(self) -> None:
        """Give back the connections of calls that block; the next call opens them again.

        A store that was given stays open, and what is in memory stays. After calls that were awaited
        use `aclose`.
        """
        self._stores.close()

    async def aclose(self) -> None:
        """Give back all connections; see `close`."""
        await self._stores.aclose()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()
