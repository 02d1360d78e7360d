"""Archived threads: in the bucket, and back with everything that uses them."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

pytest.importorskip("langgraph.checkpoint.base", reason="needs the extra dynastore[langgraph]")

from dynastore.agents import Checkpoint, CheckpointValue, TaskWrites, Thread, ThreadArchive
from dynastore.agents.checkpoints.archiving import archive_threads, archived_threads
from dynastore.agents.checkpoints.returning import bring_back
from dynastore.agents.checkpoints.stubs import is_stub
from dynastore.agents.cold import Archived, Cold
from dynastore.errors import InvalidCursor, RequestError
from dynastore.requests.objects import ListObjectsV2
from tests.cold import (
    COLD,
    LATER,
    Moment,
    bucket_schema,
    config,
    id_at,
    put,
)

from .drivers import Awaited
from .engines import ADAPTER_PAIRS
from .test_objects import BUCKET, bucket  # noqa: F401 (a fixture)
from .test_thread_repair import Process

pytestmark = [pytest.mark.on(*ADAPTER_PAIRS)]

SCHEMA = bucket_schema()
CLASSES = (Checkpoint, CheckpointValue, TaskWrites)


@pytest.fixture
def clock():
    return Moment()


@pytest.fixture
def store(bucket, open_store, clock):  # noqa: F811 (the fixture)
    return open_store(SCHEMA, clock=clock)


def conversation(store, thread="t", checkpoints=6):
    process = Process(store)
    for count in range(1, checkpoints + 1):
        for namespace in ("", "child") if count < 3 else ("",):
            large = {"large": f"{count}" + "x" * 300_000} if count == 3 else {}
            put(process, count, thread, namespace, **large)
            place = config(thread, id_at(count), namespace)
            process.put_writes(
                place, [("messages", count), ("note", "z" * 40_000)], f"task {count}"
            )
    return process


def archive(store, cold=COLD, **options) -> Archived:
    return store.run(archive_threads(store.schema, cold, **options))


def seen(store, thread="t"):
    """All of a thread that can be read, by a process that begins."""
    saver = Process(store).saver
    found = (each for each in _listed(store, saver, {"configurable": {"thread_id": thread}}))
    return {
        (each.config["configurable"]["checkpoint_ns"], each.checkpoint["id"]): (
            each.checkpoint["channel_values"],
            each.pending_writes,
        )
        for each in found
    }


def _listed(store, saver, where, **options):
    if not isinstance(store, Awaited):
        return [*saver.list(where, **options)]

    async def found():
        return [each async for each in saver.alist(where, **options)]

    return store.runner.run(found())


def in_table(store, thread="t"):
    """How many items of a thread are in the table, without its header, its archive and its stubs."""
    found = [each for cls in CLASSES for each in store.query(cls, thread_id=thread)]
    return sum(not (isinstance(each, Checkpoint) and is_stub(each)) for each in found)


def state(store, thread="t"):
    found = store.get(ThreadArchive, thread_id=thread)
    return None if found is None else found.state


def objects(store) -> list[Any]:
    def steps():
        return (yield from ListObjectsV2(BUCKET, "", 1_000))

    return store.run(steps()).objects


@pytest.fixture
def archived(store, clock, settled):
    """A thread that is archived, and what can be read of it."""
    conversation(store)
    settled()
    before, count = seen(store), in_table(store)
    clock.now = LATER
    done = archive(store)
    assert (done.seen, done.archived, done.items) == (1, 1, count)
    assert in_table(store) == 0
    assert len(objects(store)) == 1
    return before


def test_it_is_listed_and_stays_archived(store, archived, settled):
    settled()
    (listed,) = Process(store).threads(user_id="ann")
    assert (listed.thread_id, state(store)) == ("t", "archived")
    page = store.run(archived_threads(store.schema))
    assert [(each.thread_id, each.items > 0) for each in page] == [("t", True)]


def test_its_newest_checkpoint_comes_back(store, archived):
    found = Process(store).get_tuple(config())
    assert (found.checkpoint["channel_values"], found.pending_writes) == archived["", id_at(6)]
    assert state(store) == "back"
    assert seen(store) == archived


def test_an_older_checkpoint_comes_back(store, archived):
    found = Process(store).get_tuple(config("t", id_at(2), "child"))
    assert found.pending_writes == archived["child", id_at(2)][1]
    assert seen(store) == archived


def test_one_that_is_newer_than_what_was_put_again_comes_back(store, archived):
    put(Process(store), 2)
    assert (
        Process(store).get_tuple(config("t", id_at(4))).pending_writes == archived["", id_at(4)][1]
    )
    assert seen(store) == archived


def test_one_that_never_was_is_not_there(store, archived):
    assert Process(store).get_tuple(config("t", id_at(3), "child")) is None
    assert Process(store).get_tuple(config("t", namespace="nowhere")) is None


@pytest.mark.parametrize(
    ("where", "options", "count"),
    [
        (config(), {}, 6),
        (config("t", id_at(2)), {}, 1),
        (config(), {"before": config("t", id_at(3))}, 2),
        (config(), {"filter": {"step": 4}}, 1),
        (config(), {"filter": {"step": 4, "user_id": "ann"}}, 1),
        (config(), {"limit": 2}, 2),
        ({"configurable": {"thread_id": "t"}}, {}, 8),
        (None, {}, 8),
    ],
)
def test_a_listing_brings_it_back(store, archived, where, options, count):
    found = _listed(store, Process(store).saver, where, **options)
    assert len(found) == count
    assert seen(store) == archived


def test_it_goes_on_where_it_ended(store, archived, clock):
    process = Process(store)
    process.get_tuple(config())
    put(process, 7)
    assert seen(store).keys() == {*archived, ("", id_at(7))}
    assert len(seen(store)["", id_at(7)][0]["messages"]) == 14


def test_what_is_written_without_a_look_joins_what_comes_back(store, archived):
    process = Process(store)
    put(process, 7)
    process.put_writes(config("t", id_at(6)), [("messages", "late")], "task late")
    process.put_writes(config("t", id_at(6)), [("messages", "again")], "task 6")
    put(process, 6)  # the same checkpoint again
    found = seen(store)
    assert found.keys() == {*archived, ("", id_at(7))}
    assert found["", id_at(5)] == archived["", id_at(5)]
    assert found["", id_at(6)][0] == archived["", id_at(6)][0]
    assert ("task late", "messages", "late") in found["", id_at(6)][1]
    assert ("task 6", "messages", 6) in found["", id_at(6)][1]
    assert ("task 6", "messages", "again") not in found["", id_at(6)][1]


def test_it_is_deleted_with_its_archive(store, archived):
    Process(store).delete_thread("t")
    assert (seen(store), state(store), in_table(store)) == ({}, None, 0)
    assert store.get(Thread, thread_id="t") is None


def test_it_is_copied(store, archived):
    Process(store).copy_thread("t", "u")
    assert seen(store, "u") == archived == seen(store)


def test_a_copy_that_is_archived_is_completed(store, archived, clock, settled):
    process = Process(store)
    process.copy_thread("t", "u")
    settled()
    clock.now += COLD.older_than * 1.5
    assert archive(store).archived == 2
    process.copy_thread("t", "u")
    assert seen(store, "u") == archived == seen(store)


def test_it_is_pruned(store, archived):
    Process(store).prune(["t"], grace=dt.timedelta(0))
    assert seen(store) == {
        place: archived[place] for place in [("", id_at(6)), ("child", id_at(2))]
    }


def test_its_runs_are_found_and_deleted(store, archived, settled):
    settled()
    Process(store).delete_for_runs(["run 1"], grace=dt.timedelta(0))
    assert seen(store).keys() == {place for place in archived if place[1] < id_at(4)}


def test_it_is_checked(store, archived):
    checked = Process(store).check("t")
    assert checked.is_there
    assert checked.is_sound
    assert state(store) == "back"


def test_it_comes_back_by_itself_once(store, archived):
    assert store.run(bring_back(store.schema, "t")) is True
    assert store.run(bring_back(store.schema, "t")) is False
    assert seen(store) == archived


@pytest.mark.scans
def test_a_sweep_leaves_it_and_takes_what_is_left_of_it(store, archived):
    store.sweep()
    assert len(objects(store)) == 1
    assert seen(store) == archived


@pytest.mark.scans
def test_a_scope_goes_with_its_archives(open_store, bucket, clock):  # noqa: F811
    store = open_store(SCHEMA, clock=clock)
    team = store.scope("team")
    conversation(team)
    before = seen(team)
    clock.now = LATER
    assert archive(store).archived == 0
    assert archive(team).archived == 1
    assert seen(team) == before


def test_a_cursor_goes_on_with_what_was_cold_then(store, clock):
    for each in "abc":
        put(Process(store), 1, each)
    clock.now = LATER
    first = archive(store, rounds=1)
    assert first.cursor is None
    with pytest.raises(InvalidCursor):
        archive(store, cursor="nonsense")
    with pytest.raises(RequestError, match="older_than"):
        Cold(dt.timedelta(minutes=1))


def test_one_that_is_worked_on_stays(store, clock):
    process = conversation(store)
    clock.now = LATER
    put(process, 7, began=LATER - COLD.older_than / 2)
    assert (archive(store).archived, state(store)) == (0, None)


def test_one_whose_ids_do_not_tell_stays(store, clock):
    process = Process(store)
    put(process, 1)
    checkpoint: Any = {"v": 4, "id": "0001", "ts": "", "channel_values": {}}
    checkpoint |= {"channel_versions": {}, "versions_seen": {}}
    process.put(config(), checkpoint, {}, {})
    clock.now = LATER
    assert archive(store).undated == 1


def test_one_that_is_too_large_stays(store, clock, monkeypatch):
    from dynastore.agents.checkpoints import leaving

    conversation(store)
    before = seen(store)
    monkeypatch.setattr(leaving, "LARGEST_BYTES", 100_000)
    clock.now = LATER
    done = archive(store)
    assert (done.archived, done.large) == (0, ("t",))
    assert len(objects(store)) == 0
    assert seen(store) == before
