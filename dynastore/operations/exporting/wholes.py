"""Items with what belongs to them: parts and objects of their payloads, read after the item.

Whoever replaces a payload deletes its parts, so what an item referred to may be gone a moment later. Then
the item is read again, and has others. So an item and its payloads are of one moment.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve, field, frozen

from ...capacity import item_bytes, read_units
from ...codec.payload_objects import Owner, name_prefix
from ...codec.payloads import Pointer
from ...errors import RequestError
from ...keys.templates import prefix_of, scopes_of
from ...requests import Key, Steps
from ...requests.objects import GetObject
from ...schema.schema import Schema
from ...values.attributes import AttributeMap
from ..keyed import read_items
from ..payloads import PARTS_OF_BATCH, REREADS
from ..together import IN_FLIGHT, read_together
from .lines import StoredForm

TOGETHER_BYTES = 16 * 1024 * 1024  # of payloads that are held at once, or those of one item


@frozen
class Whole:
    """An item, and what it refers to.

    Attributes:
        item: as it is stored; None if it was deleted meanwhile.
        parts: of its payloads.
        objects: those in the bucket.
        missing: fields whose payloads are gone, or damaged.
    """

    item: AttributeMap | None
    parts: tuple[AttributeMap, ...] = field(default=(), repr=False)
    objects: tuple[StoredForm, ...] = field(default=(), repr=False)
    missing: tuple[str, ...] = ()

    @property
    def units(self) -> float:
        """Read units that its parts took."""
        return sum(read_units(item_bytes(each), consistent=True) for each in self.parts)


def groups(items: Iterator[AttributeMap]) -> Iterator[list[AttributeMap]]:
    """Items in their order, as many at once as may be held with their payloads.

    No item is taken from the iterator that is not in the group that comes next.
    """
    group: list[AttributeMap] = []
    held = 0
    for item in items:
        group.append(item)
        held += sum(pointer.size for pointer in pointers_of(item).values())
        if held >= TOGETHER_BYTES:
            yield group
            group, held = [], 0
    if group:
        yield group


def pointers_of(item: AttributeMap) -> dict[str, Pointer]:
    """Field -> what may be a pointer: bytes of a user's own may look so."""
    found = {name: Pointer.of(value) for name, value in item.items()}
    return {name: pointer for name, pointer in found.items() if pointer is not None}


def wholes(schema: Schema, items: Sequence[AttributeMap]) -> Steps[list[Whole]]:
    """Items with what they refer to.

    Raises:
        RequestError: an item refers to an object, and the table has no bucket.
        DynastoreError: something could not be read.
    """
    found = yield from _fetched(schema, items)
    for _ in range(REREADS):
        places = [at for at, each in enumerate(found) if each.missing]
        if not places:
            break
        keys = {at: Key.of(found[at].item or {}) for at in places}
        again = yield from read_items(schema.table.name, [*keys.values()], consistent=True)
        for at in places:
            item = again[keys[at]]
            found[at] = Whole(None) if item is None else (yield from _fetched(schema, [item]))[0]
    return found


def _fetched(schema: Schema, items: Sequence[AttributeMap]) -> Steps[list[Whole]]:
    """Items with what is there of what they refer to."""
    found = [Whole(item) for item in items]
    held = [(at, name, p) for at, each in enumerate(items) for name, p in pointers_of(each).items()]
    parts = {
        (at, name): pointer.keys(Key.of(items[at]), name, prefix_of(items[at]["PK"]["S"]))
        for at, name, pointer in held
        if not pointer.is_object
    }
    wanted = [key for keys in parts.values() for key in keys]
    read = yield from _read_parts(schema.table.name, wanted)
    for (at, name), keys in parts.items():
        there = [each for key in keys if (each := read[key]) is not None]
        found[at] = _with(schema, found[at], name, tuple(there), is_whole=len(there) == len(keys))
    objects = [(at, name, pointer) for at, name, pointer in held if pointer.is_object]
    for some in _tens(objects):
        yield from _add_objects(schema, found, some)
    return found


def _read_parts(table: str, keys: Sequence[Key]) -> Steps[Mapping[Key, AttributeMap | None]]:
    if not keys:
        return {}
    return (yield from read_items(table, keys, consistent=True, batch=PARTS_OF_BATCH))


def _add_objects(
    schema: Schema, found: list[Whole], some: Sequence[tuple[int, str, Pointer]]
) -> Steps[None]:
    """Put objects beside the items that refer to them."""
    asked = [(at, name, p) for at, name, p in some if _has_bucket(schema, found[at].item, name)]
    owners = [Key.of(found[at].item or {}) for at, _, _ in asked]
    names = [
        object_name(owner, field, pointer)
        for owner, (_, field, pointer) in zip(owners, asked, strict=True)
    ]
    bucket = str(schema.table.bucket)
    if not asked:
        return
    bodies = yield from read_together([GetObject(bucket, each) for each in names])
    for (at, held, pointer), owner, name, body in zip(asked, owners, names, bodies, strict=True):
        whole = found[at]
        if body is not None and pointer.fits(body):
            stored = StoredForm(name, owner, held, body)
            found[at] = evolve(whole, objects=(*whole.objects, stored))
        else:
            found[at] = _with(schema, whole, held, (), is_whole=False)


def object_name(owner: Key, field: str, pointer: Pointer) -> str:
    """The name of the object that a pointer of an item leads to, in the scope of the item."""
    return name_prefix(scopes_of(prefix_of(owner.pk))) + Owner("", owner, field).name(pointer)


def _has_bucket(schema: Schema, item: AttributeMap | None, field: str) -> bool:
    """Whether there is a bucket to look into.

    Raises:
        RequestError: there is none, and the field is known to hold a pointer.
    """
    if schema.table.bucket is None and field in schema.payloads_of(item or {}):
        raise RequestError(
            f"{field} of {Key.of(item or {})} is in a bucket, and the table of this schema has none; "
            "name it: --bucket, or Table(..., bucket=...)"
        )
    return schema.table.bucket is not None


def _with(
    schema: Schema, whole: Whole, field: str, parts: tuple[AttributeMap, ...], *, is_whole: bool
) -> Whole:
    """With the parts of a field; what only looks like a pointer lacks nothing."""
    is_ours = bool(parts) or field in schema.payloads_of(whole.item or {})
    missing = () if is_whole or not is_ours else (field,)
    return evolve(whole, parts=(*whole.parts, *parts), missing=(*whole.missing, *missing))


def _tens(
    held: Sequence[tuple[int, str, Pointer]],
) -> Iterator[Sequence[tuple[int, str, Pointer]]]:
    for at in range(0, len(held), IN_FLIGHT):
        yield held[at : at + IN_FLIGHT]
