"""What one call takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from dynastore import Store
from dynastore.testing import recorded

ITEMS = (1_000, 10_000, 100_000)  # of a table, beside what a call is about


@frozen
class Cost:
    """What one call takes.

    Attributes:
        requests: how many are sent.
        units: read or write capacity units, index entries included.
    """

    requests: int
    units: float

    def __str__(self) -> str:
        return f"{self.requests} / {self.units:g}"


def cost(store: Store, call: Callable[[Store], Any]) -> Cost:
    """What a call takes."""
    with recorded(store) as sent:
        call(store)
    return Cost(len(sent), sum(each.units for each in sent))
