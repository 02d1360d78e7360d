"""Topics: what of Agno's contract is compared together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import field, frozen
from hypothesis.strategies import SearchStrategy

from ..answers import plain
from ..drawn import Call


def _plain(_: Call, answer: Any) -> Any:
    return plain(answer)


def _never(_: Call, __: Any) -> bool:
    return False


@frozen
class Topic:
    """Calls that belong together.

    Attributes:
        name: of the topic.
        begun: draws the calls that make what the others meet.
        calls: draws one call.
        comparable: what of a call's answer has to be the same in both.
        differs: whether a call is one whose answers may differ; gets SqliteDb as it is before.
        awaited: whether databases that are awaited have the calls too.
    """

    name: str
    begun: SearchStrategy[list[Call]]
    calls: SearchStrategy[Call]
    comparable: Callable[[Call, Any], Any] = field(default=_plain)
    differs: Callable[[Call, Any], bool] = field(default=_never)
    awaited: bool = field(default=True)
