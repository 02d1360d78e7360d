"""Processes that die between any two requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dynastore import Schema, Store
from dynastore.clients.async_sqlite import AsyncSqliteClient
from dynastore.clients.opening import MEMORY, Place
from dynastore.clients.sqlite import Answer, SqliteClient
from dynastore.errors import PartialFailure, Unavailable
from dynastore.requests import Request

answers = pytest.mark.parametrize("loses_answer", [False, True])


class DyingClient(SqliteClient):
    """Answers some requests, and no more: those after are lost, or the first of them only its answer."""

    def __init__(self) -> None:
        super().__init__(MEMORY)
        self.left: int | None = None
        self.loses_answer = False

    def answer(self, request: Request[Any]) -> Answer:
        if self.left is None:
            return super().answer(request)
        if self.left == 0:
            if self.loses_answer:
                self.loses_answer = False
                super().answer(request)
            raise Unavailable("Died", "the process is no more")
        self.left -= 1
        return super().answer(request)

    def store(self, schema: Schema, **options: Any) -> Store:
        """A store on its table, which is made."""
        place = Place(None, True, lambda: self, lambda: AsyncSqliteClient(self))
        return Store.at(place, schema, create=True, **options)

    def dies(self, call: Callable[[], object], after: int, *, loses_answer: bool = False) -> bool:
        """Whether a call fails of which so many requests are answered."""
        self.left, self.loses_answer = after, loses_answer
        try:
            call()
        except (Unavailable, PartialFailure):
            return True
        finally:
            self.left = None
        return False


def dying(client: DyingClient, call: Callable[[], object], *, loses_answer: bool) -> Iterator[int]:
    """Make a call again and again, one more request answered each time, until it ends."""
    for requests in range(400):
        if not client.dies(call, requests, loses_answer=loses_answer):
            return
        yield requests
    raise AssertionError("it never ends")
