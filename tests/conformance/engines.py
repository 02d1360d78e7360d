"""What the conformance suite runs on, and how its servers are started.

A server is a process of its own on a free loopback port. It is up within half a second, so each
test process has its own and nothing is shared.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

EMBEDDED = ("sqlite-file", "sqlite-memory", "sqlite-lagging")
# ministack with its CloudFormation: each table is made by `dynastore apply`, not by CreateTable.
DEPLOYED = "deployed"
SERVERS = ("moto", "ministack", DEPLOYED)
ENDPOINTS = tuple(filter(None, os.environ.get("DYNASTORE_ENDPOINTS", "").split(",")))
ENGINES = (*EMBEDDED, *SERVERS, *ENDPOINTS)
# What it is called by the faults that tests name: tables are the same server's, however they were made.
SERVER_OF = {DEPLOYED: "ministack"}
# Enough of a table that was deployed: its keys, its indexes with their projections, its items, and that
# it is the one that a store would make.
DEPLOYED_MODULES = frozenset(
    {"test_items", "test_planned", "test_slim", "test_tables", "test_transactions"}
)

# Enough where what differs by engine and by mode is tested elsewhere: each of them, but not each pair.
PAIRS = (
    ("blocking", "sqlite-file"),
    ("awaited", "sqlite-memory"),
    ("blocking", "sqlite-lagging"),
    ("awaited", "moto"),
    ("blocking", "ministack"),
)
# Enough for adapters, which send what stores send: a server says nothing new of them that another said.
ADAPTER_PAIRS = (*PAIRS[:3], ("awaited", "ministack"))
EMBEDDED_PAIRS = (("blocking", "sqlite-memory"), ("awaited", "sqlite-lagging"))

LEFT_OUT = frozenset(filter(None, os.environ.get("DYNASTORE_SKIP_ENGINES", "").split(",")))

MINISTACK_PYTHON = Path(__file__).parents[2] / ".venv-ministack" / "bin" / "python"
# What a stack is made of, besides what holds items and objects.
CONTROL_PLANE = (
    "dynamodb,dynamodbstreams,s3,cloudformation,iam,sts,cloudwatch,logs,sns,backup,kms,"
    "application-autoscaling,ec2"
)
MINISTACK_SETTINGS = {
    "BIND_HOST": "127.0.0.1",  # it would listen on all interfaces
    "SERVICES": "dynamodb,dynamodbstreams,s3",
    "IOT_MTLS_ENABLED": "0",  # it would open port 8883
    "SFTP_ENABLED": "0",
    "LOG_LEVEL": "WARNING",
}

START_SECONDS = 30.0
STARTS = 3  # another process may take the port between our look and the server's


class EngineUnavailable(Exception):
    """An engine of the suite cannot be started."""


@contextmanager
def moto_server() -> Iterator[str]:
    """The URL of a moto server while it runs."""
    command = [sys.executable, "-m", "moto.server", "--host", "127.0.0.1", "--port", "{port}"]
    with _server("moto", command, {}, "/moto-api/") as url:
        yield url


@contextmanager
def ministack_server(services: str = MINISTACK_SETTINGS["SERVICES"]) -> Iterator[str]:
    """The URL of a ministack server while it runs.

    Args:
        services: which it has.

    Raises:
        EngineUnavailable: its environment has not been made.
    """
    if not MINISTACK_PYTHON.exists():
        raise EngineUnavailable(
            "ministack is not installed: run `make engines`, which makes .venv-ministack. "
            "DYNASTORE_SKIP_ENGINES=ministack leaves it out."
        )
    command = [str(MINISTACK_PYTHON), "-m", "ministack"]
    settings = {**MINISTACK_SETTINGS, "SERVICES": services}
    with _server("ministack", command, settings, "/_ministack/ready") as url:
        yield url


@contextmanager
def _server(
    name: str, command: list[str], settings: Mapping[str, str], health: str
) -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix=f"dynastore-{name}-") as folder:
        log = Path(folder) / "log"
        process, url = _started(name, command, {**settings, "TMPDIR": folder}, health, log)
        try:
            yield url
        finally:
            process.terminate()
            process.wait()


def _started(
    name: str, command: list[str], settings: Mapping[str, str], health: str, log: Path
) -> tuple[subprocess.Popen[bytes], str]:
    for _ in range(STARTS):
        port = str(_free_port())
        url = f"http://127.0.0.1:{port}"
        with log.open("wb") as output:
            process = subprocess.Popen(
                [part.format(port=port) for part in command],
                env={**os.environ, **settings, "GATEWAY_PORT": port},
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        if _is_up(process, url + health):
            return process, url
        process.kill()
        process.wait()
    raise EngineUnavailable(
        f"{name} did not start {STARTS} times; it says:\n{log.read_text()[-2000:]}"
    )


def _is_up(process: subprocess.Popen[bytes], url: str) -> bool:
    """Whether the server answers before it ends or its time is over."""
    deadline = time.monotonic() + START_SECONDS
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with opener.open(url, timeout=1):
                return True
        except OSError:  # URLError and HTTPError among them: not listening yet, or not ready
            time.sleep(0.02)
    return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
