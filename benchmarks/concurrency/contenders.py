"""Clients that send gets at once: threads where they block, tasks where they are awaited."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from importlib import import_module
from importlib.util import find_spec
from typing import Any, TypeAlias

import boto3
from attrs import frozen
from botocore.config import Config

from dynastore.requests import GetItem, Key, Steps, Together

from ..micro.contenders import GET, PLAIN_KEY, REGION, WIRE_KEY
from ..micro.entities import SESSIONS, Session, stores

IN_FLIGHT = 50
GETS = 20  # of each thread or task, one after the other

AWAITED = "dynastore, awaited"
THREADS = "dynastore, threads"
FAN_OUT = "dynastore, one fan-out"
BOTO = "boto3, threads"
AIODYNAMO = "aiodynamo"

# Contender -> module of `micro.clients` that opens it, and what that needs.
SHARED = {
    AWAITED: ("awaited_dynastore", "aiohttp"),
    AIODYNAMO: ("aiodynamo", "aiodynamo"),
    "pydynox, awaited": ("awaited_pydynox", "pydynox"),
}

Stretch: TypeAlias = Callable[[], int]
"""Sends gets, and says how many."""


@frozen
class Contender:
    """A client, ready to be measured.

    Attributes:
        name: what it is called in tables.
        stretch: sends `GETS` times `IN_FLIGHT` gets, so many at once; a fan-out as many in each call.
    """

    name: str
    stretch: Stretch


def missing() -> list[str]:
    """What is not installed, so that its clients are left out."""
    needed = [*(name for _, name in SHARED.values()), "aiobotocore"]
    return [name for name in needed if not find_spec(name)]


@contextmanager
def opened(url: str, runner: asyncio.Runner) -> Iterator[list[Contender]]:
    """All that is installed, boto3's first."""
    with ExitStack() as closing:
        yield [
            _boto(url, closing),
            *_ours(url, closing),
            *_shared(url, runner, closing),
            *_aiobotocore(url, runner, closing),
        ]


def _boto(url: str, closing: ExitStack) -> Contender:
    config = Config(max_pool_connections=IN_FLIGHT)
    made = boto3.client("dynamodb", region_name=REGION, endpoint_url=url, config=config)
    closing.callback(made.close)
    return _threads(BOTO, lambda: made.get_item(TableName=SESSIONS, Key=WIRE_KEY)["Item"], closing)


def _ours(url: str, closing: ExitStack) -> Iterator[Contender]:
    from dynastore import Store

    store = Store.connect(SESSIONS, stores()[SESSIONS], region_name=REGION, endpoint_url=url)
    closing.enter_context(store)
    yield _threads(THREADS, lambda: store.get(Session, user_id="ann", session_id="s00000"), closing)

    def reads() -> Steps[list[Any]]:
        get = GetItem(SESSIONS, Key(PLAIN_KEY["PK"], PLAIN_KEY["SK"]))
        return (yield from Together([get] * IN_FLIGHT))

    def fan_out() -> int:
        return sum(len(store.run(reads())) for _ in range(GETS))

    yield Contender(FAN_OUT, fan_out)


def _shared(url: str, runner: asyncio.Runner, closing: ExitStack) -> Iterator[Contender]:
    for name, (module, needed) in SHARED.items():
        if not find_spec(needed):
            continue
        made = import_module(f"...micro.clients.{module}", __name__).opened(url, runner)
        if made.close is not None:
            closing.callback(lambda made=made: runner.run(_result(made.close)))
        yield _tasks(name, made.calls[GET], runner)


def _aiobotocore(url: str, runner: asyncio.Runner, closing: ExitStack) -> Iterator[Contender]:
    if not find_spec("aiobotocore"):
        return
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    config = AioConfig(max_pool_connections=IN_FLIGHT)
    opening = get_session().create_client(
        "dynamodb", region_name=REGION, endpoint_url=url, config=config
    )
    made = runner.run(opening.__aenter__())
    closing.callback(lambda: runner.run(made.close()))
    yield _tasks("aiobotocore", lambda: made.get_item(TableName=SESSIONS, Key=WIRE_KEY), runner)


def _threads(name: str, get: Callable[[], Any], closing: ExitStack) -> Contender:
    threads = closing.enter_context(ThreadPoolExecutor(IN_FLIGHT))

    def work(_: int) -> int:
        return sum(1 for _ in range(GETS) if get())

    return Contender(name, lambda: sum(threads.map(work, range(IN_FLIGHT))))


def _tasks(name: str, get: Callable[[], Awaitable[Any]], runner: asyncio.Runner) -> Contender:
    async def work() -> int:
        done = 0
        for _ in range(GETS):
            if await get():
                done += 1
        return done

    async def stretch() -> int:
        return sum(await asyncio.gather(*(work() for _ in range(IN_FLIGHT))))

    return Contender(name, lambda: runner.run(stretch()))


async def _result(call: Callable[[], Awaitable[Any]]) -> Any:
    return await call()
