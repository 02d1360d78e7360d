"""Requests: what can be asked of AWS, as values.

A request knows its parameters and how to read its response. It does not know how to send itself;
clients do that. ``response = yield from GetItem(...)`` inside an operation hands the request to
whoever runs the operation and gives back the typed response.

Attribute values are DynamoDB's: ``{"S": "ann"}``, ``{"N": "42"}``, ``{"M": {...}}``. Numbers are
written in plain notation without trailing zeros. ``{"B": ...}`` holds bytes in what is sent; in
what comes back it may still be base64 text, which the codec decodes when it needs it.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeAlias, TypeVar

from attrs import field, frozen

from . import expressions
from .attributes import AttributeMap as AttributeMap
from .attributes import AttributeValue as AttributeValue
from .changes import Change
from .table import Index
from .terms import Conditions

R = TypeVar("R")
T = TypeVar("T")

BATCH_KEYS = 100  # of one BatchGetItem; DynamoDB quotas
SEGMENTS = 1_000_000  # of one Scan; DynamoDB API reference

Steps: TypeAlias = Generator["Request[Any] | Together[Any] | Wait", Any, T]
"""An operation: yields the requests to send, returns its result."""


@frozen
class Key:
    """The primary key of an item, as the two texts that are stored."""

    pk: str
    sk: str

    @property
    def attributes(self) -> AttributeMap:
        """The key as DynamoDB takes it."""
        return {"PK": {"S": self.pk}, "SK": {"S": self.sk}}

    @classmethod
    def of(cls, item: Mapping[str, AttributeValue]) -> Key:
        """The primary key of a stored item."""
        return cls(item["PK"]["S"], item["SK"]["S"])

    def __str__(self) -> str:
        return f"{self.pk} {self.sk}"


class Request(Generic[R]):
    """One call to AWS whose response is read as an R.

    Attributes:
        operation: AWS's name of the call, such as ``GetItem``.
        repeatable: whether sending it twice does what sending it once does, so that it may be sent
            again after a failure that leaves open whether it was carried out.
    """

    operation: ClassVar[str]

    @property
    def repeatable(self) -> bool:
        """Whether sending it twice does what sending it once does."""
        return True

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        raise NotImplementedError

    def read(self, response: Mapping[str, Any]) -> R:
        """What callers want of the response, which is under AWS's names."""
        raise NotImplementedError

    def __iter__(self) -> Generator[Request[R], Any, R]:
        response: R = yield self
        return response


@frozen
class Together(Generic[R]):
    """Requests without an order between them; a runner may overlap them.

    All are sent. If any fails, the runner throws one `PartialFailure` whose ``done`` and ``failed``
    are by position.
    """

    requests: Sequence[Request[R]]

    def __iter__(self) -> Generator[Together[R], Any, list[R]]:
        responses: list[R] = yield self
        return responses


@frozen
class Wait:
    """Nothing is sent for a while; what a runner is asked instead of a clock."""

    seconds: float

    def __iter__(self) -> Generator[Wait, Any, None]:
        yield self


@frozen
class GetItem(Request[AttributeMap | None]):
    """Read one item by primary key; None if there is none."""

    operation: ClassVar[str] = "GetItem"
    table: str
    key: Key
    consistent: bool = False

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {
            "TableName": self.table,
            "Key": self.key.attributes,
            "ConsistentRead": self.consistent,
            "ReturnConsumedCapacity": "TOTAL",
        }

    def read(self, response: Mapping[str, Any]) -> AttributeMap | None:
        """The item."""
        return response.get("Item")


@frozen
class PutItem(Request[None]):
    """Write one whole item, replacing what is there."""

    operation: ClassVar[str] = "PutItem"
    table: str
    item: AttributeMap = field(repr=False)
    conditions: Conditions = field(default=(), repr=False)

    @property
    def repeatable(self) -> bool:
        """A condition may fail on what the first try wrote."""
        return not self.conditions

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {
            "TableName": self.table,
            "Item": self.item,
            "ReturnConsumedCapacity": "TOTAL",
            **expressions.condition(self.conditions),
        }

    def read(self, response: Mapping[str, Any]) -> None:
        """Nothing."""


@frozen
class UpdateItem(Request[AttributeMap]):
    """Change some attributes of one item; the whole item as it is afterwards.

    Attributes:
        changes: attribute name -> what becomes of it. A missing item is made, unless a condition
            asks for one.
    """

    operation: ClassVar[str] = "UpdateItem"
    table: str
    key: Key
    changes: Mapping[str, Change] = field(repr=False)
    conditions: Conditions = field(default=(), repr=False)

    @property
    def repeatable(self) -> bool:
        """Increments and appends are not, and a condition may fail on what the first try wrote."""
        return False

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {
            "TableName": self.table,
            "Key": self.key.attributes,
            "ReturnValues": "ALL_NEW",
            "ReturnConsumedCapacity": "TOTAL",
            **expressions.update(self.changes, self.conditions),
        }

    def read(self, response: Mapping[str, Any]) -> AttributeMap:
        """The item after the update."""
        item: AttributeMap = response["Attributes"]
        return item


@frozen
class DeleteItem(Request[AttributeMap | None]):
    """Remove one item; the item as it was, or None if there was none."""

    operation: ClassVar[str] = "DeleteItem"
    table: str
    key: Key
    conditions: Conditions = field(default=(), repr=False)

    @property
    def repeatable(self) -> bool:
        """A condition may fail on what the first try deleted."""
        return not self.conditions

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {
            "TableName": self.table,
            "Key": self.key.attributes,
            "ReturnValues": "ALL_OLD",
            "ReturnConsumedCapacity": "TOTAL",
            **expressions.condition(self.conditions),
        }

    def read(self, response: Mapping[str, Any]) -> AttributeMap | None:
        """The item before it was deleted."""
        return response.get("Attributes")


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
    """

    operation: ClassVar[str] = "Query"
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
            **expressions.query(self.key, self.filter, self.attributes),
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
    """Read one page of one segment of the whole table, 1 MB at most.

    Attributes:
        filter: what is checked at the server after reading; it lowers no cost.
        segment: which part of the table, from 0.
        segments: how many parts there are, up to 1,000,000; they can be read at the same time.
        limit: how many items to read at most, before the filter.
        start_key: where to start (ExclusiveStartKey): a former page's ``last_key``.
    """

    operation: ClassVar[str] = "Scan"
    table: str
    filter: Conditions = field(default=(), repr=False)
    segment: int = 0
    segments: int = 1
    limit: int | None = None
    start_key: AttributeMap | None = None
    consistent: bool = False

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        optional = {"Limit": self.limit, "ExclusiveStartKey": self.start_key}
        return {
            "TableName": self.table,
            "Segment": self.segment,
            "TotalSegments": self.segments,
            "ConsistentRead": self.consistent,
            "ReturnConsumedCapacity": "TOTAL",
            **expressions.scan(self.filter),
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


@frozen
class Batch:
    """Items of one BatchGetItem response.

    Attributes:
        items: those found, in no order.
        unprocessed: keys that were not read; ask again.
    """

    items: Sequence[AttributeMap]
    unprocessed: tuple[Key, ...]


@frozen
class BatchGetItem(Request[Batch]):
    """Read up to 100 items, 16 MB, by primary key. Keys must differ."""

    operation: ClassVar[str] = "BatchGetItem"
    table: str
    keys: tuple[Key, ...]
    consistent: bool = False

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        keys = [key.attributes for key in self.keys]
        return {
            "RequestItems": {self.table: {"Keys": keys, "ConsistentRead": self.consistent}},
            "ReturnConsumedCapacity": "TOTAL",
        }

    def read(self, response: Mapping[str, Any]) -> Batch:
        """The items and the keys left over."""
        left = response.get("UnprocessedKeys", {}).get(self.table, {}).get("Keys", ())
        return Batch(response["Responses"].get(self.table, ()), tuple(Key.of(key) for key in left))
