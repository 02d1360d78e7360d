"""Observers: who is told of each request, before it is sent and when it has ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self, TypeAlias

from attrs import frozen

from ..requests import Purpose, Request
from ..table import Index
from .wire import table_of

logger = logging.getLogger("dynastore")


@frozen
class Sent:
    """A request that has ended: answered, refused, failed or cancelled.

    Attributes:
        request: the request. It holds keys and values: mind where you write it.
        units: read or write capacity units, of the table and its indexes together; 0.0 where the
            service does not say, as when it refuses.
        seconds: how long it took, retries and the waits between included.
        retries: how often it was sent again.
        answer_bytes: size of the answer's body, or None where there is none, as on SQLite.
        error: what it ended with, or None.
    """

    request: Request[Any]
    units: float = 0.0
    seconds: float = 0.0
    retries: int = 0
    answer_bytes: int | None = None
    error: BaseException | None = None

    @property
    def operation(self) -> str:
        """AWS's name of the call, such as ``Query``."""
        return self.request.operation

    @property
    def table(self) -> str:
        """Name of the table."""
        return table_of(self.request)

    @property
    def index(self) -> str | None:
        """Name of the index, None for the primary key."""
        index = getattr(self.request, "index", None)
        return index.name if isinstance(index, Index) else None

    @property
    def purpose(self) -> Purpose | None:
        """The entity and the access pattern that it served, or None where that is not known."""
        return self.request.purpose


Ending: TypeAlias = Callable[[Sent], object]
"""What is told how a request ended."""

Observer: TypeAlias = Callable[[Request[Any]], Ending | None]
"""Called with each request before it is sent. What it gives back is told how the request ended.

Both are called by the thread or task that sends, so what is opened in one can be closed in the
other. An error in either is logged and changes nothing for the request: it may have been carried
out, and the operation that it is part of goes on.
"""


class Exchange:
    """One request under way: ``with Exchange(observers, request) as exchange``.

    Attributes:
        units: capacity units that it took.
        retries: how often it was sent again.
        answer_bytes: size of the answer's body, None where there is none.
    """

    __slots__ = ("_began", "_endings", "_observers", "_request", "answer_bytes", "retries", "units")

    def __init__(self, observers: Sequence[Observer], request: Request[Any]) -> None:
        """Nothing is sent yet."""
        self._observers = observers
        self._request = request
        self._endings: list[Ending] = []
        self._began = 0.0
        self.units = 0.0
        self.retries = 0
        self.answer_bytes: int | None = None

    def __enter__(self) -> Self:
        if self._observers:
            self._tell_begin()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            logger.debug("%s took %s units", self._request.operation, self.units)
        else:
            logger.debug("%s ended with %s", self._request.operation, kind.__name__)
        if self._endings:
            self._tell_end(error)

    def _tell_begin(self) -> None:
        for observer in tuple(self._observers):
            ending = _told(observer, self._request)
            if ending is not None:
                self._endings.append(ending)
        self._began = time.perf_counter()

    def _tell_end(self, error: BaseException | None) -> None:
        seconds = time.perf_counter() - self._began
        sent = Sent(self._request, self.units, seconds, self.retries, self.answer_bytes, error)
        for ending in reversed(self._endings):  # as they were opened, the last one first
            _told(ending, sent)


def _told(observer: Callable[[Any], Any], what: object) -> Any:
    """What an observer gives back; None if it fails, which is logged.

    The error's text is not: it may quote the key or the values of the request.
    """
    try:
        return observer(what)
    except Exception as error:  # noqa: BLE001 - telemetry must not break a call half-way
        at = error.__traceback__
        while at is not None and at.tb_next is not None:
            at = at.tb_next
        where = f"{at.tb_frame.f_code.co_filename}:{at.tb_lineno}" if at else "an unknown place"
        logger.error("an observer failed with %s at %s", type(error).__name__, where)  # noqa: TRY400
        return None
