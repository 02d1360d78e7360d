"""Run benchmarks, print their tables, and draw what there is a picture of."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from importlib import import_module
from importlib.util import find_spec
from typing import Annotated, Any

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


def main(
    names: Annotated[
        list[Benchmark] | None, Argument(help="Which ones; all without any.", show_default=False)
    ] = None,
    rounds: Annotated[
        int, Option(min=2, help="How often micro measures each of its figures.")
    ] = 15,
) -> None:
    """Measure what operations cost: requests, capacity units, bytes, and the CPU of the client.

    cost, payloads, agno and langgraph count requests and units, and are the same on each run;
    planning and micro measure time, in units of another library's in the same run.
    """
    for name in names or Benchmark:
        module = import_module(f".{name}", __package__)
        _SHOWN.get(name, _show_table)(module, rounds)


def _show_table(benchmark: Any, _: int) -> None:
    console.print(benchmark.table())


def _show_langgraph(langgraph: Any, _: int) -> None:
    console.print(langgraph.table())
    courses = langgraph.courses()
    console.print(langgraph.course_table(courses))
    if find_spec("matplotlib"):
        picture = import_module(".langgraph.picture", __package__)
        picture.draw(courses)
        console.print(f"Drawn: {picture.PATH}")


def _show_micro(micro: Any, rounds: int) -> None:
    console.print(*micro.tables(rounds), sep="\n")
    if left_out := micro.left_out():
        console.print(left_out)


_SHOWN: Mapping[Benchmark, Callable[[Any, int], None]] = {
    Benchmark.LANGGRAPH: _show_langgraph,
    Benchmark.MICRO: _show_micro,
}

if __name__ == "__main__":
    run(main)
