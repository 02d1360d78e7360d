"""Stages of deleting a scope: what the table, an index and the bucket hold of it, round by round.

A stage deletes what it finds, or only counts it. It goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from attrs import evolve, frozen

from ...capacity import item_bytes, write_units
from ...codec.payload_objects import name_prefix, written_at
from ...requests import BATCH_KEYS, Key, Purpose, Steps, Wait
from ...requests.objects import DeleteObject, ListObjectsV2
from ...schema.schema import Schema
from ...table import PART, PRIMARY, SCOPE, TYPE, Index
from ...terms import BeginsWith, Conditions, Equal, Not
from ...values.attributes import AttributeMap
from ..objects import owners_of
from ..reading.cursors import Cursor
from ..reading.scanner import ScanOptions, Sweep
from ..together import send_all
from ..writing.batches import delete_keys
from .registry import entry_key


@frozen
class Found:
    """What a round found.

    Attributes:
        items: of the table or of an index.
        parts: of payloads, where they are told from other items.
        objects: in the bucket.
        size_bytes: of all of these; 0 where they are only counted.
    """

    items: int = 0
    parts: int = 0
    objects: int = 0
    size_bytes: int = 0

    @property
    def total(self) -> int:
        """How many there are of all kinds."""
        return self.items + self.parts + self.objects


class Stage(Protocol):
    """One stage."""

    @property
    def done(self) -> bool:
        """Whether everything was read."""
        ...

    @property
    def cursor(self) -> str | None:
        """Where it goes on; None at the end."""
        ...

    def round(self) -> Steps[Found]:
        """Read a round; what there was."""
        ...


class Deleting:
    """The items of a scope are read and deleted, without the one that registers it."""

    def __init__(
        self, schema: Schema, options: ScanOptions, *, cursor: str | None, dry_run: bool
    ) -> None:
        """Nothing is read yet."""
        self._table = schema.table
        self._rate = options.units_per_second
        self._dry_run = dry_run
        self._sweep = _sweep(schema, evolve(options, consistent=True), cursor, PRIMARY, ())

    @property
    def done(self) -> bool:
        """Whether everything was read."""
        return self._sweep.done

    @property
    def cursor(self) -> str | None:
        """Where it goes on; None at the end."""
        return self._sweep.cursor

    def round(self) -> Steps[Found]:
        """Read a round, delete what it finds, and wait as long as that takes of the rate."""
        items = yield from self._sweep.round()
        if not self._dry_run:
            yield from delete_keys(self._table.name, map(Key.of, items))
        self._sweep.take_all()
        if self._rate is not None and items and not self._dry_run:
            yield from Wait(sum(map(self._deletion_units, items)) / self._rate)
        parts = sum(item.get(TYPE, {}).get("S") == PART for item in items)
        return Found(len(items) - parts, parts, size_bytes=sum(map(item_bytes, items)))

    def _deletion_units(self, item: AttributeMap) -> float:
        """At most; entries of an index may be smaller than the item."""
        entries = sum(index.hash in item for index in self._table.indexes)
        return write_units(item_bytes(item)) * (1 + entries)


class Counting:
    """The items of a scope that the table, or an index, still has are counted."""

    def __init__(
        self, schema: Schema, options: ScanOptions, *, cursor: str | None, index: Index
    ) -> None:
        """Nothing is read yet."""
        read = evolve(options, consistent=index == PRIMARY)
        self._sweep = _sweep(schema, read, cursor, index, index.entry_key)

    @property
    def done(self) -> bool:
        """Whether everything was read."""
        return self._sweep.done

    @property
    def cursor(self) -> str | None:
        """Where it goes on; None at the end."""
        return self._sweep.cursor

    def round(self) -> Steps[Found]:
        """Read a round; parts count as items."""
        items = yield from self._sweep.round()
        self._sweep.take_all()
        return Found(len(items))


class Objects:
    """The objects of a scope are listed, and deleted or counted; those of other tables are not.

    Two tables may share a bucket, so each object is asked whom it was written for.
    """

    def __init__(self, schema: Schema, bucket: str, *, cursor: str | None, deletes: bool) -> None:
        """Nothing is read yet."""
        self._table = schema.table.name
        self._bucket = bucket
        self._prefix = name_prefix(schema.scopes)
        self._deletes = deletes
        self._cursor = Cursor(("objects of a scope", self._table, bucket, self._prefix))
        self._after: str = "" if cursor is None else self._cursor.state(cursor)
        self.done = False

    @property
    def cursor(self) -> str | None:
        """Where it goes on; None at the end."""
        return None if self.done else self._cursor.text(self._after)

    def round(self) -> Steps[Found]:
        """List 100 objects, and delete those of the table or not."""
        page = yield from ListObjectsV2(self._bucket, self._prefix, BATCH_KEYS, self._after)
        ours = [each for each in page.objects if written_at(each.name) is not None]
        mine = yield from owners_of(self._bucket, self._table, ours)
        if self._deletes:
            yield from send_all(DeleteObject(self._bucket, each.name) for each in mine)
        self._after, self.done = page.last or "", page.last is None
        return Found(objects=len(mine), size_bytes=sum(each.size for each in mine))


def _sweep(
    schema: Schema,
    options: ScanOptions,
    cursor: str | None,
    index: Index,
    attributes: Sequence[str],
) -> Sweep:
    registered = entry_key(schema).pk
    found: Conditions = (
        ("PK", BeginsWith({"S": schema.prefix})),
        ("PK", Not(Equal({"S": registered}))),
    )
    return Sweep(
        schema.table.name,
        found,
        options,
        cursor,
        kind=f"delete scope, {index.name}",
        purpose=Purpose(SCOPE, "scan"),
        attributes=tuple(attributes),
        index=index,
    )
