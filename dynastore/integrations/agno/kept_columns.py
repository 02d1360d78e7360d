"""Rows of Agno's and entities of ours, where a column is a field."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from attrs import frozen

from .columns import has_needed, has_only
from .texts import json_bytes, json_value, moment, seconds


@frozen
class KeptColumns:
    """How the columns of a table are kept as fields.

    Attributes:
        table: what Agno calls it.
        names: all columns.
        fields: column -> field, where they have other names.
        times: columns that hold seconds since 1970.
        texts: columns that hold JSON, or a text of any size.
        needed: columns that a new row has.
    """

    table: str
    names: tuple[str, ...]
    fields: Mapping[str, str]
    times: Collection[str]
    texts: Collection[str]
    needed: tuple[str, ...]

    def values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """Some columns as fields.

        Raises:
            RequestError: one of them is none of the table's.
        """
        has_only(self.table, row, self.names)
        return {self.field(name): self._kept(name, value) for name, value in row.items()}

    def new_values(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """The columns of a new row as fields.

        Raises:
            RequestError: one is missing, or is none of the table's.
        """
        self.check(row)
        return self.values(row)

    def check(self, row: Mapping[str, Any]) -> None:
        """Refuse a new row that lacks what every row has.

        Raises:
            RequestError: a column is missing.
        """
        has_needed(self.table, row, self.needed)

    def row(self, entity: Any) -> dict[str, Any]:
        """An entity as a row."""
        return {name: self._shown(name, getattr(entity, self.field(name))) for name in self.names}

    def field(self, name: str) -> str:
        """The field of a column."""
        return self.fields.get(name, name)

    def _kept(self, name: str, value: Any) -> Any:
        if name in self.texts:
            return b"" if value is None else json_bytes(value)
        return moment(value) if name in self.times and value is not None else value

    def _shown(self, name: str, value: Any) -> Any:
        if name in self.texts:
            return json_value(value) if value else None
        return seconds(value) if name in self.times else value
