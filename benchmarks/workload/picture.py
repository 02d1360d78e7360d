"""A picture of rates, latencies and CPU, by how much is in flight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ..pictures import save
from .measuring import Measured
from .runs import AWAITED, BLOCKING, IN_FLIGHT, LATENCIES, Cell

PATH = Path(__file__).parents[2] / "docs" / "explanation" / "workload.png"
COLORS = {
    AWAITED: "#0b6e4f",
    BLOCKING: "#c8553d",
    "boto3": "#6c757d",
    "PynamoDB": "#b08bbb",
    "aiodynamo": "#8fb8de",
}
STYLES = dict(zip(LATENCIES, ("-", "--"), strict=True))


def draw(found: Mapping[Cell, Measured], path: Path = PATH) -> None:
    """Write the picture.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(13, 4.6), layout="constrained")
    panels: dict[str, Callable[[Measured], float]] = {
        "operations a second": lambda each: each.rate,
        "p99, in milliseconds": lambda each: each.percentile(99) * 1e3,
        "CPU of an operation, in gets of boto3": lambda each: each.cpu or 0.0,
    }
    for axis, (title, of) in zip(axes, panels.items(), strict=True):
        _panel(axis, title, found, of)
    axes[0].set_yscale("log")
    axes[0].yaxis.set_major_formatter("{x:,.0f}")
    axes[1].set_yscale("log")
    axes[1].yaxis.set_major_formatter("{x:,.0f}")
    axes[2].set_ylim(bottom=0)
    lines, names = axes[0].get_legend_handles_labels()
    figure.legend(lines, names, loc="outside lower center", ncols=5, frameon=False)
    save(figure, path)
    plt.close(figure)


def _panel(
    axis: Any, title: str, found: Mapping[Cell, Measured], of: Callable[[Measured], float]
) -> None:
    for mode, color in COLORS.items():
        for latency, style in STYLES.items():
            counts = [each for each in IN_FLIGHT if (mode, each, latency) in found]
            if not counts:
                continue
            values = [of(found[mode, each, latency]) for each in counts]
            label = f"{mode}, server {latency} ms"
            axis.plot(counts, values, style, color=color, linewidth=1.6, marker=".", label=label)
    axis.set_xscale("log", base=2)
    axis.set_xticks(IN_FLIGHT)
    axis.xaxis.set_major_formatter("{x:g}")
    axis.set_title(title, fontsize=11)
    axis.set_xlabel("in flight")
    axis.grid(visible=True, which="major", color="#dddddd", linewidth=0.6)
    axis.spines[["top", "right"]].set_visible(False)
