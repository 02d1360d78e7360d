"""Any operations in any order have the same outcomes on every engine."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import uuid4

import pytest
from attrs import frozen
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dynastore import (
    Schema,
    add,
    append,
    begins_with,
    between,
    discard,
    entity,
    field,
    gsi,
    increment,
    key,
    prepend,
    ref,
    since,
    unset,
)
from dynastore.errors import DynastoreError
from dynastore.testing import memory_store

from .engines import PAIRS

DAYS = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in (1, 2, 3)]


@entity("task")
class Task:
    """A task of a user."""

    user_id: str
    task_id: str
    topic: str | None = None
    due_at: dt.datetime = DAYS[0]
    tries: int = 0
    lines: list[str] = field(factory=list)
    marks: set[str] = field(factory=set)

    primary = key("USER#{user_id}", "TASK#{task_id}")
    by_topic = gsi(1, "TOPIC#{topic}", "TASK", "{due_at}", "{tries}")


SCHEMA = Schema([Task])

users = st.sampled_from(["ann", "bob"])
ids = st.sampled_from(["a", "b", "ba", "b#"])
topics = st.sampled_from(["tea", "rum"])
days = st.sampled_from(DAYS)
keys = st.fixed_dictionaries({"user_id": users, "task_id": ids})
tasks = st.builds(
    Task,
    user_id=users,
    task_id=ids,
    topic=st.none() | topics,
    due_at=days,
    tries=st.integers(-2, 2),
    lines=st.lists(st.text(max_size=2), max_size=2),
    marks=st.sets(st.sampled_from("abc"), max_size=2),
)
whens = st.none() | st.fixed_dictionaries({"topic": st.none() | topics})
changes = st.fixed_dictionaries(
    {},
    optional={
        "topic": topics | st.just(unset()),
        "due_at": days,
        "tries": st.integers(-2, 2).map(increment),
        "lines": st.sampled_from([append("more"), prepend("first")]),
        "marks": st.sets(st.sampled_from("abc"), min_size=1).flatmap(
            lambda some: st.sampled_from([add(*some), discard(*some)])
        ),
    },
).map(lambda some: some or {"tries": increment(1)})
filters = st.fixed_dictionaries({}, optional={"tries": st.sampled_from([0, since(0)])})
of_user = st.builds(
    dict.__or__,
    st.fixed_dictionaries(
        {"user_id": users},
        optional={"task_id": st.sampled_from(["b", begins_with("b"), between("a", "b")])},
    ),
    filters,
)
of_topic = st.builds(
    dict.__or__,
    st.fixed_dictionaries({"topic": topics}, optional={"due_at": days | days.map(since)}),
    filters,
)


@frozen
class Put:
    task: Task

    def on(self, store: Any) -> Any:
        return store.put(self.task)


@frozen
class Create:
    task: Task

    def on(self, store: Any) -> Any:
        return store.create(self.task)


@frozen
class Change:
    key: dict[str, str]
    changes: dict[str, Any]
    when: dict[str, Any] | None

    def on(self, store: Any) -> Any:
        return store.update(ref(Task, **self.key), when=self.when, **self.changes)


@frozen
class Delete:
    key: dict[str, str]
    when: dict[str, Any] | None

    def on(self, store: Any) -> Any:
        return store.delete(ref(Task, **self.key), when=self.when)


@frozen
class Get:
    key: dict[str, str]

    def on(self, store: Any) -> Any:
        return store.get(Task, **self.key)


@frozen
class Find:
    where: dict[str, Any]
    newest_first: bool
    limit: int

    def on(self, store: Any) -> Any:
        results = store.query(Task, **self.where)
        results = results.newest_first() if self.newest_first else results
        return paged(results, self.limit), results.count()


operations = st.one_of(
    st.builds(Put, tasks),
    st.builds(Create, tasks),
    st.builds(Change, keys, changes, whens),
    st.builds(Delete, keys, whens),
    st.builds(Get, keys),
    st.builds(Find, of_user | of_topic, st.booleans(), st.integers(1, 3)),
)


# What is left in the end: every list, in both orders.
EVERYTHING = [
    Find(where, newest_first, limit=3)
    for where in ({"user_id": "ann"}, {"user_id": "bob"}, {"topic": "tea"}, {"topic": "rum"})
    for newest_first in (False, True)
]


def paged(results: Any, limit: int) -> list[Task]:
    """All results, read page by page."""
    found: list[Task] = []
    cursor = None
    while True:
        page = results.page(limit=limit, cursor=cursor)
        found += page.entities
        cursor = page.cursor
        if cursor is None:
            return found


def outcome(operation: Any, store: Any) -> Any:
    """What became of an operation: its result, or the class of its error."""
    try:
        return operation.on(store)
    except DynastoreError as error:
        return type(error)


# Each example has a scope of its own, so nothing is left of the one before.
@pytest.mark.on(*PAIRS)
@settings(
    max_examples=settings.default.max_examples // 4,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    before=st.lists(st.builds(Put, tasks), max_size=8),
    sequence=st.lists(operations, min_size=1, max_size=8),
)
def test_all_engines_have_the_same_outcomes(open_store, settled, before, sequence):
    store = open_store(SCHEMA).scope(uuid4().hex)
    reference = memory_store(SCHEMA)
    for operation in before + sequence + EVERYTHING:
        settled()
        assert outcome(operation, store) == outcome(operation, reference), operation
