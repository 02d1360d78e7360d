"""The embedded engine, awaited."""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from ..requests import Request
from .awaiting import finished
from .deadlines import Deadline
from .observing import Exchange, Observer
from .sqlite import SqliteClient, reported

R = TypeVar("R")


class AsyncSqliteClient:
    """A `SqliteClient` for event loops: SQLite blocks, so it has a thread of its own.

    It belongs to no loop; loops may use it one after the other.

    Attributes:
        observers: told of each request, on the loop.
        client: the client that it has, which blocks.
    """

    def __init__(self, client: SqliteClient) -> None:
        """Take a client, which blocking calls may use at the same time."""
        self.observers: list[Observer] = []
        self.client = client
        self._thread: ThreadPoolExecutor | None = None
        self._process = os.getpid()

    async def send(self, request: Request[R], /, *, deadline: Deadline | None = None) -> R:
        """The response to *request*; raises what `SqliteClient.send` raises."""
        loop, carry_out = asyncio.get_running_loop(), self.client.answer_within
        with Exchange(self.observers, request) as exchange:
            answering = loop.run_in_executor(self._own_thread(), carry_out, request, deadline)
            return reported(exchange, request, await finished(answering))

    async def close(self) -> None:
        """Close the file. The client cannot be used afterwards."""
        thread = self._own_thread()
        await asyncio.get_running_loop().run_in_executor(thread, self.client.close)
        thread.shutdown(wait=False)
        self._thread = None

    def _own_thread(self) -> ThreadPoolExecutor:
        # After a fork the child has the executor, but not its thread: nothing would ever answer.
        if self._thread is None or self._process != os.getpid():
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="dynastore-sqlite")
            self._process = os.getpid()
        return self._thread
