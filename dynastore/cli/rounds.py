"""Long runs over a table, a round of requests at a time: progress meanwhile, and where to go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, Self, TypeVar

from rich.console import Console

from ..errors import DynastoreError, ServiceError
from .saying import as_markup


class Run(Protocol):
    """What some rounds did."""

    @property
    def cursor(self) -> str | None:
        """Where the next round goes on; None at the end of the table."""
        ...

    def and_then(self, later: Self) -> Self:
        """What these rounds and later ones did."""
        ...


R = TypeVar("R", bound=Run)


class Stopped(Exception):
    """A run that failed on its way; it says where to go on."""

    def __init__(self, run: Run, reason: BaseException) -> None:
        self.run = run
        self.reason = reason
        why = reason if isinstance(reason, DynastoreError) else "interrupted."
        super().__init__(f"{why} Go on with --cursor {run.cursor}")


def in_rounds(
    one: Callable[[str | None], R], cursor: str | None, progress: Callable[[R], None]
) -> R:
    """Run to the end of the table.

    Args:
        one: makes a round from a cursor.
        cursor: where to begin; None for the start.
        progress: called after each round with what was done so far.

    Raises:
        Stopped: the service failed, or somebody interrupted it, after something was done.
        DynastoreError: nothing was done.
    """
    total: R | None = None
    while True:
        try:
            some = one(cursor)
        except (ServiceError, KeyboardInterrupt) as error:
            if total is None:
                raise
            raise Stopped(total, error) from error
        total = some if total is None else total.and_then(some)
        cursor = total.cursor
        if cursor is None:
            return total
        progress(total)


def shown(
    doing: str, one: Callable[[str | None], R], cursor: str | None, told: Callable[[R], str]
) -> R:
    """Run to the end of the table; the terminal's error stream says how far it is meanwhile.

    Args:
        doing: what is done, in a word, before there is more to say.
        one: makes a round from a cursor.
        cursor: where to begin; None for the start.
        told: what a person reads of what was done so far.

    Raises:
        Stopped: the service failed, or somebody interrupted it, after something was done.
        DynastoreError: nothing was done.
    """
    with Console(stderr=True).status(as_markup(doing)) as status:
        return in_rounds(one, cursor, lambda so_far: status.update(as_markup(told(so_far))))
