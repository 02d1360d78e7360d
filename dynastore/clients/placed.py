"""Clients of several places: each request goes to the client of its place, see `places`.

That of the shared table is there from the start. Another is opened by the first request to its place,
and then kept: stores derived from one store have the same, and closing it closes all.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack, ExitStack
from typing import Any, Generic, TypeVar

from ..errors import UnknownPlace
from ..requests import Request
from ..schema.places import addressed, named, place_of
from .base import AsyncClient, Client
from .deadlines import Deadline
from .observing import Observer

R = TypeVar("R")
C = TypeVar("C", Client, AsyncClient)


class _Clients(Generic[C]):
    """The client of each place.

    Attributes:
        home: that of the shared table.
        observers: those of *home*; all others have the same list.
    """

    def __init__(self, home: C, places: Mapping[str, Callable[[], C]]) -> None:
        """Nothing is opened yet.

        Args:
            home: the client of the shared table.
            places: what opens the others.
        """
        self.home: C = home
        self.observers: list[Observer] = home.observers
        self._places: Mapping[str, Callable[[], C]] = places
        self._opened: dict[str, C] = {}
        self._opening = threading.Lock()

    @property
    def endpoint(self) -> Any:
        """Where requests to the shared table go; None where they are answered in this process."""
        return getattr(self.home, "endpoint", None)

    def at(self, place: str) -> C:
        """The client of a place.

        Raises:
            UnknownPlace: there is none.
        """
        with self._opening:
            client = self._opened.get(place)
            if client is None:
                if place not in self._places:
                    raise UnknownPlace(place, [*self._places])
                client = self._opened[place] = self._places[place]()
                client.observers = self.observers
            return client


class PlacedClient(_Clients[Client]):
    """A Client of several places. Threads may share it.

    Attributes:
        overlaps: whether several requests at once are faster at one of them.
    """

    def __init__(
        self, home: Client, places: Mapping[str, Callable[[], Client]], *, overlaps: bool
    ) -> None:
        """See `_Clients`."""
        super().__init__(home, places)
        self.overlaps = overlaps

    def send(self, request: Request[R], /, *, deadline: Deadline | None = None) -> R:
        """The response to *request*; raises what `Client.send` raises.

        Raises:
            RequestError: it is about tables of several places, or of a place that is not known.
        """
        place = place_of(request)
        if place is None:
            return self.home.send(request, deadline=deadline)
        answer = self.at(place).send(named(request), deadline=deadline)
        return addressed(place, request, answer)

    def close(self) -> None:
        """Give back the connections to all places."""
        with ExitStack() as closing:
            for each in (self.home, *self._opened.values()):
                closing.callback(each.close)


class AsyncPlacedClient(_Clients[AsyncClient]):
    """`PlacedClient`, awaited."""

    async def send(self, request: Request[R], /, *, deadline: Deadline | None = None) -> R:
        """The response to *request*; raises what `PlacedClient.send` raises."""
        place = place_of(request)
        if place is None:
            return await self.home.send(request, deadline=deadline)
        client = self._opened.get(place)
        if client is None:
            # In a thread, once: credentials may come from a file, or from another server.
            client = await asyncio.to_thread(self.at, place)
        answer = await client.send(named(request), deadline=deadline)
        return addressed(place, request, answer)

    async def close(self) -> None:
        """Give back the connections to all places."""
        async with AsyncExitStack() as closing:
            for each in (self.home, *self._opened.values()):
                closing.push_async_callback(each.close)
