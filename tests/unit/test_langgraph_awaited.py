"""What is awaited saves what there was when it was called, though it changes in the meantime."""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("langgraph.checkpoint.base", reason="needs the extra dynastore[langgraph]")

from langgraph.checkpoint.base import empty_checkpoint

from dynastore.integrations.langgraph import DynastoreSaver

CONFIG = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}


async def as_it_was(call, value):
    """Change a value while a call is awaited for the first time."""
    task = asyncio.create_task(call)
    await asyncio.sleep(0)
    assert not task.done()
    value.append("later")
    return await task


def put(saver, before, versions, new, **values):
    checkpoint = empty_checkpoint() | {"channel_values": values, "channel_versions": versions}
    return saver.aput(before, checkpoint, {"source": "loop", "step": 0}, dict.fromkeys(new, 1))


async def read(saver):
    return (await saver.aget_tuple(CONFIG)).checkpoint["channel_values"]


async def test_the_values_of_a_checkpoint_are_those_at_the_call():
    saver, log = DynastoreSaver("sqlite://"), ["first"]  # whose first call makes the table
    await as_it_was(put(saver, CONFIG, {"log": 1}, ["log"], log=log), log)
    assert await read(saver) == {"log": ["first"]}
    await saver.aclose()


async def test_so_are_those_that_did_not_change_where_the_parent_is_not_remembered(tmp_path):
    where = f"sqlite:///{tmp_path / 'agent.db'}"
    first, log = DynastoreSaver(where), ["first"]
    place = await put(first, CONFIG, {"log": 1}, ["log"], log=log)
    await first.aclose()
    saver = DynastoreSaver(where)
    await as_it_was(put(saver, place, {"log": 1, "n": 1}, ["n"], log=log, n=1), log)
    assert await read(saver) == {"log": ["first"], "n": 1}
    await saver.aclose()


async def test_the_writes_of_a_task_are_those_at_the_call(tmp_path):
    where = f"sqlite:///{tmp_path / 'agent.db'}"
    first, log = DynastoreSaver(where), ["first"]
    place = await put(first, CONFIG, {}, [])
    await first.aclose()
    saver = DynastoreSaver(where)
    await as_it_was(saver.aput_writes(place, [("log", log)], "task"), log)
    found = await saver.aget_tuple(CONFIG)
    assert found.pending_writes == [("task", "log", ["first"])]
    await saver.aclose()


async def test_values_that_stay_where_they_are_are_not_serialized():
    saver = DynastoreSaver("sqlite://")
    place = await put(saver, CONFIG, {"log": 1}, ["log"], log=["first"])
    await put(saver, place, {"log": 1, "n": 1}, ["n"], log=object(), n=1)
    assert await read(saver) == {"log": ["first"], "n": 1}
    await saver.aclose()


async def test_versions_that_their_owner_changes_are_remembered_as_they_were():
    saver = DynastoreSaver("sqlite://")
    versions, new = {"log": 1}, {"log": 1}
    checkpoint = empty_checkpoint() | {
        "channel_values": {"log": ["a"]},
        "channel_versions": versions,
    }
    place = await saver.aput(CONFIG, checkpoint, {"source": "loop", "step": 0}, new)
    versions["log"] = 2  # the next step counts on in the same dict
    await put(saver, place, {"log": 2}, [], log=["b"])
    assert await read(saver) == {"log": ["b"]}
    await saver.aclose()


async def test_so_are_those_of_a_checkpoint_that_was_read():
    saver = DynastoreSaver("sqlite://")
    place = await put(saver, CONFIG, {"log": 1}, ["log"], log=["a"])
    found = await saver.aget_tuple(place)
    found.checkpoint["channel_versions"]["log"] = 2
    await put(saver, place, {"log": 2}, [], log=["b"])
    assert await read(saver) == {"log": ["b"]}
    await saver.aclose()


async def test_the_versions_of_a_checkpoint_are_those_at_the_call():
    saver, versions, new = DynastoreSaver("sqlite://"), {"log": 1}, {"log": 1}
    checkpoint = empty_checkpoint() | {
        "channel_values": {"log": ["a"]},
        "channel_versions": versions,
    }
    task = asyncio.create_task(saver.aput(CONFIG, checkpoint, {"source": "loop", "step": 0}, new))
    await asyncio.sleep(0)
    assert not task.done()
    versions["log"] = 2
    new.clear()
    await put(saver, await task, {"log": 2}, [], log=["b"])
    assert await read(saver) == {"log": ["b"]}
    await saver.aclose()
