"""The figures of a run in docs/explanation/speed.md, with the machine, the versions and the date."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .. import marked
from ..keeping import ran
from ..marked import EXPLANATION
from .clients import CLIENTS
from .contenders import OPERATIONS, PARTS
from .figures import BARS, IMPORT_BAR, Figures
from .measuring import Cell, Ratio

PATH = EXPLANATION / "speed.md"


def write(figures: Figures, rounds: int) -> None:
    """Put figures in the place of those that the page has."""
    marked.write(PATH, "python -m benchmarks micro --write", _lines(figures, rounds))


def _lines(figures: Figures, rounds: int) -> Iterator[str]:
    yield from _table(OPERATIONS, figures.ratios)
    yield "\nParts of a call, in units of a `get` of boto3's client:\n\n"
    yield from _table(PARTS, figures.ratios)
    yield f"\nImports, in units of `import boto3`; the bar of the first is {IMPORT_BAR}:\n\n"
    yield from (f"- `{ours}`: {_text(ratio, 2)}\n" for ours, ratio in figures.started.items())
    yield f"\n{ran(CLIENTS.values())}; {rounds} rounds.\n"


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
