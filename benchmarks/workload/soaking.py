"""A soak: the same day for minutes, at whose end the process holds no more than after its beginning."""

from __future__ import annotations

import asyncio
import gc
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from statistics import median
from typing import TypeAlias

from attrs import frozen

from dynastore import AsyncStore, Store

from .budget import Budget
from .day import SCOPE, Agent
from .measuring import Measured, awaited, blocking
from .runs import AWAITED, BLOCKING, Target

WINDOWS = 12  # of a soak; the first third is warming up: connections, caches, what allocators keep
WARM = 4
IN_FLIGHT = 8
GROWTH = (
    0.05  # of what is held after warming up; a request that leaks 100 bytes passes it in minutes
)

Run: TypeAlias = Callable[[float], Measured]
"""Carries out a window of so many seconds."""


@frozen
class Soaked:
    """What a process held at the end of each window.

    Attributes:
        mode: blocking or awaited.
        operations: how many were carried out.
        memory: bytes that the system gave it.
        blocks: of Python's allocator that are in use: what a leak of objects shows in at once.
    """

    mode: str
    operations: int
    memory: Sequence[int]
    blocks: Sequence[int]

    @property
    def growth(self) -> float:
        """Of memory or of blocks, whichever grew more: the last windows against the first warm ones."""
        return max(grown(self.memory), grown(self.blocks))


class Grown(Exception):
    """A process held more at the end of a soak than after its beginning."""


def grown(held: Sequence[int]) -> float:
    """By what part the last third is more than the third before it, by their medians."""
    half = WARM + (len(held) - WARM) // 2
    return median(held[half:]) / median(held[WARM:half]) - 1


def soak(target: Target, budget: Budget, minutes: float) -> list[Soaked]:
    """Half of the time blocking, half of it awaited.

    Raises:
        Grown: one of them grew by more than `GROWTH`.
    """
    seconds = minutes * 60 / 2 / WINDOWS
    found = []
    for mode, opened in ((BLOCKING, _blocking), (AWAITED, _awaiting)):
        with opened(target, budget) as run:
            soaked = _soaked(mode, run, seconds)
        if soaked.growth > GROWTH:
            raise Grown(f"{mode}: {soaked.growth:.1%} in {minutes / 2:g} minutes: {soaked}")
        found.append(soaked)
    return found


def _soaked(mode: str, run: Run, seconds: float) -> Soaked:
    memory, blocks, operations = [], [], 0
    for _ in range(WINDOWS):
        measured = run(seconds)
        operations += measured.operations
        memory.append(measured.memory)
        del measured  # its latencies are not to be counted
        gc.collect()
        blocks.append(sys.getallocatedblocks())
    return Soaked(mode, operations, memory, blocks)


@contextmanager
def _blocking(target: Target, budget: Budget) -> Iterator[Run]:
    with Store.connect(target.table, **target.settings).scope(SCOPE) as store:
        agent = Agent(store.schema)
        with store.observed(budget):
            yield lambda seconds: blocking(store.run, agent, budget, IN_FLIGHT, seconds)


@contextmanager
def _awaiting(target: Target, budget: Budget) -> Iterator[Run]:
    with asyncio.Runner() as runner:
        store = AsyncStore.connect(target.table, **target.settings).scope(SCOPE)
        agent = Agent(store.schema)
        with store.observed(budget):
            yield lambda seconds: awaited(runner, store.run, agent, budget, IN_FLIGHT, seconds)
        runner.run(store.close())
