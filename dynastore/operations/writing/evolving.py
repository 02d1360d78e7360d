"""Writing beside code of other schemas: older items are rewritten first, newer ones left alone."""

from __future__ import annotations

from ...codec.codec import Codec
from ...errors import ConditionFailed, MalformedItem, NewerSchema
from ...keys.templates import prefix_of
from ...requests import GetItem, Key, PutItem, Steps
from ...schema.schema import Schema
from ...table import SCHEMA
from ...terms import Absent, AnyOf, Compare, Conditions
from ...values.attributes import AttributeMap
from ..known import unchanged
from ..payloads import delete_parts, whole_item, write_leaving


def not_newer(codec: Codec) -> Conditions:
    """What holds of an item that this code knows all of, so that it may be replaced or changed."""
    number = codec.spec.evolution.schema
    if number is None:
        return ()
    older = ((SCHEMA, Compare("<=", {"N": str(number)})),)
    return (AnyOf((((SCHEMA, Absent()),), older)),)


def not_older(codec: Codec) -> Conditions:
    """What holds of an item that has the fields of this code, so that they can be asked and changed."""
    evolution = codec.spec.evolution
    if not evolution.upcasters:
        return ()
    return ((SCHEMA, Compare(">=", {"N": str(evolution.schema)})),)


def newer(codec: Codec, key: Key, item: AttributeMap | None) -> NewerSchema | None:
    """The error for an item of a schema that this code does not know; None for any other."""
    known = codec.spec.evolution.schema
    if item is None or known is None:
        return None
    number = codec.spec.evolution.number_of(item)
    return NewerSchema(key, stored=number, known=known) if number > known else None


def current(schema: Schema, codec: Codec, item: AttributeMap | None) -> Steps[AttributeMap | None]:
    """What is stored in the place of an item that was read: itself, unless an older schema's.

    Raises:
        MalformedItem: it cannot be upcast.
    """
    while item is not None and codec.spec.evolution.is_old(item):
        yield from rewrite(schema, codec, item)
        item = yield from GetItem(schema.table.name, Key.of(item), consistent=True)
    return item


def rewrite(schema: Schema, codec: Codec, item: AttributeMap) -> Steps[bool]:
    """Store an item of an older schema as the class has it today, unless others write it first.

    Args:
        schema: where it is.
        codec: of its class.
        item: as it is stored.

    Returns:
        Whether it was stored; if not, another writer was faster.

    Raises:
        MalformedItem: it cannot be upcast.
        ItemTooLarge: it would pass 400 KB.
        PayloadMissing: a payload of it is lost.
    """
    complete = yield from whole_item(schema, item)
    if complete is None:
        return False
    key = Key.of(item)
    encoded = codec.encode_split(codec.decode(complete), prefix_of(key.pk))
    if encoded.key != key:
        reason = f"upcast, it has another primary key: {encoded.key}; use store.move() for that"
        raise MalformedItem(codec.spec.name, "$", reason, key)
    new = yield from write_leaving(schema, encoded)
    try:
        yield from PutItem(schema.table.name, new, unchanged(item, item))
    except ConditionFailed:
        return False
    yield from delete_parts(schema, item, new)
    return True
