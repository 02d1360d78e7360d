"""The two stores of an adapter: one for calls that block, one for those that are awaited."""

from __future__ import annotations

import os
from collections.abc import Sequence
from threading import RLock
from types import TracebackType
from typing import Any, Self, TypeVar, cast

from ..agents import agent_schema
from ..async_store import AsyncStore
from ..clients.opening import VARIABLE, Place, Settings, place_of
from ..clients.sqlite import AsyncSqliteClient
from ..errors import RequestError, shown
from ..schema import Schema
from ..store import Store

S = TypeVar("S", bound=Store | AsyncStore)

HERE = Settings()  # as boto3 finds it


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


def refuse_settings(given: Any, names: Sequence[str]) -> None:
    """Refuse settings beside a store, which is connected already.

    Args:
        given: what an adapter is given: a store, a *where*, or None.
        names: of the settings that are given with it.

    Raises:
        RequestError: it is a store, and there are some.
    """
    if names and isinstance(given, Store | AsyncStore):
        raise RequestError(
            f"a store is given, so {', '.join(names)} has no effect; give it to Store.connect()"
        )


def _no_store(given: Any) -> RequestError:
    return RequestError(f"{shown(given)} is no store; give one, or what Store.connect() takes")


def _engine(store: Store | AsyncStore) -> object:
    """What answers a store's requests."""
    client = store.client
    return client.client if isinstance(client, AsyncSqliteClient) else client


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
        told: str = "",
    ) -> None:
        """Take a store, or the place where both are.

        Args:
            schema: that of both.
            blocking: what was given, which is not closed here.
            awaited: as `blocking`.
            place: where both are, if neither was given.
            told: how the place is told.
        """
        self.schema = schema
        self._blocking = blocking
        self._awaited = awaited
        self._given = blocking or awaited
        self._place = place
        self._told = told
        self._making = RLock()

    @classmethod
    def of(cls, store: Any, settings: Settings = HERE) -> Stores:
        """The stores of what an adapter is given: a store, a *where* of `Store.connect`, or nothing.

        Args:
            store: what it is given.
            settings: how AWS is reached, if that is a table's name.

        Raises:
            RequestError: it is none of these, or the settings do not fit it.
        """
        refuse_settings(store, settings.given)
        match store:
            case AsyncStore():
                return cls(store.schema, awaited=store)
            case Store():
                return cls(store.schema, blocking=store)
            case None | str():
                place = place_of(store, settings)
                entities = agent_schema()
                named = entities if place.table is None else entities.named(place.table)
                return cls(named, place=place, told=store or os.environ[VARIABLE])
        raise _no_store(store)

    def __str__(self) -> str:
        scopes = "".join(f".scope({name!r})" for name in self.schema.scopes)
        return f"{(self._told or self.schema.table.name)!r}{scopes}"

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
        """Give back the connections that were opened here for calls that block."""
        if self._blocking is not None and self._is_own(self._blocking):
            self._blocking.close()

    async def aclose(self) -> None:
        """Give back all connections that were opened here."""
        self.close()
        if self._awaited is not None and self._is_own(self._awaited):
            await self._awaited.close()

    def _is_own(self, store: Store | AsyncStore) -> bool:
        """Whether a store was opened here; in memory the twin of one that was given is that one."""
        return self._given is None or _engine(store) is not _engine(self._given)


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
        """Give back the connections of calls that block; it cannot be used afterwards.

        A store that was given is left open: it is closed by who opened it. After calls that were
        awaited use `aclose`.
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
