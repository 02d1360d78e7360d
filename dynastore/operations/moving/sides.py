"""Operations on several tables: each is asked of one side, and an answer of one is what another is asked.

    item = yield from On("source", GetItem(…))
    yield from On("target", PutItem(…))

`moved` has the runners, which have a store for each side.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic, Literal, TypeAlias, TypeVar

from attrs import frozen

from ...requests import Request, Steps

R = TypeVar("R")
S = TypeVar("S")
T = TypeVar("T")

Side: TypeAlias = Literal["home", "source", "target"]
"""The table with the scope's entry, the one that the scope lives in, and the one that it moves to."""


@frozen
class On(Generic[T]):
    """An operation on one side.

    Attributes:
        side: which one.
        steps: the operation, or a request.
    """

    side: Side
    steps: Steps[T] | Request[T]

    def __iter__(self) -> Generator[On[T], Any, T]:
        answer: T = yield self
        return answer


Moving: TypeAlias = Generator[On[Any], Any, T]
"""An operation on several sides: yields operations on one of them, returns its result."""

Telling: TypeAlias = Generator[On[Any] | S, Any, T]
"""One that also yields how far it is, as an S; nothing is answered to that."""
