"""Code blocks of Markdown files."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from itertools import groupby, zip_longest
from pathlib import Path

from attrs import frozen

OUTPUTS = {"text", "mermaid"}  # languages of what programs print
ROOT = Path(__file__).parents[2]
SHELLS = {"sh", "bash", "shell", "console"}
FENCE = re.compile(r"^```(\w*)([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TITLE = re.compile(r'title="([\w.]+)"')


@frozen
class Block:
    """A fenced block.

    Attributes:
        language: what stands behind the fence.
        line: where its first line is, from 1.
        title: name of the file that it is, or "".
    """

    language: str
    text: str
    line: int
    title: str = ""


def documents() -> list[Path]:
    """README.md and everything under docs."""
    return [*ROOT.glob("README.md"), *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(path: Path) -> list[Block]:
    """The fenced blocks of a file, in order."""
    text = path.read_text()
    return [
        Block(found[1], found[3], text.count("\n", 0, found.start(3)) + 1, _title(found[2]))
        for found in FENCE.finditer(text)
    ]


def _title(words: str) -> str:
    found = TITLE.search(words)
    return found[1] if found else ""


def programs(path: Path) -> Iterator[tuple[Block, Block | None]]:
    """The blocks of a file that are run, each with the block of its output, if that follows.

    They are those of Python, and those of shells that run a file which a block of Python is.
    """
    found = blocks(path)
    files = tuple(f"python {each.title}" for each in found if each.title)
    for block, following in zip_longest(found, found[1:]):
        is_run = block.language in SHELLS and block.text.startswith(files)
        if block.language == "python" or is_run:
            output = following if following and following.language in OUTPUTS else None
            yield block, output


def commands(path: Path) -> Iterator[list[str]]:
    """The words of each command in the shell blocks of a file, of a pipe each of its own."""
    for block in blocks(path):
        if block.language in SHELLS:
            for line in block.text.replace("\\\n", " ").splitlines():
                words = shlex.split(line.removeprefix("$ "), comments=True)
                for is_end, some in groupby(words, {"|", "&&", ">", "&"}.__contains__):
                    if not is_end:
                        yield list(some)
