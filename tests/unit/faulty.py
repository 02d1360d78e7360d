"""A server that answers as it is told: DynamoDB's faults, which no engine of ours has."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from attrs import field, frozen


@frozen
class Reply:
    """An answer: a status, a body, headers besides the usual.

    It is sent after some seconds, and when a barrier has as many requests as it waits for.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(factory=dict)
    after_seconds: float = 0.0
    barrier: threading.Barrier | None = None


@frozen
class Reset:
    """The connection breaks once the request has arrived."""


def ok(**response: Any) -> Reply:
    """A success as DynamoDB answers it, its checksum included."""
    body = json.dumps(response).encode()
    return Reply(200, body, {"x-amz-crc32": str(zlib.crc32(body))})


def error(code: str, status: int = 400, **more: Any) -> Reply:
    """An error as DynamoDB answers it."""
    named = {"__type": f"com.amazonaws.dynamodb.v20120810#{code}", "message": f"about {code}"}
    return Reply(status, json.dumps({**named, **more}).encode(), {"x-amzn-requestid": "ID42"})


class FaultyServer:
    """Gives its answers in turn, the last one again and again; remembers what it was asked."""

    def __init__(self, *answers: Reply | Reset) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.answered = 0
        self.most_at_once = 0
        self.connections = 0
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.script = self
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def next(self) -> Reply | Reset:
        """The next answer."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


_counting = threading.Lock()


class _Server(ThreadingHTTPServer):
    script: FaultyServer
    block_on_close = False
    request_queue_size = 128  # connections not yet accepted; with 5, others wait a second

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that went away are part of the play."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        """Count a connection; each has a thread."""
        super().setup()
        with _counting:
            self.server.script.connections += 1

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        operation = self.headers["X-Amz-Target"].rpartition(".")[2]
        self._answer(operation, json.loads(body))

    def do_PUT(self) -> None:
        """A request to S3: what is asked for is its method and path, and its body is bytes."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self._answer(f"{self.command} {self.path}", body)

    do_GET = do_HEAD = do_DELETE = do_PUT  # noqa: N815 - http.server's names

    def _answer(self, operation: str, body: Any) -> None:
        headers = {name.lower(): value for name, value in self.headers.items()}
        script = self.server.script
        script.asked.append((operation, headers, body))
        script.most_at_once = max(script.most_at_once, len(script.asked) - script.answered)
        answer = script.next()
        if isinstance(answer, Reset):
            self._reset()
        else:
            self._send(answer)

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        self.close_connection = True

    def _send(self, answer: Reply) -> None:
        time.sleep(answer.after_seconds)
        if answer.barrier is not None:
            answer.barrier.wait(timeout=10)
        self.server.script.answered += 1
        self.send_response_only(answer.status)
        self.send_header("Date", answer.headers.get("Date", self.date_time_string()))
        for name, value in {**answer.headers, "Content-Length": str(len(answer.body))}.items():
            if name != "Date":
                self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""
