"""What the requests of each scope took, from files in which processes have written it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeAlias

import orjson
from attrs import asdict, evolve, fields, frozen
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..errors import RequestError
from ..operations.scopes.measuring import Scope
from ..telemetry.consumption import NAMES, Consumed, Use, line_of
from .saying import as_markup, say
from .scope_listing import path

NOBODY = "(no single scope)"
COLUMNS = ("Scope", "Entity", "Pattern", "Operation", "Requests", "Failed", "Retries", "Units")
SHOWN = NAMES + 4  # of what a line has: the bytes and the seconds are in the JSON


@frozen
class Told:
    """What requests of a scope took.

    Attributes:
        scope: its names; None for what no single scope took.
        use: what they were for.
        consumed: what they took.
    """

    scope: Scope | None
    use: Use
    consumed: Consumed

    @property
    def line(self) -> str:
        """As `ScopeFigures.lines` writes it."""
        told = {"scope": self.scope, **asdict(self.use), **asdict(self.consumed)}
        return orjson.dumps(told).decode()


Sums: TypeAlias = dict[tuple[Scope | None, Use], Told]


def tell(files: Sequence[Path], inside: Scope, *, json: bool) -> None:
    """Print what some files tell, added up: a row or a JSON line for each scope and use.

    Args:
        files: those that processes wrote, JSON lines of `ScopeFigures.lines`.
        inside: only scopes in this one, and itself; all without names.
        json: whether to print JSON lines.

    Raises:
        RequestError: a line is none of those.
    """
    found = _sums(each for file in files for each in _read(file) if _is_in(each.scope, inside))
    if json:
        for each in found:
            say(each.line)
    else:
        _show(Console(), found)


def _read(file: Path) -> Iterator[Told]:
    with file.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            try:
                told = orjson.loads(line)
                scope = told.pop("scope")
                use = Use(*(told.pop(each.name) for each in fields(Use)))
                yield Told(None if scope is None else tuple(scope), use, Consumed(**told))
            except (ValueError, TypeError, AttributeError, KeyError) as reason:
                raise RequestError(
                    f"line {number} of {file} is not what ScopeFigures.lines() writes ({reason}); "
                    "name a file that has these lines only"
                ) from reason


def _is_in(scope: Scope | None, inside: Scope) -> bool:
    return not inside or (scope is not None and scope[: len(inside)] == inside)


def _sums(found: Iterable[Told]) -> list[Told]:
    """What was told of the same scope and use, added up; sorted, what is no single scope's at the end."""
    sums: Sums = {}
    for each in found:
        known = sums.setdefault((each.scope, each.use), evolve(each, consumed=Consumed()))
        sums[each.scope, each.use] = evolve(known, consumed=known.consumed.together(each.consumed))
    return sorted(sums.values(), key=lambda each: (each.scope is None, each.scope or (), each.use))


def _show(console: Console, found: Sequence[Told]) -> None:
    table = Table(header_style="bold")
    for place, name in enumerate(COLUMNS):
        is_number = place > NAMES
        table.add_column(name, justify="right" if is_number else "left", no_wrap=is_number)
    for each in found:
        scope = NOBODY if each.scope is None else path(each.scope) or "(no scope)"
        table.add_row(escape(scope), *map(as_markup, line_of(each.use, each.consumed)[:SHOWN]))
    console.print(table)
