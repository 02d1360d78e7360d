"""Adopting: copies of the objects that a restored table refers to, in a bucket of its own.

A backup of a table has no objects. The items of a table that was made of one refer to objects in the
bucket of the table that the backup is of, where they belong to that table: its sweep deletes those that
it refers to no more, and no sweep of the restored table looks at them. So each is copied to another
bucket, as one of the restored table.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from ...codec.payloads import Pointer
from ...requests import Key, Purpose, Steps
from ...requests.objects import GetObject, HeadObject
from ...schema.schema import Schema
from ...values.attributes import AttributeMap
from ..reading.scanner import ScanOptions, Sweep
from ..together import IN_FLIGHT, read_together, send_all
from .importer import is_there, put_of
from .lines import StoredForm
from .wholes import object_name, pointers_of


@frozen
class Adopted:
    """What some rounds did.

    Attributes:
        items: how many were read.
        objects: how many they refer to.
        copied: how many of these were copied; the others were there.
        missing: how many are in neither bucket, or damaged.
        cursor: where the next round goes on; None at the end of the table.
    """

    items: int
    objects: int
    copied: int
    missing: int
    cursor: str | None

    def and_then(self, later: Adopted) -> Adopted:
        """These rounds and later ones."""
        return Adopted(
            self.items + later.items,
            self.objects + later.objects,
            self.copied + later.copied,
            self.missing + later.missing,
            later.cursor,
        )


def adopt(
    schema: Schema, bucket: str, options: ScanOptions, cursor: str | None = None
) -> Steps[Adopted]:
    """Copy the objects of some items of a table into its bucket: those of a page of each segment.

    Args:
        schema: on the restored table; its bucket is where objects are copied to.
        bucket: where they are.
        options: how the table is read.
        cursor: of the round before.

    Raises:
        RequestError: an object of another table is in the table's bucket already.
        DynastoreError: something could not be read or written; go on from the same cursor.
    """
    table = schema.table.name
    sweep = Sweep(table, (), options, cursor, kind="adopt", purpose=Purpose("object", "scan"))
    items = yield from sweep.round()
    wanted = [each for item in items for each in _objects(schema, item)]
    copied = missing = 0
    for at in range(0, len(wanted), IN_FLIGHT):
        some = wanted[at : at + IN_FLIGHT]
        new, lost = yield from _copy(schema, bucket, some)
        copied, missing = copied + new, missing + lost
    sweep.take_all()
    return Adopted(len(items), len(wanted), copied, missing, sweep.cursor)


def _copy(
    schema: Schema, bucket: str, wanted: Sequence[tuple[Key, str, Pointer]]
) -> Steps[tuple[int, int]]:
    """Copy those that are not there: how many were, and how many are nowhere."""
    there, table = str(schema.table.bucket), schema.table.name
    names = [object_name(*each) for each in wanted]
    told = yield from read_together([HeadObject(there, each) for each in names])
    new = [
        (name, each)
        for name, each, found in zip(names, wanted, told, strict=True)
        if not is_there(name, there, table, found)
    ]
    if not new:
        return 0, 0
    bodies = yield from read_together([GetObject(bucket, name) for name, _ in new])
    found = [
        StoredForm(name, key, field, body)
        for (name, (key, field, pointer)), body in zip(new, bodies, strict=True)
        if body is not None and pointer.fits(body)
    ]
    yield from send_all(put_of(each, there, table) for each in found)
    return len(found), len(new) - len(found)


def _objects(schema: Schema, item: AttributeMap) -> list[tuple[Key, str, Pointer]]:
    """The objects that an item refers to, by key, field and pointer."""
    known = schema.payloads_of(item)
    return [
        (Key.of(item), name, pointer)
        for name, pointer in pointers_of(item).items()
        if pointer.is_object and name in known
    ]
