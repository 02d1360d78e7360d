"""Code blocks of Markdown files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from attrs import frozen

OUTPUTS = {"text", "mermaid"}  # languages of what programs print
ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@frozen
class Block:
    """A fenced block.

    Attributes:
        language: what stands behind the fence.
        line: where its first line is, from 1.
    """

    language: str
    text: str
    line: int


def documents() -> list[Path]:
    """README.md and everything under docs."""
    return [*ROOT.glob("README.md"), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a file, in order."""
    text = path.read_text()
    return [
        Block(found[1], found[2], text.count("\n", 0, found.start(2)) + 1)
        for found in FENCE.finditer(text)
    ]


def programs(path: Path) -> Iterator[tuple[Block, Block | None]]:
    """The Python blocks of a file, each with the block of its output, if that follows."""
    found = blocks(path)
    for block, following in zip_longest(found, found[1:]):
        if block.language == "python":
            output = following if following and following.language in OUTPUTS else None
            yield block, output


def commands(path: Path) -> Iterator[list[str]]:
    """The words of each command line in the shell blocks of a file."""
    for block in blocks(path):
        if block.language in {"sh", "bash", "shell", "console"}:
            for line in block.text.splitlines():
                words = line.removeprefix("$ ").partition("#")[0].split()
                if words:
                    yield words
