"""Rows of the results page: a bar, our figure, a peer's, and the command that makes the row again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

from attrs import frozen

from ..keeping import Kept, kept

REAL = "DYNASTORE_CONVERSATIONS=conversations.jsonl "
MICRO = "make bench-peers BENCHMARKS=micro ARGS=--write"
CONCURRENCY = "make bench-peers BENCHMARKS=concurrency ARGS=--write"
LATER = "after step 4"
MODES = {"blocking": "dynastore", "awaited": "dynastore, awaited"}


@frozen
class Row:
    """A bar of the page.

    Attributes:
        what: is measured.
        bar: what it may be, at most; or at least, where it says so.
        ours: our figure; None where none was kept.
        peer: that of a peer, with its name; "" without one.
        met: whether ours is at the bar; None where it is not to be yet, or was not measured.
        command: that makes the row again.
    """

    what: str
    bar: str
    ours: str | None
    peer: str
    met: bool | None
    command: str

    @property
    def verdict(self) -> str:
        """Whether ours is at the bar, in a word or two."""
        if self.ours is None:
            return "not measured"
        return LATER if self.met is None else "yes" if self.met else "**no**"


def sections() -> Mapping[str, list[Row]]:
    """All rows, by their section."""
    return {
        "Capacity": [*capacity(kept("cost"))],
        "LangGraph: 50 turns of three messages, and single operations": [
            *langgraph(kept("langgraph"))
        ],
        "Payloads: write units, in times of the native map's": [*payloads(kept("payloads"))],
        "CPU of the client, in times of boto3's low-level client": [*cpu(kept("micro"))],
        "Concurrency: 50 gets in flight, a server that takes 10 ms": [
            *concurrency(kept("concurrency"))
        ],
    }


def capacity(found: Kept | None) -> Iterator[Row]:
    """Access patterns: what they take, and that it stays so."""
    command = "python -m benchmarks cost --write"
    floor = "units of every access pattern, in times of the floor"
    same = "requests and units in a table of 100,000 items, in times of those in one of 1,000"
    if found is None:
        yield Row(floor, "1.25", None, "", None, command)
        yield Row(same, "1", None, "", None, command)
        return
    largest = found.figures["entities"][max(found.figures["entities"], key=int)]
    whys = {name: why for name, (*_, why) in largest.items() if why}
    above, growing = found.figures["above"], found.figures["growing"]
    text = f"{len(largest) - len(whys)} of {len(largest)} at it; {len(whys)} say why not"
    yield Row(floor, "1.25", text + _listed(above), "", not above, command)
    count = sum(len(_largest(found.figures[part])) for part in ("plain", "entities", "adapters"))
    text = f"1 for {count - len(growing)} of {count} calls" + _listed(growing)
    yield Row(same, "1", text, "", not growing, command)


def langgraph(found: Kept | None) -> Iterator[Row]:
    """Threads of LangGraph, beside DynamoDBSaver."""
    command = f"{REAL}python -m benchmarks langgraph --write"
    if found is None:
        yield Row("all figures", "", None, "", None, command)
        return
    for name, values in found.figures["rows"].items():
        bar, ours, *peers = values.values()
        if bar is None:
            continue
        if name.startswith("conversations") and not found.figures["real"]:
            yield Row(name, _number(bar), None, "", None, command)
            continue
        peer = "; ".join(map(_number, peers))
        yield Row(name, _number(bar), _number(ours), peer, ours <= bar, command)


def payloads(found: Kept | None) -> Iterator[Row]:
    """Payloads of real conversations."""
    from ..payloads import BARS

    command = f"{REAL}python -m benchmarks payloads --write"
    for size, bar in BARS.items():
        ratio = found and found.figures["real"] and found.figures["ratios"].get(str(size))
        text = f"{ratio:.2f}" if ratio else None
        yield Row(
            f"payloads of {size:,} bytes", f"{bar:.2f}", text, "", _at_most(ratio, bar), command
        )


def cpu(found: Kept | None) -> Iterator[Row]:
    """CPU of operations and of the import."""
    from ..micro.contenders import FLAT, GET, LARGE, PUT, SMALL, UPDATE
    from ..micro.figures import BARS, IMPORT_BAR

    ratios = found.figures["ratios"] if found else {}
    for (what, bar), (mode, name) in product(BARS.items(), MODES.items()):
        ours = _median(ratios.get(what, {}), name)
        peer = _others(ratios.get(what, {}))
        yield Row(f"{what}, {mode}", f"{bar:.2f}", _two(ours), peer, _at_most(ours, bar), MICRO)
    for what, bar in {GET: 0.12, PUT: 0.12, UPDATE: 0.12, FLAT: 0.14}.items():
        ours = _median(ratios.get(what, {}), "dynastore")
        yield Row(f"{what}, a path of our own", f"{bar:.2f}", _two(ours), "", None, MICRO)
    for what in (GET, PUT, UPDATE, FLAT, SMALL, LARGE):
        values = ratios.get(what, {})
        ours, theirs = _median(values, "dynastore"), _median(values, "pydynox")
        peer = f"pydynox {_two(theirs)}" if theirs else ""
        yield Row(
            f"{what}, ahead of pydynox's Model", _two(theirs) or "", _two(ours), peer, None, MICRO
        )
    started = found.figures["imports"] if found else {}
    ours = _median(started, "import dynastore")
    what = "`import dynastore`, in times of `import boto3`"
    yield Row(
        what, f"{IMPORT_BAR:.2f}", _two(ours), "boto3 1.00", _at_most(ours, IMPORT_BAR), MICRO
    )


def concurrency(found: Kept | None) -> Iterator[Row]:
    """Many gets at once."""
    from ..concurrency import FAN_OUT_BAR, RATE_BAR
    from ..concurrency.contenders import AIODYNAMO, AWAITED, BOTO, FAN_OUT

    figures: Mapping[str, Any] = found.figures if found else {}
    rates = figures.get("rates", {})
    ours = _median(figures.get("rate of aiodynamo", {}), AWAITED)
    others = ("aiobotocore", "pydynox, awaited")
    named = [f"{each} {rates[each] / rates[AIODYNAMO]:.2f}" for each in others if each in rates]
    met = None if ours is None else ours >= RATE_BAR
    what = "gets a second awaited, in times of aiodynamo's"
    peer = "; ".join([f"{AIODYNAMO} 1.00", *named]) if rates else ""
    yield Row(what, f"at least {RATE_BAR:.2f}", _two(ours), peer, met, CONCURRENCY)
    fan_out = _median(figures.get("time of boto3", {}), FAN_OUT)
    what = "time of a blocking fan-out of 50 gets, in times of boto3's on 50 threads"
    yield Row(what, f"{FAN_OUT_BAR:.2f}", _two(fan_out), f"{BOTO} 1.00", None, CONCURRENCY)


def _largest(by_size: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    return by_size[max(by_size, key=int)]


def _listed(names: list[str]) -> str:
    return f"; not {', '.join(names)}" if names else ""


def _median(ratios: Mapping[str, Any], name: str) -> float | None:
    found: float | None = ratios.get(name, {}).get("median")
    return found


def _others(ratios: Mapping[str, Any]) -> str:
    names = ("PynamoDB", "pydynox", "aiodynamo", "aiobotocore")
    return "; ".join(f"{name} {ratios[name]['median']:.2f}" for name in names if name in ratios)


def _at_most(value: float | None, bar: float) -> bool | None:
    return value <= bar if value else None


def _two(value: float | None) -> str | None:
    return f"{value:.2f}" if value is not None else None


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:,.2f}".rstrip("0").rstrip(".")
