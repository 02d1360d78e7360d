"""What a store sent, and the capacity units that took."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..clients.observing import Ending, Sent
from ..requests import Request
from ..requests.tables import ABOUT_TABLES
from ..stores.async_store import AsyncStore
from ..stores.store import Store


@contextmanager
def recorded(store: Store | AsyncStore, *, tables: bool = False) -> Iterator[list[Sent]]:
    """The requests that a store sends meanwhile, in the order in which they ended.

    Stores derived from it, such as a scope's, are recorded too: they share its client.

    Args:
        store: whose requests.
        tables: whether those about the table itself are recorded, which a first call may begin with.
    """
    sent: list[Sent] = []

    def observer(request: Request[Any]) -> Ending | None:
        return sent.append if tables or not isinstance(request, ABOUT_TABLES) else None

    with store.observed(observer):
        yield sent
