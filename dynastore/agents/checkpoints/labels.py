"""Labels: metadata by which checkpoints are found, as texts of which an item has a set.

A label is one name with one value. Values that are equal in Python, such as 1 and 1.0, have one text.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from math import isfinite
from typing import Any

import orjson

LABEL_BYTES = 200  # longer ones are told apart by their digest
DECIMAL_BITS = 1_024  # Python refuses to write integers of more than 4,300 digits


def label(name: str, value: Any) -> str | None:
    """The label of a name and its value; None of a value by which nothing is found."""
    text = _text(name, value)
    if text is None or len(text) <= LABEL_BYTES:
        return None if text is None else text.decode()
    return f"#{blake2b(text, digest_size=32).hexdigest()}"


def labels(metadata: Mapping[str, Any]) -> frozenset[str]:
    """The labels of a checkpoint's metadata."""
    found = (label(name, value) for name, value in metadata.items())
    return frozenset(each for each in found if each is not None)


def _text(name: str, value: Any) -> bytes | None:
    if isinstance(value, float | bool) and isfinite(value) and int(value) == value:
        value = int(value)
    elif isinstance(value, float):
        value = float(value)  # of a class of its own, such as NumPy's, JSON does not write it
    if isinstance(value, int):  # of any length, and no text has this form
        value = [str(value) if value.bit_length() < DECIMAL_BITS else hex(value)]
    elif not isinstance(value, str) and not (isinstance(value, float) and isfinite(value)):
        return None
    try:
        return orjson.dumps([name, value])
    except orjson.JSONEncodeError:  # half of a surrogate pair
        return None
