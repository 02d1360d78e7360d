"""The day's figures in docs/explanation/scale.md, with the machine, the versions and the date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from .. import marked
from ..keeping import ran
from ..marked import EXPLANATION
from .measuring import Measured
from .runs import Cell

PATH = EXPLANATION / "scale.md"
PACKAGES = ("boto3", "aiohttp", "pynamodb", "aiodynamo")
COLUMNS = ("client", "server", "in flight", "operations/s", "p50 ms", "p99 ms", "CPU")


def write(found: Mapping[Cell, Measured]) -> None:
    """Put figures in the place of those that the page has."""
    marked.write(PATH, "python -m benchmarks workload --write", _lines(found))


def _lines(found: Mapping[Cell, Measured]) -> Iterator[str]:
    yield f"| {' | '.join(COLUMNS)} |\n|---|{'--:|' * (len(COLUMNS) - 1)}\n"
    for mode in dict.fromkeys(mode for mode, *_ in found):
        of_mode = {cell: each for cell, each in found.items() if cell[0] == mode}
        for (_, count, latency), each in sorted(of_mode.items(), key=lambda one: one[0][2] or 0):
            p50, p99 = (f"{each.percentile(part) * 1e3:.1f}" for part in (50, 99))
            cpu = f"{each.cpu or 0:.2f}"
            yield f"| {mode} | {latency} ms | {count} | {each.rate:,.0f} | {p50} | {p99} | {cpu} |\n"
    yield f"\n{ran(PACKAGES)}.\n"
