"""Store: what users call, blocking. `AsyncStore` is its awaited twin; both run the same operations."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar, Unpack, overload

from attrs import frozen

from ..entities.spec import Ref
from ..operations.reading import reads
from ..operations.reading.scanner import Scanner, ScanOptions
from ..operations.reading.uniquely import get_unique
from ..operations.writing import batches, moves, touching, upserts, writes
from ..operations.writing.batches import Duplicates, Progress
from ..operations.writing.writes import transact
from ..terms import Combined, When
from ..writes import Create, Delete, Put, Update, Write
from .results import Results
from .scanned import Scanned
from .scopes import AcrossScopes, ScopeNames
from .upkeep import Upkeep

# Streams are loaded by the method that needs them: few processes do.
if TYPE_CHECKING:
    from .async_store import AsyncStore
    from .followed import Changes, Following

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")


@frozen(eq=False, repr=False)
class Store(Upkeep):
    """A schema bound to a blocking client. Threads may share it."""

    def get(self, cls: type[E], /, **key: Any) -> E | None:
        """Read one entity by its primary key; see `operations.reading.reads.get`."""
        return self.run(reads.get(self.schema, cls, key, consistent=self._options.consistent))

    def get_unique(self, cls: type[E], /, **values: Any) -> E | None:
        """Read one entity by a `unique()` value; see `operations.reading.uniquely.get_unique`."""
        return self.run(get_unique(self.schema, cls, values, consistent=self._options.consistent))

    def get_many(self, refs: Sequence[Ref[E]], /) -> list[E | None]:
        """Read many entities by primary key; see `operations.reading.reads.get_many`."""
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

    def scopes(self) -> ScopeNames:
        """The names of the scopes directly inside this store's, from an index; see `scopes`.

        A scope is listed from its first write on, within a second.
        """
        return ScopeNames(self.schema, self)

    def across_scopes(self) -> AcrossScopes:
        """Queries over all scopes directly inside this store's, and not over what is beside them."""
        return AcrossScopes(self.schema, self._ask, self)

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
                on_gap: ``"raise"`` ChangesTrimmed if changes were missed, and ConsumerMismatch if
                the name followed other classes so far, or go on with the ``"oldest"`` kept.
                save_every: changes between two writes of its place, 100; 10 seconds at most.
                lease_seconds: how long a process that was killed keeps its place, 60.

        Raises:
            RequestError: a class is not in the schema, or an option is wrong.
        """
        from ..operations.following.follower import Follower, FollowOptions
        from .followed import Changes

        follower = Follower(self.schema, classes, FollowOptions(**options))
        return Changes(follower, self)

    def put(
        self, entity: E, /, *, when: When | None = None, lifetime: dt.timedelta | None = None
    ) -> E:
        """Write a whole entity, replacing what is stored; see `operations.writing.writes.write`.

        Args:
            entity: what to write.
            when: field -> what it must be in the stored entity, or `any_of` and the like.
            lifetime: from now on until it expires, whatever it says itself. Without it an entity
                that does not say when it expires gets the lifetime of its class, if there is one.

        Returns:
            The entity as stored: with its next revision, its timestamps and its expiry.

        Raises:
            RevisionConflict: somebody else wrote it since *entity* was read.
            NotUnique: a value that must be unique is another entity's.
            ConditionFailed: *when* does not hold, or there is no stored entity for it to hold of.
        """
        return self.run(writes.write(self.schema, Put(entity, when, lifetime)))

    def create(self, entity: E, /, *, lifetime: dt.timedelta | None = None) -> E:
        """Write an entity where none is stored, or one that is expired; that is its only condition.

        Returns:
            The entity as stored.

        Raises:
            AlreadyExists: its key is taken; `NotUnique`: a value that must be unique is.
        """
        return self.run(writes.write(self.schema, Create(entity, lifetime)))

    @overload
    def update(self, target: Ref[E], /, *, when: When | None = None, **changes: Any) -> E: ...
    @overload
    def update(self, target: E, /, *, when: When | None = None, **changes: Any) -> E: ...
    def update(self, target: Any, /, *, when: When | None = None, **changes: Any) -> Any:
        """Change some fields, and every index attribute that depends on them.

        One request, unless an index attribute depends on a field that is neither given nor in
        *target*: then one read more.

        Args:
            target: the entity, whose revision must then be the stored one, or a ref.
            when: field -> what it must be in the stored entity, or `any_of` and the like.
            changes: field -> a literal, or a change such as `increment(1)`.

        Returns:
            The entity as it is stored now.

        Raises:
            ConditionFailed: *when* does not hold, or there is no such entity.
            RevisionConflict: somebody else wrote it since *target* was read.
            NotUnique: a value that must be unique is another entity's.
            NewerSchema: newer code wrote it.
            RequestError: a field cannot be changed, or not like this.
        """
        return self.run(writes.write(self.schema, Update(target, when=when, **changes)))

    @overload
    def touch(self, target: Ref[E], /, *, lifetime: dt.timedelta | None = None) -> E: ...
    @overload
    def touch(self, target: E, /, *, lifetime: dt.timedelta | None = None) -> E: ...
    def touch(self, target: Any, /, *, lifetime: dt.timedelta | None = None) -> Any:
        """Let an entity expire a lifetime from now on; see `operations.writing.touching.touch`."""
        return self.run(touching.touch(self.schema, target, lifetime=lifetime))

    def upsert(self, target: Ref[E], /, **changes: Any) -> E:
        """Change some fields of an entity, or make it; see `operations.writing.upserts.upsert`."""
        return self.run(upserts.upsert(self.schema, target, changes))

    @overload
    def move(self, target: Ref[E], /, **changes: Any) -> E: ...
    @overload
    def move(self, target: E, /, **changes: Any) -> E: ...
    def move(self, target: Any, /, **changes: Any) -> Any:
        """Write an entity under another primary key; see `operations.writing.moves.move`."""
        return self.run(moves.move(self.schema, target, changes))

    @overload
    def delete(self, target: Ref[E], /, *, when: When | None = None) -> E | None: ...
    @overload
    def delete(self, target: E, /, *, when: When | None = None) -> E | None: ...
    def delete(self, target: Any, /, *, when: When | None = None) -> Any:
        """Remove an entity.

        Args:
            target: the entity, whose revision must then be the stored one, or a ref.
            when: field -> what it must be in the stored entity, or `any_of` and the like.

        Returns:
            The entity as it was stored, or None if there was none; None too where the request had
            to be repeated, and the first one had deleted it. One with unique values as it was read
            just before: a transaction does not tell what it deletes.

        Raises:
            RevisionConflict: somebody else wrote it since *target* was read.
            ConditionFailed: *when* does not hold, or there is no stored entity for it to hold of.
        """
        return self.run(writes.write(self.schema, Delete(target, when)))

    def transact(self, *writes: Write[Any], token: str | None = None) -> list[Any]:
        """Carry out writes together: all of them, or none; see `operations.writing.writes.transact`.

        Returns:
            One for each write, in order: of `Create` and `Put` the entity as stored, of `Update`,
            `Delete` and `Check` None.
        """
        return self.run(transact(self.schema, writes, token=token))

    def transact_get(self, *refs: Ref[Any]) -> list[Any]:
        """Read entities as they are at one moment; see `operations.reading.reads.transact_get`."""
        return self.run(reads.transact_get(self.schema, refs))

    @overload
    def put_many(
        self,
        entities: Collection[E],
        /,
        *,
        lifetime: dt.timedelta | None = None,
        duplicates: Duplicates = "last",
        progress: Progress | None = None,
    ) -> list[E]: ...
    @overload
    def put_many(
        self,
        entities: Iterator[E],
        /,
        *,
        lifetime: dt.timedelta | None = None,
        duplicates: Duplicates = "last",
        progress: Progress | None = None,
    ) -> int: ...
    def put_many(
        self,
        entities: Iterable[Any],
        /,
        *,
        lifetime: dt.timedelta | None = None,
        duplicates: Duplicates = "last",
        progress: Progress | None = None,
    ) -> Any:
        """Write many whole entities, 25 a request; see `operations.writing.batches.put_many`."""
        return self.run(
            batches.put_many(
                self.schema, entities, lifetime=lifetime, duplicates=duplicates, progress=progress
            )
        )

    def delete_many(
        self,
        targets: Iterable[Any],
        /,
        *,
        duplicates: Duplicates = "last",
        progress: Progress | None = None,
    ) -> int:
        """Remove many entities or refs, 25 a request; see `operations.writing.batches.delete_many`."""
        return self.run(
            batches.delete_many(self.schema, targets, duplicates=duplicates, progress=progress)
        )

    def awaited(self) -> AsyncStore:
        """The same schema, place and settings, to be awaited."""
        from .async_store import AsyncStore

        place = self._known_place()
        shared = self._first_use, self._options, self._registered, self._leases
        return AsyncStore(self.schema, place.awaited(), place, *shared)
