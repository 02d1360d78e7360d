"""Exporting: every item of a table or a scope, as it is stored, in pieces that are whole by themselves.

Parts of payloads are read after the items that refer to them, so those that no item refers to, which are
litter, are left out. What has expired and was not deleted yet is an item as all others.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import evolve, frozen

from ...requests import Purpose, Steps, Wait
from ...schema.schema import Schema
from ...table import CONSUMER, PART, TYPE
from ...terms import BeginsWith, Conditions, Equal, Not
from ...values.attributes import AttributeMap
from ..reading.scanner import ScanOptions, Sweep
from .lines import Line, Total, line_of
from .wholes import Whole, groups, wholes

PIECE_BYTES = 8 * 1024 * 1024  # of lines, before they are compressed; one item may be larger

NO_STREAM = "exported"  # in the place of a stream's ARN; no stream is called so


@frozen
class Piece:
    """Some lines of an export.

    Attributes:
        lines: each with its end.
        total: what all pieces up to this one are together.
        cursor: where the next one goes on; None at the end.
    """

    lines: tuple[bytes, ...]
    total: Total
    cursor: str | None


class Exporter:
    """Reads the items of a table, or of a scope, and makes lines of them.

    Attributes:
        total: what was exported so far.
    """

    def __init__(
        self,
        schema: Schema,
        options: ScanOptions,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        """Nothing is read yet.

        Args:
            schema: the table, and the scope.
            options: how it reads.
            state: of an exporter of the same scope and segments that did not come to its end.

        Raises:
            InvalidCursor: the state is of another.
        """
        schema.check_whole()
        inside: Conditions = (("PK", BeginsWith({"S": schema.prefix})),) if schema.prefix else ()
        self.total = Total.of(state["total"]) if state else Total()
        self._schema = schema
        self._rate = options.units_per_second
        self._sweep = Sweep(
            schema.table.name,
            (*inside, (TYPE, Not(Equal({"S": PART})))),
            options,
            None if state is None else state["cursor"],
            kind="export",
            purpose=Purpose("export", "scan"),
        )

    @property
    def done(self) -> bool:
        """Whether everything was read."""
        return self._sweep.done

    def piece(self) -> Steps[Piece]:
        """The next lines, of 8 MB or a little more.

        Raises:
            RequestError: an item refers to an object, and the table has no bucket.
            DynastoreError: something could not be read. Go on from the last piece with another exporter.
        """
        lines: list[bytes] = []
        size = 0
        while size < PIECE_BYTES and not self._sweep.done:
            yield from self._sweep.round()
            for some in groups(self._sweep.items()):
                for each in (yield from self._paced(some)):
                    new = self._lines(each)
                    size += sum(map(len, new))
                    lines += new
                if size >= PIECE_BYTES:
                    break
        return Piece(tuple(lines), self.total, self._sweep.cursor)

    def _paced(self, items: list[Any]) -> Steps[list[Whole]]:
        """Items with what they refer to, and a wait for what that took."""
        found = yield from wholes(self._schema, items)
        units = sum(each.units for each in found)
        if self._rate is not None and units:
            yield from Wait(units / self._rate)
        return found

    def _lines(self, whole: Whole) -> list[bytes]:
        """What belongs to an item, then the item; nothing where it was deleted."""
        if whole.item is None:
            return []
        item = without_place(whole.item)
        for each in (*whole.parts, item):
            self.total = self.total.with_item(each)
        for stored in whole.objects:
            self.total = self.total.with_object(stored)
        self.total = evolve(self.total, missing=self.total.missing + len(whole.missing))
        found: list[Line] = [*whole.objects, *whole.parts, item]
        return [line_of(each) for each in found]


def without_place(item: AttributeMap) -> AttributeMap:
    """A consumer of changes with a place in no stream; any other item as it is.

    Streams of two SQLite files have one name. A place in the one, taken for a place in the other, would
    pass over changes without a word; as it is, the consumer is told `ChangesTrimmed`.
    """
    if item.get(TYPE) != {"S": CONSUMER} or "stream" not in item:
        return item
    return {**item, "stream": {"S": NO_STREAM}}
