"""What requests took, by entity and access pattern.

consumption = Consumption()
with store.observed(consumption):
    ...
print(consumption)

entity   pattern    operation  requests  failed  retries  units   bytes  seconds
session  by_agent   Query             3       0        0    1.5   4,210    0.021
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from operator import add
from typing import Any

from attrs import astuple, fields, frozen

from ..clients.observing import Ending, Sent
from ..planner.plan import counted
from ..requests import Purpose, Request
from ..requests.tables import ABOUT_TABLES

TABLE = "(table)"  # in the place of the entity, for requests about the table itself
UNKNOWN = "-"  # where a request does not know what it is for


@frozen(order=True)
class Use:
    """What requests are for.

    Attributes:
        entity: type tag of the entity; of several, joined by a bar. ``(table)`` for the table
            itself, as where a first call makes it.
        pattern: name of the access pattern; ``payload`` for parts of one.
        operation: AWS's name of the call.
    """

    entity: str
    pattern: str
    operation: str


@frozen
class Consumed:
    """What some requests took together.

    Attributes:
        requests: how many there were.
        failed: how many of them ended with an error, a condition that did not hold included.
        retries: how often one of them was sent again.
        units: read or write capacity units.
        answer_bytes: size of the bodies of all answers, where there were any.
        seconds: how long they took; those at the same time count each.
    """

    requests: int = 0
    failed: int = 0
    retries: int = 0
    units: float = 0.0
    answer_bytes: int = 0
    seconds: float = 0.0

    def and_(self, sent: Sent) -> Consumed:
        """The same, and one more request."""
        return Consumed(
            self.requests + 1,
            self.failed + (sent.error is not None),
            self.retries + sent.retries,
            self.units + sent.units,
            self.answer_bytes + (sent.answer_bytes or 0),
            self.seconds + sent.seconds,
        )

    def together(self, other: Consumed) -> Consumed:
        """These requests and others."""
        return Consumed(*map(add, astuple(self), astuple(other)))


class Consumption:
    """An observer that adds up what requests took, for any number of threads and tasks."""

    def __init__(self) -> None:
        """Nothing yet."""
        self._by_use: dict[Use, Consumed] = {}
        self._lock = threading.Lock()

    def __call__(self, _: Request[Any], /) -> Ending:
        """Be told how a request ends."""
        return self._add

    @property
    def by_use(self) -> Mapping[Use, Consumed]:
        """What was taken for each use, in the order of their names."""
        with self._lock:
            return dict(sorted(self._by_use.items()))

    def __str__(self) -> str:
        """A table, a line for each use."""
        return as_table([HEADING, *(line_of(*each) for each in self.by_use.items())], NAMES)

    def _add(self, sent: Sent) -> None:
        nobody = TABLE if isinstance(sent.request, ABOUT_TABLES) else UNKNOWN
        purpose = sent.purpose or Purpose(nobody, UNKNOWN)
        use = Use(purpose.entity, purpose.pattern, sent.operation)
        with self._lock:
            self._by_use[use] = self._by_use.get(use, Consumed()).and_(sent)


NAMES = len(fields(Use))  # columns of a table that are texts
HEADING = tuple(each.name.removeprefix("answer_") for each in (*fields(Use), *fields(Consumed)))


def line_of(use: Use, consumed: Consumed) -> tuple[str, ...]:
    """What a table says of one use."""
    counts = (consumed.requests, consumed.failed, consumed.retries)
    return (
        *astuple(use),
        *(f"{count:,}" for count in counts),
        counted(consumed.units),
        f"{consumed.answer_bytes:,}",
        f"{consumed.seconds:.3f}",
    )


def as_table(lines: Sequence[tuple[str, ...]], names: int) -> str:
    """Lines of a table, the first *names* columns to the left, the numbers after them to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(_aligned(line, widths, names) for line in lines)


def _aligned(texts: tuple[str, ...], widths: list[int], names: int) -> str:
    padded = [
        text.ljust(width) if place < names else text.rjust(width)
        for place, (text, width) in enumerate(zip(texts, widths, strict=True))
    ]
    return "  ".join(padded).rstrip()
