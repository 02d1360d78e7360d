"""What is retried, and the waits between.

A request that was refused for its rate, or never left, is always sent again. One that may have been
carried out is sent again only if that changes nothing: `Request.repeatable`.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from attrs import field, frozen

from ..errors import ServiceError, Throttled, Unavailable
from ..requests import Request
from .wire import Unreached

R = TypeVar("R")


@frozen
class RetryPolicy:
    """Exponential backoff with full jitter.

    Attributes:
        attempts: how often a request is sent at most, the first time included.
        base_seconds: the longest wait before the second attempt; it doubles with each further one.
        cap_seconds: the longest wait at all.
        random: gives numbers from 0 to 1; each wait is that part of the longest.

    Source: Marc Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog. The base is what
    botocore takes for DynamoDB.
    """

    attempts: int = 6
    base_seconds: float = 0.05
    cap_seconds: float = 2.0
    random: Callable[[], float] = field(default=random.random, repr=False, eq=False)

    def wait_before(self, attempt: int, error: ServiceError, request: Request[Any]) -> float | None:
        """Seconds to wait before attempt 2, 3, … at *request*; None: it is not sent again.

        Args:
            attempt: the number of the attempt that would follow.
            error: what the attempt before it ended with.
            request: what is sent.
        """
        if attempt > self.attempts or not _may_repeat(request, error):
            return None
        longest = min(self.cap_seconds, self.base_seconds * 2.0 ** (attempt - 2))
        return self.random() * longest


NO_RETRIES = RetryPolicy(attempts=1)


def _may_repeat(request: Request[Any], error: ServiceError) -> bool:
    if isinstance(error, Throttled | Unreached):
        return True
    return isinstance(error, Unavailable) and request.repeatable


def retried(once: Callable[[], R], request: Request[R], policy: RetryPolicy) -> R:
    """What *once*, which sends *request*, gives back; called again as *policy* says.

    Raises:
        ServiceError: the one of the last attempt.
    """
    for attempt in itertools.count(2):
        try:
            return once()
        except ServiceError as error:
            seconds = policy.wait_before(attempt, error, request)
            if seconds is None:
                raise
        time.sleep(seconds)
    raise AssertionError("count() does not end")


async def retried_async(
    once: Callable[[], Awaitable[R]], request: Request[R], policy: RetryPolicy
) -> R:
    """`retried`, on the event loop."""
    for attempt in itertools.count(2):
        try:
            return await once()
        except ServiceError as error:
            seconds = policy.wait_before(attempt, error, request)
            if seconds is None:
                raise
        await asyncio.sleep(seconds)
    raise AssertionError("count() does not end")
