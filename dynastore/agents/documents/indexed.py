"""Documents by meaning through the table's vector index, where it has one.

The index holds the vectors of each partition for itself: those below the first two labels of a
namespace. So a search below two labels or more asks one partition, which no other's documents can
be found in, and passes over what is not below its prefix. A shorter prefix is searched exactly.
"""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from ...errors import RequestError
from ...requests import TOP_LIMIT, Purpose, SearchVectors, Steps
from ...schema.schema import Schema
from ...table import VectorIndex
from .entities import PARTITION_LABELS, Embedding, Name, name_at, place_of
from .labels import Labels
from .vectors import Packed

FIELD = "vector"  # of an Embedding and of an Aspect
NEEDED = ("first", "second", "rest", "document_id", "digest")


@frozen
class Ranked:
    """How near the vectors of a document are.

    Attributes:
        score: the cosine of the angle, -1 to 1.
        name: of the document.
        digest: of the vectors.
    """

    score: float
    name: Name
    digest: str


@frozen
class NearestVectors:
    """What a vector index found below a prefix.

    Attributes:
        ranked: the nearest documents first, each once for the vectors of one put.
        are_all: whether there are no more vectors in the partition.
    """

    ranked: list[Ranked]
    are_all: bool


def index_of(schema: Schema) -> VectorIndex | None:
    """The vector index of a schema's table that holds the vectors of documents, or None.

    Raises:
        RequestError: it lacks what documents are found by.
    """
    index = schema.of(Embedding).table.vectors
    if index is None or (index.field, index.distance) != (FIELD, "COSINE"):
        return None
    carried = NEEDED if index.fields is None else index.fields
    if missing := [name for name in NEEDED if name not in carried]:
        raise RequestError(
            f"documents are not found by vector index {index.name}, which lacks {missing[0]}; let it "
            f"carry all fields, or {', '.join(NEEDED)}"
        )
    return index


def indexed(schema: Schema, vectors: Packed) -> list[tuple[float, ...]]:
    """The vectors of a document as the vector index takes them; none where it does not."""
    index = index_of(schema)
    if index is None:
        return []
    made = vectors.each
    return made if all(len(each) == index.dimensions and any(each) for each in made) else []


def suits(index: VectorIndex, prefix: Labels, vector: Sequence[float], upto: int) -> bool:
    """Whether an index can answer a search: of one partition, for no more than it finds at once."""
    return (
        len(prefix) >= PARTITION_LABELS
        and upto <= TOP_LIMIT
        and len(vector) == index.dimensions
        and any(vector)
    )


def nearest(
    schema: Schema, index: VectorIndex, prefix: Labels, vector: Sequence[float], top: int
) -> Steps[NearestVectors]:
    """The documents below a prefix to which the *top* nearest vectors of its partition belong."""
    codec = schema.codec(Embedding)
    place = place_of(prefix)
    pk = codec.primary.hash_text(place, schema.prefix)
    assert pk is not None, "no key field is None"
    purpose = Purpose(codec.spec.tag, index.name)
    answer = yield from SearchVectors(
        schema.of(Embedding).table.name, index, pk, tuple(vector), top, NEEDED, purpose
    )
    # By digest too: vectors that a document had before are no reason to pass over those it has.
    best: dict[tuple[Name, str], Ranked] = {}
    for near in answer.found:
        *where, digest = codec.decode_fields(near.item, NEEDED).values()
        if where[2].startswith(place["rest"]):
            name = name_at(*where)
            best.setdefault((name, digest), Ranked(1 - near.score, name, digest))
    ranked = sorted(best.values(), key=lambda each: (-each.score, each.name))
    return NearestVectors(ranked, are_all=len(answer.found) < top)
