"""What a checkpointer of LangGraph costs: ours, and that of langgraph-checkpoint-aws where it is installed.

A thread of chat costs units for what is written and for what is read, requests, and storage. Ours is
measured on SQLite, the other one on moto; both count units from the sizes of items.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from importlib.util import find_spec

from rich.table import Table

from .chat import made_turns
from .figures import BARS, Figure, figures, is_met
from .measuring import Course, Open, course
from .meters import ours

OURS = "DynastoreSaver"
LONG_TURNS, STRETCH = 200, 50


def savers() -> dict[str, Open]:
    """What there is to measure, by name."""
    found: dict[str, Open] = {OURS: ours}
    if find_spec("langgraph_checkpoint_aws"):
        from .peer import theirs

        found |= {"DynamoDBSaver": theirs, "DynamoDBSaver, gzip": partial(theirs, gzip=True)}
    return found


def table() -> Table:
    """The figures of threads of 50 turns, against their bars."""
    measured = {name: figures(open_) for name, open_ in savers().items()}
    shown = Table(title="LangGraph: a chat of 50 turns, three messages each, and single calls")
    shown.add_column("of")
    shown.add_column("figure")
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
    """What each of 200 turns took, by saver."""
    turns = made_turns(LONG_TURNS)
    return {name: course(open_, turns) for name, open_ in savers().items()}


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


def _text(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")
