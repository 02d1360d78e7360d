"""What documents mean, kept beside them: of several writers the one whose document stays has the say.

A document and its embedding are two items, and others may write between them. So the document is
put first, and names its vectors by a digest that no other put makes. Then the embedding is put in the
place of the one that was there when the document was read. Where there is another by now, the
document is read again: if it is still the one that was put, its embedding takes the place of that
other; if not, the writer of the document that is there puts, or has put, its own.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from ...entities.spec import Ref
from ...errors import AlreadyExists, ConditionFailed
from ...operations.reading.reads import get, key_of
from ...operations.writing.writes import ATTEMPTS, write
from ...requests import Steps
from ...schema.schema import Schema
from ...writes import Create, Delete, Put
from .entities import Aspect, Document, Embedding, name_of
from .reading import aspects_of, embedding_of, without_values

Meaning: TypeAlias = Embedding | Aspect
"""What vectors of a document are kept in."""

Stale: TypeAlias = tuple[Ref[Any], str]
"""An item that a document's vectors were kept in, and their digest."""


def meant(schema: Schema, new: Meaning, old: Document | None) -> Steps[None]:
    """Store what a document means, after it was put; unless another one was put in its place.

    Args:
        schema: where to.
        new: vectors of the document.
        old: the document that was there before.
    """
    name = name_of(new)
    target = ref_of(schema, new)
    digest = _digest_before(new, old)
    for _ in range(ATTEMPTS):
        try:
            yield from write(schema, _put(new, digest))
        except (AlreadyExists, ConditionFailed):
            document = (yield from without_values(schema, [name])).get(name)
            if document is None or document.embedded != new.digest:
                return
            there = yield from get(schema, target.cls, dict(target.values), consistent=True)
            digest = None if there is None else there.digest
        else:
            return
    raise ConditionFailed(key_of(schema, target))


def unmeant(schema: Schema, target: Ref[Any], digest: str) -> Steps[None]:
    """Delete vectors that a document had, unless others are there by now.

    Args:
        schema: where they are.
        target: the item.
        digest: of the vectors.
    """
    try:
        yield from write(schema, Delete(target, when={"digest": digest}))
    except ConditionFailed:
        return


def ref_of(schema: Schema, meaning: Meaning) -> Ref[Any]:
    """The ref of what vectors of a document are kept in."""
    name = name_of(meaning)
    if isinstance(meaning, Embedding):
        return embedding_of(name)
    (aspect,) = aspects_of(schema, name, [meaning.place])
    return aspect


def _digest_before(new: Meaning, old: Document | None) -> str | None:
    """Of the vectors that were in the same item; None if there was none."""
    if old is None or (isinstance(new, Aspect) and new.place >= (old.aspects or 0)):
        return None
    return old.embedded


def _put(new: Meaning, digest: str | None) -> Create[Any] | Put[Any]:
    return Create(new) if digest is None else Put(new, when={"digest": digest})
