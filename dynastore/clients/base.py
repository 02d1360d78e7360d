"""Clients send requests; runners drive an operation with one.

`run` and `run_async` are all that differs between a blocking and an awaited call: the operation
itself is written once, as a generator.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeAlias, TypeVar

from attrs import frozen

from ..clock import Clock, utc_now
from ..errors import DynastoreError
from ..requests import Now, Request, Steps, Together, Wait

R = TypeVar("R")
T = TypeVar("T")

logger = logging.getLogger("dynastore")

POOL_WIDTH = 10  # requests of a Together in flight; botocore's own default for its connections


@frozen
class Sent:
    """A request that was answered, and the capacity that took.

    Attributes:
        request: the request.
        units: read or write capacity units, of the table and its indexes together.
    """

    request: Request[Any]
    units: float


Observer = Callable[[Sent], None]
Asked: TypeAlias = Request[Any] | Together[Any] | Wait | Now


class Client(Protocol):
    """Sends one request and waits for its response.

    Attributes:
        observers: called after each answered request, in the thread that sent it.
        overlaps: whether several requests at once are faster than one after the other.
    """

    observers: list[Observer]
    overlaps: bool

    def send(self, request: Request[R], /) -> R:
        """The response to *request*.

        Raises:
            ConflictError: a condition did not hold; its ``stored`` is the stored item.
            ServiceError: the service refused or failed, after retries.
        """
        ...

    def close(self) -> None:
        """Give back connections. The client cannot be used afterwards."""
        ...


class AsyncClient(Protocol):
    """Sends one request without blocking the event loop.

    Attributes:
        observers: called after each answered request, on the loop.
    """

    observers: list[Observer]

    async def send(self, request: Request[R], /) -> R:
        """The response to *request*; raises what `Client.send` raises."""
        ...

    async def close(self) -> None:
        """Give back connections. The client cannot be used afterwards."""
        ...


def answered(observers: Sequence[Observer], request: Request[Any], units: float) -> None:
    """Tell the log and all observers of a request. Neither payloads nor keys are logged."""
    logger.debug("%s took %s units", request.operation, units)
    for observer in observers:
        observer(Sent(request, units))


def seconds_of(wait: Wait, draw: Callable[[], float] = random.random) -> float:
    """How long to wait.

    Args:
        wait: what was asked for.
        draw: gives numbers from 0 to 1.
    """
    return wait.seconds * draw() if wait.jittered else wait.seconds


def run(steps: Steps[T], client: Client, clock: Clock = utc_now) -> T:
    """Send every request that *steps* yields; return what it returns.

    An error is thrown into *steps* where the request was yielded, so an operation handles errors
    with an ordinary ``try``.
    """
    try:
        asked = next(steps)
        while True:
            try:
                answer = _answer(asked, client, clock)
            except DynastoreError as error:
                asked = steps.throw(error)
            else:
                asked = steps.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()


def _answer(asked: Asked, client: Client, clock: Clock) -> Any:
    match asked:
        case Now():
            return clock()
        case Wait():
            return time.sleep(seconds_of(asked))
        case Together(requests):
            send = functools.partial(_outcome, client)
            overlap = client.overlaps and len(requests) > 1
            outcomes = _pool().map(send, requests) if overlap else map(send, requests)
            return asked.responses(list(outcomes))
        case _:
            return client.send(asked)


def _outcome(client: Client, request: Request[R]) -> R | DynastoreError:
    try:
        return client.send(request)
    except DynastoreError as error:
        return error


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """Threads shared by all blocking stores. They only send, never run operations: no deadlock."""
    return ThreadPoolExecutor(POOL_WIDTH, thread_name_prefix="dynastore")


async def run_async(steps: Steps[T], client: AsyncClient, clock: Clock = utc_now) -> T:
    """`run` for an AsyncClient.

    When it is cancelled it first waits for what was already sent, so that the caller knows that
    nothing of it is still under way.
    """
    try:
        asked = next(steps)
        while True:
            try:
                answer = await _answer_async(asked, client, clock)
            except DynastoreError as error:
                asked = steps.throw(error)
            else:
                asked = steps.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()


async def _answer_async(asked: Asked, client: AsyncClient, clock: Clock) -> Any:
    match asked:
        case Now():
            return clock()
        case Wait():
            return await asyncio.sleep(seconds_of(asked))
        case Together(requests):
            slots = asyncio.Semaphore(POOL_WIDTH)
            sending = asyncio.gather(*(_outcome_async(client, each, slots) for each in requests))
            return asked.responses(await _finished(sending))
        case _:
            return await _finished(client.send(asked))


async def _outcome_async(
    client: AsyncClient, request: Request[R], slots: asyncio.Semaphore
) -> R | DynastoreError:
    async with slots:
        try:
            return await client.send(request)
        except DynastoreError as error:
            return error


async def _finished(sending: Awaitable[R]) -> R:
    task = asyncio.ensure_future(sending)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # retrieved, or asyncio logs it as lost
        raise
