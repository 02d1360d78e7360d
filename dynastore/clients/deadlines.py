"""The time that one call may take."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import DeadlineExceeded, ServiceError
from ..requests import Request


def seconds() -> tuple[float, float]:
    """By a clock that nobody sets, and by one that goes on while the machine sleeps."""
    return time.monotonic(), time.time()


class Deadline:
    """When one call has to end, by a clock that nobody sets, and what was done of it by then.

    Attributes:
        seconds: what the call was given.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        """The time runs from now.

        Args:
            seconds: what the call is given, over 0.
            clock: seconds that only ever grow.
        """
        self.seconds = seconds
        self._clock = clock
        self._until = clock() + seconds
        self._answered = False
        self._wrote = False

    @property
    def left(self) -> float:
        """Seconds until then; 0 or less when it is over."""
        return self._until - self._clock()

    def allow(self, what: str, seconds: float = 0.0) -> None:
        """See that there are more than so many seconds left.

        Args:
            what: what is next, as part of a message.
            seconds: how long it takes at least.

        Raises:
            DeadlineExceeded: there are not.
        """
        if self.left <= seconds:
            raise self.exceeded(f"before {what}")

    @contextmanager
    def around(self, request: Request[Any]) -> Iterator[None]:
        """While a request is under way.

        Raises:
            DeadlineExceeded: the time was over before it, or when it failed.
        """
        self.allow(f"{request.operation} was sent")
        try:
            yield
        except ServiceError as error:
            self._wrote |= error.may_have_happened
            if error.retryable and self.left <= 0 and not isinstance(error, DeadlineExceeded):
                raise self.exceeded(f"before {request.operation} was answered") from error
            raise
        self._answered = True
        self._wrote |= request.writes

    def exceeded(self, when: str) -> DeadlineExceeded:
        """The error, with what was done of the call by then.

        Args:
            when: ``before GetItem was sent``, or the like.
        """
        before = "; other requests of the call were answered before" if self._answered else ""
        error = DeadlineExceeded(
            "DeadlineExceeded", f"the call's {self.seconds:g} s were over {when}{before}"
        )
        error.may_have_happened = self._wrote
        return error
