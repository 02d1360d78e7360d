"""What a store sent, and the capacity units that took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .async_store import AsyncStore
from .clients.observing import Sent
from .store import Store


@contextmanager
def recorded(store: Store | AsyncStore) -> Iterator[list[Sent]]:
    """The requests that a store sends meanwhile, in the order in which they ended.

    Stores derived from it, such as a scope's, are recorded too: they share its client.
    """
    sent: list[Sent] = []
    with store.observed(lambda request: sent.append):
        yield sent
