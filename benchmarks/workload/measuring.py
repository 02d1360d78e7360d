"""Measuring: an agent's day by so many threads or tasks at once, for some seconds."""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import resource
import sys
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from time import perf_counter, process_time
from typing import Any, Protocol, TypeAlias

from attrs import field, frozen

from .budget import Budget
from .day import Operation

STATM = Path("/proc/self/statm")
WARM_SECONDS = 0.5

Latencies: TypeAlias = dict[str, list[float]]
"""What is done -> how long it took each time, in seconds."""


class Plays(Protocol):
    """Who has conversations: an `Agent`, or a script of one."""

    conversations: Any

    def operations(self, number: int, had: Any) -> Iterator[Operation]:
        """Those of a conversation, in their order; each is carried out before the next is asked for."""
        ...


@frozen
class Measured:
    """What a stretch of the day took.

    Attributes:
        seconds: how long it was.
        latencies: of its operations.
        cpu_seconds: of this process, user and system.
        requests: that were sent.
        dollars: that they are billed with.
        memory: bytes that the process held at its end.
        discarded: connections that were closed after a request, since there were more than are kept.
        unit_seconds: CPU of a get of boto3's client around it, or None.
    """

    seconds: float
    latencies: Latencies = field(repr=False)
    cpu_seconds: float
    requests: int
    dollars: float
    memory: int
    discarded: int = 0
    unit_seconds: float | None = None

    @property
    def operations(self) -> int:
        """How many were carried out."""
        return sum(map(len, self.latencies.values()))

    @property
    def rate(self) -> float:
        """Operations a second."""
        return self.operations / self.seconds

    @property
    def cpu(self) -> float | None:
        """CPU of an operation, in units of a get of boto3's client; None where that is not known."""
        if self.unit_seconds is None:
            return None
        return self.cpu_seconds / self.operations / self.unit_seconds

    def percentile(self, hundredth: int) -> float:
        """How long an operation took at most in so many hundredths of the cases, in seconds."""
        every = [each for some in self.latencies.values() for each in some]
        return quantiles(every, n=100, method="inclusive")[hundredth - 1]


def memory_bytes() -> int:
    """What this process holds now; where the system does not tell, the most it ever held."""
    if STATM.exists():
        return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def blocking(
    play: Callable[[Any], Any], agent: Plays, budget: Budget, in_flight: int, seconds: float
) -> Measured:
    """By so many threads.

    Args:
        play: carries out an operation.
        agent: whose.
        budget: what it may cost.
        in_flight: how many threads.
        seconds: for how long.
    """

    def work(until: float) -> Latencies:
        found: Latencies = {}
        for name, steps in _operations(agent, budget, until):
            began = perf_counter()
            play(steps)
            found.setdefault(name, []).append(perf_counter() - began)
            budget.end()
        return found

    def measure(duration: float) -> Latencies:
        until = perf_counter() + duration
        with ThreadPoolExecutor(in_flight) as threads:
            return _together([*threads.map(work, [until] * in_flight)])

    measure(min(WARM_SECONDS, seconds))
    return _measured(lambda: measure(seconds), budget)


def awaited(
    runner: asyncio.Runner,
    play: Callable[[Any], Awaitable[Any]],
    agent: Plays,
    budget: Budget,
    in_flight: int,
    seconds: float,
) -> Measured:
    """By so many tasks."""

    async def work(until: float) -> Latencies:
        found: Latencies = {}
        for name, steps in _operations(agent, budget, until):
            began = perf_counter()
            await play(steps)
            found.setdefault(name, []).append(perf_counter() - began)
            budget.end()
        return found

    async def measure(duration: float) -> Latencies:
        until = perf_counter() + duration
        return _together(await asyncio.gather(*(work(until) for _ in range(in_flight))))

    runner.run(measure(min(WARM_SECONDS, seconds)))
    return _measured(lambda: runner.run(measure(seconds)), budget)


def _operations(agent: Plays, budget: Budget, until: float) -> Iterator[Operation]:
    """What one thread or task does until the time or the money is over."""
    for number, had in agent.conversations:
        for operation in agent.operations(number, had):
            if perf_counter() >= until or not budget.begin():
                return
            yield operation


def _measured(measure: Callable[[], Latencies], budget: Budget) -> Measured:
    gc.collect()
    spent, requests = budget.spent, budget.requests
    began, cpu = perf_counter(), process_time()
    with _discarded() as discarded:
        latencies = measure()
    return Measured(
        perf_counter() - began,
        latencies,
        process_time() - cpu,
        budget.requests - requests,
        budget.spent - spent,
        memory_bytes(),
        len(discarded.told),
    )


class _Told(logging.Handler):
    """Keeps what a logger says."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.told: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.told.append(record.msg)


@contextmanager
def _discarded() -> Iterator[_Told]:
    """What urllib3 says of connections that its pool has no room for; nothing else knows of them."""
    logger, told = logging.getLogger("urllib3.connectionpool"), _Told()
    logger.addHandler(told)
    try:
        yield told
    finally:
        logger.removeHandler(told)


def _together(several: list[Latencies]) -> Latencies:
    found: Latencies = {}
    for each in several:
        for name, some in each.items():
            found.setdefault(name, []).extend(some)
    return found
