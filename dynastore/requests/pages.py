"""Requests about many items in order, or all: one page of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from attrs import field, frozen

from ..expressions import rendering
from ..table import PRIMARY, Index
from ..terms import Conditions
from ..values.attributes import AttributeMap
from .request import Purpose, Request

SEGMENTS = 1_000_000  # of one Scan; DynamoDB API reference


@frozen
class QueryPage:
    """Items of one Query response.

    Attributes:
        items: in the order of the index. Empty when only counted.
        count: how many items passed the filter.
        last_key: where the next page starts (LastEvaluatedKey), None at the end.
    """

    items: Sequence[AttributeMap]
    count: int
    last_key: AttributeMap | None


@frozen
class Query(Request[QueryPage]):
    """Read one page of a partition of an index, 1 MB at most.

    Attributes:
        key: the hash attribute by `Equal`; then range attributes from the left by `Equal`, the last
            one by any of `Equal`, `Compare`, `Between`, `BeginsWith`.
        filter: what is checked at the server after reading; it lowers no cost.
        limit: how many items to read at most, before the filter.
        start_key: where to start (ExclusiveStartKey): a former page's ``last_key``.
        newest_first: descending order of the range attributes.
        count_only: no items, only their number.
        attributes: names of those that the items are reduced to (ProjectionExpression), which
            lowers no cost; empty for all that the index holds.
        purpose: the entity and the access pattern that it serves.
    """

    operation: ClassVar[str] = "Query"
    writes: ClassVar[bool] = False
    table: str
    index: Index
    key: Conditions
    filter: Conditions = field(default=(), repr=False)
    limit: int | None = None
    start_key: AttributeMap | None = None
    newest_first: bool = False
    consistent: bool = False
    count_only: bool = False
    attributes: tuple[str, ...] = ()
    purpose: Purpose | None = field(default=None, eq=False, repr=False)

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        optional = {
            "IndexName": self.index.name,
            "Limit": self.limit,
            "ExclusiveStartKey": self.start_key,
            "Select": "COUNT" if self.count_only else None,
        }
        return {
            "TableName": self.table,
            "ScanIndexForward": not self.newest_first,
            "ConsistentRead": self.consistent,
            "ReturnConsumedCapacity": "TOTAL",
            **rendering.query(self.key, self.filter, self.attributes),
            **{name: value for name, value in optional.items() if value is not None},
        }

    def read(self, response: Mapping[str, Any]) -> QueryPage:
        """The page."""
        return QueryPage(
            response.get("Items", ()), response["Count"], response.get("LastEvaluatedKey")
        )


@frozen
class ScanPage:
    """Items of one Scan response.

    Attributes:
        items: in no order.
        scanned: how many items were read, before the filter.
        last_key: where the next page starts (LastEvaluatedKey), None at the end of the segment.
        units: capacity that reading them took.
    """

    items: Sequence[AttributeMap]
    scanned: int
    last_key: AttributeMap | None
    units: float


@frozen
class Scan(Request[ScanPage]):
    """Read one page of one segment of the whole table or of an index, 1 MB at most.

    Attributes:
        index: what is read; only the table itself can be read consistently.
        filter: what is checked at the server after reading; it lowers no cost.
        segment: which part of the table, from 0.
        segments: how many parts there are, up to 1,000,000; they can be read at the same time.
        limit: how many items to read at most, before the filter.
        start_key: where to start (ExclusiveStartKey): a former page's ``last_key``.
        attributes: names of those that items are reduced to (ProjectionExpression), which lowers no
            cost; empty for all.
        purpose: the entity that is looked for.
    """

    operation: ClassVar[str] = "Scan"
    writes: ClassVar[bool] = False
    table: str
    filter: Conditions = field(default=(), repr=False)
    segment: int = 0
    segments: int = 1
    limit: int | None = None
    start_key: AttributeMap | None = None
    consistent: bool = False
    attributes: tuple[str, ...] = ()
    purpose: Purpose | None = field(default=None, eq=False, repr=False)
    index: Index = PRIMARY

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        optional = {
            "IndexName": self.index.name,
            "Limit": self.limit,
            "ExclusiveStartKey": self.start_key,
        }
        return {
            "TableName": self.table,
            "Segment": self.segment,
            "TotalSegments": self.segments,
            "ConsistentRead": self.consistent,
            "ReturnConsumedCapacity": "TOTAL",
            **rendering.scan(self.filter, self.attributes),
            **{name: value for name, value in optional.items() if value is not None},
        }

    def read(self, response: Mapping[str, Any]) -> ScanPage:
        """The page."""
        return ScanPage(
            response["Items"],
            response["ScannedCount"],
            response.get("LastEvaluatedKey"),
            float(response["ConsumedCapacity"]["CapacityUnits"]),
        )
