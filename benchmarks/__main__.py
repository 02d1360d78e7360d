"""Run benchmarks, print their tables, and draw what there is a picture of."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from typer import Argument, Option, run

from . import showing


class Benchmark(StrEnum):
    """What can be run."""

    COST = "cost"
    PAYLOADS = "payloads"
    PLANNING = "planning"
    AGNO = "agno"
    LANGGRAPH = "langgraph"
    MICRO = "micro"
    PROFILE = "profile"
    CONCURRENCY = "concurrency"
    WORKLOAD = "workload"
    SCALE = "scale"
    PEERS = "peers"
    RESULTS = "results"


# What is run without a name: peers take minutes, and their figures are kept.
ALL = [each for each in Benchmark if each is not Benchmark.PEERS]


def main(
    names: Annotated[
        list[Benchmark] | None,
        Argument(help="Which ones; all but peers without any.", show_default=False),
    ] = None,
    rounds: Annotated[
        int, Option(min=2, help="How often micro measures each of its figures.")
    ] = 15,
    write: Annotated[
        bool, Option("--write", help="Keep the figures, and write the pages that have them.")
    ] = False,
    seed: Annotated[int, Option(help="What scale draws by.")] = 1,
) -> None:
    """Measure what operations cost: requests, capacity units, bytes, and the CPU of the client.

    cost, payloads, agno, langgraph and peers count requests and units, and scale simulates
    partitions: these are the same on each run. planning, micro, concurrency and workload measure
    time, in units of another library's in the same run, and profile tells what a call spends it
    on. results is the page of all bars.
    """
    for name in names or ALL:
        match name:
            case Benchmark.MICRO:
                showing.micro(rounds, write=write)
            case Benchmark.SCALE:
                showing.scale(seed)
            case _:
                getattr(showing, name)(write=write)


if __name__ == "__main__":
    run(main)
