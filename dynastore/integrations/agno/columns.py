"""Columns: what a row of Agno's has, and what of it must have a value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from attrs import frozen

from ...errors import RequestError


def has_needed(table: str, given: Mapping[str, Any], needed: Iterable[str]) -> None:
    """Refuse a new row in which a column has no value that must have one.

    Raises:
        RequestError: one has none.
    """
    if lacking := [name for name in needed if given.get(name) is None]:
        raise RequestError(f"new {table} need {' and '.join(lacking)}; add them")


def has_only(table: str, given: Iterable[str], names: Collection[str]) -> None:
    """Refuse columns that a table has not got.

    Raises:
        RequestError: there is one.
    """
    if unknown := [name for name in given if name not in names]:
        raise RequestError(
            f"{table} have no {' and no '.join(map(str, unknown))}; they have "
            f"{', '.join(sorted(names))}"
        )


@frozen
class Columns:
    """The columns of one of Agno's tables.

    Attributes:
        table: what the rows are of, for errors.
        required: those that must have a value.
        optional: those that may be None, or be left out.
    """

    table: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = ()

    def row(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """A row with all columns.

        Raises:
            RequestError: a column lacks its value, or there is no such column.
        """
        names = (*self.required, *self.optional)
        has_needed(self.table, given, self.required)
        has_only(self.table, given, names)
        return {name: given.get(name) for name in names}
