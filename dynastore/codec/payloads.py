r"""Payloads: large values as bytes, and where those are kept.

A value of a payload field is stored in one of four ways::

    {"L": [{"S": "hi"}]}              small: as any other field
    {"B": b"\x01..."}                 a form: one byte that says how to read the rest
    {"B": b"\x03" + pointer}          the form is in parts, items of their own
    {"B": b"\x04" + pointer}          the form is an object in the table's bucket

So in a payload field every B is ours; `payload_forms` has the forms.

Parts have a partition of their own, ``{scope}!{hash of key and field}``: no value and no template
renders a ``!`` into a partition key, so no query meets them. Their sort key names the write they
belong to, ``{sha256}#{when it began}#{number}``: whoever replaces a pointer may delete its parts,
because no other write ever refers to them. `payload_objects` has the names of objects.

Pure: no I/O, no clock.
"""

from __future__ import annotations

import datetime as dt
import struct
from collections.abc import Iterator, Mapping
from hashlib import sha256

import orjson
from attrs import frozen

from ..capacity import LIMIT_BYTES, item_bytes, value_bytes
from ..entities.payload_fields import Storing
from ..entities.uniques import OWNER
from ..keys.templates import HASH_BYTES, fitting
from ..requests import Key
from ..table import PART, TTL, TYPE
from ..values.attributes import AttributeMap, AttributeValue
from ..values.payload_forms import LARGEST_BYTES, OBJECT, PARTS, Form, form_in, form_of

# Of all payloads in one item together. What is left of 400 KB is for the other fields, so that an
# update, which does not know them, still fits.
INLINE_BYTES = 300 * 1024

PART_BYTES = 384 * 1024  # of the form in one part; keys and names take the rest of 390 KB

LEAD = "!"  # begins the partition key of parts, after the scope

_POINTER = struct.Struct(">B32sQIQ")
POINTER_BYTES = _POINTER.size
POINTER_LENGTHS = {POINTER_BYTES, (POINTER_BYTES + 2) // 3 * 4}  # as bytes, and as base64 text
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MICROSECOND = dt.timedelta(microseconds=1)


@frozen
class Pointer:
    """What an item holds in place of a value that is kept elsewhere.

    Attributes:
        digest: SHA-256 of the form.
        size: of the form, in bytes.
        count: how many parts there are; 0 where it is an object in the bucket.
        written: when the write began that made them, in microseconds since 1970.
    """

    digest: bytes
    size: int
    count: int
    written: int

    @classmethod
    def to(cls, form: Form, now: dt.datetime) -> Pointer:
        """The pointer to a form that is about to be written in parts."""
        count = -(-len(form) // PART_BYTES)
        return cls(sha256(form).digest(), len(form), count, moment_number(now))

    @classmethod
    def to_object(cls, form: Form, now: dt.datetime) -> Pointer:
        """The pointer to a form that is about to be written into the bucket."""
        return cls(sha256(form).digest(), len(form), 0, moment_number(now))

    @classmethod
    def of(cls, value: AttributeValue) -> Pointer | None:
        """The pointer that an attribute value is, or None."""
        if "B" not in value or len(value["B"]) not in POINTER_LENGTHS:
            return None
        held = form_in(value)
        if len(held) != POINTER_BYTES or held[0] not in {PARTS, OBJECT}:
            return None
        kind, digest, size, count, written = _POINTER.unpack(held)
        if size > LARGEST_BYTES + 1 or count != (kind == PARTS and -(-size // PART_BYTES)):
            return None  # it is damaged: no form of this size was written
        return cls(digest, size, count, written)

    @property
    def is_object(self) -> bool:
        """Whether the form is an object in the bucket."""
        return not self.count

    def fits(self, form: Form) -> bool:
        """Whether a form is the one it leads to."""
        return len(form) == self.size and sha256(form).digest() == self.digest

    @property
    def write(self) -> str:
        """What the sort keys of its parts begin with."""
        return f"{self.digest.hex()}#{self.written:016}#"

    @property
    def attribute(self) -> AttributeValue:
        """What the item holds."""
        kind = OBJECT if self.is_object else PARTS
        return {"B": _POINTER.pack(kind, self.digest, self.size, self.count, self.written)}

    def keys(self, owner: Key, name: str, prefix: str) -> tuple[Key, ...]:
        """The keys of the parts, in order; of an object none.

        Args:
            owner: of the item that holds it.
            name: of the field.
            prefix: of the scope, or "".

        Raises:
            RequestError: the scope leaves no room for a partition key.
        """
        whose = sha256(orjson.dumps([owner.pk, owner.sk, name])).hexdigest()
        pk = fitting("PK", f"{prefix}{LEAD}{whose}", HASH_BYTES)
        return tuple(
            Key(pk, f"{self.write}{number:04}", owner.entity, "payload")
            for number in range(self.count)
        )

    def __str__(self) -> str:
        where = "an object" if self.is_object else f"{self.count} parts"
        return f"{self.digest.hex()[:16]}… ({self.size:,} bytes in {where})"


PLACE = Pointer(bytes(32), 0, 0, 0).attribute  # takes the room of a pointer that is not made yet


def packed(value: AttributeValue, storing: Storing) -> AttributeValue:
    """An attribute value as its item holds it: as it is, or as a form."""
    if "B" in value:
        return {"B": form_of(value, compress=_is_over(value, storing.compress_over))}
    if _is_over(value, storing.compress_over):
        return {"B": form_of(value, compress=True)}
    return value


def leaving(item: AttributeMap, payloads: Mapping[str, Storing]) -> dict[str, Form]:
    """The forms that must leave an item: those over their bounds, then the largest until it fits.

    Args:
        item: its payload fields as `packed` makes them.
        payloads: field -> how it is stored.
    """
    sizes = {n: value_bytes(item[n]) for n, each in payloads.items() if each.split and n in item}
    if not sizes:
        return {}
    bounds = {name: inline_bytes(payloads, name) for name in sizes}
    out = {name for name, size in sizes.items() if size > bounds[name]}
    left = item_bytes(item) - sum(sizes[name] - POINTER_BYTES for name in out)
    for name in sorted(sizes.keys() - out, key=lambda name: -sizes[name]):
        if left <= LIMIT_BYTES or sizes[name] <= POINTER_BYTES:
            break
        out.add(name)
        left -= sizes[name] - POINTER_BYTES
    return {name: form_in(item[name]) for name in sizes if name in out}


def inline_bytes(payloads: Mapping[str, Storing], name: str) -> int:
    """Bytes above which the stored value of a field leaves its item."""
    splitting = sum(each.split for each in payloads.values())
    bound = payloads[name].offload_over
    share = INLINE_BYTES // splitting
    return share if bound is None else max(min(share, bound), POINTER_BYTES)


def part_items(
    pointer: Pointer, form: Form, owner: Key, name: str, prefix: str, expires: AttributeValue | None
) -> Iterator[AttributeMap]:
    """The parts of a form, made one after the other, so that no copy of the whole is held.

    Args:
        pointer: to the form.
        form: what is kept.
        owner: key of the item that will hold the pointer.
        name: of the field.
        prefix: of the scope, or "".
        expires: the item's TTL attribute, or None.
    """
    view = memoryview(form)
    for number, key in enumerate(pointer.keys(owner, name, prefix)):
        data = bytes(view[number * PART_BYTES : (number + 1) * PART_BYTES])
        yield {
            **key.attributes,
            TYPE: {"S": PART},
            **({} if expires is None else {TTL: expires}),
            OWNER: {"L": [{"S": owner.pk}, {"S": owner.sk}]},
            "FIELD": {"S": name},
            "WRITTEN": {"N": str(pointer.written)},
            "BYTES": {"N": str(len(data))},
            "DATA": {"B": data},
        }


def moment_number(moment: dt.datetime) -> int:
    """A point in time in microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def _is_over(value: AttributeValue, bound: int | None) -> bool:
    return bound is not None and value_bytes(value) > bound
