"""A picture of what is throttled by rate, of the ceilings of keys, and of splits for heat."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..pictures import save
from . import DESIGNS, RATES, ceilings, sessions_a_second
from .courses import MINUTES, WRITES, courses
from .partitions import Outcome
from .units import sizes

PATH = Path(__file__).parents[2] / "docs" / "explanation" / "scale.png"
COLORS = ("#c8553d", "#0b6e4f", "#e3a857")
LINES = {"save a span": "-", "save a memory": "--", "begin a session": ":"}


def draw(found: Mapping[tuple[str, int], Outcome], seed: int, path: Path = PATH) -> None:
    """Write the picture.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(14, 4.8), layout="constrained")
    _throttled(axes[0], found)
    _ceilings(axes[1])
    _courses(axes[2], seed)
    for axis in axes:
        axis.grid(visible=True, which="major", color="#dddddd", linewidth=0.6)
        axis.set_axisbelow(True)
        axis.spines[["top", "right"]].set_visible(False)
    save(figure, path)
    plt.close(figure)


def _throttled(axis: Any, found: Mapping[tuple[str, int], Outcome]) -> None:
    for design, color in zip(DESIGNS, COLORS, strict=True):
        for kind, style in LINES.items():
            parts = [found[design.name, rate].throttled(kind) for rate in RATES]
            name = kind if color == COLORS[0] else None
            axis.plot(RATES, parts, style, color=color, linewidth=1.6, label=name)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.yaxis.set_major_formatter(lambda part, _: f"{part:.0%}")
    axis.set_xlabel("turns a second")
    axis.set_title("throttled; colours as in the middle", fontsize=11)
    axis.legend(frameon=False, fontsize=8, loc="upper left")


def _ceilings(axis: Any) -> None:
    height = 0.8 / len(DESIGNS)
    for place, (design, color) in enumerate(zip(DESIGNS, COLORS, strict=True)):
        heights = [row + place * height for row in range(len(ceilings()))]
        turns = [each.turns(design) for each in ceilings()]
        axis.barh(heights, turns, height, color=color, label=design.name)
    axis.set_yticks([row + height for row in range(len(ceilings()))])
    axis.set_yticklabels([each.key for each in ceilings()])
    axis.invert_yaxis()
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.axvline(sessions_a_second() * sizes().turns, color="#555555", linewidth=1, linestyle="--")
    axis.set_xlabel("turns a second; dashed: a billion sessions in a year, on average")
    axis.set_title("where a partition key throttles", fontsize=11)
    axis.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.14), ncols=3)


def _courses(axis: Any, seed: int) -> None:
    for (name, done), color in zip(courses(seed).items(), reversed(COLORS[:2]), strict=True):
        axis.plot(range(1, len(done) + 1), done, color=color, linewidth=1.6, label=name)
    axis.axhline(WRITES, color="#555555", linewidth=1, linestyle="--", label="offered")
    axis.set_ylim(bottom=0)
    axis.set_xticks(range(0, MINUTES + 1, 5))
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.set_xlabel("minute")
    axis.set_title("writes a second that one partition key takes", fontsize=11)
    axis.legend(frameon=False, fontsize=8, loc="center right")
