"""Places of databases: what tells them apart, and what a dict tells of them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit, urlunsplit

from ...clients.opening import SQLITE
from ...clients.wire import Endpoint
from ...errors import RequestError, shown
from ...stores.async_store import AsyncStore
from ...stores.store import Store

S = TypeVar("S", Store, AsyncStore)

TYPE = "dynastore"  # of the dicts that tell of a database


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
