"""Clients send requests; runners drive an operation with one.

`run` and its twin `awaiting.run_async` are all that differs between a blocking and an awaited call:
the operation itself is written once, as a generator.
"""

from __future__ import annotations

import functools
import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from itertools import repeat
from typing import Any, Protocol, TypeAlias, TypeVar

from ..clock import Clock, utc_now
from ..errors import DynastoreError
from ..requests import Now, Request, Steps, Together, Wait
from .deadlines import Deadline
from .observing import Observer

R = TypeVar("R")
T = TypeVar("T")

# Requests of a Together in flight: those of all blocking stores of a process, whose pool has as many
# threads, or those of one awaited call.
POOL_WIDTH = 10


Asked: TypeAlias = Request[Any] | Together[Any] | Wait | Now


class Client(Protocol):
    """Sends one request and waits for its response.

    Attributes:
        observers: told of each request, in the thread that called.
        overlaps: whether several requests at once are faster than one after the other.
    """

    observers: list[Observer]
    overlaps: bool

    def send(self, request: Request[R], /, *, deadline: Deadline | None = None) -> R:
        """The response to *request*.

        Args:
            request: what to send.
            deadline: when to end; no attempt and no wait begins that would pass it.

        Raises:
            ConflictError: a condition did not hold; its ``stored`` is the stored item.
            DeadlineExceeded: there was no time for the wait before another attempt.
            ServiceError: the service refused or failed, after retries.
        """
        ...

    def close(self) -> None:
        """Give back connections. The client cannot be used afterwards."""
        ...


class AsyncClient(Protocol):
    """Sends one request without blocking the event loop.

    Attributes:
        observers: told of each request, on the loop.
    """

    observers: list[Observer]

    async def send(self, request: Request[R], /, *, deadline: Deadline | None = None) -> R:
        """The response to *request*; raises what `Client.send` raises.

        When it is cancelled it waits for what was already sent, and sends nothing more.
        """
        ...

    async def close(self) -> None:
        """Give back connections. The client cannot be used afterwards."""
        ...


def seconds_of(wait: Wait, draw: Callable[[], float] = random.random) -> float:
    """How long to wait.

    Args:
        wait: what was asked for.
        draw: gives numbers from 0 to 1.
    """
    return wait.seconds * draw() if wait.jittered else wait.seconds


def run(
    steps: Steps[T], client: Client, clock: Clock = utc_now, deadline: Deadline | None = None
) -> T:
    """Send every request that *steps* yields; return what it returns.

    An error is thrown into *steps* where the request was yielded, so an operation handles errors
    with an ordinary ``try``.
    """
    try:
        asked = next(steps)
        while True:
            try:
                if deadline is None and isinstance(asked, Request):  # nearly always
                    answer = client.send(asked)
                else:
                    answer = _answer(asked, client, clock, deadline)
            except DynastoreError as error:
                asked = steps.throw(error)
            else:
                asked = steps.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()


def _answer(asked: Asked, client: Client, clock: Clock, deadline: Deadline | None) -> Any:
    match asked:
        case Now():
            return clock()
        case Wait():
            return time.sleep(allowed(asked, deadline))
        case Together(requests):
            send = functools.partial(_outcome, client, deadline)
            if not client.overlaps or len(requests) < 2:
                return asked.responses([send(request) for request in requests])
            # A context each: what observers open is to be part of what the caller has open.
            contexts = [copy_context() for _ in requests]
            outcomes = _pool().map(Context.run, contexts, repeat(send), requests)
            return asked.responses(list(outcomes))
        case _:
            return _sent(client, asked, deadline)


def _sent(client: Client, request: Request[R], deadline: Deadline | None) -> R:
    if deadline is None:
        return client.send(request)
    with deadline.around(request):
        return client.send(request, deadline=deadline)


def _outcome(client: Client, deadline: Deadline | None, request: Request[R]) -> R | DynastoreError:
    try:
        return _sent(client, request, deadline)
    except DynastoreError as error:
        return error


@functools.cache
def _pool() -> ThreadPoolExecutor:
    """Threads shared by all blocking stores. They only send, never run operations: no deadlock."""
    return ThreadPoolExecutor(POOL_WIDTH, thread_name_prefix="dynastore")


def allowed(wait: Wait, deadline: Deadline | None) -> float:
    """How long to wait, if there is time for it."""
    seconds = seconds_of(wait)
    if deadline is not None:
        deadline.allow(f"a wait of {seconds:g} s had ended", seconds)
    return seconds
