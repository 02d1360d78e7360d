"""Documents in namespaces: what agents remember beyond a conversation, under names of their own.

The first two labels of a namespace are its partition, so that a search below two labels or more is
one key condition; the others begin the sort key. `labels` makes them text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import TypeAlias, TypedDict

from ...entities.declaring import entity
from ...entities.patterns import key
from ...entities.payload_fields import payload
from ...errors import RequestError
from .labels import Labels, checked, labels_in, text_of
from .vectors import Packed, joined

Name: TypeAlias = tuple[Labels, str]
"""A namespace, and the name of a document in it."""

PARTITION_LABELS = 2  # of a namespace; a prefix of as many needs no registry


class Place(TypedDict):
    """A namespace as the key fields of a document hold it.

    Attributes:
        first: the first label.
        second: the second one, or "" where there is none; no label is empty.
        rest: the text of the others.
    """

    first: str
    second: str
    rest: str


def place_of(labels: Sequence[str]) -> Place:
    """Where the documents of a namespace are.

    Raises:
        RequestError: it has no label, or one is wrong.
    """
    first, *others = checked(labels) or ("",)
    if not first:
        raise RequestError('a namespace has at least one label, such as ("users",)')
    return Place(first=first, second="".join(others[:1]), rest=text_of(others[1:]))


@entity("document", expires="expires_at")
class Document:
    """A JSON object under a name in a namespace.

    Attributes:
        first: of its `Place`.
        second: of its `Place`.
        rest: of its `Place`.
        document_id: its name, unique in the namespace; may be empty.
        value: its JSON text. Numbers are written as they were: ``1.0`` is not ``1``.
        created_at: when it was first put.
        updated_at: when it was last put.
        minutes: how long it lives after its last use, or None for good.
        embedded: digest of the vectors of its `Embedding`, and of when they were put, or None where
            it has none.
        aspects: how many `Aspect`s it has, or None.
        embedded_until: when those expire: later than the document, so that few of its uses rewrite
            them. None where they do not.
        expires_at: its own expiry, or None.
    """

    first: str
    second: str = ""
    rest: str = ""
    document_id: str = ""
    value: str = payload()
    created_at: dt.datetime
    updated_at: dt.datetime
    minutes: float | None = None
    embedded: str | None = None
    aspects: int | None = None
    embedded_until: dt.datetime | None = None
    expires_at: dt.datetime | None = None

    primary = key("ST#{first}#{second}", "I#{rest}#{document_id}")


@entity("embedding", expires="expires_at")
class Embedding:
    """What a document means: the vectors of its texts, beside it, so that reading it is not dearer.

    It counts only while the document says that it has just these vectors.

    Attributes:
        first: of the document.
        second: of the document.
        rest: of the document.
        document_id: of the document.
        vectors: of one text each, of length 1, one after the other, as 32-bit floats; empty where
            there is one vector and the table has a vector index.
        vector: that one, as a vector index takes it; else None.
        count: how many vectors there are.
        digest: of the vectors, and of when they were put.
        expires_at: when it is of no use any more, or None.
    """

    first: str
    second: str = ""
    rest: str = ""
    document_id: str = ""
    vectors: bytes = payload(compress_over=None)  # floats of vectors do not compress
    vector: tuple[float, ...] | None = None
    count: int
    digest: str
    expires_at: dt.datetime | None = None

    primary = key("ST#{first}#{second}", "V#{rest}#{document_id}")

    @property
    def packed(self) -> Packed:
        """Its vectors, wherever they are."""
        return Packed(self.vectors, self.count) if self.vector is None else joined([self.vector])


@entity("aspect", expires="expires_at")
class Aspect:
    """One of several vectors of a document, for a vector index, which takes one of each item.

    It counts only while the document says that it has just these vectors.

    Attributes:
        first: of the document.
        second: of the document.
        rest: of the document.
        document_id: of the document.
        place: which of the vectors, from 0.
        vector: it, of length 1.
        digest: of all vectors of the document, and of when they were put.
        expires_at: when it is of no use any more, or None.
    """

    first: str
    second: str = ""
    rest: str = ""
    document_id: str = ""
    place: int
    vector: tuple[float, ...]
    digest: str
    expires_at: dt.datetime | None = None

    primary = key("ST#{first}#{second}", "W#{rest}#{document_id}#{place}")


def name_of(entity: Document | Embedding | Aspect) -> Name:
    """Where a document is, or the one that an embedding or an aspect is of."""
    return name_at(entity.first, entity.second, entity.rest, entity.document_id)


def name_at(first: str, second: str, rest: str, document_id: str) -> Name:
    """The name of the document that has these key fields."""
    labels = (first, second) if second else (first,)
    return (*labels, *labels_in(rest)), document_id


@entity("namespace")
class Namespace:
    """An entry of the registry: a namespace that had documents, and may still have some.

    It is made before the first document and never deleted, so that no race hides one. What it says
    of being empty changes once, in one direction, and before the documents do.

    Attributes:
        labels: the text of all labels.
        settled: whether a document was put after the entry was made.
        vanishing: whether a document was deleted, or may expire, so that there may be none left.
    """

    labels: str
    settled: bool = False
    vanishing: bool = False

    primary = key("STORE-NAMESPACES", "N#{labels}")

    @property
    def trusted(self) -> bool:
        """Whether it has documents for certain."""
        return self.settled and not self.vanishing
