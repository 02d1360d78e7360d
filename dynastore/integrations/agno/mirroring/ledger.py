"""What is told of two databases: counts, what the second one missed, and where they differ."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any, TypeAlias

from attrs import define, evolve, field, frozen

from .asked import Asked

KEPT = 1_000  # of each kind of trouble; of more only the number


@frozen
class Missed:
    """A write that the second database did not carry out.

    Attributes:
        asked: the call, with what it was given.
        reason: why.
    """

    asked: Asked
    reason: str

    def __str__(self) -> str:
        return f"{self.asked.method}() was missed: {self.reason}"


@frozen
class Mismatch:
    """A call that both databases answer otherwise.

    Attributes:
        asked: the call, with what it was given.
        what: where the answers differ, the first few places.
    """

    asked: Asked
    what: Sequence[str]

    def __str__(self) -> str:
        return f"{self.asked.method}() differs: {', '.join(self.what)}"


Trouble: TypeAlias = Missed | Mismatch
Telling: TypeAlias = Callable[[Trouble], object]


@frozen
class Report:
    """What happened so far.

    Attributes:
        writes: calls that wrote to the first database.
        compared: answers that were compared.
        skipped: answers that were not, because too many waited.
        missing: how many writes the second one missed.
        missed: the first of them.
        differing: how many answers differ.
        mismatches: the first of them.
        untold: what went wrong in the background besides, such as in the function that is told.
    """

    writes: int = 0
    compared: int = 0
    skipped: int = 0
    missing: int = 0
    missed: Sequence[Missed] = ()
    differing: int = 0
    mismatches: Sequence[Mismatch] = ()
    untold: Sequence[str] = ()

    @property
    def topics(self) -> list[str]:
        """The topics in which writes were missed: what a migration is to be called for again."""
        return sorted({each.asked.topic for each in self.missed if each.asked.topic})


@define
class Ledger:
    """Keeps the report; threads may share it."""

    _report: Report = field(factory=Report)
    _lock: Any = field(factory=Lock)

    @property
    def report(self) -> Report:
        """What happened so far."""
        return self._report

    def count(self, name: str) -> None:
        """Count one more."""
        with self._lock:
            self._report = evolve(self._report, **{name: getattr(self._report, name) + 1})

    def note(self, trouble: Trouble) -> None:
        """Keep a trouble."""
        number, kept = (
            ("missing", "missed") if isinstance(trouble, Missed) else ("differing", "mismatches")
        )
        self.count(number)
        self._keep(kept, trouble)

    def fail(self, reason: BaseException) -> None:
        """Keep what went wrong in the background."""
        self._keep("untold", f"{type(reason).__name__}: {reason}")

    def _keep(self, name: str, found: Any) -> None:
        with self._lock:
            changes: dict[str, Any] = {name: (*getattr(self._report, name), found)[:KEPT]}
            self._report = evolve(self._report, **changes)
