"""Writes that are outrun, played request by request."""

from __future__ import annotations

from typing import Any

import pytest

from dynastore import Delete, Put, Schema, Store, Update, entity, if_missing, key, ref, unique
from dynastore.clients.base import run
from dynastore.operations.writing.writes import write
from dynastore.requests import GetItem, TransactWriteItems
from dynastore.testing import memory_store
from dynastore.writes import Write


@entity("user")
class User:
    """Somebody."""

    user_id: str
    email: str | None = None
    name: str = "?"

    primary = key("USER#{user_id}", "~")
    one_email = unique("email")


SCHEMA = Schema([User])
ANN = ref(User, user_id="ann")


class Interrupted:
    """A client that lets another write in after its first request."""

    overlaps = False

    def __init__(self, store: Store, other: Write[Any]) -> None:
        self._store = store
        self._other: Write[Any] | None = other
        self.observers = store.client.observers

    def send(self, request: Any, /) -> Any:
        answer = self._store.client.send(request)
        other, self._other = self._other, None
        if other is not None:
            self._store.transact(other)
        return answer

    def close(self) -> None:
        """Nothing of its own is open."""


def outrun(first: Write[Any], other: Write[Any]) -> tuple[Any, Any]:
    """What a write gives back where another comes in after its first request, and what is stored."""
    store = memory_store(SCHEMA)
    store.create(User(user_id="ann"))
    result = run(write(SCHEMA, first), Interrupted(store, other))
    return result, store.get(User, user_id="ann")


def test_a_delete_that_is_outrun_says_that_nothing_was_there():
    assert outrun(Delete(ANN), Delete(ANN)) == (None, None)


def test_a_guarded_update_that_is_outrun_is_made_again():
    other = Put(User(user_id="ann", email="b@x", name="Ann"))
    made, stored = outrun(Update(ANN, email="a@x"), other)
    assert made == stored == User(user_id="ann", email="a@x", name="Ann")


@entity("user")
class LaterUser:
    """Somebody, whose class has a field more."""

    user_id: str
    email: str | None = None
    name: str = "?"
    size: int = 5

    primary = key("USER#{user_id}", "~")
    one_email = unique("email")


def test_an_update_of_what_is_gone_tells_what_was_missing():
    store = memory_store(SCHEMA)
    store.create(User(user_id="ann", name="Ann"))
    later = Schema([LaterUser])
    target = ref(LaterUser, user_id="ann")
    update = Update(target, email="a@x", name=if_missing("Bob"), size=if_missing(7))
    steps = write(later, update)
    asked, answer = next(steps), None
    while not isinstance(asked, TransactWriteItems):
        answer = run(iter(asked), store.client)
        asked = steps.send(answer)
    gone = steps.send(run(iter(asked), store.client))
    assert isinstance(gone, GetItem)
    with pytest.raises(StopIteration) as stop:
        steps.send(None)
    assert stop.value.value == LaterUser(user_id="ann", email="a@x", name="Ann", size=7)


def test_a_delete_gives_back_what_it_deleted():
    gone, stored = outrun(Delete(ANN), Put(User(user_id="ann", name="Ann")))
    assert (gone, stored) == (User(user_id="ann", name="Ann"), None)
