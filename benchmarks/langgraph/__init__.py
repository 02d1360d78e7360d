"""What a checkpointer of LangGraph costs: ours, and that of langgraph-checkpoint-aws.

A thread of chat costs units for what is written and for what is read, requests, and storage. Ours is
measured on SQLite, the other one was on moto (`benchmarks.peers`); both count units from the sizes of items.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from ..keeping import kept
from ..payloads import is_real
from .chat import made_turns
from .figures import BARS, Figure, figures, is_met
from .measuring import Course, course
from .meters import Taken, ours

OURS = "DynastoreSaver"
PEERS = ("DynamoDBSaver", "DynamoDBSaver, gzip")
LONG_TURNS, STRETCH = 200, 50


def measured() -> dict[str, Mapping[Figure, float]]:
    """The figures of threads of 50 turns: ours as they are now, those of peers as they were kept."""
    found: dict[str, Mapping[Figure, float]] = {OURS: figures(ours)}
    for name, each in _peers().items():
        found[name] = {Figure(of, unit): value for of, unit, value in each["figures"]}
    return found


def table(measured: Mapping[str, Mapping[Figure, float]]) -> Table:
    """The figures of threads of 50 turns, against their bars."""
    shown = Table(title="LangGraph: a chat of 50 turns, three messages each, and single calls")
    shown.add_column("of")
    shown.add_column("figure")
    if peers := kept("peers"):
        shown.caption = f"those of peers are of {peers.date}: {peers.command}"
    for heading in ("bar", *measured, "ok"):
        shown.add_column(heading, justify="right")
    for figure in BARS:
        shown.add_row(*_row(figure, {name: each[figure] for name, each in measured.items()}))
    return shown


def _row(figure: Figure, values: Mapping[str, float]) -> list[str]:
    bar = BARS[figure]
    ok = "" if bar is None else "yes" if is_met(figure, values[OURS]) else "NO"
    limit = "" if bar is None else f"{bar:,g}" if bar < 1_000 else f"{bar:,}"
    return [figure.of, figure.unit, limit, *map(_text, values.values()), ok]


def courses() -> dict[str, Course]:
    """What each of 200 turns took, by saver; of peers as it was kept."""
    found = {OURS: course(ours, made_turns(LONG_TURNS))}
    for name, each in _peers().items():
        found[name] = Course([Taken(*turn) for turn in each["turns"]], each["stored_bytes"])
    return found


def course_table(measured: Mapping[str, Course]) -> Table:
    """What turns take at the start of a long thread and at its end."""
    shown = Table(title=f"LangGraph: a chat of {LONG_TURNS} turns, three messages of 2 KB each")
    shown.add_column("a turn")
    for name in measured:
        shown.add_column(name, justify="right")
    for first in range(0, LONG_TURNS, STRETCH):
        last = first + STRETCH
        means = [each.mean(first, last) for each in measured.values()]
        for unit in ("requests", "write_units", "read_units", "dollars"):
            cells = [_text(getattr(mean, unit)) for mean in means]
            label = "dollars a million" if unit == "dollars" else unit.replace("_", " ")
            shown.add_row(f"{first + 1}-{last}: {label}", *cells)
    shown.add_row("bytes stored", *(_text(each.stored_bytes) for each in measured.values()))
    return shown


def as_json(measured: Mapping[str, Mapping[Figure, float]]) -> Mapping[str, Any]:
    """Our figures with their bars, and those of peers; and whether conversations are one's own."""
    rows = {
        f"{figure.of}: {figure.unit}": {
            "bar": bar,
            **{name: values.get(figure) for name, values in measured.items()},
        }
        for figure, bar in BARS.items()
    }
    return {"real": is_real(), "rows": rows}


def _peers() -> Mapping[str, Any]:
    found = kept("peers")
    return found.figures["threads"] if found else {}


def _text(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")
