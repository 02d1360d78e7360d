"""Answers of over `wire.LARGE_BYTES`: the items of a page stay texts, to be parsed one by one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import orjson

from ..values.unparsed import Unparsed


class _Page(msgspec.Struct, forbid_unknown_fields=True):
    """All that the answer to a Query or a Scan has, under AWS's names."""

    Items: list[msgspec.Raw]
    Count: int
    ScannedCount: int
    LastEvaluatedKey: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET
    ConsumedCapacity: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


_page_of = msgspec.json.Decoder(_Page).decode
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
    try:
        page = _page_of(body)
    except msgspec.DecodeError:  # another answer, or one with more in it
        return _any(body, damage)
    found = {"Count": page.Count, "ScannedCount": page.ScannedCount}
    later = {"LastEvaluatedKey": page.LastEvaluatedKey, "ConsumedCapacity": page.ConsumedCapacity}
    told = {name: value for name, value in later.items() if value is not msgspec.UNSET}
    return {"Items": Unparsed(page.Items, damage), **found, **told}


def _any(body: bytes, damage: Callable[[], Exception]) -> Mapping[str, Any]:
    """The same of any answer, whose texts are looked for twice."""
    parts = _parts_of(body)
    items = parts.pop("Items", None)
    response = {name: orjson.loads(memoryview(text)) for name, text in parts.items()}
    return response if items is None else {**response, "Items": Unparsed(_texts_of(items), damage)}
