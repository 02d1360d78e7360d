"""What is awaited instead of blocking: an operation's requests, their attempts, and cancelling them.

Apart from what blocks, so that blocking programs load no event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from ..clock import Clock, utc_now
from ..errors import DynastoreError, ServiceError
from ..requests import Now, Request, Steps, Together, Wait
from .base import POOL_WIDTH, Asked, AsyncClient, allowed
from .deadlines import Deadline
from .retries import Attempts

R = TypeVar("R")
T = TypeVar("T")


async def run_async(
    steps: Steps[T], client: AsyncClient, clock: Clock = utc_now, deadline: Deadline | None = None
) -> T:
    """`run` for an AsyncClient.

    When it is cancelled, the client first waits for what was already sent, so that the caller knows
    that nothing of it is still under way.
    """
    try:
        asked = next(steps)
        while True:
            try:
                if deadline is None and isinstance(asked, Request):  # nearly always
                    answer = await client.send(asked)
                else:
                    answer = await _answer_async(asked, client, clock, deadline)
            except DynastoreError as error:
                asked = steps.throw(error)
            else:
                asked = steps.send(answer)
    except StopIteration as stop:
        result: T = stop.value
        return result
    finally:
        steps.close()


async def _answer_async(
    asked: Asked, client: AsyncClient, clock: Clock, deadline: Deadline | None
) -> Any:
    match asked:
        case Now():
            return clock()
        case Wait():
            return await asyncio.sleep(allowed(asked, deadline))
        case Together(requests):
            slots = asyncio.Semaphore(POOL_WIDTH)
            sending = (_in_turn(slots, client, each, deadline) for each in requests)
            # Errors as results: a cancelled gather then waits for all that it has cancelled.
            outcomes = await asyncio.gather(*sending, return_exceptions=True)
            return asked.responses(_ours(outcomes))
        case _:
            return await _sent_async(client, asked, deadline)


async def _sent_async(client: AsyncClient, request: Request[R], deadline: Deadline | None) -> R:
    if deadline is None:
        return await client.send(request)
    with deadline.around(request):
        return await client.send(request, deadline=deadline)


async def _in_turn(
    slots: asyncio.Semaphore, client: AsyncClient, request: Request[R], deadline: Deadline | None
) -> R:
    async with slots:
        return await _sent_async(client, request, deadline)


def _ours(outcomes: Sequence[R | BaseException]) -> list[R | DynastoreError]:
    """What became of requests; an error that is none of ours is raised."""
    found: list[R | DynastoreError] = []
    for each in outcomes:
        if isinstance(each, BaseException) and not isinstance(each, DynastoreError):
            raise each
        found.append(each)
    return found


async def retried_async(once: Callable[[], Awaitable[R]], attempts: Attempts) -> R:
    """`retries.retried`, awaited; cancelled, it waits for an attempt under way, and not for more."""
    while True:
        try:
            answer = await finished(once())
        except ServiceError as error:
            seconds = attempts.wait_after(error)
            if seconds is None:
                raise
        else:
            attempts.answered()
            return answer
        await asyncio.sleep(seconds)


async def finished(sending: Awaitable[R]) -> R:
    """What *sending* gives; a task that is cancelled meanwhile first waits for it to end.

    One that is cancelled again waits no longer.
    """
    task = asyncio.ensure_future(sending)
    # What asyncio.shield does takes the loop two turns more, for a case that we have not.
    ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    task.add_done_callback(partial(_tell, ended))
    try:
        await ended
    except asyncio.CancelledError:
        await asyncio.wait([task])
        if not task.cancelled():
            task.exception()  # retrieved, or asyncio logs it as lost
        raise
    return task.result()


def _tell(ended: asyncio.Future[None], _: asyncio.Future[Any]) -> None:
    if not ended.done():  # it is, where the one who waited was cancelled
        ended.set_result(None)
