"""Runs of the day: all numbers in flight, blocking and awaited, on a server here or on a table."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import process_time
from typing import Any, TypeAlias

import boto3
from attrs import evolve, frozen

from dynastore import AsyncStore, Store

from ..micro.contenders import REGION
from ..micro.measuring import credentials
from ..micro.server import serving
from . import server
from .budget import Budget
from .day import SCOPE, Agent
from .measuring import Measured, awaited, blocking
from .players import Kind, kinds
from .script import Conversations, Script, written

BLOCKING, AWAITED = "blocking", "awaited"
IN_FLIGHT = (1, 8, 64)
LATENCIES = (0, 10)  # milliseconds that the server waits
UNIT_GETS = 60  # of boto3's client, before a stretch and after it

Cell: TypeAlias = tuple[str, int, int | None]
"""Mode, how many in flight, and milliseconds that the server waits; None where we do not know."""

Stretch: TypeAlias = Callable[[], Measured]


@frozen
class Target:
    """Where the day is.

    Attributes:
        table: its name.
        region: such as ``eu-west-1``, or None as boto3 finds it.
        endpoint_url: another server than AWS's, or None.
        latency_ms: that the server waits, or None where it is not ours.
    """

    table: str
    region: str | None = None
    endpoint_url: str | None = None
    latency_ms: int | None = None

    @property
    def settings(self) -> dict[str, Any]:
        """How a store connects to it. A table that is not there is made, unless the server is ours."""
        create = self.latency_ms is None
        return {
            "region_name": self.region,
            "endpoint_url": self.endpoint_url,
            "create": create,
        }


@contextmanager
def here(latency_ms: int) -> Iterator[Target]:
    """A server in a process of its own."""
    with credentials(), serving(server.__name__, latency_ms / 1_000) as url:
        yield Target("agents", REGION, url, latency_ms)


def day(seconds: float, in_flight: Sequence[int] = IN_FLIGHT) -> Mapping[Cell, Measured]:
    """All of it on servers here, for so many seconds each, beside the clients of others."""
    found: dict[Cell, Measured] = {}
    for latency in LATENCIES:
        with here(latency) as target:
            asked = written(target.table, target.settings)
            for count in in_flight:
                found |= day_on(target, Budget(), seconds, (count,))
                found |= _of_peers(target, asked, seconds, count)
    return found


def _of_peers(
    target: Target, asked: Conversations, seconds: float, count: int
) -> Mapping[Cell, Measured]:
    return {
        (kind.name, count, target.latency_ms): _played(target, kind, asked, seconds, count)
        for kind in kinds()
    }


def _played(
    target: Target, kind: Kind, asked: Conversations, seconds: float, count: int
) -> Measured:
    """One stretch of the day, by another's client."""
    assert target.endpoint_url is not None, "peers play on a server here"
    opening = kind.opened(target.table, target.endpoint_url, count, asked)
    if not kind.is_awaited:
        script = Script(asked, opening.prepared)
        return in_units(target, lambda: blocking(opening.play, script, Budget(), count, seconds))
    with asyncio.Runner() as runner:
        player = runner.run(opening)
        script = Script(asked, player.prepared)
        measured = in_units(
            target, lambda: awaited(runner, player.play, script, Budget(), count, seconds)
        )
        runner.run(player.close())
        return measured


def day_on(
    target: Target, budget: Budget, seconds: float, in_flight: Sequence[int] = IN_FLIGHT
) -> Mapping[Cell, Measured]:
    """All of it on a table, as far as the money goes.

    A stretch in which it ended is left out: fewer were in flight than it says.
    """
    found: dict[Cell, Measured] = {}
    for count in in_flight:
        for mode in (BLOCKING, AWAITED):
            measured = stretch(target, budget, mode, count, seconds)
            if budget.over:
                return found
            found[mode, count, target.latency_ms] = measured
    return found


def stretch(target: Target, budget: Budget, mode: str, count: int, seconds: float) -> Measured:
    """One stretch of the day, by a store of its own."""
    if mode == AWAITED:
        with asyncio.Runner() as runner:
            return _awaited(runner, target, budget, count, seconds)
    store = Store.connect(target.table, **target.settings).scope(SCOPE)
    agent = Agent(store.schema)
    with store, store.observed(budget):
        return in_units(target, lambda: blocking(store.run, agent, budget, count, seconds))


def _awaited(
    runner: asyncio.Runner, target: Target, budget: Budget, count: int, seconds: float
) -> Measured:
    store = AsyncStore.connect(target.table, **target.settings).scope(SCOPE)
    agent = Agent(store.schema)
    with store.observed(budget):
        measured = in_units(
            target, lambda: awaited(runner, store.run, agent, budget, count, seconds)
        )
    runner.run(store.close())
    return measured


def in_units(target: Target, measure: Stretch) -> Measured:
    """A stretch, and what a get of boto3's client took around it, if that is free.

    A machine that is busy slows both.
    """
    if target.latency_ms is None:
        return measure()
    before = unit_seconds(target)
    measured = measure()
    return evolve(measured, unit_seconds=(before + unit_seconds(target)) / 2)


def unit_seconds(target: Target) -> float:
    """CPU of a get of boto3's low-level client, of an item that is not there."""
    client = boto3.client("dynamodb", region_name=target.region, endpoint_url=target.endpoint_url)
    key = {"PK": {"S": "S#none"}, "SK": {"S": "~"}}
    client.get_item(TableName=target.table, Key=key)
    began = process_time()
    for _ in range(UNIT_GETS):
        client.get_item(TableName=target.table, Key=key)
    taken = (process_time() - began) / UNIT_GETS
    client.close()
    return taken
