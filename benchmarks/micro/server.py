"""A server that answers each operation with the same bytes each time, in a process of its own.

It stores nothing and checks nothing: what is measured is the client alone.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TypeAlias
from zlib import crc32

import orjson

from .entities import MESSAGES, SESSIONS, items

CONSUMED_UNITS = 0.5
HEAD_END = b"\r\n\r\n"
ALL_NEW = b'"ALL_NEW"'

KindOf: TypeAlias = Callable[[bytes, bytes], str]
"""The kind of a request, by its head and its body."""


def answers() -> Mapping[str, bytes]:
    """The answer to each kind of request, by `_kind_of` it."""
    held = {table: items(table) for table in (SESSIONS, *MESSAGES)}
    first = held[SESSIONS][0]
    queried = {
        f"Query {table}": answer(Items=found, Count=len(found), ScannedCount=len(found))
        for table, found in held.items()
    }
    return {
        "GetItem": answer(Item=first),
        "PutItem": answer(),
        "UpdateItem": answer(),
        "UpdateItem ALL_NEW": answer(Attributes=first),
        "DescribeTable": answer(Table=_description()),
        **queried,
    }


def _description() -> Mapping[str, object]:
    """What PynamoDB asks for where it does not know the keys of a table."""
    keys = [{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}]
    kinds = [{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK")]
    return {
        "TableName": SESSIONS,
        "TableStatus": "ACTIVE",
        "KeySchema": keys,
        "AttributeDefinitions": kinds,
    }


def answer(**body: object) -> bytes:
    """An answer with a body, as DynamoDB gives it."""
    consumed = {"TableName": SESSIONS, "CapacityUnits": CONSUMED_UNITS}
    sent = orjson.dumps({**body, "ConsumedCapacity": consumed})
    head = (
        "HTTP/1.1 200 OK\r\n"
        "Server: Server\r\n"
        "Date: Thu, 01 Jan 2026 09:30:00 GMT\r\n"
        "Content-Type: application/x-amz-json-1.0\r\n"
        f"Content-Length: {len(sent)}\r\n"
        "Connection: keep-alive\r\n"
        "x-amzn-RequestId: 4KBNVRGD25RG1KEO9UT4V3FQDJVV4KQNSO5AEMVJF66Q9ASUAAJG\r\n"
        f"x-amz-crc32: {crc32(sent)}\r\n"
    )
    return head.encode() + b"\r\n" + sent


def operation_of(head: bytes) -> str:
    """What a request with this head asks for."""
    target = head.lower().partition(b"x-amz-target:")[2].partition(b"\r\n")[0]
    return {
        b"getitem": "GetItem",
        b"putitem": "PutItem",
        b"updateitem": "UpdateItem",
        b"query": "Query",
        b"describetable": "DescribeTable",
    }[target.strip().rpartition(b".")[2]]


def _kind_of(head: bytes, body: bytes) -> str:
    """An operation; of a Query with its table, of an UpdateItem with what it returns."""
    operation = operation_of(head)
    if operation == "Query":
        return f"Query {orjson.loads(body)['TableName']}"
    return "UpdateItem ALL_NEW" if operation == "UpdateItem" and ALL_NEW in body else operation


class Answering(asyncio.Protocol):
    """One connection."""

    def __init__(
        self, answers: Mapping[str, bytes], kind_of: KindOf, latency_seconds: float = 0
    ) -> None:
        """Nothing was received yet.

        Args:
            answers: by kind of request.
            kind_of: tells the kind of one by its head and its body.
            latency_seconds: that each answer waits.
        """
        self._answers = answers
        self._kind_of = kind_of
        self._latency_seconds = latency_seconds
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to write."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._received += data
        while True:
            head, end, rest = self._received.partition(HEAD_END)
            length = _length_of(head)
            if not end or len(rest) < length:
                return
            body, self._received = rest[:length], rest[length:]
            answer = self._answers[self._kind_of(head, body)]
            if self._latency_seconds:
                loop = asyncio.get_running_loop()
                loop.call_later(self._latency_seconds, self._transport.write, answer)
            else:
                self._transport.write(answer)


def _length_of(head: bytes) -> int:
    told = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return int(told or 0)


async def serve(connected: Callable[[], Answering]) -> None:
    """Serve until the standard input ends; the port is printed."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(connected, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # The program that started this one holds the other end, and closes it however it ends.
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Serve until the standard input ends; the port is printed."""
    answered = answers()
    asyncio.run(serve(lambda: Answering(answered, _kind_of)))


@contextmanager
def serving(module: str = __name__, *arguments: object) -> Iterator[str]:
    """The URL of a server, while it runs.

    Args:
        module: whose ``main`` serves.
        arguments: that it is called with.
    """
    called = ", ".join(map(repr, arguments))
    command = [sys.executable, "-c", f"from {module} import main; main({called})"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()
