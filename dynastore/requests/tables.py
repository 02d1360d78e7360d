"""Requests about the table itself. None of them is ever on the data path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from attrs import field, frozen

from ..table import PRIMARY, TTL, Index, Table, VectorIndex
from .request import Request


@frozen
class CreateTable(Request[None]):
    """Create a table: on demand, multi-attribute indexes, a stream of old and new images.

    Its vector index too, if it has one.
    """

    operation: ClassVar[str] = "CreateTable"
    table: Table

    @property
    def repeatable(self) -> bool:
        """The second try finds the table in use."""
        return False

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        indexes = [
            {
                "IndexName": index.name,
                "KeySchema": key_schema(index),
                "Projection": projection(index),
            }
            for index in self.table.indexes
        ]
        names = [name for index in (PRIMARY, *self.table.indexes) for name in index.attributes]
        vectors = self.table.vectors
        return {
            "TableName": self.table.name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": _definitions(names),
            "KeySchema": key_schema(PRIMARY),
            "StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"},
            **({"GlobalSecondaryIndexes": indexes} if indexes else {}),
            **({"VectorIndexes": [vector_definition(vectors)]} if vectors else {}),
        }

    def read(self, response: Mapping[str, Any]) -> None:
        """Nothing."""


def key_schema(index: Index) -> list[dict[str, str]]:
    """The KeySchema of an index, hash first."""
    ranges = [{"AttributeName": name, "KeyType": "RANGE"} for name in index.ranges]
    return [{"AttributeName": index.hash, "KeyType": "HASH"}, *ranges]


def vector_definition(index: VectorIndex) -> dict[str, Any]:
    """A vector index as CreateTable takes it; it is partitioned as the table is."""
    return {
        "IndexName": index.name,
        "VectorAttribute": {"AttributeName": index.field},
        "SearchSchema": [{"AttributeName": PRIMARY.hash, "SearchSchemaElementType": "HASH"}],
        "Projection": projection(index),
        "Dimensions": index.dimensions,
        "DistanceFunction": index.distance,
    }


def projection(index: Index | VectorIndex) -> dict[str, Any]:
    """The Projection of an index: all attributes, some, or its keys only."""
    if index.carried is None:
        return {"ProjectionType": "ALL"}
    if not index.carried:
        return {"ProjectionType": "KEYS_ONLY"}
    return {"ProjectionType": "INCLUDE", "NonKeyAttributes": [*index.carried]}


def addition(table: str, index: Index) -> dict[str, Any]:
    """The parameters of the UpdateTable that adds an index to a table; it takes one at a time."""
    creation = {
        "IndexName": index.name,
        "KeySchema": key_schema(index),
        "Projection": projection(index),
    }
    return {
        "TableName": table,
        "AttributeDefinitions": _definitions(index.attributes),
        "GlobalSecondaryIndexUpdates": [{"Create": creation}],
    }


def vector_addition(table: str, index: VectorIndex) -> dict[str, Any]:
    """The parameters of the UpdateTable that adds a vector index to a table."""
    return {
        "TableName": table,
        "AttributeDefinitions": _definitions([PRIMARY.hash]),
        "VectorIndexUpdates": [{"Create": vector_definition(index)}],
    }


def _definitions(names: Iterable[str]) -> list[dict[str, str]]:
    return [{"AttributeName": name, "AttributeType": "S"} for name in names]


@frozen
class TableDescription:
    """What DescribeTable says of a table, as far as a schema asks.

    Attributes:
        active: whether it and all its indexes can be used.
        key_schemas: index name (None: the primary key) -> names of its key attributes, hash first.
        projections: index name -> names of the attributes that it carries beside keys; None for
            all.
        stream: the ARN of the stream of its changes; None without one.
        vectors: name of a vector index -> what defines it, as CreateTable takes it.
        items: how many there are, as AWS counts every six hours; 0 where nobody has counted.
        identity: what tells it from tables of its name in other accounts and regions, and from the one
            that was deleted before it, as far as the server says.
    """

    active: bool
    key_schemas: Mapping[str | None, tuple[str, ...]]
    projections: Mapping[str, tuple[str, ...] | None]
    stream: str | None = None
    vectors: Mapping[str, Mapping[str, Any]] = field(factory=dict)
    items: int = 0
    identity: str = ""


@frozen
class DescribeTable(Request[TableDescription]):
    """Read a table's keys, indexes and state. Never on the data path."""

    operation: ClassVar[str] = "DescribeTable"
    writes: ClassVar[bool] = False
    table: str

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {"TableName": self.table}

    def read(self, response: Mapping[str, Any]) -> TableDescription:
        """The description."""
        table = response["Table"]
        indexes = table.get("GlobalSecondaryIndexes", ())
        vectors = table.get("VectorIndexes", ())
        return TableDescription(
            active=all(
                part.get("TableStatus", part.get("IndexStatus")) == "ACTIVE"
                and not part.get("Backfilling")
                for part in (table, *indexes, *vectors)
            ),
            key_schemas={part.get("IndexName"): _key_names(part) for part in (table, *indexes)},
            projections={index["IndexName"]: carried_in(index["Projection"]) for index in indexes},
            stream=_stream(table),
            vectors={index["IndexName"]: index for index in vectors},
            items=table.get("ItemCount", 0),
            identity=" ".join(table[name] for name in ("TableArn", "TableId") if name in table),
        )


def carried_in(part: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Names of the attributes that a Projection has beside keys; None for all."""
    return None if part["ProjectionType"] == "ALL" else tuple(part.get("NonKeyAttributes", ()))


def _stream(table: Mapping[str, Any]) -> str | None:
    enabled = table.get("StreamSpecification", {}).get("StreamEnabled")
    return table.get("LatestStreamArn") if enabled else None


def _key_names(part: Mapping[str, Any]) -> tuple[str, ...]:
    ordered = sorted(part["KeySchema"], key=lambda entry: entry["KeyType"] != "HASH")
    return tuple(entry["AttributeName"] for entry in ordered)


@frozen
class DescribeTimeToLive(Request[str | None]):
    """Read which attribute holds the expiry; None while none is enabled."""

    operation: ClassVar[str] = "DescribeTimeToLive"
    writes: ClassVar[bool] = False
    table: str

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {"TableName": self.table}

    def read(self, response: Mapping[str, Any]) -> str | None:
        """The attribute's name."""
        described = response["TimeToLiveDescription"]
        if described["TimeToLiveStatus"] not in {"ENABLED", "ENABLING"}:
            return None
        return str(described["AttributeName"])


@frozen
class UpdateTimeToLive(Request[None]):
    """Let DynamoDB delete items once their TTL attribute is past."""

    operation: ClassVar[str] = "UpdateTimeToLive"
    table: str

    @property
    def repeatable(self) -> bool:
        """The second try is refused: it is enabled already."""
        return False

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        specification = {"Enabled": True, "AttributeName": TTL}
        return {"TableName": self.table, "TimeToLiveSpecification": specification}

    def read(self, response: Mapping[str, Any]) -> None:
        """Nothing."""


ABOUT_TABLES = (CreateTable, DescribeTable, DescribeTimeToLive, UpdateTimeToLive)
