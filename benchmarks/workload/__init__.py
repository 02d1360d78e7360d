"""A day of agents' traffic: rates, latencies, CPU and memory of the client, by how much is in flight.

Sizes are those of real conversations. On a server that answers with the same bytes each time, or on a
table of one's own: ``python -m benchmarks.workload --help``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from .measuring import Measured
from .runs import BLOCKING, Cell, day
from .soaking import Soaked

SECONDS = 1.0  # of each stretch


def measured() -> Mapping[Cell, Measured]:
    """The day on servers here."""
    return day(SECONDS)


def as_json(found: Mapping[Cell, Measured]) -> Mapping[str, Any]:
    """Rate, p50 and p99 in milliseconds, CPU and memory of each stretch."""
    return {
        f"{mode}, {count} in flight, {latency} ms": {
            "rate": each.rate,
            "p50_ms": each.percentile(50) * 1e3,
            "p99_ms": each.percentile(99) * 1e3,
            "cpu": each.cpu,
            "memory_mb": each.memory / 1e6,
        }
        for (mode, count, latency), each in found.items()
    }


def day_table(found: Mapping[Cell, Measured]) -> Table:
    """What stretches of the day took, by mode."""
    shown = _table("A day of agents, by how much is in flight", "", "in flight", "server ms")
    for heading in ("ops/s", "p50 ms", "p99 ms", "CPU", "MB", "discarded"):
        shown.add_column(heading, justify="right")
    shown.caption = (
        "CPU: of an operation, in units of a get of boto3's client\n"
        "discarded: connections for each operation that were closed after it"
    )
    for (mode, count, latency), each in sorted(found.items(), key=_order):
        shown.add_row(
            mode,
            str(count),
            "" if latency is None else str(latency),
            f"{each.rate:,.0f}",
            f"{each.percentile(50) * 1e3:.1f}",
            f"{each.percentile(99) * 1e3:.1f}",
            "" if each.cpu is None else f"{each.cpu:.2f}",
            f"{each.memory / 1e6:.0f}",
            f"{each.discarded / each.operations:.0%}" if mode == BLOCKING else "",
        )
    return shown


def soak_table(found: Sequence[Soaked]) -> Table:
    """How much a process held after a soak."""
    shown = _table("Soak", "", "operations", "MB at first", "MB at last", "growth")
    for each in found:
        ends = (f"{held / 1e6:.0f}" for held in (each.memory[0], each.memory[-1]))
        shown.add_row(each.mode, f"{each.operations:,}", *ends, f"{each.growth:.1%}")
    return shown


def _order(cell: tuple[Cell, Measured]) -> tuple[int, str, int]:
    (mode, count, latency), _ = cell
    return latency or 0, mode, count


def _table(title: str, first: str, *headings: str) -> Table:
    shown = Table(title=title, box=SIMPLE_HEAD, show_edge=False)
    shown.add_column(first)
    for heading in headings:
        shown.add_column(heading, justify="right")
    return shown
