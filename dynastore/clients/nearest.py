"""SearchVectors of the embedded engine: all vectors of a partition, compared exactly."""

from __future__ import annotations

import math
import sqlite3
from array import array
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from heapq import nsmallest
from operator import mul

from ..capacity import item_bytes
from ..errors import RequestError
from ..requests import Near, Nearest, SearchVectors
from ..table import PRIMARY, Distance, VectorIndex
from ..values.attributes import AttributeMap
from .layout import Layout, loaded

FLOAT_BYTES = 4  # of a number in a vector index; DynamoDB Developer Guide, "Vector indexes"


def check(layout: Layout, request: SearchVectors) -> None:
    """Refuse a search that DynamoDB would refuse.

    Raises:
        RequestError: the table has no such index, or that does not hold what is asked for.
    """
    kept = layout.table.vectors
    asked = request.index
    if kept is None or (kept.name, kept.field) != (asked.name, asked.field):
        raise RequestError(f"table {layout.table.name} has no vector index {asked.name}")
    if (kept.dimensions, kept.distance) != (asked.dimensions, asked.distance):
        raise RequestError(
            f"vector index {kept.name} has {kept.dimensions:,} dimensions and compares by "
            f"{kept.distance}"
        )
    held = _held(kept)
    if missing := [name for name in request.attributes if held is not None and name not in held]:
        raise RequestError(
            f"{kept.name} does not project {', '.join(missing)}; read whole items by key"
        )


def found(connection: sqlite3.Connection, layout: Layout, request: SearchVectors) -> Nearest:
    """The nearest items of a partition, those alike by sort key.

    What it costs is all that it looked at and what it returns. DynamoDB's approximate search looks
    at less, by rules that are not published.
    """
    index = layout.table.vectors
    assert index is not None, "it was checked"
    wanted = array("f", request.vector)
    distance = DISTANCES[index.distance]
    with closing(connection.execute(layout.vectors, (request.pk,))) as rows:
        items = [loaded(text) for (text,) in rows]
    vectors = ((item, _vector(index, item)) for item in items)
    scored = [Near(item, distance(wanted, vector)) for item, vector in vectors if vector]
    sign = -1 if index.distance == "DOT_PRODUCT" else 1
    first = nsmallest(request.top, scored, key=lambda near: sign * near.score)
    results = [Near(_reduced(index, request.attributes, near.item), near.score) for near in first]
    looked_at = FLOAT_BYTES * index.dimensions * len(scored)
    return Nearest(results, float(looked_at + sum(item_bytes(near.item) for near in results)))


def _vector(index: VectorIndex, item: AttributeMap) -> array[float] | None:
    """The vector of an item, or None where it was stored before there was an index, and fits none."""
    try:
        vector = array("f", [float(each["N"]) for each in item[index.field]["L"]])
    except KeyError:
        return None
    fits = len(vector) == index.dimensions and (any(vector) or index.distance != "COSINE")
    return vector if fits else None


def _cosine(one: Sequence[float], other: Sequence[float]) -> float:
    return 1 - _product(one, other) / (math.hypot(*one) * math.hypot(*other))


def _product(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(map(mul, one, other))


DISTANCES: Mapping[Distance, Callable[[Sequence[float], Sequence[float]], float]] = {
    "COSINE": _cosine,
    "DOT_PRODUCT": _product,
    "EUCLIDEAN": math.dist,
}


def _held(index: VectorIndex) -> frozenset[str] | None:
    """Names of the attributes that the index has; None for all."""
    if index.carried is None:
        return None
    return frozenset((*PRIMARY.attributes, *index.carried, index.field))


def _reduced(index: VectorIndex, wanted: Sequence[str], item: AttributeMap) -> AttributeMap:
    """What is returned of an item: the vector only where it is asked for by name."""
    if wanted:
        return {name: item[name] for name in wanted if name in item}
    held = _held(index)
    return {
        name: value
        for name, value in item.items()
        if name != index.field and (held is None or name in held)
    }
