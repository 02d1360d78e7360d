"""AsyncStore: the methods of `Store`, awaited."""

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
from .async_upkeep import AsyncUpkeep
from .results import AsyncResults
from .scanned import AsyncScanned
from .scopes import AsyncAcrossScopes, AsyncScopeNames

# Streams are loaded by the method that needs them: few processes do.
if TYPE_CHECKING:
    from .followed import AsyncChanges, Following
    from .store import Store

A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")
D = TypeVar("D")
E = TypeVar("E")


@frozen(eq=False, repr=False)
class AsyncStore(AsyncUpkeep):
    """A schema bound to an async client: the methods of `Store`, awaited. Tasks may share it."""

    async def get(self, cls: type[E], /, **key: Any) -> E | None:
        """Read one entity by its primary key; see `operations.reading.reads.get`."""
        return await self.run(reads.get(self.schema, cls, key, consistent=self._options.consistent))

    async def get_unique(self, cls: type[E], /, **values: Any) -> E | None:
        """Read one entity by a `unique()` value; see `operations.reading.uniquely.get_unique`."""
        return await self.run(
            get_unique(self.schema, cls, values, consistent=self._options.consistent)
        )

    async def get_many(self, refs: Sequence[Ref[E]], /) -> list[E | None]:
        """Read many entities by primary key; see `operations.reading.reads.get_many`."""
        return await self.run(
            reads.get_many(self.schema, refs, consistent=self._options.consistent)
        )

    def query(self, cls: type[E], /, *filters: Combined, **where: Any) -> AsyncResults[E]:
        """Find entities by their fields; see `Store.query`. What is awaited is reading them."""
        return AsyncResults(self._asked(cls, filters, where), self)

    def scopes(self) -> AsyncScopeNames:
        """The names of the scopes directly inside this store's; see `Store.scopes`."""
        return AsyncScopeNames(self.schema, self)

    def across_scopes(self) -> AsyncAcrossScopes:
        """Queries over all scopes directly inside this store's; see `Store.across_scopes`."""
        return AsyncAcrossScopes(self.schema, self._ask, self)

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
        options = ScanOptions(segments, units_per_second, self._options.consistent)
        return AsyncScanned(Scanner(self.schema, cls, where, filters, options, cursor), self)

    @overload
    def changes(self, one: type[A], /, **options: Unpack[Following]) -> AsyncChanges[A]: ...
    @overload
    def changes(
        self, one: type[A], two: type[B], /, **options: Unpack[Following]
    ) -> AsyncChanges[A | B]: ...
    @overload
    def changes(
        self, one: type[A], two: type[B], three: type[C], /, **options: Unpack[Following]
    ) -> AsyncChanges[A | B | C]: ...
    @overload
    def changes(
        self, /, *classes: type[Any], **options: Unpack[Following]
    ) -> AsyncChanges[Any]: ...
    def changes(self, /, *classes: type[Any], **options: Unpack[Following]) -> AsyncChanges[Any]:
        """Follow the writes of some classes; see `Store.changes`. It is an ``async for``."""
        from ..operations.following.follower import Follower, FollowOptions
        from .followed import AsyncChanges

        follower = Follower(self.schema, classes, FollowOptions(**options))
        return AsyncChanges(follower, self)

    async def put(
        self, entity: E, /, *, when: When | None = None, lifetime: dt.timedelta | None = None
    ) -> E:
        """Write a whole entity, replacing what is stored; see `Store.put`."""
        return await self.run(writes.write(self.schema, Put(entity, when, lifetime)))

    async def create(self, entity: E, /, *, lifetime: dt.timedelta | None = None) -> E:
        """Write an entity where none is stored; see `Store.create`."""
        return await self.run(writes.write(self.schema, Create(entity, lifetime)))

    @overload
    async def update(self, target: Ref[E], /, *, when: When | None = None, **changes: Any) -> E: ...
    @overload
    async def update(self, target: E, /, *, when: When | None = None, **changes: Any) -> E: ...
    async def update(self, target: Any, /, *, when: When | None = None, **changes: Any) -> Any:
        """Change some fields, and every index attribute that depends on them; see `Store.update`."""
        return await self.run(writes.write(self.schema, Update(target, when=when, **changes)))

    @overload
    async def touch(self, target: Ref[E], /, *, lifetime: dt.timedelta | None = None) -> E: ...
    @overload
    async def touch(self, target: E, /, *, lifetime: dt.timedelta | None = None) -> E: ...
    async def touch(self, target: Any, /, *, lifetime: dt.timedelta | None = None) -> Any:
        """Let an entity expire a lifetime from now on; see `operations.writing.touching.touch`."""
        return await self.run(touching.touch(self.schema, target, lifetime=lifetime))

    async def upsert(self, target: Ref[E], /, **changes: Any) -> E:
        """Change some fields of an entity, or make it; see `operations.writing.upserts.upsert`."""
        return await self.run(upserts.upsert(self.schema, target, changes))

    @overload
    async def move(self, target: Ref[E], /, **changes: Any) -> E: ...
    @overload
    async def move(self, target: E, /, **changes: Any) -> E: ...
    async def move(self, target: Any, /, **changes: Any) -> Any:
        """Write an entity under another primary key; see `operations.writing.moves.move`."""
        return await self.run(moves.move(self.schema, target, changes))

    @overload
    async def delete(self, target: Ref[E], /, *, when: When | None = None) -> E | None: ...
    @overload
    async def delete(self, target: E, /, *, when: When | None = None) -> E | None: ...
    async def delete(self, target: Any, /, *, when: When | None = None) -> Any:
        """Remove an entity; see `Store.delete`."""
        return await self.run(writes.write(self.schema, Delete(target, when)))

    async def transact(self, *writes: Write[Any], token: str | None = None) -> list[Any]:
        """Carry out writes together: all of them, or none; see `operations.writing.writes.transact`."""
        return await self.run(transact(self.schema, writes, token=token))

    async def transact_get(self, *refs: Ref[Any]) -> list[Any]:
        """Read entities as they are at one moment; see `operations.reading.reads.transact_get`."""
        return await self.run(reads.transact_get(self.schema, refs))

    @overload
    async def put_many(
        self,
        entities: Collection[E],
        /,
        *,
        lifetime: dt.timedelta | None = None,
        duplicates: Duplicates = "last",
        progress: Progress | None = None,
    ) -> list[E]: ...
    @overload
    async def put_many(
        self,
        entities: Iterator[E],
        /,
        *,
        lifetime: dt.timedelta | None = None,
        duplicates: Duplicates = "last",
        progress: Progress | None = None,
    ) -> int: ...
    async def put_many(
        self,
        entities: Iterable[Any],
        /,
        *,
        lifetime: dt.timedelta | None = None,
        duplicates: Duplicates = "last",
        progress: Progress | None = None,
    ) -> Any:
        """Write many whole entities, 25 a request; see `operations.writing.batches.put_many`."""
        return await self.run(
            batches.put_many(
                self.schema, entities, lifetime=lifetime, duplicates=duplicates, progress=progress
            )
        )

    async def delete_many(
        self,
        targets: Iterable[Any],
        /,
        *,
        duplicates: Duplicates = "last",
        progress: Progress | None = None,
    ) -> int:
        """Remove many entities or refs, 25 a request; see `operations.writing.batches.delete_many`."""
        return await self.run(
            batches.delete_many(self.schema, targets, duplicates=duplicates, progress=progress)
        )

    def blocking(self) -> Store:
        """The same schema, place and settings, without await."""
        from .store import Store

        place = self._known_place()
        shared = self._first_use, self._options, self._registered, self._leases
        return Store(self.schema, place.blocking(), place, *shared)
