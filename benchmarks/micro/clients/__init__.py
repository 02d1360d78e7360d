"""The clients that are compared: ours, and its peers where they are installed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec

from ..contenders import Contender

# Module here -> what it needs.
CLIENTS: Mapping[str, str] = {
    "boto": "boto3",
    "typed_boto": "boto3",
    "dynastore": "dynastore",
    "awaited_dynastore": "aiohttp",
    "pynamo": "pynamodb",
    "pydynox": "pydynox",
    "awaited_pydynox": "pydynox",
    "aiodynamo": "aiodynamo",
    "aiobotocore": "aiobotocore",
}


def missing() -> list[str]:
    """What is not installed, so that its clients are left out."""
    return list(dict.fromkeys(each for each in CLIENTS.values() if not find_spec(each)))


def opened(url: str, runner: asyncio.Runner) -> list[Contender]:
    """All clients that are installed, boto3's first.

    Args:
        url: of the server.
        runner: runs what is awaited.
    """
    left_out = missing()
    modules = [name for name, needed in CLIENTS.items() if needed not in left_out]
    found: list[Contender] = []
    for name in modules:
        opened_one = import_module(f".{name}", __name__).opened
        found.append(opened_one(url, runner))
    return found
