"""Finding out from where a scope moves, before it does."""

from __future__ import annotations

from ...requests import GetItem
from ..following.consumers import Consumer
from ..scopes.locations import read_location
from .parties import Parties, Route
from .sides import Moving, On
from .stages import State
from .tail import move_key


def resolved(route: Route) -> Moving[Parties | None]:
    """Who takes part in a move; None where the scope lives in the target, and only there.

    Two consistent reads. A move that was interrupted goes on from where it was.

    Raises:
        RequestError: the scope cannot move there as it is.
    """
    home = route.home.table.name
    key = move_key(route.scope)
    item = yield from On("home", GetItem(home, key, consistent=True))
    kept = None if item is None else Consumer.of(key.pk, item).state
    if kept is not None:
        state = State.of(kept)
        return route.parties(state.moved.source, state.bucket)
    location = yield from On("home", read_location(route.home, route.scope))
    return route.parties(location.table, location.bucket)
