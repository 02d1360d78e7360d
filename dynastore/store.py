"""Stores: what users call. A Store blocks, an AsyncStore is awaited; both run the same operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

from attrs import evolve, field, frozen

from .agents import agent_schema
from .clients.base import AsyncClient, Client, run, run_async
from .clients.opening import Place, Settings, place_of
from .entity import Ref
from .errors import RequestError
from .operations import reads, tables, updates, writes
from .operations.scanner import Scanner, ScanOptions
from .planner import Ask
from .requests import Steps
from .results import Asked, AsyncResults, Results
from .scanned import AsyncScanned, Scanned
from .schema import Schema
from .terms import Combined, When

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
T = TypeVar("T")
ClientT = TypeVar("ClientT", Client, AsyncClient)


class _FirstUse:
    """Whether the table has still to be made; shared by all stores derived from one."""

    def __init__(self, *, pending: bool = False) -> None:
        self.pending = pending


@frozen(eq=False)
class _Bound(Generic[ClientT]):
    """A schema bound to a client, and what stores derive from themselves.

    Attributes:
        schema: the table, its entities and the scope.
        client: sends the requests.
    """

    schema: Schema
    client: ClientT
    _place: Place | None = field(default=None, repr=False)
    _first_use: _FirstUse = field(factory=_FirstUse, repr=False)
    _consistent: bool = False

    @classmethod
    def connect(
        cls,
        where: str | None = None,
        schema: Schema | None = None,
        *,
        session: boto3.Session | None = None,
        client: Any = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        config: Config | None = None,
        create: bool | None = None,
    ) -> Self:
        """A store on a table. Nothing is sent before the first call.

        Args:
            where: a table's name, or a URL: ``sqlite:///agent.db`` is a file, ``sqlite://`` memory.
                Without it the environment's ``DYNASTORE_URL``.
            schema: the entities; by default the ready-made ones, `agents.agent_schema`.
            session: a boto3 session; without it credentials and region are found as boto3 does.
            client: a boto3 DynamoDB client, used as it is; an AsyncStore takes a session instead.
            region_name: such as ``eu-west-1``, instead of the session's.
            endpoint_url: another server than AWS's.
            config: a botocore Config; what it sets is kept, its retries included.
            create: whether the first call makes the table; by default only on SQLite.

        Raises:
            RequestError: no place, no region, or settings that do not fit together.
            AccessDenied: a profile or its credentials cannot be read.
        """
        settings = Settings(session, client, region_name, endpoint_url, config)
        return cls.at(place_of(where, settings), schema, create=create)

    @classmethod
    def at(cls, place: Place, schema: Schema | None = None, *, create: bool | None = None) -> Self:
        """A store at a place; see `connect`, which finds the place."""
        entities = schema if schema is not None else agent_schema()
        if not isinstance(entities, Schema):
            raise RequestError(f"{entities!r} is no schema; write Schema([Session, Memory])")
        named = entities.named(place.table) if place.table is not None else entities
        creates = place.embedded if create is None else create
        return cls(named, cls._open(place), place, _FirstUse(pending=creates))

    @classmethod
    def _open(cls, place: Place) -> ClientT:
        raise NotImplementedError

    def scope(self, name: str) -> Self:
        """The same store inside a scope: every key it writes or reads begins with *name*.

        Nothing outside can be reached through it. Scopes nest: a tenant's, then an agent's.

        Raises:
            RequestError: the name is empty.
        """
        return evolve(self, schema=self.schema.scoped(name))

    def consistent(self) -> Self:
        """The same store, whose reads see every write acknowledged before, at twice the read units.

        Its queries on an index raise RequestError: indexes are eventually consistent only.
        """
        return evolve(self, consistent=True)

    def _asked(self, cls: type[Any], combined: tuple[Any, ...], where: Mapping[str, Any]) -> Asked:
        ask = Ask(consistent=self._consistent)
        return Asked(self.schema, (cls,), where, combined, ask)

    def _asked_together(self, classes: tuple[type[Any], ...], where: Mapping[str, Any]) -> Asked:
        filters = tuple(each for each in classes if isinstance(each, Combined))
        classes = tuple(each for each in classes if not isinstance(each, Combined))
        ask = Ask(consistent=self._consistent)
        return Asked(self.schema, classes, where, filters, ask, is_collection=True)

    def _known_place(self) -> Place:
        if self._place is None:
            raise RequestError("this store was made from a client; make its twin with connect()")
        return self._place


@frozen(eq=False)
class Store(_Bound[Client]):
    """A schema bound to a blocking client. Threads may share it."""

    def get(self, cls: type[E], /, **key: Any) -> E | None:
        """Read one entity by its primary key; see `operations.reads.get`."""
        return self.run(reads.get(self.schema, cls, key, consistent=self._consistent))

    def get_many(self, refs: Sequence[Ref[E]], /) -> list[E | None]:
        """Read many entities by primary key; see `operations.reads.get_many`."""
        return self.run(reads.get_many(self.schema, refs, consistent=self._consistent))

    def query(self, cls: type[E], /, *filters: Combined, **where: Any) -> Results[E]:
        """Find entities by their fields: a keyword names a field, its value is a literal or a term.

        Args:
            cls: the entity class.
            filters: what `any_of`, `all_of` and `not_` make of several fields.
            where: field -> a literal, or a term such as `since(monday)` or `one_of("a", "b")`.

        Raises:
            NoAccessPattern: no key serves these filters; a scan is never sent.
            UnknownField, RequestError: a filter is wrong.
        """
        return Results(self._asked(cls, filters, where), self)

    @overload
    def collection(self, one: type[A], /, **where: Any) -> Results[A]: ...
    @overload
    def collection(self, one: type[A], two: type[B], /, **where: Any) -> Results[A | B]: ...
    @overload
    def collection(
        self, one: type[A], two: type[B], three: type[C], /, **where: Any
    ) -> Results[A | B | C]: ...
    @overload
    def collection(
        self, one: type[A], two: type[B], three: type[C], four: type[D], /, **where: Any
    ) -> Results[A | B | C | D]: ...
    def collection(self, /, *classes: type[Any], **where: Any) -> Results[Any]:
        """Find entities of several classes that share a partition, in one query.

        Raises:
            NoAccessPattern: no index has all of them in one partition.
        """
        return Results(self._asked_together(classes, where), self)

    def scan(
        self,
        cls: type[E],
        /,
        *filters: Combined,
        segments: int = 1,
        units_per_second: float | None = None,
        cursor: str | None = None,
        **where: Any,
    ) -> Scanned[E]:
        """Read the whole table for the entities of a class, and pay for it; see `scanned`.

        Args:
            cls: the entity class.
            filters: as those of `query`; fields named as an option go into an `all_of`.
            segments: parts of the table, 1 to 1,000,000; up to 10 are read at once.
            units_per_second: read units to take on average; as fast as it goes without.
            cursor: where another scan with the same filters and segments stopped.
            where: field -> a literal or a term; all are filtered after reading, which lowers no cost.

        Raises:
            UnknownField, RequestError: a filter, the segments or the rate are wrong.
            InvalidCursor: the cursor is damaged, or of another scan.
        """
        options = ScanOptions(segments, units_per_second, self._consistent)
        return Scanned(Scanner(self.schema, cls, where, filters, options, cursor), self)

    def put(self, entity: E, /, *, when: When | None = None) -> E:
        """Write a whole entity, replacing what is stored; see `operations.writes.put`."""
        return self.run(writes.put(self.schema, entity, when=when))

    def create(self, entity: E, /) -> E:
        """Write an entity where none is stored; see `operations.writes.create`."""
        return self.run(writes.create(self.schema, entity))

    def update(self, target: E | Ref[E], /, *, when: When | None = None, **changes: Any) -> E:
        """Change some fields; see `operations.updates.update`."""
        return self.run(updates.update(self.schema, target, changes, when=when))

    @overload
    def delete(self, target: Ref[E], /, *, when: When | None = None) -> E | None: ...
    @overload
    def delete(self, target: E, /, *, when: When | None = None) -> E | None: ...
    def delete(self, target: Any, /, *, when: When | None = None) -> Any:
        """Remove an entity; see `operations.writes.delete`."""
        return self.run(writes.delete(self.schema, target, when=when))

    def create_table(self) -> None:
        """Make the table unless it is there; see `operations.tables.create_table`."""
        run(tables.create_table(self.schema), self.client)
        self._first_use.pending = False

    def run(self, steps: Steps[T], /) -> T:
        """Run one operation; the first one makes the table, if the store was told to."""
        if self._first_use.pending:
            self.create_table()
        return run(steps, self.client)

    def awaited(self) -> AsyncStore:
        """The same schema, place and settings, to be awaited."""
        place = self._known_place()
        return AsyncStore(self.schema, place.awaited(), place, self._first_use, self._consistent)

    def close(self) -> None:
        """Give back connections. The store and all derived from it cannot be used afterwards."""
        self.client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @classmethod
    def _open(cls, place: Place) -> Client:
        return place.blocking()


@frozen(eq=False)
class AsyncStore(_Bound[AsyncClient]):
    """A schema bound to an async client: the methods of `Store`, awaited. Tasks may share it."""

    async def get(self, cls: type[E], /, **key: Any) -> E | None:
        """Read one entity by its primary key; see `operations.reads.get`."""
        return await self.run(reads.get(self.schema, cls, key, consistent=self._consistent))

    async def get_many(self, refs: Sequence[Ref[E]], /) -> list[E | None]:
        """Read many entities by primary key; see `operations.reads.get_many`."""
        return await self.run(reads.get_many(self.schema, refs, consistent=self._consistent))

    def query(self, cls: type[E], /, *filters: Combined, **where: Any) -> AsyncResults[E]:
        """Find entities by their fields; see `Store.query`. What is awaited is reading them."""
        return AsyncResults(self._asked(cls, filters, where), self)

    @overload
    def collection(self, one: type[A], /, **where: Any) -> AsyncResults[A]: ...
    @overload
    def collection(self, one: type[A], two: type[B], /, **where: Any) -> AsyncResults[A | B]: ...
    @overload
    def collection(
        self, one: type[A], two: type[B], three: type[C], /, **where: Any
    ) -> AsyncResults[A | B | C]: ...
    @overload
    def collection(
        self, one: type[A], two: type[B], three: type[C], four: type[D], /, **where: Any
    ) -> AsyncResults[A | B | C | D]: ...
    def collection(self, /, *classes: type[Any], **where: Any) -> AsyncResults[Any]:
        """Find entities of several classes that share a partition; see `Store.collection`."""
        return AsyncResults(self._asked_together(classes, where), self)

    def scan(
        self,
        cls: type[E],
        /,
        *filters: Combined,
        segments: int = 1,
        units_per_second: float | None = None,
        cursor: str | None = None,
        **where: Any,
    ) -> AsyncScanned[E]:
        """Read the whole table for the entities of a class; see `Store.scan`."""
        options = ScanOptions(segments, units_per_second, self._consistent)
        return AsyncScanned(Scanner(self.schema, cls, where, filters, options, cursor), self)

    async def put(self, entity: E, /, *, when: When | None = None) -> E:
        """Write a whole entity, replacing what is stored; see `operations.writes.put`."""
        return await self.run(writes.put(self.schema, entity, when=when))

    async def create(self, entity: E, /) -> E:
        """Write an entity where none is stored; see `operations.writes.create`."""
        return await self.run(writes.create(self.schema, entity))

    async def update(self, target: E | Ref[E], /, *, when: When | None = None, **changes: Any) -> E:
        """Change some fields; see `operations.updates.update`."""
        return await self.run(updates.update(self.schema, target, changes, when=when))

    @overload
    async def delete(self, target: Ref[E], /, *, when: When | None = None) -> E | None: ...
    @overload
    async def delete(self, target: E, /, *, when: When | None = None) -> E | None: ...
    async def delete(self, target: Any, /, *, when: When | None = None) -> Any:
        """Remove an entity; see `operations.writes.delete`."""
        return await self.run(writes.delete(self.schema, target, when=when))

    async def create_table(self) -> None:
        """Make the table unless it is there; see `operations.tables.create_table`."""
        await run_async(tables.create_table(self.schema), self.client)
        self._first_use.pending = False

    async def run(self, steps: Steps[T], /) -> T:
        """Run one operation; the first one makes the table, if the store was told to."""
        if self._first_use.pending:
            await self.create_table()
        return await run_async(steps, self.client)

    def blocking(self) -> Store:
        """The same schema, place and settings, without await."""
        place = self._known_place()
        return Store(self.schema, place.blocking(), place, self._first_use, self._consistent)

    async def close(self) -> None:
        """Give back connections. The store and all derived from it cannot be used afterwards."""
        await self.client.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @classmethod
    def _open(cls, place: Place) -> AsyncClient:
        return place.awaited()
