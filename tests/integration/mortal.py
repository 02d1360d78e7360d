"""Runs the sides of a move one request after the other, until it is killed; a wait takes no time.

Its clock goes on with the engines', who date what is written, and jumps where it waits.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

from dynastore import Store
from dynastore.errors import DynastoreError
from dynastore.operations.moving.parties import Route
from dynastore.operations.moving.stages import MoveOptions
from dynastore.requests import Now, Request, Together, Wait
from dynastore.stores.moved import ScopeMove


class Killed(BaseException):
    """The process that moved the scope is no more."""


class Life:
    """What the sides of one move share.

    Attributes:
        requests: how many were begun.
        waited: how many seconds passed in waits.
    """

    def __init__(
        self,
        dies_at: int | None = None,
        *,
        answered: bool = False,
        meanwhile: Callable[[], None] = lambda: None,
        now: dt.datetime | None = None,
    ) -> None:
        """Nothing is sent yet.

        Args:
            dies_at: number of the request, from 0, that is not sent any more; never without.
            answered: whether that request is sent, and only its answer is lost.
            meanwhile: what others do after each request.
            now: what time it is at the start.
        """
        self.requests = 0
        self.waited = 0.0
        self._ahead = dt.timedelta(0) if now is None else now - dt.datetime.now(dt.UTC)
        self._dies_at = dies_at
        self._answered = answered
        self._meanwhile = meanwhile

    @property
    def now(self) -> dt.datetime:
        """What time it is."""
        return dt.datetime.now(dt.UTC) + self._ahead + dt.timedelta(seconds=self.waited)

    def wait(self, seconds: float) -> None:
        """Let so much time pass."""
        self.waited += seconds

    def send(self, store: Store, request: Request[Any]) -> Any:
        """The answer to a request, if it is not the last one.

        Raises:
            Killed: it is.
        """
        number, self.requests = self.requests, self.requests + 1
        if self._dies_at is not None and number >= self._dies_at:
            if self._answered and number == self._dies_at:
                store.client.send(request)
            raise Killed
        answer = store.client.send(request)
        self._meanwhile()
        return answer


class Side:
    """A store of a move; `Runs` of the package."""

    def __init__(self, store: Store, life: Life) -> None:
        self._store = store
        self._life = life

    def run(self, steps: Any) -> Any:
        """The result of an operation."""
        answer: Any = None
        failure: DynastoreError | None = None
        try:
            while True:
                asked = steps.send(answer) if failure is None else steps.throw(failure)
                answer, failure = None, None
                try:
                    answer = self._answer(asked)
                except DynastoreError as error:
                    failure = error
        except StopIteration as stop:
            return stop.value
        finally:
            steps.close()

    def _answer(self, asked: Any) -> Any:
        match asked:
            case Now():
                return self._life.now
            case Wait(seconds=seconds):
                return self._life.wait(seconds)
            case Together(requests=requests):
                return asked.responses([self._outcome(each) for each in requests])
            case _:
                return self._life.send(self._store, asked)

    def _outcome(self, request: Any) -> Any:
        try:
            return self._life.send(self._store, request)
        except DynastoreError as error:
            return error


def move(
    life: Life,
    scope: str,
    home: Store,
    to: Store,
    source: Store | None = None,
    *,
    dry_run: bool = False,
    **options: Any,
) -> ScopeMove:
    """A move whose requests are sent by a life."""
    lived = source or home
    route = Route.of(scope, home.schema, to.schema, source and source.schema)
    stores = {"home": Side(home, life), "source": Side(lived, life), "target": Side(to, life)}
    return ScopeMove(route, MoveOptions(**options), dry_run, stores)
