"""Answers with large pages, whose items are parsed one by one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import orjson

from ..values.unparsed import Unparsed

_parts_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_texts_of = msgspec.json.Decoder(list[msgspec.Raw]).decode


def parsed(body: bytes, damage: Callable[[], Exception]) -> Any:
    """What the body of an answer holds; its Items, if it has any, are `Unparsed`.

    Args:
        body: JSON.
        damage: makes the error for an item that cannot be read.

    Raises:
        DecodeError, JSONDecodeError: it is no JSON object.
    """
    parts = _parts_of(body)
    items = parts.pop("Items", None)
    response = {name: orjson.loads(memoryview(text)) for name, text in parts.items()}
    return response if items is None else {**response, "Items": Unparsed(_texts_of(items), damage)}
