"""What is said on a terminal. Texts of a table come from anybody: they are shown, and never obeyed.

A terminal obeys control characters: they move the cursor, name the window, or write to the clipboard.
Those that turn the direction of writing around let a line read otherwise than it is.
"""

from __future__ import annotations

import re

import typer
from rich.markup import escape

_OBEYED = r"\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff"
OBEYED = re.compile(f"[{_OBEYED}]")
BREAKING = re.compile(f"[\t\n{_OBEYED}]")


def say(text: str | bytes, *, err: bool = False) -> None:
    r"""Print lines of text or of JSON; what a terminal would obey as an escape, ``\u009b``.

    JSON stays what it was: orjson has escaped all below a space, and the rest stands in its strings only.
    """
    typer.echo(visible_lines(text if isinstance(text, str) else text.decode()), err=err)


def visible_lines(text: str) -> str:
    """What is said, of any number of lines."""
    return OBEYED.sub(_escaped, text)


def visible(text: str) -> str:
    """A stored text in one line, as part of what is said."""
    return BREAKING.sub(_escaped, text)


def as_markup(text: str) -> str:
    """A stored text as a part of rich's markup: none of it is a style."""
    return escape(visible(text))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
