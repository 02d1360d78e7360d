"""The results page: every bar, our figure, the peers', and the command that makes it again.

It is made from the figures that runs have kept in `benchmarks/figures`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from ..keeping import FOLDER, Kept, kept
from .rows import Row, sections

PATH = Path(__file__).parents[2] / "docs" / "explanation" / "results.md"

HEAD = """\
# What it costs, against its bars

Each bar, the figure of the last run that was kept, that of peers, and the command that makes the row
again. `make bench ARGS=--write` and `make bench-peers ARGS=--write` make all of
[the figures](../../benchmarks/figures), and this page of them. Requests, units and bytes are counted,
and are the same in each run, but for a hundredth where LangGraph gives ids and times that are
compressed with the rest. CPU and rates are in units of another library's in the same run, medians of
rounds in which all take turns.

*After step 4* are bars of a blocking client that sends without botocore, which is not written. A floor
is what is returned, or written with its index entries; of a list from a slim index each item by itself.
"""

NAMED = "`conversations.jsonl` are 200 conversations of an airline's agent, from tau-bench."


def table() -> Table:
    """All bars."""
    shown = Table(title="Bars", box=SIMPLE_HEAD, show_edge=False)
    for heading in ("what", "bar", "ours", "peers", ""):
        shown.add_column(heading)
    for title, rows in sections().items():
        shown.add_row(f"[bold]{title}[/bold]")
        for row in rows:
            shown.add_row(row.what, row.bar, row.ours or "", row.peer, row.verdict)
    return shown


def write(path: Path = PATH) -> Path:
    """Write the page."""
    path.write_text("".join(_page()))
    return path


def _page() -> Iterator[str]:
    yield HEAD
    for title, rows in sections().items():
        yield f"\n## {title}\n\n| | bar | ours | peers | | made by |\n|---|--:|--:|---|---|---|\n"
        yield from map(_line, rows)
        if title.startswith("LangGraph"):
            yield "\nPeers: DynamoDBSaver; the same with gzip. " + NAMED + "\n"
        if title.startswith("Capacity"):
            yield from _reasons()
            yield from _beside()
    yield "\n## Runs\n\n| figures | run on | machine | of | made by |\n|---|---|---|---|---|\n"
    for file in sorted(FOLDER.glob("*.json")):
        found = kept(file.stem)
        assert found is not None, "it was just listed"
        yield _run(file.stem, found)


def _line(row: Row) -> str:
    ours = row.ours or ""
    return f"| {row.what} | {row.bar} | {ours} | {row.peer} | {row.verdict} | `{row.command}` |\n"


def _reasons() -> Iterator[str]:
    found = kept("cost")
    if found is None:
        return
    largest = found.figures["entities"][max(found.figures["entities"], key=int)]
    by_reason: dict[str, list[str]] = {}
    for name, (_, units, floor, why) in largest.items():
        if why:
            by_reason.setdefault(why, []).append(f"{name} ({units / floor:.1f})")
    yield "\nAbove 1.25 times the floor are:\n\n"
    for why, names in by_reason.items():
        yield f"- {', '.join(names)}: {why}.\n"


def _beside() -> Iterator[str]:
    """Our calls beside those of the peers."""
    ours, theirs = kept("cost"), kept("peers")
    if ours is None or theirs is None:
        return
    sizes = list(ours.figures["beside"])
    yield "\nRequests / units beside Agno's DynamoDb and DynamoDBSaver, by how many sessions, memories, "
    yield "documents, evals and traces there are, or checkpoints of other threads. Agno's reads are "
    yield "eventually consistent and take half of the units of a strong one; the DescribeTable that most "
    yield f"of its calls send too is not counted. Made by `{ours.command}` and `{theirs.command}`:\n\n"
    heads = [f"{whose}, {int(size):,}" for size in sizes for whose in ("ours", "theirs")]
    yield f"| call | {' | '.join(heads)} |\n|---|{'--:|' * len(heads)}\n"
    for name in theirs.figures["costs"][sizes[-1]]:
        cells = []
        for size in sizes:
            for of in (ours.figures["beside"][size], theirs.figures["costs"][size]):
                requests, units, *_ = of.get(name, (None, None))
                cells.append("" if requests is None else f"{requests:,} / {units:,g}")
        yield f"| {name} | {' | '.join(cells)} |\n"


def _run(name: str, found: Kept) -> str:
    versions = ", ".join(f"{each} {number}" for each, number in found.versions.items())
    return f"| {name} | {found.date} | {found.machine} | {versions} | `{found.command}` |\n"
