"""Upkeep: what keeps a store's table in order, and runs it. `Store` adds what agents call."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import frozen

from ..clients.base import Client, run
from ..clients.deadlines import Deadline
from ..clients.opening import Place
from ..operations import tables
from ..operations.reading.scanner import ScanOptions
from ..operations.scopes.locations import LONGEST_REQUEST_SECONDS, MOVE_LEASE_SECONDS
from ..requests import Steps
from ..schema.schema import Schema
from .bound import Bound

# Each is loaded by the method that needs it: few processes do, and every process that has a store
# would wait for it.
if TYPE_CHECKING:
    from ..operations.scopes.deleting import ScopeDeleted
    from ..operations.scopes.measuring import ScopeSizes
    from ..operations.upkeep.sweeping import Swept
    from ..operations.upkeep.upcasts import Upcasted
    from .moved import ScopeMove
    from .verified import Verified

T = TypeVar("T")


@frozen(eq=False, repr=False)
class Upkeep(Bound[Client]):
    """What a store runs, from its table's making to its closing, and what keeps the table in order."""

    def verify(
        self,
        *,
        segments: int = 1,
        units_per_second: float | None = None,
        cursor: str | None = None,
    ) -> Verified:
        """Find the items whose keys, index entries, expiry or guards are not what their fields imply.

        It reads the whole table, all classes and all scopes inside the store's, and pays for it.

        Args:
            segments: as of `scan`.
            units_per_second: as of `scan`.
            cursor: where another call with the same segments stopped.

        Raises:
            RequestError: the segments or the rate are wrong.
            InvalidCursor: the cursor is damaged, or of another scope.
        """
        from ..operations.upkeep.verifying import Verifier
        from .verified import Verified

        options = ScanOptions(segments, units_per_second, self._options.consistent)
        return Verified(Verifier(self.schema, options, cursor), self)

    def reindex(
        self,
        *,
        dry_run: bool = False,
        segments: int = 1,
        units_per_second: float | None = None,
        cursor: str | None = None,
    ) -> Verified:
        """Find what `verify` finds, and mend what has drifted while it is iterated.

        Only index attributes, the TTL and guards are written, and only while the fields that they
        depend on are as they were read: no concurrent write is lost. What is misplaced, malformed, a
        duplicate or of an older schema is reported, and what is of a newer one left alone. Mending
        goes up to the rate too, in write units.

        Args:
            dry_run: whether to write nothing, as `verify` does.
            segments: as of `scan`.
            units_per_second: read units to take on average, and as many write units.
            cursor: where another call with the same segments stopped.
        """
        from ..operations.upkeep.verifying import Verifier
        from .verified import Verified

        options = ScanOptions(segments, units_per_second, self._options.consistent)
        return Verified(Verifier(self.schema, options, cursor, mending=not dry_run), self)

    def sweep(
        self,
        *,
        dry_run: bool = False,
        segments: int = 1,
        units_per_second: float | None = None,
        cursor: str | None = None,
        rounds: int | None = None,
    ) -> Swept:
        """Delete parts and objects that no item refers to; see `operations.upkeep.sweeping.sweep`."""
        from ..operations.upkeep.sweeping import sweep

        options = ScanOptions(segments, units_per_second)
        steps = sweep(self.schema, options, dry_run=dry_run, cursor=cursor, rounds=rounds)
        return self.run(steps)

    def upcast(
        self,
        cls: type[Any],
        /,
        *,
        dry_run: bool = False,
        segments: int = 1,
        units_per_second: float | None = None,
        cursor: str | None = None,
        rounds: int | None = None,
    ) -> Upcasted:
        """Rewrite the items of a class that older code wrote; see `operations.upkeep.upcasts.upcast`."""
        from ..operations.upkeep.upcasts import upcast

        options = ScanOptions(segments, units_per_second)
        steps = upcast(self.schema, cls, options, dry_run=dry_run, cursor=cursor, rounds=rounds)
        return self.run(steps)

    def delete_scope(
        self,
        name: str,
        /,
        *,
        dry_run: bool = False,
        segments: int = 1,
        units_per_second: float | None = None,
        cursor: str | None = None,
        rounds: int | None = None,
    ) -> ScopeDeleted:
        """Delete everything of a scope inside this store's; see `operations.scopes.deleting`."""
        from ..operations.scopes.deleting import delete_scope

        options = ScanOptions(segments, units_per_second)
        known, scoped = self._registered, self.scope(name)
        runs = self if self.schema.shared is None else scoped  # which sees where it lives
        return runs.run(
            delete_scope(
                scoped.schema, known, options, dry_run=dry_run, cursor=cursor, rounds=rounds
            )
        )

    def move_scope(
        self,
        name: str,
        /,
        to: Upkeep | str,
        *,
        source: Upkeep | str | None = None,
        dry_run: bool = False,
        segments: int = 1,
        units_per_second: float | None = None,
        writers_stopped: bool = False,
        discard_late: bool = False,
        request_seconds: float = LONGEST_REQUEST_SECONDS,
        lease_seconds: float = MOVE_LEASE_SECONDS,
        abandon: bool = False,
    ) -> ScopeMove:
        """Move a scope, with all in it, to another table, while it is written to; see `moved`.

        Iterate it, or call its `finish`: a call that was killed is made again, and goes on. Stores
        that write to the scope must have a placement, or be stopped. It scans the source three times
        and the target twice, consistently, and pays for that, for each item a write, and a deletion.

        Args:
            name: the scope, one directly inside this store's table, which is the one that has its
                entry.
            to: a store on the table that it moves to, of another name, without a scope.
            source: a store on the table that it lives in; this one without.
            dry_run: count what would be copied, and write nothing.
            segments: as of `scan`.
            units_per_second: read and write units together that copying and cleaning take; following
                changes and the proof are held to no rate.
            writers_stopped: nobody writes to the scope, so nobody is waited for, and the source needs
                no stream.
            discard_late: delete, with the rest, what was written to the source by stores without a
                placement after the scope had left it.
            request_seconds: how long a request of any store may be under way, retries included.
            lease_seconds: how long a process that was killed keeps its place.
            abandon: give up a move to that table that was begun: writers go on where the scope
                lives, and what was copied is deleted. Not once it lives in its new place.

        Raises:
            RequestError: a store has a scope, both tables have one name, other indexes, or an option
                is wrong. Iterating raises what `Move.steps` does.
        """
        from ..operations.moving.stages import MoveOptions
        from .moved import ScopeMove

        options = MoveOptions(
            segments,
            units_per_second,
            writers_stopped,
            discard_late,
            request_seconds,
            lease_seconds,
            abandon,
        )
        route, stores = self._moving(name, to, source, writers_stopped=writers_stopped)
        return ScopeMove(route, options, dry_run, stores)

    def scope_figures(
        self,
        *,
        segments: int = 1,
        units_per_second: float | None = None,
        cursor: str | None = None,
        rounds: int | None = None,
    ) -> ScopeSizes:
        """Scan the table for how much each scope holds; see `operations.scopes.measuring`."""
        from ..operations.scopes.measuring import scope_sizes

        options = ScanOptions(segments, units_per_second)
        return self.run(scope_sizes(self.schema, options, cursor=cursor, rounds=rounds))

    def create_table(self) -> None:
        """Make the table unless it is there; see `operations.tables.create_table`.

        Where a placement keeps scopes in tables of their own, these too.
        """
        self._make(self.schema.all_tables, self._options.deadline())

    def run(self, steps: Steps[T], /) -> T:
        """Run one operation; the first one makes the table, if the store was told to."""
        deadline = self._options.deadline()
        if unmade := self._first_use.unmade(self.schema):
            self._make(unmade, deadline)
        steps = self._in_scope(steps)
        return run(steps, self.client, self._options.clock, deadline)

    def _make(self, schemas: Iterable[Schema], deadline: Deadline | None) -> None:
        for each in schemas:
            run(tables.create_table(each), self.client, deadline=deadline)
            self._first_use.made(each)

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
