"""Reading documents by name, and letting them live on because they were read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from math import ceil
from typing import Any

from ...entities.spec import Ref, ref
from ...errors import ConditionFailed
from ...operations.conditions import visible
from ...operations.interleaved import all_of
from ...operations.keyed import read_items
from ...operations.reading import reads
from ...operations.writing.writes import write
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...writes import Update
from .entities import Aspect, Document, Embedding, Name, name_of, place_of


def ref_of(name: Name) -> Ref[Document]:
    """The ref of a document."""
    labels, document_id = name
    return ref(Document, **place_of(labels), document_id=document_id)


def embedding_of(name: Name) -> Ref[Embedding]:
    """The ref of what a document means."""
    labels, document_id = name
    return ref(Embedding, **place_of(labels), document_id=document_id)


def aspects_of(schema: Schema, name: Name, places: Iterable[int]) -> list[Ref[Aspect]]:
    """Some aspects of a document; none in a schema without them, whose table has no vector index."""
    if Aspect not in schema.codecs:
        return []
    labels, document_id = name
    return [
        ref(Aspect, **place_of(labels), document_id=document_id, place=place) for place in places
    ]


def documents(
    schema: Schema, names: Iterable[Name], *, consistent: bool = True
) -> Steps[dict[Name, Document]]:
    """The documents of some names, each read once, 100 a request; those there are none of are left out.

    Args:
        schema: where.
        names: in any order, some of them more than once.
        consistent: whether every write acknowledged before must be seen.

    Raises:
        PartialFailure: some could not be read.
    """
    refs = {name: ref_of(name) for name in names if name[0]}
    found: Sequence[Document | None]
    if len(refs) == 1:
        ((_, only),) = refs.items()
        found = [(yield from reads.get(schema, Document, dict(only.values), consistent=consistent))]
    else:
        found = yield from reads.get_many(schema, [*refs.values()], consistent=consistent)
    return {name: each for name, each in zip(refs, found, strict=True) if each is not None}


def without_values(schema: Schema, names: Iterable[Name]) -> Steps[dict[Name, Document]]:
    """The documents of some names, as `documents`; a large value is not fetched, and not to be touched."""
    codec = schema.codec(Document)
    keys = {name: reads.key_of(schema, ref_of(name)) for name in names}
    now = yield from Now()
    table = schema.of(Document).table.name
    items = yield from read_items(table, [*keys.values()], consistent=True)
    seen = {name: visible(items[key], now) for name, key in keys.items()}
    return {name: codec.decode(item) for name, item in seen.items() if item is not None}


def used(schema: Schema, read: Iterable[Document]) -> Steps[None]:
    """Let documents that expire live as long again as they are meant to after a use.

    Others are left as they are. Nothing lives shorter by it, and what somebody else has put or
    deleted meanwhile stays as it is.
    """
    expiring = {name_of(each): each for each in read if each.minutes is not None}
    if not expiring:
        return
    now = yield from Now()
    yield from all_of(
        _prolonged(schema, name, each, now + _life(each))
        for name, each in expiring.items()
        if _is_later(now + _life(each), each.expires_at)
    )


def _prolonged(schema: Schema, name: Name, document: Document, until: dt.datetime) -> Steps[None]:
    changes = {"expires_at": until}
    if document.embedded is not None and _is_later(until, document.embedded_until):
        changes["embedded_until"] = later = until + _life(document)
        meanings: list[Ref[Any]] = [
            embedding_of(name),
            *aspects_of(schema, name, range(document.aspects or 0)),
        ]
        yield from all_of(
            _unless_replaced(schema, each, {"digest": document.embedded}, {"expires_at": later})
            for each in meanings
        )
    same = {
        "minutes": document.minutes,
        "expires_at": document.expires_at,
        "embedded": document.embedded,
    }
    yield from _unless_replaced(schema, ref_of(name), same, changes)


def _unless_replaced(
    schema: Schema, target: Ref[Any], same: Mapping[str, Any], changes: Mapping[str, Any]
) -> Steps[None]:
    """Change something while it is as it was read; else somebody put, deleted or used it meanwhile."""
    try:
        yield from write(schema, Update(target, when=same, **changes))
    except ConditionFailed:
        return


def _life(document: Document) -> dt.timedelta:
    assert document.minutes is not None, "it expires"
    return dt.timedelta(minutes=document.minutes)


def _is_later(until: dt.datetime, than: dt.datetime | None) -> bool:
    """Whether it is so in whole seconds, which is what expiry goes by."""
    return than is not None and ceil(until.timestamp()) > ceil(than.timestamp())
