"""Giving up a move that was begun: the source stays the truth, and what was copied is deleted.

That is possible until the scope is settled in the target. What is in the target then is of this move alone:
it had nothing of the scope when copying began.
"""

from __future__ import annotations

from attrs import evolve

from ...errors import RequestError
from ...requests import Wait
from ..following.consumers import STANDBY_SECONDS
from ..scopes.locations import read_location, unseal
from ..scopes.registry import unregister
from .leaving import Leaving
from .parties import Parties
from .sides import Moving, On, Telling
from .stages import MoveOptions, ScopeMoved, State
from .tail import Tail


class Abandoning:
    """A move that is given up; killed at any point, it is begun again, or the move goes on."""

    def __init__(self, parties: Parties, options: MoveOptions) -> None:
        """Nothing is sent yet."""
        self._parties = parties
        self._options = options
        self._tail = Tail(parties.home, parties.scoped("source"), parties.scope, options.lease)
        self._state = State.new(parties, options.segments)

    def steps(self) -> Telling[ScopeMoved, None]:
        """Take the seal off, delete what was copied, and forget the move.

        Raises:
            RequestError: no move was begun, or another one, or the scope has left already.
            SealTaken: somebody else has sealed it.
        """
        while (left := (yield from self._tail.begun(self._begin))) is not None:
            yield evolve(self._state.moved, stage="waiting")
            yield from On("home", Wait(min(left, STANDBY_SECONDS)))
        yield from self._unseal()
        if self._state.moved.stage != "checking":
            yield from self._delete()
        yield from self._tail.end()
        yield evolve(self._state.moved, stage="abandoned")

    def let_go(self) -> Moving[None]:
        """Where it was interrupted: let another process go on."""
        if self._tail.consumer is not None:
            yield from self._tail.release(forget=False)

    def _begin(self, kept: str | None) -> Moving[None]:
        """See what the move has done so far.

        Raises:
            RequestError: there is none.
        """
        if kept is None:
            yield from self._tail.end()
            raise RequestError(
                f"no move of scope {self._parties.scope!r} was begun, or it has ended"
            )
        self._state = State.of(kept)
        yield from self._check()

    def _check(self) -> Moving[None]:
        moved, parties = self._state.moved, self._parties
        if moved.target != parties.table("target"):
            raise RequestError(
                f"scope {moved.scope!r} is on its way from table {moved.source} to {moved.target}; name "
                "that one to give the move up"
            )
        location = yield from On("home", read_location(parties.home, parties.scope))
        if moved.has_left or (location.table or parties.placed.table.name) == moved.target:
            raise has_left(moved.scope, moved.target)

    def _unseal(self) -> Moving[None]:
        """Let writers go on; should the move go on after all, it copies from the start."""
        parties, mover = self._parties, self._state.mover
        if mover is not None:
            yield from On("home", unseal(parties.home, parties.scope, mover))
        if self._state.moved.stage != "checking":
            moved = evolve(self._state.moved, stage="copying")
            self._state = evolve(self._state, moved=moved, mover=None, cursor=None)
            yield from self._tail.save(self._state.text)

    def _delete(self) -> Telling[ScopeMoved, None]:
        """Empty the target."""
        leaving = Leaving(self._parties, self._options, self._tail, "target")
        cursor = None
        while True:
            done = yield from leaving.round(evolve(self._state, cursor=cursor))
            cursor = done.cursor
            moved = self._state.moved
            deleted = moved.deleted + done.items + done.parts + done.objects
            self._state = evolve(self._state, moved=evolve(moved, deleted=deleted))
            yield evolve(self._state.moved, stage="abandoning")
            if cursor is None:
                break
        if self._parties.table("target") != self._parties.table("home"):
            yield from On("target", unregister(self._parties.scoped("target")))


def has_left(scope: str, table: str) -> RequestError:
    """What is raised where it is too late to give a move up."""
    return RequestError(
        f"scope {scope!r} lives in table {table} by now: let the move come to its end, and move it back"
    )
