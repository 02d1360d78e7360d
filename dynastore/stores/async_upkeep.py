"""AsyncUpkeep: the methods of `Upkeep`, awaited."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from attrs import frozen

from ..clients.awaiting import run_async
from ..clients.base import AsyncClient
from ..clients.deadlines import Deadline
from ..clients.opening import Place
from ..operations import tables
from ..operations.reading.scanner import ScanOptions
from ..operations.scopes.locations import LONGEST_REQUEST_SECONDS, MOVE_LEASE_SECONDS
from ..requests import Steps
from ..schema.schema import Schema
from .bound import Bound

# As in `upkeep`: loaded by the method that needs it.
if TYPE_CHECKING:
    from ..operations.scopes.deleting import ScopeDeleted
    from ..operations.scopes.measuring import ScopeSizes
    from ..operations.upkeep.sweeping import Swept
    from ..operations.upkeep.upcasts import Upcasted
    from .moved import AsyncScopeMove
    from .verified import AsyncVerified

T = TypeVar("T")


@frozen(eq=False, repr=False)
class AsyncUpkeep(Bound[AsyncClient]):
    """`Upkeep`, awaited."""

    def verify(
        self,
        *,
        segments: int = 1,
        units_per_second: float | None = None,
        cursor: str | None = None,
    ) -> AsyncVerified:
        """Find the items that are not what their fields imply; see `Store.verify`."""
        from ..operations.upkeep.verifying import Verifier
        from .verified import AsyncVerified

        options = ScanOptions(segments, units_per_second, self._options.consistent)
        return AsyncVerified(Verifier(self.schema, options, cursor), self)

    def reindex(
        self,
        *,
        dry_run: bool = False,
        segments: int = 1,
        units_per_second: float | None = None,
        cursor: str | None = None,
    ) -> AsyncVerified:
        """Find what `verify` finds, and mend what has drifted; see `Store.reindex`."""
        from ..operations.upkeep.verifying import Verifier
        from .verified import AsyncVerified

        options = ScanOptions(segments, units_per_second, self._options.consistent)
        return AsyncVerified(Verifier(self.schema, options, cursor, mending=not dry_run), self)

    async def sweep(
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
        return await self.run(steps)

    async def upcast(
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
        return await self.run(steps)

    async def delete_scope(
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
        """Delete everything of a scope inside this store's; see `Store.delete_scope`."""
        from ..operations.scopes.deleting import delete_scope

        options = ScanOptions(segments, units_per_second)
        known, scoped = self._registered, self.scope(name)
        runs = self if self.schema.shared is None else scoped  # which sees where it lives
        return await runs.run(
            delete_scope(
                scoped.schema, known, options, dry_run=dry_run, cursor=cursor, rounds=rounds
            )
        )

    def move_scope(
        self,
        name: str,
        /,
        to: AsyncUpkeep | str,
        *,
        source: AsyncUpkeep | str | None = None,
        dry_run: bool = False,
        segments: int = 1,
        units_per_second: float | None = None,
        writers_stopped: bool = False,
        discard_late: bool = False,
        request_seconds: float = LONGEST_REQUEST_SECONDS,
        lease_seconds: float = MOVE_LEASE_SECONDS,
        abandon: bool = False,
    ) -> AsyncScopeMove:
        """Move a scope to another table, while it is written to; see `Store.move_scope`."""
        from ..operations.moving.stages import MoveOptions
        from .moved import AsyncScopeMove

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
        return AsyncScopeMove(route, options, dry_run, stores)

    async def scope_figures(
        self,
        *,
        segments: int = 1,
        units_per_second: float | None = None,
        cursor: str | None = None,
        rounds: int | None = None,
    ) -> ScopeSizes:
        """Scan the table for how much each scope holds; see `Store.scope_figures`."""
        from ..operations.scopes.measuring import scope_sizes

        options = ScanOptions(segments, units_per_second)
        return await self.run(scope_sizes(self.schema, options, cursor=cursor, rounds=rounds))

    async def create_table(self) -> None:
        """Make the table unless it is there; see `Store.create_table`."""
        await self._make(self.schema.all_tables, self._options.deadline())

    async def run(self, steps: Steps[T], /) -> T:
        """Run one operation; the first one makes the table, if the store was told to."""
        deadline = self._options.deadline()
        if unmade := self._first_use.unmade(self.schema):
            await self._make(unmade, deadline)
        steps = self._in_scope(steps)
        return await run_async(steps, self.client, self._options.clock, deadline)

    async def _make(self, schemas: Iterable[Schema], deadline: Deadline | None) -> None:
        for each in schemas:
            await run_async(tables.create_table(each), self.client, deadline=deadline)
            self._first_use.made(each)

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
