"""Client CPU of single calls, in units of boto3's low-level client, beside other libraries.

Each client does the same operations on a server that gives the same answers to all of them. What
comes out of ours are entities in all cases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf

from rich.box import SIMPLE_HEAD
from rich.table import Table

from .clients import missing
from .contenders import OPERATIONS, PARTS
from .figures import BARS, IMPORT_BAR, Figures
from .measuring import Cell, Ratio

OURS = ("dynastore", "dynastore, awaited")


def tables(figures: Figures) -> list[Table]:
    """Operations, their parts, and the import."""
    measured = figures.ratios
    return [
        _table("CPU of operations, in units of boto3's client", OPERATIONS, measured),
        _table("CPU of their parts, in units of a get of boto3's client", PARTS, measured),
        _imports(figures.started),
    ]


def left_out() -> str | None:
    """What is not measured, since it is not installed."""
    names = ", ".join(missing())
    return f"Not installed, so left out: {names}; `make bench-peers` has them." if names else None


def _table(title: str, rows: Sequence[str], measured: Mapping[Cell, Ratio]) -> Table:
    caption = "medians and quartiles; red: over the bar"
    shown = Table(title=title, caption=caption, box=SIMPLE_HEAD, show_edge=False)  # 80 columns
    shown.add_column("client")
    for what in rows:
        shown.add_column(what, justify="right")
    if any(what in BARS for what in rows):
        shown.add_row("bar", *(f"{BARS[what]:.2f}" if what in BARS else "" for what in rows))
        shown.add_section()
    for name in dict.fromkeys(name for what, name in measured if what in rows):
        shown.add_row(name, *(_cell(measured.get((what, name)), what, name) for what in rows))
    return shown


def _cell(ratio: Ratio | None, what: str, name: str) -> str:
    if ratio is None:
        return ""
    places = 3 if what in PARTS else 2
    text = f"{ratio.median:.{places}f}\n{ratio.low:.{places}f}-{ratio.high:.{places}f}"
    return f"[red]{text}[/red]" if name in OURS and ratio.median > BARS.get(what, inf) else text


def _imports(ratio: Ratio) -> Table:
    shown = Table(title="CPU of `import dynastore`, in units of `import boto3`")
    for heading in ("bar", "median", "quartiles"):
        shown.add_column(heading, justify="right")
    median = f"{ratio.median:.2f}"
    shown.add_row(
        f"{IMPORT_BAR:.2f}",
        median if ratio.median <= IMPORT_BAR else f"[red]{median}[/red]",
        f"{ratio.low:.2f}-{ratio.high:.2f}",
    )
    return shown
