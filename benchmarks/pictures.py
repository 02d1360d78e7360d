"""Pictures as files: the same figures make the same files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

KINDS = (".png", ".svg")


def save(figure: Any, path: Path) -> None:
    """Write a figure of matplotlib as PNG and as SVG, beside each other.

    Args:
        figure: the figure.
        path: of the PNG.
    """
    import matplotlib as mpl

    with mpl.rc_context({"svg.hashsalt": "dynastore"}):
        for kind in KINDS:
            figure.savefig(
                path.with_suffix(kind), dpi=110, metadata={"Date": None} if kind == ".svg" else None
            )
