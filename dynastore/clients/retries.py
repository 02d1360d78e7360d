"""What is retried, the waits between, and when no more is retried at all.

A request that was refused for its rate, or never left, is always sent again. One that may have been
carried out is sent again only if that changes nothing: `Request.repeatable`.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Any, TypeVar

from attrs import field, frozen

from ..errors import DeadlineExceeded, ServiceError, Throttled, Unavailable
from ..requests import Request
from .deadlines import Deadline
from .observing import Exchange
from .wire import Unreached

R = TypeVar("R")

# botocore's standard mode, retries/standard.py and retries/quota.py
BUDGET_TOKENS = 500
FAILURE_TOKENS = 14  # that a retry after a failure takes
THROTTLED_TOKENS = 5  # that one after a refusal for the rate takes: it costs the service less
ANSWER_TOKENS = 1  # that an answer at the first attempt gives back


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


class RetryBudget:
    """Tokens that the retries of one client take, and its answers give back; threads share it.

    While most requests are answered it is never empty. In an outage it is, soon: then errors are
    raised at once, so that retries do not multiply the load of a service that is down.

    Source: Marc Brooker, "Timeouts, retries, and backoff with jitter", Amazon Builders' Library.
    """

    def __init__(self, tokens: int = BUDGET_TOKENS) -> None:
        """It is full.

        Args:
            tokens: how many it holds.
        """
        self._most = tokens
        self._tokens = tokens
        self._lock = threading.Lock()

    def take(self, tokens: int) -> bool:
        """Whether there are so many; if so, they are taken."""
        with self._lock:
            if self._tokens < tokens:
                return False
            self._tokens -= tokens
            return True

    def give_back(self, tokens: int) -> None:
        """Fill it up by so many."""
        if self._tokens == self._most:  # the usual case, so it costs no lock
            return
        with self._lock:
            self._tokens = min(self._most, self._tokens + tokens)


class Attempts:
    """The attempts at one request.

    Attributes:
        request: what is sent.
        exchange: what has become of it so far.
        deadline: when the call has to end, or None.
    """

    __slots__ = (
        "_budget",
        "_may_have_happened",
        "_policy",
        "_taken",
        "deadline",
        "exchange",
        "request",
    )

    def __init__(
        self,
        request: Request[Any],
        exchange: Exchange,
        policy: RetryPolicy,
        budget: RetryBudget,
        deadline: Deadline | None = None,
    ) -> None:
        """None was made yet.

        Args:
            request: what is sent.
            exchange: where retries are counted.
            policy: how often at most, and the waits.
            budget: of the client.
            deadline: when the call has to end.
        """
        self.request = request
        self.exchange = exchange
        self.deadline = deadline
        self._policy = policy
        self._budget = budget
        self._taken = 0
        self._may_have_happened = False

    def wait_after(self, error: ServiceError) -> float | None:
        """Seconds to wait before the next attempt; None: there is none, *error* is to be raised.

        The error is told what the attempts so far leave open: a write that was refused for its
        rate may have been carried out by an attempt before that.

        Raises:
            DeadlineExceeded: there would be another one, but the wait passes the deadline.
        """
        self._may_have_happened |= self.request.writes and _leaves_open(error)
        error.may_have_happened = self._may_have_happened
        seconds = self._policy.wait_before(self.exchange.retries + 2, error, self.request)
        if seconds is None:
            return None
        if self.deadline is not None and self.deadline.left <= seconds:
            raise self._exceeded(self.deadline) from error
        tokens = THROTTLED_TOKENS if isinstance(error, Throttled) else FAILURE_TOKENS
        if not self._budget.take(tokens):
            error.add_note("It was not retried: too many requests of this client fail.")
            return None
        self._taken = tokens
        self.exchange.retries += 1
        return seconds

    def _exceeded(self, deadline: Deadline) -> DeadlineExceeded:
        error = deadline.exceeded(f"before {self.request.operation} could be sent again")
        error.may_have_happened |= self._may_have_happened
        return error

    def answered(self) -> None:
        """Give back to the budget what the last retry took, or a little where there was none."""
        self._budget.give_back(self._taken or ANSWER_TOKENS)


def _leaves_open(error: ServiceError) -> bool:
    """Whether a request that ended so may have been carried out."""
    return isinstance(error, Unavailable) and not isinstance(error, Unreached)


def _may_repeat(request: Request[Any], error: ServiceError) -> bool:
    if isinstance(error, Throttled | Unreached):
        return True
    return isinstance(error, Unavailable) and request.repeatable


def retried(once: Callable[[], R], attempts: Attempts) -> R:
    """What *once*, which sends a request, gives back; called again as *attempts* says.

    Raises:
        ServiceError: the one of the last attempt.
    """
    while True:
        try:
            answer = once()
        except ServiceError as error:
            seconds = attempts.wait_after(error)
            if seconds is None:
                raise
        else:
            attempts.answered()
            return answer
        time.sleep(seconds)
