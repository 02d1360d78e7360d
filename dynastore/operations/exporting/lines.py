r"""Lines of an export: a header, each item and each object of the bucket, and what all of it was.

    {"Export":{"version":1,"table":"agent-state","scopes":[],"schema":"9f2c…","began":"2026-03-01T…"}}
    {"Item":{"PK":{"S":"USER#ann"},"SK":{"S":"~"},"TYPE":{"S":"user"},"name":{"S":"Ann"}}}
    {"Object":{"name":"ab…/cd…/ef…-1772…","pk":"DOC#d","sk":"~","field":"data"},"Body":"AngBZ…"}
    {"End":{"items":2,"size_bytes":318,"checksum":"…","objects":1,"entities":{"user":1,…},…}}

An item is as DynamoDB's own exports and imports have it: each value says its type, so none is lost. What
belongs to an item, parts and objects of its payloads, comes before it.

Pure: no I/O, no clock.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from hashlib import blake2b, sha256
from typing import Any, TypeAlias

import attrs
import orjson
from attrs import asdict, evolve, frozen

from ...codec.payload_objects import Owner, name_prefix, written_at
from ...entities.patterns import AccessPattern
from ...errors import DataError, RequestError
from ...keys.templates import prefix_of, scopes_of
from ...requests import Key
from ...schema.schema import Schema
from ...table import TYPE
from ...values.attributes import AttributeMap
from ...values.payload_forms import Form
from ...values.wire_values import kept_item
from ..moving.digests import CHECKSUM_BYTES, Digest, digest_of

VERSION = 1  # of the form; a reader refuses a later one


@frozen
class Header:
    """What an export is of.

    Attributes:
        table: name of the table.
        scopes: from the outermost to the innermost, where it is of one scope; none for the whole table.
        schema: what `fingerprint` gave of the schema that it was read with.
        began: when, in ISO 8601.
        version: of the form.
    """

    table: str
    scopes: tuple[str, ...]
    schema: str
    began: str
    version: int = VERSION


@frozen
class StoredForm:
    """An object of the bucket.

    Attributes:
        name: its key in the bucket.
        owner: key of the item that refers to it.
        field: that holds the pointer.
        body: what is kept.
    """

    name: str
    owner: Key
    field: str
    body: Form = attrs.field(repr=False)


@frozen
class Total:
    """What an export is together, or a part of one.

    Attributes:
        items: how many, of what size, and their checksum, which does not depend on their order.
        objects: the same of objects in the bucket.
        entities: TYPE -> how many items; "" for those without one.
        missing: payloads that their items refer to and that are gone.
    """

    items: Digest = attrs.field(factory=Digest)
    objects: Digest = attrs.field(factory=Digest)
    entities: Mapping[str, int] = attrs.field(factory=dict)
    missing: int = 0

    def with_item(self, item: AttributeMap) -> Total:
        """With one item more."""
        tag = item.get(TYPE, {}).get("S", "")
        return evolve(
            self,
            items=self.items.and_(digest_of([item])),
            entities={**self.entities, tag: self.entities.get(tag, 0) + 1},
        )

    def with_object(self, stored: StoredForm) -> Total:
        """With one object more."""
        return evolve(self, objects=self.objects.and_(_digest_of_object(stored)))

    @property
    def state(self) -> dict[str, Any]:
        """As the last line has it."""
        return {
            **asdict(self.items),
            "checksum": f"{self.items.checksum:032x}",
            "objects": self.objects.items,
            "object_bytes": self.objects.size_bytes,
            "object_checksum": f"{self.objects.checksum:032x}",
            "entities": dict(sorted(self.entities.items())),
            "missing": self.missing,
        }

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> Total:
        """What a last line says."""
        items = Digest(state["items"], state["size_bytes"], int(state["checksum"], 16))
        objects = Digest(state["objects"], state["object_bytes"], int(state["object_checksum"], 16))
        return cls(items, objects, state["entities"], state["missing"])


Line: TypeAlias = Header | AttributeMap | StoredForm | Total


def line_of(line: Line) -> bytes:
    """The text of a line, with its end."""
    match line:
        case Header():
            told: dict[str, Any] = {"Export": asdict(line)}
        case StoredForm():
            whose = {"pk": line.owner.pk, "sk": line.owner.sk, "field": line.field}
            told = {"Object": {"name": line.name, **whose}, "Body": line.body}
        case Total():
            told = {"End": line.state}
        case _:
            told = {"Item": line}
    return orjson.dumps(told, default=_base64, option=orjson.OPT_APPEND_NEWLINE)


def read_line(text: bytes) -> Line:
    """What a line says.

    Raises:
        DataError: it is none of an export, or of a later form than this code knows.
    """
    try:
        return _line(orjson.loads(text))
    except (KeyError, TypeError, ValueError, RequestError) as error:  # no JSON, or no such item
        raise DataError(f"it is no line of an export: {shortened(text)}") from error


def _line(told: Mapping[str, Any]) -> Line:
    match told:
        case {"Item": {"PK": {"S": str()}, "SK": {"S": str()}}}:
            kept_item(told["Item"])  # or the table would refuse it, half way through
            return dict(told["Item"])
        case {
            "Object": {"name": str(name), "pk": str(pk), "sk": str(sk), "field": str(field)},
            "Body": str(body),
        }:
            return _object(name, Key(pk, sk), field, _bytes(body))
        case {"Export": {"version": int(version)}} if version > VERSION:
            raise DataError(f"it is of form {version}, and this version reads up to {VERSION}")
        case {"Export": {"table": str(), "scopes": [*scopes], "began": str()} as header}:
            return Header(**{**header, "scopes": tuple(map(_text, scopes))})
        case {"End": {"items": int(), "size_bytes": int(), "objects": int()} as end}:
            return Total.of(end)
    raise ValueError("none of them")


def _object(name: str, owner: Key, field: str, body: bytes) -> StoredForm:
    """An object under the one name that it may have; whatever else is in the bucket is not ours.

    Raises:
        ValueError: it has another one.
    """
    folder = name_prefix(scopes_of(prefix_of(owner.pk))) + Owner("", owner, field).folder
    if not name.startswith(f"{folder}{sha256(body).hexdigest()}-") or written_at(name) is None:
        raise ValueError("an object has a name that its item does not give it")
    return StoredForm(name, owner, field, body)


def shortened(text: bytes) -> str:
    """The beginning of a line, for a message."""
    return repr(text[:60].decode(errors="replace").strip())


def fingerprint(schema: Schema) -> str:
    """What tells schemas apart whose items have other keys: entities, access patterns, indexes."""
    specs = sorted((codec.spec for codec in schema.codecs.values()), key=lambda each: each.tag)
    told = [
        [asdict(each, recurse=False) for each in schema.table.indexes],
        schema.table.directory_shards,
        *([s.tag, s.expires, [*map(_told, (s.primary, *s.secondary))]] for s in specs),
        *([s.tag, sorted(map(str, s.uniques))] for s in specs if s.uniques),
    ]
    return sha256(orjson.dumps(told, default=str)).hexdigest()[:16]


def _told(pattern: AccessPattern) -> list[Any]:
    texts = [each.text for each in (pattern.hash, *pattern.ranges)]
    when = sorted((name, repr(test)) for name, test in pattern.when.items())
    return [pattern.number, texts, when, pattern.shards, pattern.across_scopes]


def _digest_of_object(stored: StoredForm) -> Digest:
    told = orjson.dumps([stored.name, stored.owner.pk, stored.owner.sk, stored.field])
    digest = blake2b(told, digest_size=CHECKSUM_BYTES)
    digest.update(stored.body)
    return Digest(1, len(stored.body), int.from_bytes(digest.digest()))


def _base64(value: object) -> str:
    if isinstance(value, bytes | bytearray | memoryview):
        return b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} is no part of an item")


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{type(value).__name__} is no text")
    return value


def _bytes(text: str) -> bytes:
    return b64decode(text, validate=True)
