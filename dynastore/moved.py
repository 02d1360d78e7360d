"""A scope on its way to another table, blocking or awaited.

Making one sends nothing; iterating moves the scope, and gives after each round how far it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

from attrs import field, frozen

from .errors import DynastoreError
from .operations.moving.moving import Move
from .operations.moving.parties import Parties
from .operations.moving.sides import Side, Telling
from .operations.moving.stages import MoveOptions, ScopeMoved
from .operations.moving.trying import tried
from .results import Runs, RunsAsync


@frozen(eq=False)
class _Planned:
    """What moves, whoever runs it."""

    _parties: Parties
    _options: MoveOptions
    _dry_run: bool

    def _begun(self) -> tuple[Telling[ScopeMoved, None], Move]:
        """The steps, and what lets go of the scope if they are not taken to their end."""
        move = Move(self._parties, self._options)
        return (tried(self._parties, self._options) if self._dry_run else move.steps()), move


@frozen(eq=False)
class ScopeMove(_Planned):
    """A scope that moves while it is iterated, for one thread.

    A loop that is left, by an error too, lets writers go on where the scope lives, and the next one goes
    on with the move, in this process or another.
    """

    _stores: Mapping[Side, Runs] = field(repr=False)

    def __iter__(self) -> Iterator[ScopeMoved]:
        steps, move = self._begun()
        try:
            yield from self._told(steps)
        finally:
            for _ in self._told(move.let_go()):
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
        steps, move = self._begun()
        try:
            async for moved in self._told(steps):
                yield moved
        finally:
            async for _ in self._told(move.let_go()):
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
