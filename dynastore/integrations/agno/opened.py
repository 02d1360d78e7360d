"""The store of a database: one that was given, or one that is opened here, and again after it was closed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from threading import RLock
from typing import Any, Generic, TypedDict, TypeVar
from urllib.parse import urlsplit, urlunsplit

from ...async_store import AsyncStore
from ...clients.opening import SQLITE
from ...clients.wire import Endpoint
from ...errors import RequestError, shown
from ...store import Store
from ..stores import refuse_settings, store_of

S = TypeVar("S", Store, AsyncStore)

TYPE = "dynastore"  # of the dicts that tell of a database


class Connecting(TypedDict, total=False):
    """What says how a table is reached, as of `Store.connect`."""

    session: Any
    client: Any
    region_name: str | None
    endpoint_url: str | None
    config: Any
    create: bool | None


class Opened(Generic[S]):
    """A store that is opened again when it is used after it was closed."""

    def __init__(self, store: S, *, is_own: bool) -> None:
        """Take a store.

        Args:
            store: that is open.
            is_own: whether it was opened here, so that it is closed here.
        """
        self._store: S = store
        self._is_own = is_own
        self._is_closed = False
        self._opening = RLock()

    @classmethod
    def of(cls, kind: type[S], given: Any, settings: Connecting) -> Opened[S]:
        """The store of one kind, of what a database is given.

        Raises:
            RequestError: that is no store, or settings do not fit it.
        """
        named = [name for name, value in settings.items() if value is not None]
        refuse_settings(given, named)
        store: S = kind.connect(given, **settings) if named else store_of(kind, given)
        return cls(store, is_own=store is not given)

    @property
    def store(self) -> S:
        """The store, open."""
        if self._is_closed:
            with self._opening:
                if self._is_closed:
                    self._store = self._store.reopened()
                    self._is_closed = False
        return self._store

    def let_go(self) -> S | None:
        """The store to close: none if somebody else opened it, or if what is in memory would be lost."""
        with self._opening:
            place = self._store.place
            if self._is_closed or not self._is_own or place is None or place.in_memory:
                return None
            self._is_closed = True
            return self._store


def address_of(store: Store | AsyncStore) -> tuple[str, ...]:
    """What tells a store's place from all others; the same in every process that reaches it."""
    place, endpoint = store.place, _endpoint(store)
    if endpoint is not None:
        return endpoint.url, endpoint.region
    if place is not None and place.where is not None:
        return ("file", str(Path(place.where.removeprefix(f"{SQLITE}/")).resolve()))
    return "memory", str(id(place or store.client))


def told_of(store: Store | AsyncStore) -> dict[str, Any]:
    """What a dict tells of a store: where it is, and nothing that is secret."""
    told: dict[str, Any] = {
        "type": TYPE,
        "where": None if store.place is None else store.place.where,
        "scopes": [*store.schema.scopes],
    }
    endpoint = _endpoint(store)
    if endpoint is None:
        return told
    told["region_name"] = endpoint.region
    if not endpoint.is_regional:
        url = urlsplit(endpoint.url)
        told["endpoint_url"] = urlunsplit(url._replace(netloc=url.netloc.rpartition("@")[2]))
    return told


def store_in(kind: type[S], data: Mapping[str, Any]) -> S:
    """The store that a dict tells of.

    Raises:
        RequestError: it tells of none.
    """
    if data.get("type") != TYPE:
        raise RequestError(
            f"this tells of no database of dynastore: its type is {shown(data.get('type'))}, and "
            f"not {TYPE!r}; give what to_dict() of one gave"
        )
    where = data.get("where")
    if not isinstance(where, str):
        raise RequestError(
            "this database was in memory, or made of a client, which no dict can hold; make it of a "
            "table's name or a URL, or give Registry(dbs=[...]) the database itself"
        )
    reached = {name: data[name] for name in ("region_name", "endpoint_url") if name in data}
    store: S = kind.connect(where, **reached)
    for name in data.get("scopes", ()):
        store = store.scope(name)
    return store


def _endpoint(store: Store | AsyncStore) -> Endpoint | None:
    """Where a store's requests go; None where they are answered in this process."""
    found = getattr(store.client, "endpoint", None)
    return found if isinstance(found, Endpoint) else None
