"""A picture of what the turns of a long thread take, by checkpointer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

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

    panels = {
        "write units of a turn": lambda course: [each.write_units for each in course.turns],
        "price of a turn's requests\n(dollars a million turns)": lambda course: [
            each.dollars for each in course.turns
        ],
        "bytes written so far": lambda course: [
            *accumulate(each.written_bytes for each in course.turns)
        ],
    }
    figure, axes = plt.subplots(1, len(panels), figsize=(13, 4.2), layout="constrained")
    for axis, (title, series) in zip(axes, panels.items(), strict=True):
        _panel(axis, title, {name: series(course) for name, course in courses.items()})
    axes[0].legend(frameon=False, loc="upper left")
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _panel(axis: Any, title: str, lines: Mapping[str, Sequence[float]]) -> None:
    for color, (name, values) in zip(COLORS, lines.items(), strict=False):
        axis.plot(range(1, len(values) + 1), values, label=name, color=color, linewidth=1.6)
    axis.set_title(title, fontsize=11)
    axis.set_xlabel("turn")
    axis.set_yscale("log")
    axis.grid(visible=True, which="major", color="#dddddd", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
