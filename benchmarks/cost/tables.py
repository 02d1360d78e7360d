"""Tables of what calls take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ..keeping import kept
from .figures import Figures
from .patterns import BAR, Floored


def tables(figures: Figures) -> list[Table]:
    """All of them: requests and units in each cell."""
    found = [
        _by_size("Calls on messages of 1 KB", figures.plain),
        entities_table(figures.entities),
        _by_size("Adapters, with 100 things of their own", figures.adapters),
    ]
    return [*found, *_peers(figures)]


def entities_table(by_size: Mapping[int, Mapping[str, Floored]]) -> Table:
    """Access patterns of the ready-made entities, with their floor."""
    costs = {n: {name: each.cost for name, each in some.items()} for n, some in by_size.items()}
    shown = _table("Access patterns of the ready-made entities: pages of 20", costs)
    shown.add_column("floor", justify="right")
    shown.add_column("times", justify="right")
    last = by_size[max(by_size)]
    for name, each in last.items():
        cells = [str(some[name]) for some in costs.values()]
        times = f"{each.times:.2f}" if each.times <= BAR else f"[red]{each.times:.2f}[/red]"
        shown.add_row(name, *cells, f"{each.floor:g}", times)
    reasons = sorted({each.why for each in last.values()} - {""})
    shown.caption = f"red: above {BAR}, for: " + "; ".join(reasons)
    return shown


def _by_size(title: str, by_size: Mapping[int, Mapping[str, Any]]) -> Table:
    shown = _table(title, by_size)
    for name in by_size[max(by_size)]:
        shown.add_row(name, *(str(some[name]) for some in by_size.values()))
    return shown


def _peers(figures: Figures) -> list[Table]:
    peers = kept("peers")
    if peers is None or not figures.beside:
        return []
    versions = ", ".join(f"{name} {number}" for name, number in peers.versions.items())
    shown = _table("Beside Agno's DynamoDb and DynamoDBSaver, by how many things there are", {})
    for size in figures.beside:
        shown.add_column(f"ours, {size:,}", justify="right")
        shown.add_column(f"theirs, {size:,}", justify="right")
    for name in peers.figures["costs"][str(max(figures.beside))]:
        cells = []
        for size, ours in figures.beside.items():
            requests, units, *_ = peers.figures["costs"][str(size)][name]
            cells += [str(ours[name]), f"{requests} / {units:g}"]
        shown.add_row(name, *cells)
    shown.caption = f"theirs on {peers.date}, {versions}: {peers.command}"
    return [shown]


def _table(title: str, by_size: Mapping[int, Any]) -> Table:
    shown = Table(title=f"{title}: requests / capacity units", box=SIMPLE_HEAD, show_edge=False)
    shown.add_column("call")
    for size in by_size:
        shown.add_column(f"{size:,} items", justify="right")
    return shown
