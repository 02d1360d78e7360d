"""Threads that nobody has worked on for a hundred days, as a saver writes them."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID

from attrs import evolve

from dynastore import Schema
from dynastore.agents import agent_schema
from dynastore.agents.checkpoints.ages import UUID_EPOCH
from dynastore.agents.cold import Cold
from dynastore.integrations.langgraph import DynastoreSaver

BEGAN = dt.datetime(2040, 1, 1, tzinfo=dt.UTC)  # SQLite deletes what expired by the real time
LATER = BEGAN + dt.timedelta(days=100)
COLD = Cold(dt.timedelta(days=90), settling=dt.timedelta(0))
LARGE = "x" * 300_000  # spilled: larger than 256 KB


class Moment:
    """A clock that stands still until it is set."""

    def __init__(self, now: dt.datetime = BEGAN) -> None:
        self.now = now

    def __call__(self) -> dt.datetime:
        return self.now


def bucket_schema() -> Schema:
    """The ready-made schema, whose table has a bucket."""
    return agent_schema().on(lambda table: evolve(table, bucket="agent-payloads"))


def id_at(count: int, began: dt.datetime = BEGAN) -> str:
    """The id of the checkpoint that is made some minutes after a time: a UUID of version 6."""
    ticks = (began - UUID_EPOCH) // dt.timedelta(microseconds=1) * 10 + count * 600_000_000
    high, low = ticks >> 12, ticks & 0xFFF
    return str(UUID(int=high << 80 | 6 << 76 | low << 64 | 2 << 62 | count))


def config(thread="t", checkpoint_id=None, namespace=""):
    named = {"thread_id": thread, "checkpoint_ns": namespace}
    return {"configurable": named | ({"checkpoint_id": checkpoint_id} if checkpoint_id else {})}


def put(saver, count, thread="t", namespace="", began=BEGAN, **values):
    """A checkpoint with two more messages, and others of its values."""
    versions = {"messages": f"{count}", **dict.fromkeys(values, f"{count}")}
    checkpoint: Any = {
        "v": 4,
        "id": id_at(count, began),
        "ts": "",
        "channel_values": {"messages": messages(count), **values},
        "channel_versions": versions,
        "versions_seen": {},
        "updated_channels": None,
    }
    parent = id_at(count - 1, BEGAN) if count > 1 else None
    metadata: Any = {"step": count, "run_id": f"run {count // 4}", "user_id": "ann"}
    return saver.put(config(thread, parent, namespace), checkpoint, metadata, versions)


def messages(count):
    return [f"message {at} " + "y" * 100 for at in range(2 * count)]


def conversation(store, checkpoints=8, thread="t"):
    """A thread with a graph inside it, with large values, and with what tasks wrote."""
    saver = DynastoreSaver(store)
    for count in range(1, checkpoints + 1):
        for namespace in ("", "child") if count < 3 else ("",):
            large = {"large": f"{count}{LARGE}"} if count == 3 else {}
            put(saver, count, thread, namespace, **large)
            place = config(thread, id_at(count), namespace)
            saver.put_writes(place, [("messages", count), ("large", "z" * 40_000)], f"task {count}")
    return saver


def seen(store, thread="t"):
    """All of a thread that can be read, by a process that begins."""
    found = DynastoreSaver(store).list({"configurable": {"thread_id": thread}})
    return {
        (each.config["configurable"]["checkpoint_ns"], each.checkpoint["id"]): (
            each.checkpoint["channel_values"],
            each.pending_writes,
        )
        for each in found
    }
