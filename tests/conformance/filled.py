"""Tables with entities of all ready-made kinds, and what two tables of the same items have in common."""

from __future__ import annotations

import datetime as dt
import random
import types
import typing
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Union, get_args, get_origin

import attrs
from attrs import evolve

from dynastore import Schema, Store, entity, key, payload, unique
from dynastore.agents import ENTITIES
from dynastore.errors import RequestError
from dynastore.operations.moving.digests import Digest, digest_of
from dynastore.requests import Scan
from dynastore.requests.objects import GetObject, ListObjectsV2
from dynastore.values.attributes import AttributeMap, as_sent

BUCKET = "agent-payloads"
SOON = dt.datetime.now(dt.UTC) + dt.timedelta(days=300)
TEXTS = ("a", "b#c", "", "żółw 🐢", "x" * 30, "$ ~ !")


@entity("file", expires="gone")
class File:
    """What ready-made entities have not: a guard, and payloads in parts and in a bucket."""

    name: str
    slug: str | None = None
    price: Decimal = Decimal(12345678901234567890123456789012345678)
    sizes: set[int] = attrs.field(factory=set)
    gone: dt.datetime | None = None
    data: bytes = payload(default=b"", compress_over=None)

    primary = key("FILE#{name}", "~")
    one_slug = unique("slug")


def filled_schema(name: str = "filled", bucket: str | None = None) -> Schema:
    """All ready-made entities, and one more."""
    schema = Schema([*ENTITIES, File])
    return schema.on(lambda table: evolve(table, name=name, bucket=bucket))


def fill(store: Store, seed: int = 0, each: int = 3) -> None:
    """Write some entities of each kind, in the table and in a scope; all that leaves an item, too."""
    draw = random.Random(seed)
    for place in (store, store.scope("team 1"), store.scope("team 1").scope("qa")):
        for cls in store.schema.entities:
            if cls is not File:
                for _ in range(each):
                    _put(place, cls, draw)
        past = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
        for number, size in enumerate((0, 10, 450_000)):
            file = File(
                name=f"f{number}", slug=f"s{number}", sizes={1, -2}, data=draw.randbytes(size)
            )
            place.put(file)
        place.put(File(name="expired", gone=past, data=b"still there"))


def _put(store: Store, cls: type[Any], draw: random.Random) -> None:
    """Write an entity of random values that its class allows."""
    spec = store.schema.codec(cls).spec
    kinds = {name: kind for name, kind in spec.types.items() if name != spec.version}
    for _ in range(50):
        try:
            store.put(cls(**{name: value_of(kind, draw) for name, kind in kinds.items()}))
        except (RequestError, ValueError):
            continue  # an empty text in a key
        return
    raise AssertionError(f"no {cls.__name__} can be made")


def value_of(kind: Any, draw: random.Random) -> Any:
    """Some value of a type."""
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return value_of(draw.choice(inside), draw)
    if origin is typing.Literal:
        return draw.choice(inside)
    if origin is tuple:
        return tuple(value_of(inside[0], draw) for _ in range(3))
    if origin in (list, set, frozenset):
        return origin(value_of(inside[0], draw) for _ in range(draw.randrange(3)))
    if origin is dict:
        return {f"k{n}": value_of(inside[1], draw) for n in range(draw.randrange(3))}
    if attrs.has(kind):
        given = attrs.fields(attrs.resolve_types(kind))
        return kind(**{each.name: value_of(each.type, draw) for each in given})
    return SIMPLE[kind](draw)


SIMPLE: Mapping[Any, Any] = {
    type(None): lambda draw: None,
    bool: lambda draw: draw.random() < 0.5,
    int: lambda draw: draw.randrange(10**9),
    float: lambda draw: draw.random(),
    str: lambda draw: f"{draw.choice(TEXTS)}{draw.randrange(10**6)}",
    bytes: lambda draw: draw.randbytes(draw.randrange(9)),
    dt.date: lambda draw: dt.date(2026, 1, 1 + draw.randrange(28)),
    dt.datetime: lambda draw: SOON + dt.timedelta(seconds=draw.randrange(10**6)),
    Any: lambda draw: draw.choice([None, 1, 1.5, "text", b"bytes", [1, {"a": []}], {"b": True}]),
}


def items_of(store: Store) -> list[AttributeMap]:
    """All items of a table, as they are sent."""
    found: list[AttributeMap] = []
    scan = Scan(store.schema.table.name, consistent=True)
    while True:
        page = store.client.send(scan)
        found += page.items
        if page.last_key is None:
            return [as_sent({"M": each})["M"] for each in found]
        scan = evolve(scan, start_key=page.last_key)


def digest(store: Store) -> Digest:
    """Counts and checksum of all items, expired ones among them."""
    return digest_of(items_of(store))


def objects_of(store: Store) -> dict[str, bytes]:
    """Name -> content of the objects in the table's bucket, which are fewer than a thousand."""
    bucket = str(store.schema.table.bucket)
    found = store.client.send(ListObjectsV2(bucket, "", 1_000)).objects
    return {each.name: bytes(store.client.send(GetObject(bucket, each.name))) for each in found}
