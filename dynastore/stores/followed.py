"""Changes: a table's stream of changes as one iterates over it, blocking or awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from types import TracebackType
from typing import Generic, Literal, Self, TypedDict, TypeVar

from attrs import field, frozen

from ..operations.following.follower import Follower
from ..schema.streams import Change
from .results import Runs, RunsAsync

E = TypeVar("E")


class Following(TypedDict, total=False):
    """How `Store.changes` follows; see there."""

    name: str
    start: Literal["new", "oldest"]
    follow: bool
    on_gap: Literal["raise", "oldest"]
    save_every: int
    lease_seconds: float


@frozen(eq=False)
class Changes(Generic[E]):
    """The changes of some entities, one after the other; for one thread.

    Each is handed out until it was taken, which it is when the next one is asked for: a loop that
    breaks off or raises gets its last change again. The end of a loop writes how far it was, and
    lets another process go on; so does `close`, and the end of a ``with``.
    """

    _follower: Follower = field(repr=False)
    _store: Runs = field(repr=False)

    def __iter__(self) -> Iterator[Change[E]]:
        turn = self._follower.turn()
        try:
            while (change := self._store.run(self._follower.next())) is not None:
                yield change
        finally:
            self._store.run(self._follower.close(turn))

    def close(self) -> None:
        """Write how far it was, and let another process go on. Iterating again goes on there."""
        self._store.run(self._follower.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@frozen(eq=False)
class AsyncChanges(Generic[E]):
    """`Changes` of an AsyncStore, for one task: ``async for``.

    A loop that is left by ``break`` is closed when Python gets to it; ``async with`` does it at once.
    """

    _follower: Follower = field(repr=False)
    _store: RunsAsync = field(repr=False)

    async def __aiter__(self) -> AsyncIterator[Change[E]]:
        turn = self._follower.turn()  # Python may close a loop that was left after the next began
        try:
            while (change := await self._store.run(self._follower.next())) is not None:
                yield change
        finally:
            await self._store.run(self._follower.close(turn))

    async def close(self) -> None:
        """Write how far it was, and let another process go on. Iterating again goes on there."""
        await self._store.run(self._follower.close())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()
