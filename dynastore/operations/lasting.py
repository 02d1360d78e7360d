"""Parts that last as long as their item, whatever becomes of its expiry.

The end of a part is only ever moved to later or taken away, and that before the item's. The item
is then written with a guard on the pointers that were seen. So whoever else writes, and wherever
they stop, no part ends before the item that refers to it.

An item that was to stay for good and now expires takes copies of its parts, which end with it. One
that expires sooner than it would have leaves its parts their end.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from ..changes import SetTo, Unset
from ..codec.payloads import EPOCH, MICROSECOND, POINTER_BYTES, Pointer
from ..requests import Key, Steps, UpdateItem
from ..schema.schema import Schema
from ..table import TTL
from ..terms import Between, Compare, Condition, Conditions, Not, Present
from ..values.attributes import AttributeMap, AttributeValue
from ..values.payload_forms import PARTS, form_in
from .known import unchanged
from .payloads import pointers_in, whole_at_once, write_forms
from .together import send_where_they_hold

# What a pointer to parts is, and nothing else: every B in a payload field is ours, and says by its
# first byte what it is. Not begins_with, which ministack refuses of binary values.
IN_PARTS = Between({"B": bytes([PARTS])}, {"B": bytes([PARTS]) + b"\xff" * POINTER_BYTES})


def same_parts(schema: Schema, item: AttributeMap, names: Collection[str]) -> Conditions:
    """What holds while some payload fields refer to the parts that they refer to in an item."""
    held = _in_parts(schema, item, names)
    return tuple(each for name in names for each in _as_it_is(item, name, held))


def lasting(
    schema: Schema, item: AttributeMap, names: Collection[str], expires: AttributeValue | None
) -> Steps[AttributeMap]:
    """Let parts last at least until their item will expire; it is to be updated next.

    Args:
        schema: where they are.
        item: as it is stored.
        names: the payload fields whose values stay.
        expires: what its TTL will be; None if it will not expire.

    Returns:
        Field -> pointer to a copy, which the update has to put in place.

    Raises:
        DynastoreError: a part could not be read or written. The item must not be updated then.
    """
    pointers = _in_parts(schema, item, names)
    if not pointers or item.get(TTL) == expires:
        return {}
    if TTL not in item and expires is not None:
        return (yield from _copies(schema, item, pointers, expires))
    if expires is None or int(expires["N"]) > int(item[TTL]["N"]):
        yield from _extend(schema, Key.of(item), pointers, expires)
    return {}


def _in_parts(schema: Schema, item: AttributeMap, names: Collection[str]) -> dict[str, Pointer]:
    """The pointers to parts; objects do not expire."""
    found = pointers_in(schema, item)
    return {n: each for n, each in found.items() if n in names and not each.is_object}


def _as_it_is(item: AttributeMap, name: str, held: Mapping[str, Pointer]) -> tuple[Condition, ...]:
    # What is in the item may be large, so it is not compared as a whole. Other types than B are,
    # being small as a rule: moto fails where it compares them with B.
    if name in item and "B" in item[name] and name not in held:
        return ((name, Not(IN_PARTS)),)
    return unchanged(item, [name])


def _extend(
    schema: Schema, owner: Key, pointers: Mapping[str, Pointer], expires: AttributeValue | None
) -> Steps[None]:
    """Let parts last longer; one that lasts longer already, or is gone, stays as it is."""
    ends = Unset() if expires is None else SetTo(expires)
    sooner = ("PK", Present()) if expires is None else (TTL, Compare("<", expires))
    yield from send_where_they_hold(
        UpdateItem(schema.table.name, key, {TTL: ends}, (sooner,), returns="NONE")
        for name, pointer in pointers.items()
        for key in pointer.keys(owner, name, schema.prefix)
    )


def _copies(
    schema: Schema, item: AttributeMap, pointers: Mapping[str, Pointer], expires: AttributeValue
) -> Steps[AttributeMap]:
    """Write parts again; none where some are gone, because another writer replaced them."""
    asked = {name: item[name] for name in ("PK", "SK", "TYPE", *pointers)}
    found = yield from whole_at_once(schema, [asked])
    whole = found[0] if found else None
    if whole is None:
        return {}
    forms = {name: form_in(whole[name]) for name in pointers}
    latest = EPOCH + max(each.written for each in pointers.values()) * MICROSECOND
    return (yield from write_forms(schema, Key.of(item), forms, expires, later_than=latest))
