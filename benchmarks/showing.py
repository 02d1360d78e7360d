"""Each benchmark: measured, printed, drawn, and kept where that is asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from attrs import asdict
from rich.console import Console

from .keeping import keep

console = Console()

OF_PEERS = "make bench-peers ARGS=--write"


def cost(*, write: bool) -> None:
    """Requests and units of calls, by items in the table."""
    from .cost.figures import Figures
    from .cost.tables import tables

    figures = Figures.measured()
    console.print(*tables(figures), sep="\n")
    _kept(write, "cost", figures.json(), ("agno", "langgraph", "zstandard"))


def payloads(*, write: bool) -> None:
    """Units of payloads of conversations."""
    from . import payloads as benchmark

    found = benchmark.measured()
    console.print(benchmark.table(found))
    is_real = benchmark.is_real()
    ratios = {str(size): each.ratio for size, each in found.items()}
    _kept(write, "payloads", {"ratios": ratios, "real": is_real}, ("zstandard",))


def planning(*, write: bool) -> None:
    """Time of planning."""
    _print_only("planning")


def agno(*, write: bool) -> None:
    """Requests and units of Agno's calls, by sessions."""
    _print_only("agno")


def langgraph(*, write: bool) -> None:
    """Requests, units and bytes of threads."""
    from . import langgraph as benchmark
    from .langgraph import picture

    measured, courses = benchmark.measured(), benchmark.courses()
    console.print(benchmark.table(measured), benchmark.course_table(courses), sep="\n")
    if find_spec("matplotlib"):
        picture.draw(courses)
        console.print(f"Drawn: {picture.PATH}")
    packages = ("langgraph", "langgraph-checkpoint", "zstandard")
    _kept(write, "langgraph", benchmark.as_json(measured), packages)


def micro(rounds: int, *, write: bool) -> None:
    """CPU of single calls."""
    from . import micro as benchmark
    from .micro import page
    from .micro.clients import CLIENTS
    from .micro.figures import Figures

    figures = Figures.measured(rounds)
    console.print(*benchmark.tables(figures), sep="\n")
    if left_out := benchmark.left_out():
        console.print(left_out)
    if not write or left_out:
        _not_kept(write, "micro")
        return
    page.write(figures, rounds)
    console.print(f"Written: {page.PATH}")
    ratios: dict[str, dict[str, Any]] = {}
    for (what, name), ratio in figures.ratios.items():
        ratios.setdefault(what, {})[name] = asdict(ratio)
    started = {program: asdict(ratio) for program, ratio in figures.started.items()}
    packages = [each for each in CLIENTS.values() if each != "dynastore"]
    _kept(write, "micro", {"ratios": ratios, "imports": started}, packages)


def profile(*, write: bool) -> None:
    """Where the time of a call goes."""
    from . import profile as benchmark

    console.print(benchmark.write() if write else benchmark.table())
    if write:
        console.print(f"Written: {benchmark.PATH}")


def concurrency(*, write: bool) -> None:
    """Fifty gets in flight."""
    from . import concurrency as benchmark
    from .concurrency import picture
    from .concurrency.contenders import missing

    rates = benchmark.measured()
    console.print(benchmark.table(rates))
    if not write or missing():
        _not_kept(write, "concurrency")
        return
    if find_spec("matplotlib"):
        picture.draw(rates)
        console.print(f"Drawn: {picture.PATH}")
    _kept(write, "concurrency", rates.figures(), benchmark.PACKAGES)


def workload(*, write: bool) -> None:
    """A day of agents."""
    from . import workload as benchmark
    from .workload import page, picture
    from .workload.players import missing

    found = benchmark.measured()
    console.print(benchmark.day_table(found))
    if not write or missing():
        _not_kept(write, "workload")
        return
    page.write(found)
    picture.draw(found)
    console.print(f"Written: {page.PATH}", f"Drawn: {picture.PATH}", sep="\n")
    _kept(write, "workload", benchmark.as_json(found), page.PACKAGES)


def scale(seed: int) -> None:
    """A simulation of partitions."""
    from . import scale as benchmark
    from .scale import picture

    console.print(*benchmark.tables(seed), sep="\n")
    if find_spec("matplotlib"):
        picture.draw(benchmark.outcomes(seed), seed)
        console.print(f"Drawn: {picture.PATH}")


def peers(*, write: bool) -> None:
    """What the peers of the adapters send."""
    from . import peers as benchmark

    found = benchmark.measured()
    for name, sent in found["costs"][max(found["costs"], key=int)].items():
        console.print(f"{name}: {sent[0]} requests, {sent[1]:g} units, {sent[2]:,} bytes")
    _kept(write, "peers", found, benchmark.PACKAGES, benchmark.COMMAND)


def results(*, write: bool) -> None:
    """All bars, with the figures that were kept."""
    from . import results as benchmark

    console.print(benchmark.table())
    if write:
        console.print(f"Written: {benchmark.write()}")


def _print_only(name: str) -> None:
    console.print(import_module(f".{name}", __package__).table())


def _kept(
    write: bool,
    name: str,
    figures: Mapping[str, Any],
    packages: Iterable[str] = (),
    command: str = "",
) -> None:
    if write:
        path = keep(name, command or f"python -m benchmarks {name} --write", figures, packages)
        console.print(f"Kept: {path}")


def _not_kept(write: bool, name: str) -> None:
    if write:
        console.print(f"Not kept, since not all peers are installed: {OF_PEERS} measures {name}.")
