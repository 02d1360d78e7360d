"""Operations on several tables: each is asked of one side, and an answer of one is what another is asked.

    item = yield from On("source", GetItem(…))
    yield from On("target", PutItem(…))

`moved` has the runners, which have a store for each side.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic, Literal, Protocol, TypeAlias, TypeVar

from attrs import frozen

S = TypeVar("S")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

Side: TypeAlias = Literal["home", "source", "target"]
"""The table with the scope's entry, the one that the scope lives in, and the one that it moves to."""


class Asked(Protocol[T_co]):
    """What a store can run: an operation, a request, or a look at the clock."""

    def __iter__(self) -> Generator[Any, Any, T_co]:
        """What it asks, one after the other; in the end, its result."""
        ...


@frozen
class On(Generic[T]):
    """An operation on one side.

    Attributes:
        side: which one.
        asked: what of it.
    """

    side: Side
    asked: Asked[T]

    def __iter__(self) -> Generator[On[T], Any, T]:
        answer: T = yield self
        return answer


Moving: TypeAlias = Generator[On[Any], Any, T]
"""An operation on several sides: yields operations on one of them, returns its result."""

Telling: TypeAlias = Generator[On[Any] | S, Any, T]
"""One that also yields how far it is, as an S; nothing is answered to that."""
