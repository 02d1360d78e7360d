"""Putting and deleting documents, with their embeddings and the entries of their namespaces.

In this order: entries of namespaces, so that no document is without one; documents; then their
embeddings, instead of those that the documents had before, see `meaning`. Where the table has a
vector index, embeddings are made so that it finds them: with the one vector, or with an aspect for
each of several.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from ...entities.lifetimes import LONGEST
from ...entities.spec import Ref
from ...errors import RequestError, shown
from ...operations.interleaved import all_of
from ...operations.writing.batches import put_many
from ...operations.writing.writes import write
from ...requests import Now, Steps
from ...schema.schema import Schema
from ...writes import Delete, Put
from . import registry
from .entities import Aspect, Document, Embedding, Name, name_of, place_of
from .indexed import indexed
from .labels import Labels
from .meaning import Meaning, Stale, meant, unmeant
from .reading import aspects_of, embedding_of, ref_of, without_values
from .registry import Known
from .vectors import Packed

LONGEST_MINUTES = LONGEST / dt.timedelta(minutes=1)


@frozen
class Content:
    """What is put under a name.

    Attributes:
        text: the JSON text of the value.
        minutes: how long it lives after its last use, or None for good.
        vectors: of its texts, or None.

    Raises:
        RequestError: the minutes are none, or over a century.
    """

    text: str
    minutes: float | None = None
    vectors: Packed | None = None

    def __attrs_post_init__(self) -> None:
        """Refuse what would be gone at once."""
        check_minutes(self.minutes)


def check_minutes(minutes: Any) -> None:
    """Refuse what is no time to live.

    Raises:
        RequestError: the minutes are none, or over a century.
    """
    is_number = isinstance(minutes, int | float) and not isinstance(minutes, bool)
    if minutes is not None and not (is_number and 0 < minutes <= LONGEST_MINUTES):
        raise RequestError(
            f"a ttl is minutes, more than 0 and up to 100 years, not {shown(minutes)}"
        )


def written(schema: Schema, contents: Mapping[Name, Content | None], known: Known) -> Steps[None]:
    """Put documents, and delete those whose content is None.

    A document keeps the time at which it was first put. It is no transaction: each is written for
    itself, 25 in a request where there are several; embeddings in a request each.

    Args:
        schema: where.
        contents: name -> what is put, or None.
        known: what this process knows of namespaces.

    Raises:
        RequestError: something cannot be stored; no document was written.
        PartialFailure, DynastoreError: some were not written.
    """
    puts = {name: content for name, content in contents.items() if content is not None}
    gone = [name for name, content in contents.items() if content is None and name[0]]
    if puts:
        yield from _put(schema, puts, known)
    if gone:
        yield from registry.entered(schema, {labels: True for labels, _ in gone}, known)
        yield from all_of(_deleted(schema, name) for name in gone)


def _put(schema: Schema, puts: Mapping[Name, Content], known: Known) -> Steps[None]:
    before = yield from without_values(schema, puts)
    now = yield from Now()
    documents: list[Document] = []
    meanings: list[Meaning] = []
    stale: list[Stale] = []
    for name, content in puts.items():
        old = before.get(name)
        made = [] if content.vectors is None else indexed(schema, content.vectors)
        document = _document(name, content, old, now, aspects=len(made))
        documents.append(document)
        if content.vectors is not None:
            meanings += _meanings(document, content.vectors, made)
        stale += _stale(schema, document, old)
    fresh = yield from registry.entered(schema, _vanishing(puts), known)
    yield from _stored(schema, documents)
    yield from registry.settled(schema, fresh)
    yield from all_of(
        [
            *(meant(schema, each, before.get(name_of(each))) for each in meanings),
            *(unmeant(schema, target, digest) for target, digest in stale),
        ]
    )


def _stale(schema: Schema, new: Document, old: Document | None) -> list[Stale]:
    """What the old vectors of a document were kept in, and the new ones are not."""
    if old is None or old.embedded is None:
        return []
    name = name_of(new)
    aspects = aspects_of(schema, name, range(new.aspects or 0, old.aspects or 0))
    targets: list[Ref[Any]] = [*aspects]
    if new.embedded is None:
        targets.append(embedding_of(name))
    return [(target, old.embedded) for target in targets]


def _stored(schema: Schema, documents: Sequence[Document]) -> Steps[None]:
    """Put documents. What replaces a large value by itself deletes the parts of that too."""
    if len(documents) == 1:
        yield from write(schema, Put(documents[0]))
    else:
        yield from put_many(schema, documents)


def _vanishing(puts: Mapping[Name, Content]) -> dict[Labels, bool]:
    """Namespaces, and whether documents are put there that expire."""
    found: dict[Labels, bool] = {}
    for (labels, _), content in puts.items():
        found[labels] = found.get(labels, False) or content.minutes is not None
    return found


def _deleted(schema: Schema, name: Name) -> Steps[None]:
    old = yield from write(schema, Delete(ref_of(name)))
    if old is not None and old.embedded is not None:
        meanings: list[Ref[Any]] = [
            embedding_of(name),
            *aspects_of(schema, name, range(old.aspects or 0)),
        ]
        yield from all_of(unmeant(schema, each, old.embedded) for each in meanings)


def _document(
    name: Name, content: Content, old: Document | None, now: dt.datetime, *, aspects: int
) -> Document:
    labels, document_id = name
    embedded = None if content.vectors is None else content.vectors.digest(now.isoformat())
    life = dt.timedelta(minutes=content.minutes) if content.minutes is not None else None
    return Document(
        **place_of(labels),
        document_id=document_id,
        value=content.text,
        created_at=old.created_at if old is not None else now,
        updated_at=now,
        minutes=None if content.minutes is None else float(content.minutes),
        embedded=embedded,
        aspects=aspects if aspects > 1 else None,
        embedded_until=now + 2 * life if life and embedded else None,
        expires_at=now + life if life else None,
    )


def _meanings(
    document: Document, vectors: Packed, made: Sequence[tuple[float, ...]]
) -> list[Meaning]:
    """What is stored of the vectors of a document.

    Args:
        document: the one.
        vectors: its vectors.
        made: the same for the vector index; none where that does not take them.
    """
    labels, document_id = name_of(document)
    whose: dict[str, Any] = {
        **place_of(labels),
        "document_id": document_id,
        "digest": document.embedded,
        "expires_at": document.embedded_until,
    }
    if len(made) == 1:
        return [Embedding(**whose, vectors=b"", vector=made[0], count=1)]
    aspects = [Aspect(**whose, place=place, vector=each) for place, each in enumerate(made)]
    return [Embedding(**whose, vectors=vectors.data, count=vectors.count), *aspects]
