"""What the checkpointer of langgraph-checkpoint-aws sends, counted on botocore's calls to moto.

Units come from the sizes of items, by `dynastore.capacity` as ours do; moto says 1.0 of every call.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock
from typing import Any

import boto3
from attrs import define, field
from langgraph.checkpoint.base import BaseCheckpointSaver
from moto import mock_aws

from dynastore.capacity import item_bytes, read_units, write_units

from .meters import Measured, Taken

TABLE, BUCKET, REGION = "checkpoints", "checkpoints", "us-east-1"
KEY = ("PK", "SK")


@define
class Theirs:
    """A `DynamoDBSaver` on moto, and its calls.

    Attributes:
        reader: a client whose calls are not counted.
        sizes: key -> size of the item there, in bytes.
        objects: name -> size of the object there, in bytes.
    """

    saver: BaseCheckpointSaver[Any]
    reader: Any
    taken: Taken = field(factory=Taken)
    sizes: dict[tuple[str, str], int] = field(factory=dict)
    objects: dict[str, int] = field(factory=dict)
    _lock: Lock = field(factory=Lock)

    def stored_bytes(self) -> int:
        """What is stored, in bytes."""
        return sum(self.sizes.values()) + sum(self.objects.values())

    def add(self, params: dict[str, Any], event_name: str, **_: Any) -> None:
        """Count a call of botocore before it is sent; some are made at the same time."""
        with self._lock:
            self.taken += self._of(event_name.rpartition(".")[2], params)

    def _of(self, operation: str, params: Mapping[str, Any]) -> Taken:
        match operation:
            case "PutItem":
                return Taken.of_write(self._put(params["Item"]))
            case "BatchWriteItem":
                each = [one for some in params["RequestItems"].values() for one in some]
                return Taken.of_write(sum(map(self._changed, each)))
            case "GetItem":
                return Taken.of_read(self._read(params["Key"], params))
            case "BatchGetItem":
                asked = params["RequestItems"].values()
                return Taken.of_read(
                    sum(self._read(key, some) for some in asked for key in some["Keys"])
                )
            case "Query":
                return Taken.of_read(self._queried(params))
            case "PutObject":
                self.objects[params["Key"]] = len(params["Body"])
                return Taken.of_put(len(params["Body"]))
            case "GetObject":
                return Taken.of_got()
            case "DeleteObjects":
                for each in params["Delete"]["Objects"]:
                    self.objects.pop(each["Key"], None)
                return Taken.of_write(0.0)
        raise AssertionError(f"what does {operation} take?")

    def _put(self, item: Mapping[str, Any]) -> float:
        before, size = self.sizes.get(_key(item), 0), item_bytes(item)
        self.sizes[_key(item)] = size
        return write_units(max(before, size))

    def _changed(self, request: Mapping[str, Any]) -> float:
        if "PutRequest" in request:
            return self._put(request["PutRequest"]["Item"])
        return write_units(self.sizes.pop(_key(request["DeleteRequest"]["Key"]), 0))

    def _read(self, key: Mapping[str, Any], options: Mapping[str, Any]) -> float:
        consistent = options.get("ConsistentRead", False)
        return read_units(self.sizes.get(_key(key), 0), consistent=consistent)

    def _queried(self, params: Mapping[str, Any]) -> float:
        """Units of a Query: those of all that it passes over, whatever it gives back of it."""
        left_out = {"ProjectionExpression", "FilterExpression", "ExpressionAttributeNames"}
        asked = {name: value for name, value in params.items() if name not in left_out}
        named = params["KeyConditionExpression"]
        for part in ("ExpressionAttributeNames", "ExpressionAttributeValues"):
            used = {name: value for name, value in params.get(part, {}).items() if name in named}
            asked |= {part: used} if used else {}
        size = sum(map(item_bytes, self.reader.query(**asked)["Items"]))
        return read_units(size, consistent=params.get("ConsistentRead", False))


def _key(attributes: Mapping[str, Any]) -> tuple[str, str]:
    return attributes["PK"]["S"], attributes["SK"]["S"]


@contextmanager
def theirs(*, gzip: bool = False) -> Iterator[Measured]:
    """The peer, with a bucket: without one a thread ends when its state is above 400 KB.

    Args:
        gzip: whether it compresses.
    """
    from langgraph_checkpoint_aws import DynamoDBSaver

    with mock_aws():
        session = boto3.Session("testing", "testing", region_name=REGION)
        reader = session.client("dynamodb")
        reader.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[
                {"AttributeName": name, "KeyType": kind}
                for name, kind in zip(KEY, ("HASH", "RANGE"), strict=True)
            ],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in KEY],
        )
        session.client("s3").create_bucket(Bucket=BUCKET)
        saver = DynamoDBSaver(
            TABLE,
            session=session,
            enable_checkpoint_compression=gzip,
            s3_offload_config={"bucket_name": BUCKET},
        )
        measured = Theirs(saver, reader)
        for client in (saver.client, saver.storage.s3_client):
            client.meta.events.register("provide-client-params.*", measured.add)
        yield measured
