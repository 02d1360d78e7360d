"""Measuring: the CPU that this process takes for a call, of all contenders in turn.

A machine that is busy slows whatever runs meanwhile, so only ratios are told, each of two figures
of one round.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import ceil
from statistics import quantiles
from time import process_time
from typing import Any, Self, TypeAlias

from attrs import frozen

from .clients import opened
from .contenders import GET, KEY_ID, OPERATIONS, PARTS, SECRET, Contender
from .server import serving

STRETCH_SECONDS = 0.02  # that each figure is measured over, at least
WARM_UP_SECONDS = 0.2  # of calls before any figure: the first ones of a client are slower


@frozen
class Ratio:
    """A figure in units of another one: the median of all rounds, with its quartiles."""

    low: float
    median: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Self:
        """That of the rounds' ratios."""
        return cls(*quantiles(values, n=4, method="inclusive"))


Cell: TypeAlias = tuple[str, str]
"""What is measured, and of whom."""


def ratios(rounds: int) -> dict[Cell, Ratio]:
    """What each contender takes, in units of boto3; parts of a call in units of boto3's get."""
    with credentials(), serving() as url, asyncio.Runner() as runner:
        contenders = opened(url, runner)
        cells = {
            (what, each.name): _stretch(runner, each, what)
            for what in (*OPERATIONS, *PARTS)
            for each in contenders
            if what in each.calls
        }
        settle()
        measured = [_round(cells, first) for first in range(rounds)]
        for each in contenders:
            if each.close is not None:
                runner.run(_result(each.close))
    unit = contenders[0].name
    units = {what: (GET if what in PARTS else what, unit) for what, _ in cells}
    return {
        cell: Ratio.of([each[cell] / each[units[cell[0]]] for each in measured]) for cell in cells
    }


@contextmanager
def credentials() -> Iterator[None]:
    """Credentials where a store finds them."""
    before = {**os.environ}
    os.environ |= {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ |= before


def settle() -> None:
    """Keep what is there out of every collection to come, which would be of one contender's time."""
    gc.collect()
    gc.freeze()


def _round(cells: Mapping[Cell, Callable[[], float]], first: int) -> dict[Cell, float]:
    """CPU seconds of each cell; another one begins in each round."""
    order = [*cells]
    at = first % len(order)
    return {cell: cells[cell]() for cell in (*order[at:], *order[:at])}


def _stretch(runner: asyncio.Runner, contender: Contender, what: str) -> Callable[[], float]:
    """What measures the CPU seconds of one call, over as many as one figure takes."""
    call = contender.calls[what]
    awaited = contender.awaited and what in OPERATIONS

    def measure(times: int) -> float:
        if awaited:
            return runner.run(_awaited(call, times)) / times
        return _blocking(call, times) / times

    contender.check(what, runner.run(_result(call)) if awaited else call())
    measure(max(3, ceil(WARM_UP_SECONDS / measure(3))))
    times = max(1, ceil(STRETCH_SECONDS / measure(3)))

    def warm() -> float:
        measure(max(1, times // 4))  # not counted: what ran before has left the caches to itself
        return measure(times)

    return warm


async def _result(call: Callable[[], Any]) -> Any:
    return await call()


def _blocking(call: Callable[[], Any], times: int) -> float:
    began = process_time()
    for _ in range(times):
        call()
    return process_time() - began


async def _awaited(call: Callable[[], Any], times: int) -> float:
    began = process_time()
    for _ in range(times):
        await call()
    return process_time() - began
