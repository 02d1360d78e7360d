"""Reading a plan page after page inside an operation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Generic, TypeVar

from ...operations.reading import reads
from ...operations.reading.reader import Reader
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema

E = TypeVar("E")


class Pages(Generic[E]):
    """Entities that some fields tell, in the order of their keys.

    Attributes:
        ended: whether all were read.
    """

    def __init__(self, schema: Schema, cls: type[E], where: Mapping[str, Any], ask: Ask) -> None:
        """Plan it; nothing is read yet."""
        self.ended = False
        self._schema = schema
        self._plan = schema.plan(cls, where, (), ask)
        self._reader: Reader | None = None

    def page(self, limit: int | None = None) -> Steps[Sequence[E]]:
        """The next entities, at most *limit*; without that, of up to 1 MB. Only the last is short."""
        if self._reader is None:
            self._reader = yield from reads.opened(self._schema, self._plan)
        page = yield from self._reader.page(limit)
        self.ended = page.cursor is None
        return page.entities
