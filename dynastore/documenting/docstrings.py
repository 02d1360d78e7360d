"""Docstrings of classes, in Google's form: what they say of the class, and of each attribute."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence

from attrs import field, frozen

SECTION = re.compile(r"^(Attributes|Args|Examples?|Notes?|Raises|Returns|See Also|Source|Yields):$")
ATTRIBUTE = re.compile(r"^ {4}(\w+)(?: \([^)]*\))?: (.*)$")


@frozen
class Docstring:
    """What a docstring says.

    Attributes:
        paragraphs: of the class; code and lists keep their lines.
        attributes: name -> what is said of it.
    """

    paragraphs: Sequence[str] = ()
    attributes: Mapping[str, str] = field(factory=dict)


def docstring_of(cls: type) -> Docstring:
    """The docstring of a class itself; an empty one where it has none, or attrs has made it."""
    text = inspect.cleandoc(vars(cls).get("__doc__") or "")
    lines = text.splitlines()
    start = next((at for at, line in enumerate(lines) if SECTION.match(line)), len(lines))
    paragraphs = [each.strip("\n") for each in "\n".join(lines[:start]).split("\n\n")]
    return Docstring([each for each in paragraphs if each.strip()], _attributes(lines))


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
