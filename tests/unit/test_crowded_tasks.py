"""The writes of a task make room for more, and nothing that is written meanwhile is lost."""

from __future__ import annotations

from contextlib import closing

import pytest

from dynastore.agents import CheckpointValue, TaskWrites
from dynastore.agents.checkpoints.apart import make_room
from dynastore.agents.checkpoints.contents import Value
from dynastore.agents.checkpoints.pending import Elsewhere, TaskWrite, apart_of, write_of
from dynastore.agents.checkpoints.pending import packed_write as packed
from dynastore.changes import inside
from dynastore.entities.spec import ref
from dynastore.errors import DynastoreError, ItemTooLarge
from dynastore.requests import UpdateItem
from dynastore.testing import memory_store

KEY = {"thread_id": "t", "namespace": "", "checkpoint_id": "1", "task_id": "task"}
TARGET = ref(TaskWrites, **KEY)
FULL = ItemTooLarge("W", size_bytes=None, limit_bytes=400 * 1024)


def written(text):
    return TaskWrite("log", Value("json", text.encode()))


@pytest.fixture
def store():
    with closing(memory_store()) as store:
        yield store


def just_before(steps, kind, does):
    """The same steps, and what somebody else does before their first request of a kind."""
    asked = next(steps)
    while True:
        if isinstance(asked, kind) and does is not None:
            does = does()
        try:
            try:
                answer = yield asked
            except DynastoreError as error:
                asked = steps.throw(error)
            else:
                asked = steps.send(answer)
        except StopIteration as stop:
            return stop.value


def test_what_a_task_wrote_is_moved_and_its_places_stay(store):
    texts = {-1: "failed", 0: "a" * 500, 7: "b" * 500}
    store.put(TaskWrites(**KEY, writes={str(at): packed(written(x)) for at, x in texts.items()}))
    store.run(make_room(store.schema, TARGET, FULL))
    stored = store.get(TaskWrites, **KEY)
    (value,) = store.query(CheckpointValue, thread_id="t")
    assert write_of(stored.writes["-1"]) == written("failed")  # no larger than a reference
    assert {write_of(stored.writes[at]) for at in ("0", "7")} == {Elsewhere(value.name)}
    assert apart_of(value.content).at(7) == written(texts[7])
    assert apart_of(value.content).at(1) is None
    with pytest.raises(ItemTooLarge):
        store.run(make_room(store.schema, TARGET, FULL))


def test_what_is_written_while_it_is_moved_is_not_lost(store):
    store.put(TaskWrites(**KEY, writes={"0": packed(written("a" * 500))}))
    late = packed(written("late"))

    def somebody_writes():
        store.update(TARGET, writes=inside({"1": late, "-1": late}))

    steps = make_room(store.schema, TARGET, FULL)
    store.run(just_before(steps, UpdateItem, somebody_writes))
    assert {"0", "1", "-1"} == store.get(TaskWrites, **KEY).writes.keys()
    store.run(make_room(store.schema, TARGET, FULL))
    stored = store.get(TaskWrites, **KEY)
    assert stored.writes["1"] == late
    assert isinstance(write_of(stored.writes["0"]), Elsewhere)


def test_a_task_that_is_deleted_while_it_is_moved_stays_deleted(store):
    store.put(TaskWrites(**KEY, writes={"0": packed(written("a" * 500))}))
    steps = make_room(store.schema, TARGET, FULL)
    store.run(just_before(steps, UpdateItem, lambda: store.delete(TARGET) and None))
    assert store.get(TaskWrites, **KEY) is None
    store.run(make_room(store.schema, TARGET, FULL))
