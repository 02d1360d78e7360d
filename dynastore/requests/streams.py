"""Requests about the stream of a table's changes: its shards, and the records in them.

A stream keeps the item before and after each write, for 24 hours. It has shards; all changes of one
item are in one shard in order, and go on in a child of that shard when it is closed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from attrs import frozen

from ..values.attributes import AttributeMap
from .request import Key, R, Request

RECORDS = 1_000  # of one GetRecords, which are 1 MB at most; DynamoDB Streams API reference

Event = Literal["INSERT", "MODIFY", "REMOVE"]

TTL_SERVICE = "dynamodb.amazonaws.com"  # who deletes expired items; DynamoDB Developer Guide, "TTL"


class StreamRequest(Request[R]):
    """A request to DynamoDB Streams, which is a service of its own.

    Attributes:
        stream: the ARN of the stream.
    """

    service: ClassVar[str] = "dynamodbstreams"
    stream: str

    @property
    def table(self) -> str:
        """Name of the stream's table: the ARN is ``arn:aws:dynamodb:…:table/{name}/stream/…``."""
        return self.stream.split("/")[1]


@frozen
class Shard:
    """A shard of a stream.

    Attributes:
        id: its name.
        parent: the shard that it continues; its records come first. None where there is none.
        closed: whether no more records will come into it.
    """

    id: str
    parent: str | None = None
    closed: bool = False


@frozen
class StreamDescription:
    """One page of what is told of a stream.

    Attributes:
        enabled: whether changes still come into it.
        images: whether its records hold the item before and after.
        shards: in no order.
        last_shard: where the next page starts, None at the end.
    """

    enabled: bool
    images: bool
    shards: tuple[Shard, ...]
    last_shard: str | None = None


@frozen
class DescribeStream(StreamRequest[StreamDescription]):
    """Read a stream's state and up to 100 of its shards."""

    operation: ClassVar[str] = "DescribeStream"
    stream: str
    after: str | None = None

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        start = {} if self.after is None else {"ExclusiveStartShardId": self.after}
        return {"StreamArn": self.stream, **start}

    def read(self, response: Mapping[str, Any]) -> StreamDescription:
        """The page."""
        description = response["StreamDescription"]
        return StreamDescription(
            enabled=description["StreamStatus"] in {"ENABLED", "ENABLING"},
            images=description["StreamViewType"] == "NEW_AND_OLD_IMAGES",
            shards=tuple(
                Shard(
                    shard["ShardId"],
                    shard.get("ParentShardId"),
                    "EndingSequenceNumber" in shard.get("SequenceNumberRange", {}),
                )
                for shard in description["Shards"]
            ),
            last_shard=description.get("LastEvaluatedShardId"),
        )


@frozen
class GetShardIterator(StreamRequest[str]):
    """Where to read in a shard; what comes back is good for 15 minutes.

    Attributes:
        start: at the oldest record kept, after the newest, or after the one of *sequence*.
        sequence: of a record of this shard.
    """

    operation: ClassVar[str] = "GetShardIterator"
    stream: str
    shard: str
    start: Literal["TRIM_HORIZON", "LATEST", "AFTER_SEQUENCE_NUMBER"]
    sequence: str | None = None

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        sequence = {} if self.sequence is None else {"SequenceNumber": self.sequence}
        return {
            "StreamArn": self.stream,
            "ShardId": self.shard,
            "ShardIteratorType": self.start,
            **sequence,
        }

    def read(self, response: Mapping[str, Any]) -> str:
        """The iterator."""
        iterator: str = response["ShardIterator"]
        return iterator


@frozen
class StreamRecord:
    """One write of one item.

    Attributes:
        id: the same each time the record is delivered, and no other record's.
        sequence: its place; it grows within a shard.
        event: whether the item is new, changed or gone.
        key: the item's.
        old: the item before, None if there was none.
        new: the item after, None if it is gone.
        at: when, to the second or so.
        expired: whether DynamoDB deleted it because its time to live was over.
    """

    id: str
    sequence: str
    event: Event
    key: Key
    old: AttributeMap | None
    new: AttributeMap | None
    at: dt.datetime
    expired: bool = False

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> StreamRecord:
        """The record as GetRecords and Lambda events have it."""
        written = record["dynamodb"]
        return cls(
            id=record["eventID"],
            sequence=written["SequenceNumber"],
            event=record["eventName"],
            key=Key.of(written["Keys"]),
            old=written.get("OldImage"),
            new=written.get("NewImage"),
            at=_moment(written["ApproximateCreationDateTime"]),
            expired=_by_ttl(record.get("userIdentity")),
        )


def _moment(moment: float | dt.datetime) -> dt.datetime:
    """A point in time, of epoch seconds or as botocore has parsed it."""
    if isinstance(moment, dt.datetime):
        return moment
    return dt.datetime.fromtimestamp(moment, dt.UTC)


def _by_ttl(identity: Mapping[str, str] | None) -> bool:
    """Whether it was DynamoDB that wrote; the API's names begin with a capital, Lambda's do not."""
    named = {name.lower(): value for name, value in (identity or {}).items()}
    return named.get("type") == "Service" and named.get("principalid") == TTL_SERVICE


@frozen
class RecordsPage:
    """Records of one GetRecords response.

    Attributes:
        records: in order. There may be none before the end.
        iterator: reads on, good for 15 minutes; None where a closed shard ends.
    """

    records: Sequence[StreamRecord]
    iterator: str | None


@frozen
class GetRecords(StreamRequest[RecordsPage]):
    """Read the next records of a shard, up to 1,000 and 1 MB."""

    operation: ClassVar[str] = "GetRecords"
    stream: str
    iterator: str

    def parameters(self) -> dict[str, Any]:
        """The parameters of the call, under AWS's names."""
        return {"ShardIterator": self.iterator, "Limit": RECORDS}

    def read(self, response: Mapping[str, Any]) -> RecordsPage:
        """The page."""
        records = [StreamRecord.of(record) for record in response["Records"]]
        return RecordsPage(records, response.get("NextShardIterator"))
