"""A broken thread: what is wrong is told, and its newest readable checkpoint becomes the last one."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from attrs import evolve

pytest.importorskip("langgraph.checkpoint.base", reason="needs the extra dynastore[langgraph]")

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.base.id import uuid6

from dynastore import ref
from dynastore.agents import Checkpoint, CheckpointValue, TaskWrites, Thread, agent_schema
from dynastore.agents.checkpoints.contents import content_of, packed
from dynastore.agents.checkpoints.findings import Damaged, Headless, Litter, Lost
from dynastore.codec.payloads import Pointer
from dynastore.errors import PayloadMissing
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.requests import DeleteItem, GetItem

from .drivers import Awaited
from .engines import ADAPTER_PAIRS

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)

HOUR = dt.timedelta(hours=1)
NO_GRACE = dt.timedelta(0)
LARGE = random.Random(1).randbytes(50_000).hex()  # is stored by itself


class Clock:
    """Stands still until it is moved on."""

    def __init__(self) -> None:
        self.now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

    def __call__(self) -> dt.datetime:
        return self.now


class Process:
    """A saver whose methods are called as the store is: blocking, or awaited."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.saver = DynastoreSaver(store.target if isinstance(store, Awaited) else store)

    def __getattr__(self, name: str) -> Any:
        if isinstance(self._store, Awaited):
            method = getattr(self.saver, f"a{name}")
            return lambda *args, **options: self._store.runner.run(method(*args, **options))
        return getattr(self.saver, name)

    def listed(self, thread: str = "t") -> list[str]:
        """Ids of all checkpoints of a thread, from the oldest on."""
        config = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
        if not isinstance(self._store, Awaited):
            return [each.checkpoint["id"] for each in self.saver.list(config)][::-1]

        async def ids() -> list[str]:
            return [each.checkpoint["id"] async for each in self.saver.alist(config)]

        return self._store.runner.run(ids())[::-1]


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(open_store, clock):
    return open_store(agent_schema(), clock=clock)


@pytest.fixture
def saver(store):
    return Process(store)


def config_of(checkpoint_id=None, namespace=""):
    named = {"thread_id": "t", "checkpoint_ns": namespace}
    return {"configurable": named | ({"checkpoint_id": checkpoint_id} if checkpoint_id else {})}


def turn(saver, number, config=None, *, namespace="", **more):
    """A checkpoint with a list that has grown, and a value that never changes."""
    messages = [f"message {each} {'x' * 300}" for each in range(number + 1)]
    versions = {"messages": number + 1, "kept": 1, **dict.fromkeys(more, number + 1)}
    checkpoint = empty_checkpoint() | {
        "id": str(uuid6(clock_seq=number)),
        "channel_values": {"messages": messages, "kept": "value", **more},
        "channel_versions": versions,
    }
    metadata = {"source": "loop", "step": number, "user_id": "ann", "graph_id": "g"}
    new = {name: version for name, version in versions.items() if name != "kept" or not number}
    return saver.put(config or config_of(namespace=namespace), checkpoint, metadata, new)


def turns(saver, count, **options):
    """The ids of some checkpoints, each of which follows the one before."""
    config, ids = None, []
    for number in range(count):
        config = turn(saver, number, config, **options)
        ids.append(config["configurable"]["checkpoint_id"])
    return ids


def at(cls, checkpoint_id, **more):
    return ref(cls, thread_id="t", namespace="", checkpoint_id=checkpoint_id, **more)


def test_of_a_sound_thread_nothing_is_told(saver, store):
    ids = turns(saver, 3)
    saver.put_writes(config_of(ids[-1]), [("messages", LARGE), ("kept", "y")], "task")
    checked = saver.check("t")
    assert checked.is_sound
    assert str(checked) == (
        "thread 't': 3 checkpoint(s), 1 with writes, 1 value(s) apart; nothing wrong"
    )
    repaired = saver.repair("t")
    assert repaired.is_sound
    assert repaired.last == {"": ids[-1]}
    assert str(repaired) == str(checked)


def test_of_no_thread_nothing_is_told(saver):
    assert str(saver.check("none")) == "there is no thread 'none'"
    assert saver.repair("none").is_sound


def test_the_newest_checkpoint_that_can_be_read_becomes_the_last(saver, store):
    ids = turns(saver, 4)
    store.delete(at(Checkpoint, ids[2]))
    checked = saver.check("t")
    assert checked.findings == (Lost("", ids[3], "messages", ids[2], "which is gone"),)
    assert str(checked.findings[0]) == (
        f"checkpoint {ids[3]} cannot be read: channel 'messages' needs {ids[2]}, which is gone"
    )
    with pytest.raises(PayloadMissing, match="repair"):
        saver.get_tuple(config_of())

    repaired = saver.repair("t")
    assert repaired.last == {"": ids[1]}
    assert repaired.hidden == [ids[3]]
    assert f"  hid checkpoint {ids[3]}" in str(repaired)
    assert f"  checkpoint {ids[1]} is the last one" in str(repaired)
    assert saver.get_tuple(config_of()).checkpoint["id"] == ids[1]
    assert saver.listed() == ids[:2]
    assert saver.check("t").is_sound


def test_the_thread_goes_on_from_there(saver, store):
    ids = turns(saver, 4)
    store.delete(at(Checkpoint, ids[2]))
    saver.repair("t")
    config = turn(saver, 2, config_of(ids[1]))
    found = saver.get_tuple(config_of())
    assert found.config == config
    assert found.checkpoint["channel_values"]["kept"] == "value"
    assert len(found.checkpoint["channel_values"]["messages"]) == 3


def test_what_was_hidden_is_deleted_by_a_repair_after_an_hour(saver, store, clock):
    ids = turns(saver, 4)
    saver.put_writes(config_of(ids[3]), [("messages", "x")], "task")
    store.delete(at(Checkpoint, ids[2]))
    saver.repair("t")
    clock.now += HOUR / 2
    assert saver.repair("t").is_sound
    clock.now += HOUR / 2
    repaired = saver.repair("t")
    assert repaired.deleted == [ids[3]]
    assert repaired.removed == 1  # what its task wrote
    assert store.query(TaskWrites, thread_id="t").count() == 0
    assert saver.repair("t").is_sound


def test_what_is_broken_stays_hidden_while_others_refer_to_what_it_holds(saver, store, clock):
    first = turn(saver, 0, whole=["w" * 600])
    second = turn(saver, 1, first, whole=["w" * 600, "v"], other="o")
    third = turn(saver, 2, second, whole="none")  # refers to what second holds of other
    ids = [each["configurable"]["checkpoint_id"] for each in (first, second, third)]
    fourth = turn(saver, 3, third, whole="none", other="p")
    held = saver.get_tuple(fourth)
    assert held is not None
    # Of the second only the splice of `whole` is broken: nothing is left that it is spliced into.
    entity = store.get(Checkpoint, thread_id="t", namespace="", checkpoint_id=ids[1])
    assert entity is not None
    _break_channel(store, entity, "whole")
    assert [type(each) for each in saver.check("t").findings] == [Lost]
    for _ in range(3):
        saver.repair("t")
        clock.now += 2 * HOUR
    assert saver.listed() == [ids[0], ids[2], fourth["configurable"]["checkpoint_id"]]
    assert saver.get_tuple(config_of(ids[2])).checkpoint["channel_values"]["messages"]
    assert store.get(Checkpoint, thread_id="t", namespace="", checkpoint_id=ids[1]).hidden_at


def _break_channel(store, entity, channel):
    content = content_of(entity.content)
    segment = content.segments[channel]
    broken = {**content.segments, channel: evolve(segment, base="gone")}
    store.update(entity, content=packed(evolve(content, segments=broken)))


def test_a_damaged_checkpoint_is_deleted_at_once_as_no_list_can_pass_it(saver, store):
    ids = turns(saver, 3)
    store.update(at(Checkpoint, ids[2]), content=b"no content")
    checked = saver.check("t")
    (damaged,) = checked.findings
    assert isinstance(damaged, Damaged)
    assert str(damaged).startswith(f"checkpoint {ids[2]} cannot be read: the content")
    repaired = saver.repair("t")
    assert repaired.deleted == [ids[2]]
    assert repaired.last == {"": ids[1]}
    assert saver.listed() == ids[:2]


def test_where_all_refer_to_what_is_damaged_none_is_left(saver, store):
    ids = turns(saver, 3)
    store.update(at(Checkpoint, ids[0]), content=b"no content")
    assert {each.checkpoint_id for each in saver.check("t").findings} == {*ids}
    repaired = saver.repair("t")
    assert repaired.last == {"": None}
    assert "no checkpoint is left" in str(repaired)
    assert saver.get_tuple(config_of()) is None
    assert saver.listed() == []


def test_a_value_that_is_gone_is_told_from_a_damaged_one(saver, store):
    first = turn(saver, 0, large="x" * 300_000)
    second = turn(saver, 1, first, large="y" * 300_000)
    ids = [each["configurable"]["checkpoint_id"] for each in (first, second)]
    names = [_large(store, each).name for each in ids]
    store.delete(at(CheckpointValue, ids[0], name=names[0]))
    store.update(at(CheckpointValue, ids[1], name=names[1]), content=b"none")
    found = saver.check("t").findings
    assert {str(each).partition(": ")[0] for each in found} == {
        f"checkpoint {ids[0]} cannot be read",
        f"checkpoint {ids[1]} cannot be read",
        f"value {names[1]!r} of checkpoint {ids[1]} cannot be read",
    }
    reasons = {each.reason for each in found if isinstance(each, Lost)}
    assert reasons == {"whose value is gone", "which is damaged"}
    assert saver.repair("t").last == {"": None}


def test_parts_of_a_payload_that_are_gone_are_found_and_their_item_goes(saver, store):
    first = turn(saver, 0)
    second = turn(saver, 1, first, large=random.Random(1).randbytes(400_000))
    ids = [each["configurable"]["checkpoint_id"] for each in (first, second)]
    _lose_parts(store, _large(store, ids[1]))
    kinds = sorted(type(each).__name__ for each in saver.check("t").findings)
    assert kinds == ["Damaged", "Lost"]
    assert saver.repair("t", grace=NO_GRACE).last == {"": ids[0]}
    assert saver.check("t").is_sound


def _large(store, checkpoint_id):
    """The value that is stored beside a checkpoint."""
    found = store.query(CheckpointValue, thread_id="t", namespace="", checkpoint_id=checkpoint_id)
    (value,) = found
    return value


def _lose_parts(store, value):
    target = store.target if isinstance(store, Awaited) else store
    schema = target.schema
    codec = schema.codec(CheckpointValue)
    fields = ("thread_id", "namespace", "checkpoint_id", "name")
    owner = codec.key({each: getattr(value, each) for each in fields}, schema.prefix)

    def steps():
        item = yield from GetItem(schema.table.name, owner, True)
        pointer = next(each for each in map(Pointer.of, item.values()) if each)
        for key in pointer.keys(owner, "content", schema.prefix):
            yield from DeleteItem(schema.table.name, key)

    store.run(steps())


def test_what_a_task_wrote_and_cannot_be_read_is_dropped_and_its_checkpoint_stays(saver, store):
    ids = turns(saver, 2)
    for task in ("lost", "kept"):
        saver.put_writes(config_of(ids[1]), [("messages", task + LARGE)], task)
    (name,) = (
        each.name
        for each in store.query(CheckpointValue, thread_id="t")
        if each.name.startswith("lost")
    )
    store.delete(at(CheckpointValue, ids[1], name=name))
    (damaged,) = saver.check("t").findings
    assert str(damaged) == (
        f"what task lost wrote after checkpoint {ids[1]} cannot be read: its value {name!r} is gone"
    )
    repaired = saver.repair("t")
    assert repaired.dropped == ["lost"]
    assert repaired.last == {"": ids[1]}
    assert [task for task, *_ in saver.get_tuple(config_of()).pending_writes] == ["kept"]


def test_writes_that_arrive_before_their_checkpoint_stay(saver, store, clock):
    turns(saver, 1)
    late = str(uuid6(clock_seq=9))
    saver.put_writes(config_of(late), [("messages", LARGE)], "task")
    found = saver.check("t").findings
    assert {(type(each), each.item) for each in found} == {(Litter, "writes"), (Litter, "value")}
    repaired = saver.repair("t")
    assert (repaired.removed, repaired.marked) == (0, 2)
    clock.now += HOUR / 2
    assert (saver.repair("t").removed, saver.repair("t").marked) == (0, 0)
    checkpoint = empty_checkpoint() | {"id": late}
    saver.put(config_of(), checkpoint, {"source": "loop", "step": 1}, {})
    clock.now += HOUR
    assert saver.repair("t").is_sound
    assert saver.get_tuple(config_of(late)).pending_writes == [("task", "messages", LARGE)]


def test_what_still_belongs_to_nothing_after_an_hour_is_deleted(saver, store, clock):
    ids = turns(saver, 1)
    saver.put_writes(config_of(str(uuid6())), [("messages", LARGE)], "task")
    store.put(CheckpointValue(thread_id="t", checkpoint_id=ids[0], name="left", content=b"[]"))
    assert saver.repair("t").marked == 3
    assert "since 2026-01-01 00:00:00 UTC" in str(saver.check("t"))
    clock.now += HOUR
    assert saver.repair("t").removed == 3
    assert saver.check("t").is_sound
    assert saver.check("t").values == 0


def test_with_no_grace_it_is_deleted_at_once(saver, store):
    turns(saver, 1)
    saver.put_writes(config_of(str(uuid6())), [("messages", "x")], "task")
    assert saver.repair("t", grace=NO_GRACE).removed == 1
    assert saver.check("t").tasks == 0


def test_a_header_that_is_missing_is_written_as_the_checkpoints_have_it(saver, store):
    turns(saver, 2)
    before = store.get(Thread, thread_id="t")
    store.delete(before)
    assert saver.check("t").findings == (Headless(),)
    assert "wrote the thread's header" in str(saver.repair("t"))
    after = store.get(Thread, thread_id="t")
    assert after is not None
    assert (after.user_id, after.component) == ("ann", "g")
    made = min(dt.datetime.fromisoformat(empty_checkpoint()["ts"]), after.created_at)
    assert made == after.created_at
    assert saver.check("t").is_sound


def test_namespaces_are_repaired_each_for_itself(saver, store):
    ids = turns(saver, 3)
    inner = turns(saver, 3, namespace="child:1")
    store.delete(at(Checkpoint, ids[1]))
    repaired = saver.repair("t")
    assert repaired.last == {"": ids[0], "child:1": inner[2]}


def test_values_made_of_lost_writes_are_lost_too(saver, store):
    """A channel that has no value in its checkpoint is made of what the tasks before wrote."""
    first = turn(saver, 0)
    saver.put_writes(first, [("log", LARGE)], "task")
    checkpoint = empty_checkpoint() | {"channel_versions": {"log": 1}}
    metadata = {"source": "loop", "step": 1, "counters_since_delta_snapshot": {"log": [1, 1]}}
    second = saver.put(first, checkpoint, metadata, {"log": 1})
    assert saver.check("t").is_sound
    (value,) = store.query(CheckpointValue, thread_id="t")
    store.delete(value)
    found = saver.check("t").findings
    assert sorted(type(each).__name__ for each in found) == ["Damaged", "Lost"]
    assert second["configurable"]["checkpoint_id"] in str(found[0])
    repaired = saver.repair("t")
    assert repaired.last == {"": first["configurable"]["checkpoint_id"]}
    assert repaired.dropped == ["task"]
