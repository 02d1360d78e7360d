"""Payloads that left their items: written before them, fetched after them, deleted last.

So a pointer never leads to nothing: what a crash between two requests leaves behind is at worst a
part that no item refers to, which the sweep finds.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import TypeAlias

from attrs import evolve, frozen

from ..changes import Change, IfMissing, SetTo
from ..codec.codec import Codec, Encoded
from ..codec.payloads import EPOCH, MICROSECOND, PART_BYTES, Pointer, part_items
from ..errors import DynastoreError, PayloadMissing
from ..requests import DeleteItem, Key, Now, PutItem, Steps
from ..schema.schema import Schema
from ..table import TTL
from ..values.attributes import AttributeMap, AttributeValue, binary_of
from ..values.payload_forms import Form, form_in
from .keyed import read_items
from .objects import object_puts, read_objects
from .together import IN_FLIGHT, send_all

PARTS_OF_BATCH = 2  # of one BatchGetItem; the answers in flight are four copies of their parts
Held: TypeAlias = tuple[int, str, Pointer]
"""A pointer in an item: the place of the item, the field, the pointer."""

REREADS = 3  # of an item whose parts were replaced meanwhile; each is another writer's success


@frozen
class Whole:
    """An item with its payloads.

    Attributes:
        item: with the forms themselves; None if it was deleted meanwhile.
        again: whether it was read again, because it had been replaced, so that it may have changed.
        error: why a payload is lost, or None.
    """

    item: AttributeMap | None
    again: bool = False
    error: DynastoreError | None = None


def write_leaving(schema: Schema, encoded: Encoded) -> Steps[AttributeMap]:
    """Write what leaves an item, in parts or into the bucket.

    Returns:
        The item, which is to be written next: it refers to what was written.

    Raises:
        DynastoreError: the first failure. The item must not be written then.
    """
    pointers = yield from write_forms(schema, encoded.key, encoded.leaving, encoded.item.get(TTL))
    return encoded.item | pointers


def write_changed(
    schema: Schema, codec: Codec, key: Key, changes: Mapping[str, Change]
) -> Steps[dict[str, SetTo | IfMissing]]:
    """Write the parts of payloads that an update sets.

    Their item's expiry is known only if the update sets it too; otherwise they have none, and are
    left to the sweep once the item is gone.

    Args:
        schema: where they are.
        codec: of the entity.
        key: of its item.
        changes: attribute -> what becomes of it; packed payloads and the item's TTL among them.

    Returns:
        Field -> the change to a pointer; only of those that leave the item.

    Raises:
        DynastoreError: the first failure of a part. The update must not be sent then.
    """
    leaving = {
        name: change
        for name, change in changes.items()
        if isinstance(change, SetTo | IfMissing) and codec.payloads.is_leaving(name, change.value)
    }
    forms = {name: form_in(change.value) for name, change in leaving.items()}
    pointers = yield from write_forms(schema, key, forms, _set_value(changes.get(TTL)))
    return {name: evolve(change, value=pointers[name]) for name, change in leaving.items()}


def whole(
    schema: Schema, items: Sequence[AttributeMap], names: Collection[str] | None = None
) -> Steps[list[Whole]]:
    """Items with the payloads that left them, read consistently.

    An item whose parts are gone was replaced since it was read, so it is read again.

    Args:
        schema: where they are.
        items: as they were read.
        names: the fields that are wanted; None for all.

    Raises:
        PayloadMissing: the parts of an item that was not replaced are missing or damaged.
        DynastoreError: something could not be read.
    """
    found = yield from _completed(schema, items, names)
    if error := next((each.error for each in found if each.error), None):
        raise error
    return found


def whole_item(schema: Schema, item: AttributeMap) -> Steps[AttributeMap | None]:
    """One item with its payloads, None if it was deleted meanwhile; see `whole`."""
    if not schema.payloads:
        return item
    (found,) = yield from whole(schema, [item])
    return found.item


def whole_at_once(
    schema: Schema, items: Sequence[AttributeMap | None]
) -> Steps[list[AttributeMap | None] | None]:
    """Items as they were at one moment, with their payloads; None where one was replaced since."""
    found = [Whole(item) for item in items]
    left = yield from _fetch(schema, found, None)
    return None if left else [each.item for each in found]


def whole_outcomes(
    schema: Schema, outcomes: Mapping[Key, AttributeMap | DynastoreError | None]
) -> Steps[dict[Key, AttributeMap | DynastoreError | None]]:
    """What became of reading each key, with the payloads of its item, or why they are lost."""
    items = {key: each for key, each in outcomes.items() if isinstance(each, dict)}
    found = yield from _completed(schema, [*items.values()], None)
    whole_ones = zip(items, (each.error or each.item for each in found), strict=True)
    return {**outcomes, **dict(whole_ones)}


def scanned(schema: Schema, items: Sequence[AttributeMap]) -> Steps[list[AttributeMap]]:
    """Items with their payloads, without those deleted meanwhile.

    One that is lost says so when it is touched, so that a scan gets past it.
    """
    found = yield from _completed(schema, items, None)
    return [each.item for each in found if each.item is not None]


def fetched(schema: Schema, item: AttributeMap) -> Steps[AttributeMap]:
    """An item that a write brought back, with those of its payloads that can be had.

    The write is done, so no failure here may hide that; what is lacking says so when touched.
    """
    if not schema.payloads:
        return item
    found = [Whole(item)]
    try:
        yield from _fetch(schema, found, None)
    except DynastoreError:
        return item
    return found[0].item or item


def delete_parts(
    schema: Schema, old: AttributeMap | None, new: AttributeMap | None = None
) -> Steps[None]:
    """Delete the parts that an item referred to and does not any more, as far as that succeeds.

    What is left, the sweep finds.

    Args:
        schema: where they are.
        old: the item as it was.
        new: the item as it is; None if it was deleted.
    """
    if old is None or not schema.payloads:
        return
    pointers = pointers_in(schema, old)
    kept = pointers_in(schema, new or {})
    keys = [
        key
        for name, pointer in pointers.items()
        if pointer != kept.get(name)
        for key in pointer.keys(Key.of(old), name, schema.prefix)
    ]
    deletions = (DeleteItem(schema.table.name, key, returns_old=False) for key in keys)
    try:
        yield from send_all(deletions)
    except DynastoreError:  # the write itself succeeded, and that is what the caller asked
        return


def pointers_in(schema: Schema, item: AttributeMap) -> dict[str, Pointer]:
    """The pointers in the payload fields of an item."""
    found = {name: Pointer.of(item[name]) for name in schema.payloads_of(item) if name in item}
    return {name: pointer for name, pointer in found.items() if pointer is not None}


def write_forms(
    schema: Schema,
    owner: Key,
    forms: Mapping[str, Form],
    expires: AttributeValue | None,
    *,
    later_than: dt.datetime = EPOCH,
) -> Steps[AttributeMap]:
    """Write forms outside of their item.

    Args:
        schema: where to.
        owner: key of the item.
        forms: field -> form.
        expires: the TTL of parts, or None.
        later_than: when what they replace was written, which they are told apart from by that.

    Returns:
        Field -> pointer, for the item.

    Raises:
        DynastoreError: the first failure.
    """
    if not forms:
        return {}
    now = max((yield from Now()), later_than + MICROSECOND)
    puts = object_puts(schema, owner, forms, now)
    yield from send_all(put for _, put in puts.values())
    pointers = {name: pointer for name, (pointer, _) in puts.items()}
    for name in (each for each in forms if each not in puts):
        pointers[name] = Pointer.to(forms[name], now)
        parts = part_items(pointers[name], forms[name], owner, name, schema.prefix, expires)
        whose = evolve(owner, pattern="payload")
        yield from send_all(PutItem(schema.table.name, part, known_by=whose) for part in parts)
    return {name: pointer.attribute for name, pointer in pointers.items()}


def _set_value(change: Change | None) -> AttributeValue | None:
    return change.value if isinstance(change, SetTo) else None


def _completed(
    schema: Schema, items: Sequence[AttributeMap], names: Collection[str] | None
) -> Steps[list[Whole]]:
    """Items with their payloads, each with the error that it is not."""
    found = [Whole(item) for item in items]
    if not schema.payloads:
        return found
    left = yield from _fetch(schema, found, names)
    for _ in range(REREADS):
        if not left:
            return found
        yield from _read_again(schema, found, left)
        left = yield from _fetch(schema, found, names)
    for place, name, pointer in left:
        found[place] = evolve(
            found[place], error=_missing(schema, found[place].item, name, pointer)
        )
    return found


def _fetch(schema: Schema, found: list[Whole], names: Collection[str] | None) -> Steps[list[Held]]:
    """Put forms in the place of pointers; those that could not be had come back."""
    wanted = [
        (place, name, pointer)
        for place, each in enumerate(found)
        if each.error is None
        for name, pointer in pointers_in(schema, each.item or {}).items()
        if names is None or name in names
    ]
    if not wanted:
        return []
    left: list[Held] = []
    owners = {each: Key.of(found[each[0]].item or {}) for each in wanted}
    forms = yield from _forms(schema, owners)
    for place, name, pointer in wanted:
        form = forms[place, name, pointer]
        item = found[place].item
        if form is None or item is None:
            left.append((place, name, pointer))
        else:
            found[place] = evolve(found[place], item={**item, name: {"B": form}})
    return left


def _forms(schema: Schema, owners: Mapping[Held, Key]) -> Steps[Mapping[Held, Form | None]]:
    """The forms of pointers, None where they could not be had; *owners* are the keys of the items."""
    parts = {
        each: each[2].keys(owner, each[1], schema.prefix)
        for each, owner in owners.items()
        if not each[2].is_object
    }
    objects = {each: (owner, *each[1:]) for each, owner in owners.items() if each[2].is_object}
    joined = yield from _read_parts(schema.table.name, parts)
    return {**joined, **(yield from read_objects(schema, objects))}


def _read_parts(
    table: str, keys: Mapping[Held, tuple[Key, ...]]
) -> Steps[dict[Held, bytearray | None]]:
    """The forms of pointers, None where parts are missing or do not give the digest."""
    forms: dict[Held, bytearray | None] = {each: bytearray(each[2].size) for each in keys}
    parts = ((each, at, key) for each, some in keys.items() for at, key in enumerate(some))
    while some := list(islice(parts, IN_FLIGHT * PARTS_OF_BATCH)):
        found = yield from read_items(
            table, [key for _, _, key in some], consistent=True, batch=PARTS_OF_BATCH
        )
        for each, at, key in some:
            item, form = found.pop(key), forms[each]
            if item is None or form is None:
                forms[each] = None
            else:
                data = binary_of(item["DATA"])
                form[at * PART_BYTES : at * PART_BYTES + len(data)] = data
    for each, form in forms.items():
        if form is not None and not each[2].fits(form):
            forms[each] = None
    return forms


def _read_again(schema: Schema, found: list[Whole], left: Sequence[Held]) -> Steps[None]:
    """Read items whose parts are gone once more; what still has its pointer has lost them."""
    keys = {place: Key.of(found[place].item or {}) for place, _, _ in left}
    items = yield from read_items(schema.table.name, [*set(keys.values())], consistent=True)
    for place, name, pointer in left:
        item = items[keys[place]]
        lost = item is not None and pointers_in(schema, item).get(name) == pointer
        error = _missing(schema, item, name, pointer) if lost else None
        found[place] = Whole(item, again=True, error=error or found[place].error)


def _missing(
    schema: Schema, item: AttributeMap | None, name: str, pointer: Pointer
) -> PayloadMissing:
    bucket = schema.table.bucket
    if pointer.is_object and bucket is None:
        advice = "The table of this schema has no bucket: name it, Table(..., bucket=...)."
    else:
        what = f"Its object in bucket {bucket} is" if pointer.is_object else "Its parts are"
        advice = f"{what} gone or damaged: restore that from a backup, or write the value again."
    where = f"{name} of {Key.of(item)}" if item else name
    return PayloadMissing(where, pointer, advice)
