"""Sweeping the bucket: finding objects that no item refers to, and deleting them.

No write deletes an object, so each value that was replaced leaves one behind.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from ...capacity import item_bytes, read_units
from ...codec.payload_objects import Owner, name_prefix, written_at
from ...codec.payloads import Pointer, moment_number
from ...requests import BATCH_KEYS, Key, Steps, Wait
from ...requests.objects import DeleteObject, ListObjectsV2, StoredObject
from ...schema.schema import Schema
from ...values.attributes import AttributeMap
from ..keyed import read_items
from ..objects import owners_of
from ..reading.cursors import Cursor
from ..together import send_all

LEAD = "bucket."  # of its cursors; the others have no "."


class ObjectSweeper:
    """Reads the objects of a scope that no item refers to, and deletes them.

    Each round lists 100 objects. For each that is old enough it asks whom it was written for, and
    reads that item.

    Attributes:
        parts: how many objects that are old enough it looked at.
        litter: how many of them no item refers to.
        litter_bytes: how large those are together.
        done: whether everything was read.
    """

    def __init__(
        self,
        schema: Schema,
        bucket: str,
        before: dt.datetime,
        rate: float | None,
        cursor: str | None,
        *,
        dry_run: bool,
    ) -> None:
        """Nothing is read yet.

        Args:
            schema: the table.
            bucket: its bucket.
            before: what was written later is left alone.
            rate: read units of the table to take in a second.
            cursor: of a sweep of the same scope.
            dry_run: delete nothing.

        Raises:
            InvalidCursor: the cursor is damaged or foreign.
        """
        self._table = schema.table.name
        self._bucket = bucket
        self._prefix = name_prefix(schema.scopes)
        self._before = moment_number(before)
        self._rate = rate
        self._dry_run = dry_run
        self._cursor = Cursor(("sweep objects", self._table, bucket, self._prefix))
        self._after = "" if cursor is None else self._cursor.state(cursor.removeprefix(LEAD))
        self._found: Sequence[StoredObject] = ()
        self.parts = self.litter = self.litter_bytes = 0
        self.done = False

    @property
    def cursor(self) -> str | None:
        """Where it goes on; None at the end."""
        return None if self.done else f"{LEAD}{self._cursor.text(self._after)}"

    def read(self) -> Steps[None]:
        """Read a round.

        Raises:
            DynastoreError: something could not be read.
        """
        page = yield from ListObjectsV2(self._bucket, self._prefix, BATCH_KEYS, self._after)
        old = [each for each in page.objects if self._is_old(each)]
        owners = yield from owners_of(self._bucket, self._table, old)
        keys = [*dict.fromkeys(owner.key for owner in owners.values())]
        items = yield from read_items(self._table, keys, consistent=True)
        self.parts += len(owners)
        self._found = [
            each for each, owner in owners.items() if not _is_referred_to(each, owner, items)
        ]
        self._after, self.done = page.last or "", page.last is None
        yield from self._paced(items)

    def delete(self) -> Steps[None]:
        """Delete what was read."""
        self.litter += len(self._found)
        self.litter_bytes += sum(each.size for each in self._found)
        if not self._dry_run:
            yield from send_all(DeleteObject(self._bucket, each.name) for each in self._found)

    def _is_old(self, found: StoredObject) -> bool:
        written = written_at(found.name)
        return written is not None and written < self._before

    def _paced(self, items: Mapping[Key, AttributeMap | None]) -> Steps[None]:
        if self._rate is None or not items:
            return
        sizes = [item_bytes(item or {}) for item in items.values()]
        units = sum(read_units(size, consistent=True) for size in sizes)
        yield from Wait(units / self._rate)


def _is_referred_to(
    found: StoredObject, owner: Owner, items: Mapping[Key, AttributeMap | None]
) -> bool:
    held = (items[owner.key] or {}).get(owner.field)
    pointer = None if held is None else Pointer.of(held)
    return pointer is not None and pointer.is_object and found.name.endswith(owner.name(pointer))
