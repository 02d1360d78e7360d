"""Fifty gets in flight on a server that takes 10 ms for each: how many a second, by client.

Beside boto3 on threads, aiobotocore, aiodynamo and pydynox where they are installed, in turns: a
machine that is busy slows all of them, so only ratios say something.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from math import inf
from time import perf_counter
from typing import Any

from attrs import asdict, frozen
from rich.box import SIMPLE_HEAD
from rich.table import Table

from ..micro.measuring import Ratio, credentials, settle
from ..micro.server import serving
from . import server
from .contenders import (
    AIODYNAMO,
    AWAITED,
    BOTO,
    FAN_OUT,
    GETS,
    IN_FLIGHT,
    Contender,
    missing,
    opened,
)

LATENCY_MS = 10
ROUNDS = 31  # both are nearly as fast: of fewer, chance would tell which is faster
RATE_BAR = 1.0  # of ours awaited, at least, in units of aiodynamo's
FAN_OUT_BAR = 0.5  # of the time of boto3 on threads, at most
PACKAGES = ("boto3", "aiohttp", "aiobotocore", "aiodynamo", "pydynox")


@frozen
class Rates:
    """How many gets a client does in a second, in all rounds.

    Attributes:
        rates: client -> a second, of each round.
    """

    rates: Mapping[str, list[float]]

    def ratio(self, name: str, unit: str) -> Ratio | None:
        """A client's rate in units of another's in the same round; None where one is missing."""
        if name not in self.rates or unit not in self.rates:
            return None
        pairs = zip(self.rates[name], self.rates[unit], strict=True)
        return Ratio.of([ours / theirs for ours, theirs in pairs])

    def figures(self) -> Mapping[str, Any]:
        """All of it, as JSON: rates, and what the bars are about."""
        times = {name: self.ratio(BOTO, name) for name in self.rates}
        rates = {name: self.ratio(name, AIODYNAMO) for name in self.rates}
        return {
            "rates": {name: Ratio.of(each).median for name, each in self.rates.items()},
            "rate of aiodynamo": {name: asdict(each) for name, each in rates.items() if each},
            "time of boto3": {name: asdict(each) for name, each in times.items() if each},
        }


def measured(rounds: int = ROUNDS, latency_ms: int = LATENCY_MS) -> Rates:
    """What each client does, in so many rounds; another one begins in each."""
    found: dict[str, list[float]] = {}
    with credentials(), asyncio.Runner() as runner, ExitStack() as closing:
        with _on_core(-1):
            url = closing.enter_context(serving(server.__name__, latency_ms / 1_000))
        closing.enter_context(_on_core(0))
        contenders = closing.enter_context(opened(url, runner))
        for each in contenders:
            each.stretch()  # connections are made
        settle()
        for number in range(rounds):
            first = number % len(contenders)
            for each in (*contenders[first:], *contenders[:first]):
                found.setdefault(each.name, []).append(_rate(each))
    return Rates({each: found[each] for each in sorted(found)})


def table(rates: Rates | None = None) -> Table:
    """All of it, fastest first."""
    rates = rates or measured()
    title = f"{IN_FLIGHT} gets in flight, the server takes {LATENCY_MS} ms"
    shown = Table(title=title, box=SIMPLE_HEAD, show_edge=False)
    shown.add_column("client")
    for heading in ("gets/s", "x aiodynamo", "time, x boto3"):
        shown.add_column(heading, justify="right")
    for name in sorted(rates.rates, key=lambda each: -Ratio.of(rates.rates[each]).median):
        cells = _cell(rates.ratio(name, AIODYNAMO), low=RATE_BAR if name == AWAITED else 0.0)
        time = _cell(rates.ratio(BOTO, name), high=FAN_OUT_BAR if name == FAN_OUT else inf)
        shown.add_row(name, f"{Ratio.of(rates.rates[name]).median:,.0f}", cells, time)
    left_out = f"; not installed: {', '.join(missing())}" if missing() else ""
    shown.caption = (
        f"medians and quartiles of {GETS * IN_FLIGHT} gets; red: not at its bar{left_out}"
    )
    return shown


@contextmanager
def _on_core(place: int) -> Iterator[None]:
    """Have this process, and those that it begins, on one of its cores, where the system can do that.

    Clients and server would share one now and then, which makes a client a third slower by chance.
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[place]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def _rate(contender: Contender) -> float:
    began = perf_counter()
    done = contender.stretch()
    taken = perf_counter() - began
    if done != GETS * IN_FLIGHT:
        raise RuntimeError(f"{contender.name} read {done} items, not {GETS * IN_FLIGHT}")
    return done / taken


def _cell(ratio: Ratio | None, low: float = 0.0, high: float = inf) -> str:
    if ratio is None:
        return ""
    text = f"{ratio.median:.2f} ({ratio.low:.2f}-{ratio.high:.2f})"
    return text if low <= ratio.median <= high else f"[red]{text}[/red]"
