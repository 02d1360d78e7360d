"""Items of a large page, as their JSON texts: each is parsed when it is asked for.

A page of 1 MB is 30 MB of dicts and texts, far more than a processor's cache holds, and most of the
time goes into fetching them from memory again. An item that is parsed by itself, and dropped once it
is an entity, stays in the cache: a third of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar, overload

import orjson

from .attributes import AttributeMap

E = TypeVar("E")

Text: TypeAlias = Any
"""The JSON of an item: a part of an answer's body, not copied (msgspec.Raw)."""


class Unparsed(Sequence[AttributeMap]):
    """Items as their JSON texts; each access parses one."""

    def __init__(self, texts: Sequence[Text], damage: Callable[[], Exception]) -> None:
        """Nothing is parsed yet.

        Args:
            texts: of the items.
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
        return self._parsed(self._texts[at])

    def decoded(
        self,
        quick: Callable[[Text], E],
        unfit: tuple[type[Exception], ...],
        decode: Callable[[AttributeMap], E],
    ) -> list[E]:
        """What the items are, in their order; none is kept.

        Args:
            quick: makes something of the text of most items.
            unfit: what it raises for those that it does not know.
            decode: makes the same of any item, or says what is wrong with it.
        """
        found: list[E] = []
        for text in self._texts:
            try:
                found.append(quick(text))
            except unfit:
                found.append(decode(self._parsed(text)))
        return found

    def _parsed(self, text: Text) -> AttributeMap:
        try:
            item: AttributeMap = orjson.loads(memoryview(text))
        except orjson.JSONDecodeError as error:  # of a character; its structure was seen
            raise self._damage() from error
        return item
