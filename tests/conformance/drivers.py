"""One suite for `Store` and `AsyncStore`: an async store whose calls are waited for.

A test is written once, against `Store`. Run blocking, it has a `Store`. Run awaited, it has an
`Awaited`, which passes every call on to an `AsyncStore`, waits on an event loop of its own, and
changes nothing else: a method that AsyncStore lacks is missing here too.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

from dynastore import (
    AsyncChanges,
    AsyncResults,
    AsyncScanned,
    AsyncStore,
    AsyncVerified,
    Store,
)
from dynastore.stores.scopes import AsyncAcrossScopes, AsyncScopeNames

T = TypeVar("T")


class Awaited:
    """An `AsyncStore`, or results of one, that can be used without ``await``."""

    def __init__(
        self,
        target: AsyncStore
        | AsyncResults[Any]
        | AsyncScanned[Any]
        | AsyncVerified
        | AsyncChanges[Any]
        | AsyncScopeNames
        | AsyncAcrossScopes,
        runner: asyncio.Runner,
    ) -> None:
        self.target = target
        self.runner = runner

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.target, name)
        if not inspect.ismethod(value):
            return self._settled(value)
        return lambda *args, **keywords: self._settled(value(*args, **keywords))

    def __iter__(self) -> Iterator[Any]:
        items = aiter(cast("AsyncResults[Any]", self.target))
        missing = object()
        try:
            while (item := self._settled(_next(items, missing))) is not missing:
                yield item
        finally:
            self._settled(_closed(items))

    def __str__(self) -> str:
        return str(self.target)

    def _settled(self, value: Any) -> Any:
        if inspect.iscoroutine(value):
            value = self.runner.run(value)
        kinds = AsyncStore | AsyncResults | AsyncScanned | AsyncVerified | AsyncChanges
        is_awaited = isinstance(value, kinds | AsyncScopeNames | AsyncAcrossScopes)
        return Awaited(value, self.runner) if is_awaited else value


async def _next(items: Any, default: object) -> Any:
    return await anext(items, default)


async def _closed(items: Any) -> None:
    await items.aclose()


def at_once(store: Store, call: Callable[[Any, int], Any], times: int) -> list[Any]:
    """Make a call several times at the same moment; the results or errors, in order.

    Args:
        store: blocking: threads make the calls. Awaited: tasks of one loop do.
        call: gets the store (an AsyncStore if awaited) and the number of the call, from 0.
        times: how many calls.
    """
    if isinstance(store, Awaited):
        return store.runner.run(_gathered(store.target, call, times))
    with ThreadPoolExecutor(times) as threads:
        calls = [threads.submit(call, store, number) for number in range(times)]
    return [each.exception() or each.result() for each in calls]


async def _gathered(
    store: Any, call: Callable[[Any, int], Awaitable[T]], times: int
) -> Sequence[T | BaseException]:
    calls = (call(store, number) for number in range(times))
    return await asyncio.gather(*calls, return_exceptions=True)
