"""What blocking and awaited stores share: the schema, the client, and what is derived from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from attrs import evolve, field, frozen

from ..clients.base import AsyncClient, Client
from ..clients.deadlines import Deadline, seconds
from ..clients.observing import Observer
from ..clients.opening import Place, Settings, place_of, with_places
from ..clock import Clock, utc_now
from ..errors import RequestError, UnknownPlace, shown
from ..keys.addresses import place_in
from ..operations.scopes.registry import Known, registering
from ..operations.scopes.routing import Leases, routed
from ..planner import Ask
from ..requests import Steps
from ..schema.homes import Placement, table_at
from ..schema.schema import Schema
from ..terms import Combined
from .results import Asked

if TYPE_CHECKING:
    import boto3
    from botocore.config import Config

    from ..operations.moving.parties import Route
    from ..operations.moving.sides import Side
    from ..schema.elsewhere import Elsewhere

T = TypeVar("T")

ClientT = TypeVar("ClientT", Client, AsyncClient)


class FirstUse:
    """Which tables have still to be made; shared by all stores derived from one."""

    def __init__(self, *, pending: bool = False, places: Collection[str] = ()) -> None:
        """None was made.

        Args:
            pending: whether the first call makes them at the place of the shared table.
            places: the other places where it does.
        """
        self._at = frozenset({None, *places} if pending else places)
        self._made: set[str] = set()

    def unmade(self, schema: Schema) -> list[Schema]:
        """A schema for each table that a call uses, and that has to be made before it."""
        if not self._at:
            return []
        used = [schema] if schema.shared is None else schema.tables
        unmade = [each for each in used if each.table.name not in self._made]
        return [each for each in unmade if place_in(each.table.name) in self._at]

    def made(self, schema: Schema) -> None:
        """Its table is there."""
        self._made.add(schema.table.name)


@frozen
class Options:
    """How a store's calls are made.

    Attributes:
        clock: what time it is for expiry and timestamps.
        consistent: whether reads see every write acknowledged before.
        seconds: how long a call may take, or None.
    """

    clock: Clock = utc_now
    consistent: bool = False
    seconds: float | None = None

    def deadline(self) -> Deadline | None:
        """When a call that begins now has to end."""
        return None if self.seconds is None else Deadline(self.seconds)


@frozen(eq=False, repr=False)
class Bound(Generic[ClientT]):
    """A schema bound to a client, and what stores derive from themselves.

    Attributes:
        schema: the table, its entities and the scope.
        client: sends the requests.
    """

    schema: Schema
    client: ClientT
    _place: Place | None = field(default=None, repr=False)
    _first_use: FirstUse = field(factory=FirstUse, repr=False)
    _options: Options = Options()
    _registered: Known = field(factory=Known, repr=False)
    _leases: Leases = field(factory=partial(Leases, seconds), repr=False)

    def __repr__(self) -> str:
        scopes = "".join(f".scope({name!r})" for name in self.schema.scopes)
        return f"<{type(self).__name__} on {self.schema.table.name!r}{scopes}>"

    @classmethod
    def connect(
        cls,
        where: str | Placement | None = None,
        schema: Schema | None = None,
        *,
        session: boto3.Session | None = None,
        client: Any = None,
        region_name: str | None = None,
        endpoint_url: str | None = None,
        config: Config | None = None,
        create: bool | None = None,
        clock: Clock = utc_now,
    ) -> Self:
        """A store on a table. Nothing is sent before the first call.

        Args:
            where: a table's name, or a URL: ``sqlite:///agent.db`` is a file, ``sqlite://`` memory.
                Without it the environment's ``DYNASTORE_URL``. Or a placement, which says which scopes
                are in which tables there.
            schema: the entities; by default the ready-made ones, `agents.agent_schema`.
            session: a boto3 session; without it credentials and region are found as boto3 does.
            client: a boto3 DynamoDB client, used as it is; an AsyncStore takes a session instead.
            region_name: such as ``eu-west-1``, instead of the session's.
            endpoint_url: another server than AWS's.
            config: a botocore Config; what it sets is kept, its retries included.
            create: whether the first call makes the table; by default only on SQLite.
            clock: gives the present moment, with a time zone: what expiry and timestamps go by.

        Raises:
            RequestError: no place, no region, or settings that do not fit together.
            AccessDenied: a profile or its credentials cannot be read.
        """
        settings = Settings(session, client, region_name, endpoint_url, config)
        if isinstance(where, Placement):
            schema = where.placed(_entities(schema))
            place = with_places(place_of(where.shared, settings, clock), where.places, clock)
            return cls.at(place, schema, create=create, clock=clock)
        return cls.at(place_of(where, settings, clock), schema, create=create, clock=clock)

    @classmethod
    def at(
        cls,
        place: Place,
        schema: Schema | None = None,
        *,
        create: bool | None = None,
        clock: Clock = utc_now,
    ) -> Self:
        """A store at a place; see `connect`, which finds the place.

        Raises:
            UnknownPlace: the schema keeps a scope at another place, which this one does not know.
        """
        entities = _entities(schema)
        named = entities.named(place.table) if place.table is not None else entities
        _check_places(named, place)
        creates = place.embedded if create is None else create
        files = [name for name, each in place.places.items() if each.url is not None]
        others = files if create is None else [*place.places] if create else []
        first_use = FirstUse(pending=creates, places=others)
        return cls(named, cls._open(place), place, first_use, Options(clock=clock))

    @classmethod
    def _open(cls, place: Place) -> ClientT:
        raise NotImplementedError

    def scope(self, name: str) -> Self:
        """The same store inside a scope: every key it writes or reads begins with *name*.

        Nothing outside can be reached through it. Scopes nest: a tenant's, then an agent's. Its first
        write in a process is preceded by a request that registers it, so that `scopes` lists it.

        Raises:
            RequestError: the name is empty, or too long.
        """
        return evolve(self, schema=self.schema.scoped(name))

    @property
    def place(self) -> Place | None:
        """Where it is; None of a store that was made of a client."""
        return self._place

    def reopened(self) -> Self:
        """The same store on a client of its own, for one that is closed.

        Raises:
            RequestError: it was made of a client.
        """
        return evolve(self, client=self._open(self._known_place()))

    def consistent(self) -> Self:
        """The same store, whose reads see every write acknowledged before, at twice the read units.

        Its queries on an index raise RequestError: indexes are eventually consistent only.
        """
        return evolve(self, options=evolve(self._options, consistent=True))

    def with_deadline(self, seconds: float | dt.timedelta) -> Self:
        """The same store, each of whose calls ends within some seconds, or raises DeadlineExceeded.

        After that no request, no retry and no wait begins; waits that would pass it do not begin
        either, and an answer is waited for no longer. What was sent by then may have been carried
        out: see `DeadlineExceeded.may_have_happened`. Each page that an iteration reads is a call.

        The async client keeps to it wherever the network is concerned. boto3 does but for making a
        connection, which takes up to the client's connect_timeout, 3 s by default; with a botocore
        from before August 2026, an answer may take up to read_timeout, 10 s by default. On SQLite
        it bounds the waits for other threads and processes.

        Args:
            seconds: more than 0; or a timedelta.

        Raises:
            RequestError: that is no time to do anything in.
        """
        if isinstance(seconds, dt.timedelta):
            seconds = seconds.total_seconds()
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not seconds > 0:
            raise RequestError(f"a call takes more than 0 seconds, not {shown(seconds)}")
        return evolve(self, options=evolve(self._options, seconds=seconds))

    @contextmanager
    def observed(self, observer: Observer) -> Iterator[None]:
        """While the ``with`` lasts, *observer* is told of each request of this store's client.

        Stores derived from it, and those it is derived from, have the same client. To observe for
        good, append the observer to ``store.client.observers``.

        Args:
            observer: called with each request before it is sent; what it gives back is told how
                that ended, see `clients.observing.Sent`. Errors of either are logged, no more.
        """
        self.client.observers.append(observer)
        try:
            yield
        finally:
            self.client.observers.remove(observer)

    def _moving(
        self, name: str, to: Self | str, source: Self | str | None, *, writers_stopped: bool
    ) -> tuple[Route, Mapping[Side, Self]]:
        """The way of a scope that moves, and the stores that it takes.

        Raises:
            RequestError: the tables, their places or their buckets do not go together.
        """
        from ..operations.moving.parties import Route

        here = None if source is None else self._schema_of(name, source)
        route = Route.of(name, self.schema, self._schema_of(name, to), here)
        home = self._beside(None, route.home)
        lived = self._beside(source, route.source or route.home)
        target = self._beside(to, route.target)
        clients = home.client, lived.client, target.client
        route.check_places(*clients, writers_stopped=writers_stopped)
        route.check_buckets(writers_stopped=writers_stopped)
        return route, {"home": home, "source": lived, "target": target}

    def _schema_of(self, name: str, table: Self | str) -> Schema:
        """That of a scope in a table: of a store, or of one that this store's client reaches."""
        if isinstance(table, str):
            return table_at(table, name, self.schema, self._places)
        return table.schema

    def _beside(self, other: Self | str | None, schema: Schema) -> Self:
        """A store on a table that is given, or on another one at the same place."""
        return evolve(self if isinstance(other, str | None) else other, schema=schema)

    def _in_scope(self, steps: Steps[T]) -> Steps[T]:
        """An operation that first does what the scope may need: its entry is written, or read."""
        schema = self.schema
        if not schema.scopes:
            return steps
        if schema.prefix not in self._registered and any(t.table.indexes for t in schema.tables):
            steps = registering(schema, self._registered, steps)
        return self._routed(schema, steps)

    def _routed(self, schema: Schema, steps: Steps[T]) -> Steps[T]:
        """An operation in a scope that goes where the scope lives, if a placement says that at all."""
        if schema.shared is None:
            return steps
        return routed(schema, self._leases, self._registered, steps, self._places)

    @property
    def _places(self) -> Mapping[str, Elsewhere]:
        """The other places that its client reaches."""
        return {} if self._place is None else self._place.places

    def _asked(self, cls: type[Any], combined: tuple[Any, ...], where: Mapping[str, Any]) -> Asked:
        return Asked(self.schema, (cls,), where, combined, self._ask)

    def _asked_together(self, classes: tuple[type[Any], ...], where: Mapping[str, Any]) -> Asked:
        filters = tuple(each for each in classes if isinstance(each, Combined))
        classes = tuple(each for each in classes if not isinstance(each, Combined))
        return Asked(self.schema, classes, where, filters, self._ask, is_collection=True)

    @property
    def _ask(self) -> Ask:
        return Ask(consistent=self._options.consistent)

    def _known_place(self) -> Place:
        if self._place is None:
            raise RequestError("this store was made from a client; make its twin with connect()")
        return self._place


def _entities(schema: Schema | None) -> Schema:
    if schema is None:
        # They take longer to load than all else, and who has a schema does not need them.
        from ..agents import agent_schema

        return agent_schema()
    if not isinstance(schema, Schema):
        raise RequestError(f"{schema!r} is no schema; write Schema([Session, Memory])")
    return schema


def _check_places(schema: Schema, home: Place) -> None:
    """Refuse a schema whose scopes are at places that a store's client does not reach.

    Raises:
        UnknownPlace: the first one.
    """
    for scope, each in [(None, schema), *schema.inside.items()]:
        for table in each.tables:
            place = place_in(table.table.name)
            if place is not None and place not in home.places:
                raise UnknownPlace(place, [*home.places], scope)
