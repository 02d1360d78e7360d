"""Sweeping: finding parts of payloads that no item refers to, and deleting them.

The table is swept first, then its bucket, if it has one: `sweeping_objects`. Parts without an item
are what a crash, a lost race or an expired item leaves behind. A part is written before the
item that refers to it, so the young ones are left alone: their item may be about to be written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from attrs import frozen

from ...capacity import write_units
from ...codec.payloads import Pointer, moment_number
from ...entities.uniques import OWNER
from ...errors import RequestError
from ...requests import DeleteItem, Key, Now, Purpose, Steps, Wait
from ...schema.schema import Schema
from ...table import PART, TYPE
from ...terms import BeginsWith, Compare, Conditions, Equal
from ...values.attributes import AttributeMap
from ..keyed import read_items
from ..reading.scanner import ScanOptions, Sweep
from ..together import send_all
from .sweeping_objects import LEAD, ObjectSweeper

# Far longer than any write takes, retries and clocks that differ included.
YOUNG = dt.timedelta(days=1)

ATTRIBUTES = ("PK", "SK", OWNER, "FIELD", "BYTES")  # of a part, without its data


@frozen
class Swept:
    """What a sweep did.

    Attributes:
        parts: how many parts and objects older than a day were looked at.
        litter: how many of them no item refers to; they are deleted, unless it was a dry run.
        litter_bytes: how large those are together.
        cursor: where the next sweep goes on; None at the end of the table and the bucket.
    """

    parts: int
    litter: int
    litter_bytes: int
    cursor: str | None

    def and_then(self, later: Swept) -> Swept:
        """This sweep and the one that went on where it ended, as one."""
        return Swept(
            self.parts + later.parts,
            self.litter + later.litter,
            self.litter_bytes + later.litter_bytes,
            later.cursor,
        )


def sweep(
    schema: Schema,
    options: ScanOptions,
    *,
    dry_run: bool = False,
    cursor: str | None = None,
    rounds: int | None = None,
) -> Steps[Swept]:
    """Delete the parts and objects that no item refers to and that are older than a day.

    It scans the table, and pays for that: half a read unit for each 4,096 bytes, and for each part
    that it deletes as many write units as the part has KB. Where the table has a bucket, it lists
    that and, for each object older than a day, sends a HeadObject and reads the item.

    Args:
        schema: the table; only the store's scope, and the scopes in it, are swept.
        options: segments, and read and write units together that it takes in a second.
        dry_run: delete nothing.
        cursor: of the sweep before.
        rounds: after how many rounds of requests to stop; without, at the end.

    Raises:
        RequestError: the rounds are below 1.
        InvalidCursor: the cursor is damaged, or of another table, scope or number of segments.
        DynastoreError: something could not be read or deleted; sweep again from the same cursor.
    """
    if rounds is not None and (type(rounds) is not int or rounds < 1):
        raise RequestError(f"a sweep has a whole number of rounds, at least 1, not {rounds!r}")
    now = yield from Now()
    sweepers = _sweepers(schema, now, options, cursor, dry_run=dry_run)
    done = 0
    for sweeper in sweepers:
        while not sweeper.done and (rounds is None or done < rounds):
            yield from sweeper.read()
            yield from sweeper.delete()
            done += 1
    return Swept(
        sum(each.parts for each in sweepers),
        sum(each.litter for each in sweepers),
        sum(each.litter_bytes for each in sweepers),
        next((each.cursor for each in sweepers if not each.done), None),
    )


def _sweepers(
    schema: Schema, now: dt.datetime, options: ScanOptions, cursor: str | None, *, dry_run: bool
) -> list[Sweeper | ObjectSweeper]:
    """What sweeps the table and what sweeps its bucket; the cursor may be of either."""
    schema.check_whole()
    bucket, rate = schema.table.bucket, options.units_per_second
    if bucket is None:
        return [Sweeper(schema, now, options, cursor, dry_run=dry_run)]
    if cursor is not None and cursor.startswith(LEAD):
        return [ObjectSweeper(schema, bucket, now - YOUNG, rate, cursor, dry_run=dry_run)]
    return [
        Sweeper(schema, now, options, cursor, dry_run=dry_run),
        ObjectSweeper(schema, bucket, now - YOUNG, rate, None, dry_run=dry_run),
    ]


class Sweeper(Sweep):
    """Reads the parts in a table that no item refers to, and deletes them."""

    def __init__(
        self,
        schema: Schema,
        now: dt.datetime,
        options: ScanOptions,
        cursor: str | None,
        *,
        dry_run: bool,
    ) -> None:
        """Nothing is read yet; see `sweep`."""
        self._table = schema.table.name
        self._dry_run = dry_run
        self.parts = self.litter = self.litter_bytes = 0
        inside: Conditions = (("PK", BeginsWith({"S": schema.prefix})),) if schema.prefix else ()
        self._old: Conditions = (
            (TYPE, Equal({"S": PART})),
            ("WRITTEN", Compare("<", {"N": str(moment_number(now - YOUNG))})),
        )
        super().__init__(
            self._table,
            inside,
            options,
            cursor,
            kind="sweep",
            purpose=Purpose(PART, "scan"),
            attributes=ATTRIBUTES,
        )

    def _timely(self) -> Steps[Conditions]:
        """Parts that are old enough; the time is no part of the cursor."""
        yield from ()
        return self._old

    def _kept(self, items: Sequence[AttributeMap]) -> Steps[Sequence[AttributeMap]]:
        """The parts of a page that no item refers to."""
        if not items:
            return ()
        self.parts += len(items)
        owners = [*dict.fromkeys(map(_owner, items))]
        found = yield from read_items(self._table, owners, consistent=True)
        return [item for item in items if not _is_referred_to(item, found[_owner(item)])]

    def delete(self) -> Steps[None]:
        """Delete what was read, and wait as long as that takes of the rate."""
        items = list(self.items())
        sizes = [int(item["BYTES"]["N"]) for item in items]
        self.litter += len(items)
        self.litter_bytes += sum(sizes)
        if self._dry_run or not items:
            return
        keys = map(Key.of, items)
        yield from send_all(DeleteItem(self._table, key, returns_old=False) for key in keys)
        if self._rate is not None:
            yield from Wait(sum(map(write_units, sizes)) / self._rate)


def _owner(part: AttributeMap) -> Key:
    pk, sk = part[OWNER]["L"]
    return Key(pk["S"], sk["S"])


def _is_referred_to(part: AttributeMap, owner: AttributeMap | None) -> bool:
    held = (owner or {}).get(part["FIELD"]["S"])
    pointer = None if held is None else Pointer.of(held)
    if pointer is None or pointer.is_object:
        return False
    sk: str = part["SK"]["S"]
    return sk.startswith(pointer.write)
