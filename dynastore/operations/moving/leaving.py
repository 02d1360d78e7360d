"""Leaving a table: nobody has written there since, and what is there is deleted."""

from __future__ import annotations

from ...errors import UnroutedWrites
from ..reading.scanner import ScanOptions
from ..scopes.deleting import Left, ScopeDeleted, delete_scope
from ..scopes.registry import Known, unregister
from .digests import Digest, digest_of
from .parties import Parties
from .sides import Moving, On, Side
from .stages import MoveOptions, State, moment_of
from .tail import Tail


class Leaving:
    """Empties a table of a scope that lives elsewhere: its old place, or where it was to move to."""

    def __init__(
        self, parties: Parties, options: MoveOptions, tail: Tail, side: Side = "source"
    ) -> None:
        """Nothing is sent yet."""
        self._side = side
        self._parties = parties
        self._options = options
        self._tail = tail

    def check(self, state: State) -> Moving[None]:
        """See that the old place holds what was proven, of items that live for a while.

        Raises:
            UnroutedWrites: it holds something else.
        """
        if state.lasting is None or state.lasting_until is None:
            return
        found, until = Digest(), moment_of(state.lasting_until)
        sweep = self._parties.sweep("source", ScanOptions(self._options.segments))
        while not sweep.done:
            items = yield from On("source", sweep.round())
            sweep.take_all()
            found = found.and_(digest_of(items, until))
            yield from self._tail.hold()
        if found != state.lasting:
            raise self._late()

    def round(self, state: State) -> Moving[ScopeDeleted]:
        """Delete a round, from where the state says; at its end with what is left."""
        yield from self._tail.hold()
        steps = delete_scope(
            self._parties.scoped(self._side),
            Known(),
            self._options.scan,
            cursor=state.cursor,
            rounds=1,
            keeps_entry=True,
        )
        return (yield from On(self._side, steps))

    def end(self, done: ScopeDeleted) -> Moving[None]:
        """See that nothing is left, and let the old place not list the scope any more.

        Entries of an index that lags behind the table vanish by themselves.

        Raises:
            UnroutedWrites: there are items or objects again.
        """
        left = done.left or Left()
        if left.items or left.objects:
            raise self._late()
        if not self._parties.is_from_home:
            yield from On("source", unregister(self._parties.scoped("source")))

    def _late(self) -> UnroutedWrites:
        return UnroutedWrites(self._parties.scope, self._parties.table("source"), has_left=True)
