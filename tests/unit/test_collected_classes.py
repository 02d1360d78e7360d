"""Collections whose classes have the same fields in other places of their keys."""

from __future__ import annotations

from typing import Any

import pytest

from dynastore import Schema, entity, field, gsi, key, since, size
from dynastore.errors import RequestError
from dynastore.testing import memory_store


@entity("task")
class Task:
    """Something to do, found by who wrote it."""

    author: str
    owner: str = "ann"
    rank: int = 0
    weight: int = 0
    title: str = ""
    steps: list[str] = field(factory=list)

    primary = key("USER#{author}", "TASK#{rank}#{weight}")
    by_owner = gsi(1, "OWNER#{owner}", "LIST", "{rank}")


@entity("note")
class Note:
    """Something to know, found by whom it is for."""

    author: str
    owner: str = "ann"
    rank: int = 0
    weight: int = 0
    title: str = ""
    steps: list[str] = field(factory=list)

    primary = key("USER#{owner}", "NOTE#{rank}#{weight}")
    by_owner = gsi(1, "OWNER#{owner}", "LIST", "{weight}")


@pytest.fixture
def store() -> Any:
    return memory_store(Schema([Task, Note]))


def test_a_range_on_the_key_of_one_class_is_filtered_for_another(store):
    for rank, weight in [(0, 2), (2, 0), (1, 1)]:
        store.put(Task(author="ann", rank=rank, weight=weight))
        store.put(Note(author="ann", rank=rank, weight=weight))
    found = store.collection(Task, Note, owner="ann", rank=since(1), weight=since(1))
    assert [(each.rank, each.weight) for each in found] == [(1, 1), (1, 1)]


def test_what_the_partition_says_of_one_class_is_filtered_for_another(store):
    store.put(Task(author="ann", owner="ann"))
    store.put(Note(author="bob", owner="ann"))
    assert [*store.collection(Task, Note, author="ann", owner="ann")] == [
        Task(author="ann", owner="ann")
    ]


@pytest.mark.parametrize(
    ("name", "says"), [("wieght", "no field wieght.*weight"), ("steps", "Task.steps is list")]
)
def test_a_collection_is_sorted_by_fields_with_an_order_only(store, name, says):
    with pytest.raises(RequestError, match=says):
        store.collection(Task, Note, owner="ann").order_by(name)


def test_a_collection_is_not_sorted_or_filtered_by_what_is_of_another_type_in_each_class():
    @entity("file")
    class File:
        owner: str
        rank: str
        primary = key("USER#{owner}", "FILE#{rank}")

    store = memory_store(Schema([File, Note]))
    together = store.collection(File, Note, owner="ann")
    with pytest.raises(RequestError, match="rank is of several types in File, Note"):
        together.order_by("rank")
    with pytest.raises(RequestError, match="rank is of several types in File, Note"):
        store.collection(File, Note, owner="ann", rank="1")


def test_the_size_of_a_text_is_checked_at_the_client_in_a_collection_too(store):
    found = store.collection(Task, Note, owner="ann", title=size(3), steps=size(0))
    (path,) = found.plan.paths
    assert [name for name, _ in path.checks] == ["title"]
    assert [name for name, _ in path.filters] == ["steps"]
    store.put(Note(author="ann", title="tea"))
    store.put(Task(author="ann", title="to"))
    assert [*found] == [Note(author="ann", title="tea")]
    assert found.count() == 1


def test_a_collection_read_consistently_costs_twice_as_much(store):
    found = store.collection(Task, Note, owner="ann", author="ann")
    assert found.plan.cost.floor == 0.5
    assert found.consistent().plan.cost.floor == 1.0
