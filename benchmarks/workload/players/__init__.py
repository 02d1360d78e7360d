"""Clients of others that play the day: they send the same requests, each in its own way."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from attrs import frozen

from ..script import Asked, Conversations

# Module here -> what it needs.
MODULES: Mapping[str, str] = {"boto": "boto3", "pynamo": "pynamodb", "aiodyn": "aiodynamo"}


@frozen
class Player:
    """A client that plays a script.

    Attributes:
        prepared: what it needs for a request, made before anything is measured.
        play: sends it; awaited where the client is.
        close: gives back connections.
    """

    prepared: Callable[[Asked], Any]
    play: Callable[[Any], Any]
    close: Callable[[], Any]


@frozen
class Kind:
    """A kind of client.

    Attributes:
        name: what it is called in tables.
        is_awaited: whether its calls are.
        opened: a player for a table at a URL, with so many in flight, of a day; awaited where it is.
    """

    name: str
    is_awaited: bool
    opened: Callable[[str, str, int, Conversations], Any]


def missing() -> list[str]:
    """What is not installed, so that its clients are left out."""
    return [needed for needed in MODULES.values() if not find_spec(needed)]


def kinds() -> list[Kind]:
    """Those that are installed."""
    return [
        import_module(f".{module}", __name__).KIND
        for module, needed in MODULES.items()
        if find_spec(needed)
    ]
