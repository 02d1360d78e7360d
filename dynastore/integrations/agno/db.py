"""DynastoreDb and AsyncDynastoreDb: Agno's storage contract, blocking and awaited."""

from __future__ import annotations

from typing import Any, Self
from uuid import NAMESPACE_URL, uuid5

from agno.db.base import AsyncBaseDb, BaseDb

from ...agents.conversations.recent import Recent
from ...agents.sessions import Passage, Run, Session
from ...agents.versions import SchemaVersion
from ...async_store import AsyncStore
from ...errors import RequestError, shown
from ...schema import Schema
from ...store import Store
from .calls import awaited, blocking, refusing
from .runs import RunCalls
from .sessions import SessionCalls
from .tables import TableCalls

CALLS = (SessionCalls, RunCalls, TableCalls)
ENTITIES = (Session, Run, Passage, SchemaVersion)
TYPE = "dynastore"


class DynastoreDb(*map(blocking, CALLS), refusing(BaseDb), BaseDb):  # type: ignore[misc]
    """What Agno's agents, teams and workflows remember, in one table.

        Agent(db=DynastoreDb("agent-state"))
        Agent(db=DynastoreDb("sqlite:///agent.db"))
        Agent(db=DynastoreDb(store.scope("common_qa")))

    Attributes:
        store: where it is kept.
    """

    def __init__(
        self,
        store: Store | AsyncStore | str | None = None,
        *,
        id: str | None = None,  # noqa: A002 (Agno's)
    ) -> None:
        """Nothing is sent before the first call.

        Args:
            store: a store, whose schema has the ready-made entities; or what `Store.connect` takes
                first: a table's name or a URL; ``DYNASTORE_URL`` of the environment without.
            id: tells databases of one AgentOS apart; by default made of the table and the scope.

        Raises:
            RequestError: it is no store, or its schema lacks an entity.
        """
        self._where = store if isinstance(store, str) else None
        if store is None or isinstance(store, str):
            store = Store.connect(store)
        if isinstance(store, AsyncStore):
            store = store.blocking()
        if not isinstance(store, Store):
            raise RequestError(
                f"{shown(store)} is no store; give one, or what Store.connect() takes"
            )
        self.store = store
        self.schema = checked(store.schema)
        self.recent = Recent()
        super().__init__(id=id or stable_id(self._where, store.schema))

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` makes the same database of."""
        return {**super().to_dict(), **described(self._where, self.schema)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The database that `to_dict` told of.

        Raises:
            RequestError: it was made of a store, which a dict cannot hold.
        """
        store = Store.connect(place_in(data))
        for name in data.get("scopes", ()):
            store = store.scope(name)
        made = cls(store, id=data.get("id"))
        made._where = data["where"]
        return made

    def close(self) -> None:
        """Give back connections, those of a store that was given too."""
        self.store.close()


class AsyncDynastoreDb(*map(awaited, CALLS), refusing(AsyncBaseDb), AsyncBaseDb):  # type: ignore[misc]
    """`DynastoreDb`, awaited.

    Attributes:
        store: where it is kept.
    """

    def __init__(
        self,
        store: AsyncStore | Store | str | None = None,
        *,
        id: str | None = None,  # noqa: A002 (Agno's)
    ) -> None:
        """As `DynastoreDb`, for an AsyncStore or what `AsyncStore.connect` takes first."""
        self._where = store if isinstance(store, str) else None
        if store is None or isinstance(store, str):
            store = AsyncStore.connect(store)
        if isinstance(store, Store):
            store = store.awaited()
        if not isinstance(store, AsyncStore):
            raise RequestError(
                f"{shown(store)} is no store; give one, or what Store.connect() takes"
            )
        self.store = store
        self.schema = checked(store.schema)
        self.recent = Recent()
        super().__init__(id=id or stable_id(self._where, store.schema))

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` makes the same database of."""
        return {**super().to_dict(), **described(self._where, self.schema)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Self:
        """The database that `to_dict` told of; see `DynastoreDb.from_dict`."""
        store = AsyncStore.connect(place_in(data))
        for name in data.get("scopes", ()):
            store = store.scope(name)
        made = cls(store, id=data.get("id"))
        made._where = data["where"]
        return made

    async def close(self) -> None:
        """Give back connections, those of a store that was given too."""
        await self.store.close()


def checked(schema: Schema) -> Schema:
    """A schema that has what Agno's contract needs.

    Raises:
        RequestError: it lacks an entity.
    """
    for each in ENTITIES:
        schema.codec(each)
    return schema


def stable_id(where: str | None, schema: Schema) -> str:
    """An id that is the same in every process for one table and one scope."""
    return str(uuid5(NAMESPACE_URL, f"dynastore:{where or schema.table.name}#{schema.prefix}"))


def described(where: str | None, schema: Schema) -> dict[str, Any]:
    """What a dict tells of a database besides its names."""
    return {"type": TYPE, "where": where, "scopes": [*schema.scopes]}


def place_in(data: dict[str, Any]) -> str:
    """Where a database is, by what a dict tells of it.

    Raises:
        RequestError: it was made of a store.
    """
    where = data.get("where")
    if not isinstance(where, str):
        raise RequestError(
            "this database was made of a store, which no dict can hold; make it of a table's name "
            "or a URL, or give the registry the database itself"
        )
    return where
