"""Answers with large pages: each item is parsed when it is asked for.

A page of 1 MB is 30 MB of dicts and texts, far more than a processor's cache holds, and most of the
time goes into fetching them from memory again. An item that is parsed by itself, and dropped once it
is an entity, stays in the cache: a third of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

import msgspec
import orjson

from ..attributes import AttributeMap

_parts_of = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_texts_of = msgspec.json.Decoder(list[msgspec.Raw]).decode


class Unparsed(Sequence[AttributeMap]):
    """Items as their JSON texts; each access parses one."""

    def __init__(self, texts: Sequence[msgspec.Raw], damage: Callable[[], Exception]) -> None:
        """Nothing is parsed yet.

        Args:
            texts: of the items; parts of the answer's body, not copied.
            damage: makes the error for a text that is no JSON.
        """
        self._texts = texts
        self._damage = damage

    def __len__(self) -> int:
        return len(self._texts)

    @overload
    def __getitem__(self, at: int) -> AttributeMap: ...
    @overload
    def __getitem__(self, at: slice) -> Sequence[AttributeMap]: ...
    def __getitem__(self, at: int | slice) -> AttributeMap | Sequence[AttributeMap]:
        if isinstance(at, slice):
            return Unparsed(self._texts[at], self._damage)
        try:
            item: AttributeMap = orjson.loads(memoryview(self._texts[at]))
        except orjson.JSONDecodeError as error:  # of a character; its structure was seen
            raise self._damage() from error
        return item


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
