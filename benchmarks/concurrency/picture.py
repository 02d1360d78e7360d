"""A picture of how many gets a second each client does."""

from __future__ import annotations

from pathlib import Path

from ..micro.measuring import Ratio
from ..pictures import save
from . import IN_FLIGHT, LATENCY_MS, Rates

PATH = Path(__file__).parents[2] / "docs" / "explanation" / "concurrency.png"
OURS, THEIRS = "#0b6e4f", "#b8b8b8"


def draw(rates: Rates, path: Path = PATH) -> None:
    """Write the picture.

    Raises:
        ImportError: matplotlib is not installed.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    medians = {name: Ratio.of(each) for name, each in rates.rates.items()}
    names = sorted(medians, key=lambda each: medians[each].median)
    figure, axes = plt.subplots(figsize=(7.5, 3.2), layout="constrained")
    values = [medians[name].median for name in names]
    spread = [
        [medians[name].median - medians[name].low for name in names],
        [medians[name].high - medians[name].median for name in names],
    ]
    colors = [OURS if name.startswith("dynastore") else THEIRS for name in names]
    axes.barh(names, values, xerr=spread, color=colors, ecolor="#555555")
    axes.set_title(f"gets a second, {IN_FLIGHT} in flight, server {LATENCY_MS} ms", fontsize=11)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.spines[["top", "right"]].set_visible(False)
    save(figure, path)
    plt.close(figure)
