"""A server that answers each operation with the same bytes each time, in a process of its own.

It stores nothing and checks nothing: what is measured is the client alone.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from zlib import crc32

import orjson

from .entities import MESSAGES, SESSIONS, items

CONSUMED_UNITS = 0.5
HEAD_END = b"\r\n\r\n"
ALL_NEW = b'"ALL_NEW"'


def answers() -> Mapping[str, bytes]:
    """The answer to each kind of request, by `_kind_of` it."""
    held = {table: items(table) for table in (SESSIONS, *MESSAGES)}
    first = held[SESSIONS][0]
    queried = {
        f"Query {table}": _answer(Items=found, Count=len(found), ScannedCount=len(found))
        for table, found in held.items()
    }
    return {
        "GetItem": _answer(Item=first),
        "PutItem": _answer(),
        "UpdateItem": _answer(),
        "UpdateItem ALL_NEW": _answer(Attributes=first),
        "DescribeTable": _answer(Table=_description()),
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


def _answer(**body: object) -> bytes:
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


def _kind_of(head: bytes, body: bytes) -> str:
    """An operation; of a Query with its table, of an UpdateItem with what it returns."""
    target = head.lower().partition(b"x-amz-target:")[2].partition(b"\r\n")[0]
    operation = {
        b"getitem": "GetItem",
        b"putitem": "PutItem",
        b"updateitem": "UpdateItem",
        b"query": "Query",
        b"describetable": "DescribeTable",
    }[target.strip().rpartition(b".")[2]]
    if operation == "Query":
        return f"Query {orjson.loads(body)['TableName']}"
    return "UpdateItem ALL_NEW" if operation == "UpdateItem" and ALL_NEW in body else operation


class Answering(asyncio.Protocol):
    """One connection."""

    def __init__(self, answers: Mapping[str, bytes]) -> None:
        """Nothing was received yet."""
        self._answers = answers
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
            self._transport.write(self._answers[_kind_of(head, body)])


def _length_of(head: bytes) -> int:
    told = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
    return int(told or 0)


async def _serve() -> None:
    answered = answers()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Answering(answered), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    # The program that started this one holds the other end, and closes it however it ends.
    await asyncio.to_thread(sys.stdin.read)


def main() -> None:
    """Serve until the standard input ends; the port is printed."""
    asyncio.run(_serve())


@contextmanager
def serving() -> Iterator[str]:
    """The server's URL, while it runs."""
    command = [sys.executable, "-c", f"from {__name__} import main; main()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        process.stdin.close()
