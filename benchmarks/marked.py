"""Pages whose figures a run writes: between two marks, of which the first names the command."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

EXPLANATION = Path(__file__).parents[1] / "docs" / "explanation"
END = "<!-- end of figures -->\n"


def write(path: Path, command: str, lines: Iterable[str]) -> None:
    """Put lines in the place of those that the page has.

    Args:
        path: of the page.
        command: what writes them.
        lines: with their ends.
    """
    begin = f"<!-- figures: {command} -->\n"
    before, _, rest = path.read_text().partition(begin)
    _, _, after = rest.partition(END)
    path.write_text(before + begin + "".join(lines) + END + after)
