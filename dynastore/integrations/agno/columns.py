"""Columns: what a row of Agno's has, and what of it must have a value."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from ...errors import RequestError, shown


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
        if lacking := [name for name in self.required if given.get(name) is None]:
            raise RequestError(f"a row of {self.table} needs {shown(lacking)}")
        names = (*self.required, *self.optional)
        if unknown := [name for name in given if name not in names]:
            raise RequestError(
                f"a row of {self.table} has no {shown(unknown)}; it has {shown([*names])}"
            )
        return {name: given.get(name) for name in names}
