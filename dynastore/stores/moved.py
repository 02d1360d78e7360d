"""A scope on its way to another table, blocking or awaited.

Making one sends nothing; iterating moves the scope, and gives after each round how far it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from attrs import field, frozen

from ..errors import DynastoreError
from ..operations.moving.abandoning import Abandoning, has_left
from ..operations.moving.moving import Move
from ..operations.moving.parties import Route
from ..operations.moving.routing import resolved
from ..operations.moving.sides import Moving, Side, Telling
from ..operations.moving.stages import MoveOptions, ScopeMoved
from ..operations.moving.trying import tried
from .results import Runs, RunsAsync


class _Way:
    """What moves, whoever runs it."""

    def __init__(self, route: Route, options: MoveOptions, *, dry_run: bool) -> None:
        self._route = route
        self._options = options
        self._dry_run = dry_run
        self._move: Move | Abandoning | None = None

    def steps(self) -> Telling[ScopeMoved, None]:
        """All that is left to do, and how far it is."""
        parties = yield from resolved(self._route)
        if parties is None and self._options.abandon:
            raise has_left(self._route.scope, self._route.target.table.name)
        if parties is None:
            target = self._route.target.table.name
            yield ScopeMoved(self._route.scope, target, target, "done")
        elif self._dry_run:
            yield from tried(parties, self._options)
        else:
            kind = Abandoning if self._options.abandon else Move
            self._move = kind(parties, self._options)
            yield from self._move.steps()

    def let_go(self) -> Moving[None]:
        """Let others go on, where it did not come to its end."""
        if self._move is not None:
            yield from self._move.let_go()


@frozen(eq=False)
class _Planned:
    """A move that has not begun."""

    _route: Route
    _options: MoveOptions
    _dry_run: bool

    def _way(self) -> _Way:
        return _Way(self._route, self._options, dry_run=self._dry_run)


@frozen(eq=False)
class ScopeMove(_Planned):
    """A scope that moves while it is iterated, for one thread.

    A loop that is left, by an error too, lets writers go on where the scope lives, and the next one goes
    on with the move, in this process or another.
    """

    _stores: Mapping[Side, Runs] = field(repr=False)

    def __iter__(self) -> Iterator[ScopeMoved]:
        way = self._way()
        try:
            yield from self._told(way.steps())
        finally:
            for _ in self._told(way.let_go()):
                pass

    def finish(self) -> ScopeMoved:
        """Move it to the end; what was done."""
        *_, last = self
        return last

    def _told(self, steps: Telling[ScopeMoved, None]) -> Iterator[ScopeMoved]:
        """What the steps tell, while each side is asked what they ask."""
        answer: Any = None
        failure: DynastoreError | None = None
        try:
            while True:
                step = steps.send(answer) if failure is None else steps.throw(failure)
                answer, failure = None, None
                if isinstance(step, ScopeMoved):
                    yield step
                    continue
                try:
                    answer = self._stores[step.side].run(iter(step.asked))
                except DynastoreError as error:
                    failure = error
        except StopIteration:
            return
        finally:
            steps.close()


@frozen(eq=False)
class AsyncScopeMove(_Planned):
    """`ScopeMove` of an AsyncStore, for one task: ``async for``, and an awaited `finish`."""

    _stores: Mapping[Side, RunsAsync] = field(repr=False)

    async def __aiter__(self) -> AsyncIterator[ScopeMoved]:
        way = self._way()
        try:
            async for moved in self._told(way.steps()):
                yield moved
        finally:
            async for _ in self._told(way.let_go()):
                pass

    async def finish(self) -> ScopeMoved:
        """Move it to the end; what was done."""
        told = [moved async for moved in self]
        return told[-1]

    async def _told(self, steps: Telling[ScopeMoved, None]) -> AsyncIterator[ScopeMoved]:
        answer: Any = None
        failure: DynastoreError | None = None
        try:
            while True:
                step = steps.send(answer) if failure is None else steps.throw(failure)
                answer, failure = None, None
                if isinstance(step, ScopeMoved):
                    yield step
                    continue
                try:
                    answer = await self._stores[step.side].run(iter(step.asked))
                except DynastoreError as error:
                    failure = error
        except StopIteration:
            return
        finally:
            steps.close()
