"""A picture of what the turns of a long thread take, by checkpointer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from ..pictures import save
from .measuring import Course

PATH = Path(__file__).parents[2] / "docs" / "explanation" / "langgraph-cost.png"
COLORS = ("#0b6e4f", "#c8553d", "#e3a857")


def draw(courses: Mapping[str, Course], path: Path = PATH) -> None:
    """Write the picture.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt
    from matplotlib.ticker import EngFormatter

    figure, axes = plt.subplots(1, 3, figsize=(13, 4.6), layout="constrained")
    series = {
        "write units of a turn": lambda turns: [each.write_units for each in turns],
        "dollars of a million such turns, for requests": lambda turns: [
            each.dollars for each in turns
        ],
        "bytes written so far": lambda turns: [*accumulate(each.written_bytes for each in turns)],
    }
    for axis, (title, of) in zip(axes, series.items(), strict=True):
        _panel(axis, title, {name: of(course.turns) for name, course in courses.items()})
    axes[2].yaxis.set_major_formatter(EngFormatter("B", places=0))
    lines, names = axes[0].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside lower center", ncols=len(names), frameon=False)
    save(figure, path)
    plt.close(figure)


def _panel(axis: Any, title: str, lines: Mapping[str, Sequence[float]]) -> None:
    for color, (name, values) in zip(COLORS, lines.items(), strict=False):
        axis.plot(range(1, len(values) + 1), values, label=name, color=color, linewidth=1.6)
    axis.set_title(title, fontsize=11)
    axis.set_xlabel("turn")
    axis.set_yscale("log")
    axis.yaxis.set_major_formatter("{x:,.0f}")
    axis.grid(visible=True, which="major", color="#dddddd", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
