"""Payloads in the bucket: written before their items, read after them, and deleted by the sweep."""

from __future__ import annotations

import datetime as dt
from collections.abc import Hashable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TypeVar

from ..codec.payload_objects import Owner, has_room, name_prefix
from ..codec.payloads import Pointer
from ..requests import Key, Steps
from ..requests.objects import GetObject, HeadObject, PutObject, StoredObject
from ..schema.schema import Schema
from ..values.payload_forms import Form
from .together import IN_FLIGHT, read_together

H = TypeVar("H", bound=Hashable)


def object_puts(
    schema: Schema, owner: Key, forms: Mapping[str, Form], now: dt.datetime
) -> dict[str, tuple[Pointer, PutObject]]:
    """What writes forms into the bucket, and the pointers to them, by field.

    Those are left out that are to be kept in parts: all of them where the table has no bucket, and
    where S3 has no room for the names of scopes and keys, of more than a kilobyte.
    """
    puts: dict[str, tuple[Pointer, PutObject]] = {}
    if schema.table.bucket is None:
        return puts
    for field, form in forms.items():
        pointer = Pointer.to_object(form, now)
        whose = Owner(schema.table.name, owner, field)
        name = f"{name_prefix(schema.scopes)}{whose.name(pointer)}"
        if has_room(name, whose.metadata):
            put = PutObject(schema.table.bucket, name, form, pointer.digest, whose.metadata)
            puts[field] = pointer, put
    return puts


def read_objects(
    schema: Schema, wanted: Mapping[H, tuple[Key, str, Pointer]]
) -> Steps[dict[H, Form | None]]:
    """The forms of pointers, None where an object is missing or does not give the digest.

    Args:
        schema: where they are.
        wanted: by whatever tells them apart: the key of the item, the field, the pointer.

    Raises:
        DynastoreError: the first failure.
    """
    bucket = schema.table.bucket
    forms: dict[H, Form | None] = dict.fromkeys(wanted)
    left = iter(wanted.items() if bucket else ())
    prefix = name_prefix(schema.scopes)
    while some := dict(islice(left, IN_FLIGHT)):
        owners = (Owner(schema.table.name, key, field).name(p) for key, field, p in some.values())
        bodies = yield from read_together(
            [GetObject(str(bucket), prefix + each) for each in owners]
        )
        forms |= {
            each: body
            for (each, (_, _, pointer)), body in zip(some.items(), bodies, strict=True)
            if body is not None and pointer.fits(body)
        }
    return forms


def owners_of(
    bucket: str, table: str, found: Sequence[StoredObject]
) -> Steps[dict[StoredObject, Owner]]:
    """Whom objects were written for; without those of other tables and of others' making.

    Raises:
        DynastoreError: the first failure.
    """
    owners: dict[StoredObject, Owner] = {}
    left: Iterator[StoredObject] = iter(found)
    while some := list(islice(left, IN_FLIGHT)):
        told = yield from read_together([HeadObject(bucket, each.name) for each in some])
        for each, metadata in zip(some, told, strict=True):
            owner = Owner.of(metadata or {})
            if owner is not None and owner.table == table and owner.folder in each.name:
                owners[each] = owner
    return owners
