"""AsyncMirrorDb: `MirrorDb`, awaited."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

from agno.db.base import AsyncBaseDb

from ..moving.old import Overheard
from .asked import Asked
from .comparing import form
from .ledger import Mismatch, Missed
from .mirror import STRIPES, Mirror, mirrored


def _one_awaited(name: str) -> Callable[..., Any]:
    async def call(self: Any, *args: Any, **named: Any) -> Any:
        return await Asked(name, args, named).of(self._first)

    call.__name__ = name
    return call


def _read_awaited(name: str) -> Callable[..., Any]:
    async def call(self: Any, *args: Any, **named: Any) -> Any:
        asked = Asked(name, args, named)
        answer = await asked.of(self._first)
        self._compare(asked, answer)
        return answer

    call.__name__ = name
    return call


def _write_awaited(name: str) -> Callable[..., Any]:
    async def call(self: Any, *args: Any, **named: Any) -> Any:
        return await self._write(Asked(name, args, named))

    call.__name__ = name
    return call


_AWAITED = {"one": _one_awaited, "read": _read_awaited, "write": _write_awaited}


class AsyncMirrorDb(Mirror, mirrored(AsyncBaseDb, _AWAITED), AsyncBaseDb):  # type: ignore[misc]
    """`MirrorDb`, awaited: of two databases that are awaited. Comparisons are tasks of the same loop."""

    contract = AsyncBaseDb

    def __init__(self, old: AsyncBaseDb, new: AsyncBaseDb, **options: Any) -> None:
        """As that of `Mirror`."""
        super().__init__(old, new, **options)
        self._locks = [asyncio.Lock() for _ in range(STRIPES)]
        self._comparing = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    async def settle(self) -> None:
        """Wait until all that was read so far is compared, and what was found is told."""
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.wrap_future(self._teller.submit(int))

    async def close(self) -> None:
        """Compare what still waits, and close both databases."""
        await self.settle()
        self._teller.shutdown()
        await self._first.close()
        await self._second.close()

    @asynccontextmanager
    async def _in_order(self, asked: Asked) -> AsyncIterator[None]:
        async with AsyncExitStack() as held:
            for each in self._stripes(asked):
                await held.enter_async_context(self._locks[each])
            yield

    async def _write(self, asked: Asked) -> Any:
        async with self._in_order(asked):
            answer = await asked.of(self._first)
            self._ledger.count("writes")
            if self._is_decided(asked, answer):
                return answer
            write = _overheard_awaited(asked.of_second(answer), self._second)
            try:
                outcomes = await asyncio.gather(write, return_exceptions=True)
            except asyncio.CancelledError:
                self._note(Missed(asked, "it was cancelled between the two writes"))
                raise
            self._wrote(asked, answer, outcomes[0])
        return answer

    def _compare(self, asked: Asked, answer: Any) -> None:
        if self._has_room(asked):
            task = asyncio.create_task(self._look(asked, form(answer)))
            self._tasks.add(task)
            task.add_done_callback(self._looked)

    async def _look(self, asked: Asked, answer: Any) -> None:
        async with self._comparing:
            other = await _overheard_awaited(asked, self._second)
            found = self._differences(asked, answer, other)
            if found:
                again = await asked.of(self._first)
                other = await _overheard_awaited(asked, self._second)
                found = self._differences(asked, again, other)
        self._ledger.count("compared")
        if found:
            self._note(Mismatch(asked, found))

    def _looked(self, task: asyncio.Task[None]) -> None:
        self._free.release()
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None and not isinstance(error, NotImplementedError):
            self._ledger.fail(error)


async def _overheard_awaited(asked: Asked, database: Any) -> Any:
    with Overheard(asked.method):
        return await asked.of(database)
