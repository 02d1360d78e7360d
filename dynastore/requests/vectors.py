"""The request that searches a vector index."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from attrs import field, frozen

from ..errors import RequestError
from ..expressions import rendering
from ..table import PRIMARY, VectorIndex
from ..terms import Equal
from ..values.attributes import AttributeMap, number_text
from .request import Purpose, Request

TOP_LIMIT = 100  # results of one SearchVectors; DynamoDB quotas


@frozen
class Near:
    """An item that was found.

    Attributes:
        item: what the index holds of it.
        score: by the index's distance: 0 (alike) to 2 (opposite) for ``COSINE``.
    """

    item: AttributeMap
    score: float


@frozen
class Nearest:
    """What one SearchVectors found.

    Attributes:
        found: the nearest first.
        searched_bytes: what it costs, in vector search request bytes (VectorSearchRequestBytes):
            what was looked at and returned. They are no read units, and are billed apart.
    """

    found: Sequence[Near]
    searched_bytes: float


@frozen
class SearchVectors(Request[Nearest]):
    """Find the items of one partition whose vectors are nearest to a given one.

    It is eventually consistent, has no pages, and at AWS is approximate.

    Attributes:
        pk: the partition: the items' hash attribute.
        vector: as many numbers as the index has dimensions; they count as 32-bit floats.
        top: how many items at most (TopK), 1 to 100.
        attributes: names of those that the items are reduced to (ProjectionExpression); empty for
            all that the index holds but the vector, which makes a search dearer.
        purpose: the entity and the access pattern that it serves.

    Raises:
        RequestError: the vector or the number does not fit the index.
    """

    operation: ClassVar[str] = "SearchVectors"
    writes: ClassVar[bool] = False
    table: str
    index: VectorIndex
    pk: str
    vector: tuple[float, ...] = field(repr=False)
    top: int
    attributes: tuple[str, ...] = ()
    purpose: Purpose | None = field(default=None, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        """Refuse what DynamoDB would."""
        if not 1 <= self.top <= TOP_LIMIT:
            raise RequestError(f"a search finds 1 to {TOP_LIMIT} items, not {self.top}")
        check_vector(self.index, self.vector)

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {
            "TableName": self.table,
            "IndexName": self.index.name,
            "SearchVector": [{"N": number_text(each)} for each in self.vector],
            "TopK": self.top,
            "ReturnConsumedCapacity": "TOTAL",
            **rendering.search(((PRIMARY.hash, Equal({"S": self.pk})),), self.attributes),
        }

    def read(self, response: Mapping[str, Any]) -> Nearest:
        """What was found."""
        results = response.get("SearchResults", ())
        consumed = response.get("ConsumedCapacity") or {}
        return Nearest(
            [Near(each["Item"], float(each["Score"])) for each in results],
            float(consumed.get("VectorSearchRequestBytes", 0.0)),
        )


def check_vector(index: VectorIndex, vector: Sequence[float]) -> None:
    """Refuse a vector that an index does not hold, and cannot be asked for.

    Raises:
        RequestError: it has another number of dimensions, is not finite, or has no direction where
            the index compares directions.
    """
    if len(vector) != index.dimensions:
        raise RequestError(
            f"a vector of {index.name} has {index.dimensions:,} dimensions, not {len(vector):,}"
        )
    length = math.hypot(*array("f", vector))  # as the index holds it
    if not math.isfinite(length):
        raise RequestError(f"a vector of {index.name} is made of numbers of 32-bit floats")
    if index.distance == "COSINE" and not length:
        raise RequestError(f"a vector of zeros has no direction, and {index.name} compares those")
