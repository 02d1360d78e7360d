"""The figures of a run in docs/explanation/speed.md, with the machine, the versions and the date."""

from __future__ import annotations

import datetime as dt
import os
import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from .clients import CLIENTS, missing
from .contenders import OPERATIONS, PARTS
from .figures import BARS, IMPORT_BAR, Figures
from .measuring import Cell, Ratio

PATH = Path(__file__).parents[2] / "docs" / "explanation" / "speed.md"
BEGIN, END = "<!-- figures: python -m benchmarks micro --write -->\n", "<!-- end of figures -->\n"


def write(figures: Figures, rounds: int) -> None:
    """Put figures in the place of those that the page has."""
    before, _, rest = PATH.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    PATH.write_text(before + BEGIN + "".join(_lines(figures, rounds)) + END + after)


def _lines(figures: Figures, rounds: int) -> Iterator[str]:
    yield from _table(OPERATIONS, figures.ratios)
    yield "\nParts of a call, in units of a `get` of boto3's client:\n\n"
    yield from _table(PARTS, figures.ratios)
    started = _text(figures.started, 2)
    yield f"\n`import dynastore`, in units of `import boto3`: {started}; the bar is {IMPORT_BAR}.\n"
    yield f"\n{_machine()} {rounds} rounds.\n"


def _table(rows: Sequence[str], ratios: Mapping[Cell, Ratio]) -> Iterator[str]:
    yield f"| | {' | '.join(rows)} |\n|---|{'--:|' * len(rows)}\n"
    if any(what in BARS for what in rows):
        yield f"| bar | {' | '.join(str(BARS.get(what, '')) for what in rows)} |\n"
    places = 3 if rows is PARTS else 2
    for name in dict.fromkeys(name for what, name in ratios if what in rows):
        cells = (_text(ratios.get((what, name)), places) for what in rows)
        yield f"| {name} | {' | '.join(cells)} |\n"


def _text(ratio: Ratio | None, places: int) -> str:
    if ratio is None:
        return ""
    return f"{ratio.median:.{places}f} ({ratio.low:.{places}f}-{ratio.high:.{places}f})"


def _machine() -> str:
    left_out = missing()
    named = [each for each in dict.fromkeys(CLIENTS.values()) if each not in left_out]
    versions = ", ".join(f"{name} {version(name)}" for name in named if name != "dynastore")
    return (
        f"Run on {dt.datetime.now(dt.UTC):%-d %B %Y}, {os.cpu_count()} cores of {platform.machine()}, "
        f"{platform.system()}, Python {platform.python_version()}, {versions};"
    )
