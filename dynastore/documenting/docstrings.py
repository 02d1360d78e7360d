"""Docstrings of classes, in Google's form: what they say of the class, and of each attribute."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator, Mapping, Sequence

from attrs import field, frozen

SECTION = re.compile(r"^(Attributes|Args|Examples?|Notes?|Raises|Returns|See Also|Source|Yields):$")
FENCE = re.compile(r"(`{3,}|~{3,})")
ATTRIBUTE = re.compile(r"^ {4}(\w+)(?: \([^)]*\))?: (.*)$")


@frozen
class Docstring:
    """What a docstring says.

    Attributes:
        paragraphs: of the class; code and lists keep their lines, and code is indented by four spaces.
        attributes: name -> what is said of it.
    """

    paragraphs: Sequence[str] = ()
    attributes: Mapping[str, str] = field(factory=dict)


def docstring_of(cls: type) -> Docstring:
    """The docstring of a class itself; an empty one where it has none, or attrs has made it."""
    text = inspect.cleandoc(vars(cls).get("__doc__") or "")
    lines = text.splitlines()
    start = next((at for at, line in enumerate(lines) if SECTION.match(line)), len(lines))
    return Docstring([*_paragraphs(lines[:start])], _attributes(lines))


def _paragraphs(lines: Sequence[str]) -> Iterator[str]:
    """What blank lines part; code between fences is one paragraph, to the end where no fence ends it."""
    some: list[str] = []
    fence = ""
    for line in lines:
        mark = FENCE.match(line)
        if fence and mark and mark[1].startswith(fence):
            fence, ends = "", True
        elif not fence and mark:
            fence, ends = mark[1], True
        else:
            ends = not fence and not line.strip()
        if not ends:
            some.append(f"    {line}".rstrip() if fence else line)
        elif any(each.strip() for each in some):
            yield "\n".join(some).rstrip()
        some = [] if ends else some
    if any(each.strip() for each in some):
        yield "\n".join(some).rstrip()


def _attributes(lines: Sequence[str]) -> dict[str, str]:
    """The section of attributes; lines that are indented further go on with one."""
    found: dict[str, str] = {}
    if "Attributes:" not in lines:
        return found
    name = ""
    for line in lines[lines.index("Attributes:") + 1 :]:
        if line and not line.startswith(" "):
            break
        if begun := ATTRIBUTE.match(line):
            name, found[begun[1]] = begun[1], begun[2]
        elif name and line.strip():
            found[name] += f" {line.strip()}"
    return found
