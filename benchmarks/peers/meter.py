"""What a client of boto3 sends to moto: requests, units and bytes.

Units come from the sizes of items, by `dynastore.capacity` as ours do; moto says 1.0 of every call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from attrs import define, field

from dynastore.capacity import item_bytes, read_units, write_units

CHOOSING = ("FilterExpression", "ProjectionExpression", "Select")  # after an item was paid for
PARTS = ("ExpressionAttributeNames", "ExpressionAttributeValues")


@define
class Sent:
    """What some calls sent.

    Attributes:
        requests: of items.
        units: read and write units together, those of indexes too.
        bytes: of the items that were read or written.
        described: requests that asked whether a table is there.
    """

    requests: int = 0
    units: float = 0.0
    bytes: int = 0
    described: int = 0


@define
class Shape:
    """A table's keys, and those of its indexes, which carry all attributes."""

    keys: tuple[str, ...]
    indexes: tuple[tuple[str, ...], ...]

    @classmethod
    def of(cls, description: Mapping[str, Any]) -> Shape:
        """That of a table that was described."""
        indexes = description.get("GlobalSecondaryIndexes", ())
        return cls(_names(description), tuple(map(_names, indexes)))

    def key(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """The primary key of an item."""
        return {name: item[name] for name in self.keys}

    def written(self, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> float:
        """Write units of what becomes of an item, in the table and in its indexes."""
        sizes = [item_bytes(each) if each else 0 for each in (before, after)]
        return write_units(max(sizes)) + sum(
            _entry_units(index, before, after) for index in self.indexes
        )


def _names(described: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(each["AttributeName"] for each in described["KeySchema"])


def _entry_units(
    keys: Sequence[str], before: Mapping[str, Any] | None, after: Mapping[str, Any] | None
) -> float:
    images = [
        each if each and all(key in each for key in keys) else None for each in (before, after)
    ]
    units = [write_units(item_bytes(each)) if each else 0.0 for each in images]
    left, entered = images
    if left is None or entered is None or any(left[key] != entered[key] for key in keys):
        return sum(units)
    return 0.0 if left == entered else max(units)


@define
class Meter:
    """Counts the calls of one client, while it is asked to.

    Attributes:
        reader: another client of the same account, which is not counted.
    """

    reader: Any
    sent: Sent = field(factory=Sent)
    _on: bool = False
    _before: list[Any] = field(factory=list)
    _shapes: dict[str, Shape] = field(factory=dict)

    def watch(self, client: Any) -> None:
        """Count the calls of a client."""
        client.meta.events.register("provide-client-params.dynamodb.*", self._begin)
        client.meta.events.register("after-call.dynamodb.*", self._end)

    @contextmanager
    def counting(self) -> Iterator[Sent]:
        """Count what is sent meanwhile."""
        self.sent, self._on = Sent(), True
        try:
            yield self.sent
        finally:
            self._on = False

    def _begin(self, params: dict[str, Any], event_name: str, **_: Any) -> None:
        if self._on:
            writes = _writes(event_name.rpartition(".")[2], params)
            self._before.append(
                (params, [(*each, self._item(*each)) for each in self._keys(writes)])
            )

    def _end(self, event_name: str, **_: Any) -> None:
        if not self._on:
            return
        params, before = self._before.pop()
        operation = event_name.rpartition(".")[2]
        if operation in {"DescribeTable", "CreateTable"}:
            self.sent.described += 1
            return
        self.sent.requests += 1
        for table, key, old in before:
            new = self._item(table, key)
            self.sent.units += self._shape(table).written(old, new)
            self.sent.bytes += item_bytes(new) if new else 0
        self._read(operation, params)

    def _read(self, operation: str, params: Mapping[str, Any]) -> None:
        match operation:
            case "GetItem":
                item = self._item(params["TableName"], params["Key"])
                self._add_read([item] if item else [], params)
            case "Query" | "Scan":
                asked = _all_of(params)
                found = getattr(self.reader, operation.lower())(**asked)["Items"]
                self._add_read(found, params)

    def _add_read(self, items: Sequence[Mapping[str, Any]], params: Mapping[str, Any]) -> None:
        size = sum(map(item_bytes, items))
        self.sent.bytes += size
        self.sent.units += read_units(size, consistent=params.get("ConsistentRead", False))

    def _keys(
        self, writes: Sequence[tuple[str, Mapping[str, Any]]]
    ) -> Iterator[tuple[str, dict[str, Any]]]:
        return ((table, self._shape(table).key(item)) for table, item in writes)

    def _item(self, table: str, key: Mapping[str, Any]) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self.reader.get_item(TableName=table, Key=key).get("Item")
        return found

    def _shape(self, table: str) -> Shape:
        if table not in self._shapes:
            self._shapes[table] = Shape.of(self.reader.describe_table(TableName=table)["Table"])
        return self._shapes[table]


def _writes(operation: str, params: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Tables, and items or keys that a request writes."""
    match operation:
        case "PutItem":
            return [(params["TableName"], params["Item"])]
        case "UpdateItem" | "DeleteItem":
            return [(params["TableName"], params["Key"])]
        case "BatchWriteItem":
            return [
                (
                    table,
                    request.get("PutRequest", {}).get("Item") or request["DeleteRequest"]["Key"],
                )
                for table, some in params["RequestItems"].items()
                for request in some
            ]
        case "DescribeTable" | "CreateTable" | "GetItem" | "Query" | "Scan":
            return []
    raise AssertionError(f"what does {operation} take?")


def _all_of(params: Mapping[str, Any]) -> dict[str, Any]:
    """A read without what chooses among the items that it pays for."""
    asked = {name: value for name, value in params.items() if name not in CHOOSING}
    text = asked.get("KeyConditionExpression", "")
    for part in PARTS:
        used = {name: value for name, value in asked.pop(part, {}).items() if name in text}
        if used:
            asked[part] = used
    return asked
