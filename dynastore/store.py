"""Store: what users call, blocking. `AsyncStore` is its awaited twin; both run the same operations."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, Unpack, overload

from attrs import frozen

from .bound import Bound
from .clients.base import Client, run
from .clients.opening import Place
from .entity import Ref
from .followed import Changes, Following
from .operations import reads, tables, updates, writes
from .operations.following import Follower, FollowOptions
from .operations.scanner import Scanner, ScanOptions
from .requests import Steps
from .results import Results
from .scanned import Scanned
from .terms import Combined, When

if TYPE_CHECKING:
    from .async_store import AsyncStore

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")
T = TypeVar("T")


@frozen(eq=False)
class Store(Bound[Client]):
    """A schema bound to a blocking client. Threads may share it."""

    def get(self, cls: type[E], /, **key: Any) -> E | None:
        """Read one entity by its primary key; see `operations.reads.get`."""
        return self.run(reads.get(self.schema, cls, key, consistent=self._options.consistent))

    def get_many(self, refs: Sequence[Ref[E]], /) -> list[E | None]:
        """Read many entities by primary key; see `operations.reads.get_many`."""
        return self.run(reads.get_many(self.schema, refs, consistent=self._options.consistent))

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
        options = ScanOptions(segments, units_per_second, self._options.consistent)
        return Scanned(Scanner(self.schema, cls, where, filters, options, cursor), self)

    @overload
    def changes(self, one: type[A], /, **options: Unpack[Following]) -> Changes[A]: ...
    @overload
    def changes(
        self, one: type[A], two: type[B], /, **options: Unpack[Following]
    ) -> Changes[A | B]: ...
    @overload
    def changes(
        self, one: type[A], two: type[B], three: type[C], /, **options: Unpack[Following]
    ) -> Changes[A | B | C]: ...
    @overload
    def changes(self, /, *classes: type[Any], **options: Unpack[Following]) -> Changes[Any]: ...
    def changes(self, /, *classes: type[Any], **options: Unpack[Following]) -> Changes[Any]:
        """Follow the writes of some classes, in the order of the writes of each entity.

        Each write comes at least once: a consumer goes on after the changes it has taken, and after
        a crash some come again. Making it sends nothing.

        Args:
            classes: whose changes; those of all of the schema's without any.
            options: name: the consumer's, ``"default"``. Each name sees all changes, and one process
                at a time reads for it; others wait.
                start: where it begins the first time: with ``"new"`` changes, or the ``"oldest"``
                kept, which are up to 24 hours old.
                follow: False ends where there are no more, and raises ConsumerBusy instead of waiting.
                on_gap: ``"raise"`` ChangesTrimmed if changes were missed, or go on with the
                ``"oldest"`` kept.
                save_every: changes between two writes of its place, 100; 10 seconds at most.
                lease_seconds: how long a process that was killed keeps its place, 60.

        Raises:
            RequestError: a class is not in the schema, or an option is wrong.
        """
        follower = Follower(self.schema, classes, FollowOptions(**options))
        return Changes(follower, self)

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
        return run(steps, self.client, self._options.clock)

    def awaited(self) -> AsyncStore:
        """The same schema, place and settings, to be awaited."""
        from .async_store import AsyncStore

        place = self._known_place()
        return AsyncStore(self.schema, place.awaited(), place, self._first_use, self._options)

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
