"""Values of documents: JSON, exactly as it was given."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ...errors import RequestError, shown


def text_of_value(value: Mapping[str, Any]) -> str:
    """The JSON text of a document's value.

    Integers of any size, floats and their sign, and text with half a surrogate pair come back as
    they are; a tuple comes back as a list, as JSON has no other.

    Raises:
        RequestError: something in it is not JSON, or would come back changed.
    """
    if not isinstance(value, Mapping):
        raise RequestError(f"the value of a document is a dict, not {shown(value)}")
    try:
        _check_keys(value)
        return _text(dict(value))
    except (TypeError, ValueError, RecursionError) as error:
        raise RequestError(f"the value of a document is JSON: {error}") from error


def value_in(text: str) -> dict[str, Any]:
    """The value of a JSON text."""
    value: dict[str, Any] = json.loads(text)
    return value


def _text(value: dict[str, Any]) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which an escape can write
        return json.dumps(value, separators=(",", ":"))
    return text


def _check_keys(value: Any) -> None:
    """Refuse keys that are no text; JSON would silently make them some."""
    if isinstance(value, Mapping):
        if wrong := [name for name in value if not isinstance(name, str)]:
            raise TypeError(f"the key {shown(wrong[0])} is {type(wrong[0]).__name__}, not text")
        for each in value.values():
            _check_keys(each)
    elif isinstance(value, list | tuple):
        for each in value:
            _check_keys(each)
