"""Addresses: what tables, buckets and streams are called by whoever reaches several places.

    agent-state.qa       at the place of the shared table
    us:agent-state.qa    at the place that the placement calls us

No table and no bucket has a colon in its name. A server is never told an address: who does not know
places and sends one by mistake is refused, and writes nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from ..errors import RequestError

PLACE = re.compile(r"[A-Za-z0-9_-]{1,32}")  # short, since it is part of each entry
SCHEMES = frozenset({"arn", "sqlite"})  # what names of streams begin with


def address(place: str | None, name: str) -> str:
    """What something is called that has a name at a place."""
    return name if place is None else f"{place}:{name}"


def place_in(address: str) -> str | None:
    """The place of an address; None for that of the shared table.

    >>> place_in("us:agent-state"), place_in("agent-state"), place_in("arn:aws:dynamodb:…")
    ('us', None, None)
    """
    place, colon, _ = address.partition(":")
    return place if colon and place not in SCHEMES else None


def name_in(address: str) -> str:
    """The name that it has there."""
    return address if place_in(address) is None else address.partition(":")[2]


def renamed(known: str, old: str, new: str) -> str:
    """The address of a table whose name begins with another's, once that one has another name.

    >>> renamed("us:dev.qa", "dev", "prod")
    'us:prod.qa'
    """
    if known == old:
        return new
    return address(place_in(known), new + name_in(known).removeprefix(old))


def one_place(tables: Iterable[str]) -> str | None:
    """The place of all of some tables.

    Raises:
        RequestError: they are at several; a transaction is atomic at one.
    """
    places = {place_in(each): each for each in tables}
    if len(places) > 1:
        one, other, *_ = places.values()
        raise RequestError(
            f"tables {one} and {other} are at two places, and a transaction is atomic at one only: "
            "make one for each, or keep their classes at one place"
        )
    return next(iter(places), None)
