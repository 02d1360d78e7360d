"""Run benchmarks, print their tables, and draw what there is a picture of."""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated

from rich.console import Console
from typer import Argument, Option, run

console = Console()


class Benchmark(StrEnum):
    """What can be run."""

    COST = "cost"
    PAYLOADS = "payloads"
    PLANNING = "planning"
    AGNO = "agno"
    LANGGRAPH = "langgraph"
    MICRO = "micro"
    WORKLOAD = "workload"
    SCALE = "scale"


def main(
    names: Annotated[
        list[Benchmark] | None, Argument(help="Which ones; all without any.", show_default=False)
    ] = None,
    rounds: Annotated[
        int, Option(min=2, help="How often micro measures each of its figures.")
    ] = 15,
    write: Annotated[
        bool, Option("--write", help="Put the figures of micro into docs/explanation/speed.md.")
    ] = False,
    seed: Annotated[int, Option(help="What scale draws by.")] = 1,
) -> None:
    """Measure what operations cost: requests, capacity units, bytes, and the CPU of the client.

    cost, payloads, agno and langgraph count requests and units, and scale simulates partitions: these
    are the same on each run. planning, micro and workload measure time, in units of another library's
    in the same run.
    """
    for name in names or Benchmark:
        match name:
            case Benchmark.LANGGRAPH:
                _show_langgraph()
            case Benchmark.MICRO:
                _show_micro(rounds, write=write)
            case Benchmark.SCALE:
                _show_scale(seed)
            case _:
                console.print(import_module(f".{name}", __package__).table())


def _show_langgraph() -> None:
    from . import langgraph
    from .langgraph import picture

    console.print(langgraph.table())
    courses = langgraph.courses()
    console.print(langgraph.course_table(courses))
    if find_spec("matplotlib"):
        picture.draw(courses)
        console.print(f"Drawn: {picture.PATH}")


def _show_micro(rounds: int, *, write: bool) -> None:
    from . import micro
    from .micro import page
    from .micro.figures import Figures

    figures = Figures.measured(rounds)
    console.print(*micro.tables(figures), sep="\n")
    if left_out := micro.left_out():
        console.print(left_out)
    if write:
        page.write(figures, rounds)
        console.print(f"Written: {page.PATH}")


def _show_scale(seed: int) -> None:
    from . import scale
    from .scale import picture

    console.print(*scale.tables(seed), sep="\n")
    if find_spec("matplotlib"):
        picture.draw(scale.outcomes(seed), seed)
        console.print(f"Drawn: {picture.PATH}")


if __name__ == "__main__":
    run(main)
