"""Namespaces as text: a tuple of labels, each any text, in one field of an entity.

    ("user", "1:x")  ->  "user␀1:x␀"

Each label ends with U+0000, which labels have escaped. So no two namespaces share a text, texts sort
as the tuples do, and the text of a namespace begins those of all namespaces inside it and no others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeAlias

from ...errors import RequestError, shown

Labels: TypeAlias = tuple[str, ...]
"""A namespace."""

END = "\x00"  # of a label; below all that continues one, so that ("a",) sorts before ("a b",)
_ESCAPES = {0: "\x01\x01", 1: "\x01\x02"}  # in a label; order survives
_ESCAPED = re.compile("\x01([\x01\x02])")


def text_of(labels: Sequence[str]) -> str:
    r"""The text of a namespace, or of some of its labels.

    >>> text_of(("a", "b"))
    'a\x00b\x00'
    """
    return "".join(label.translate(_ESCAPES) + END for label in labels)


def labels_in(text: str) -> Labels:
    """The labels of a text that `text_of` made."""
    return tuple(map(_unescaped, text.split(END)[:-1]))


def checked(labels: Sequence[str]) -> Labels:
    """A namespace, if it is one.

    Raises:
        RequestError: a label is empty or no text, or the whole is no tuple of labels.
    """
    if isinstance(labels, str) or not isinstance(labels, Sequence):
        raise RequestError(f'a namespace is a tuple such as ("users", "ann"), not {shown(labels)}')
    if wrong := [label for label in labels if not isinstance(label, str) or not label]:
        raise RequestError(
            f"{shown(wrong[0])} is no label of a namespace; a label is a text of at least one character"
        )
    return tuple(labels)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(ord(found[1]) - 1), text)
