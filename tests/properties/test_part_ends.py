"""Law 12 for expiry: at no moment does a part end before the item that refers to it.

Writers are stepped by hand on a real engine, a request at a time. Each moment is looked at, so each
is one at which all of them may stop for good.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynastore import Schema, entity, if_missing, key, operations, payload, ref
from dynastore.codec import payloads
from dynastore.codec.payloads import Pointer
from dynastore.operations.writing.touching import touch
from dynastore.operations.writing.writes import transact, write
from dynastore.requests import Key, Scan
from dynastore.table import PART, TTL
from dynastore.testing import memory_store
from dynastore.writes import Delete, Put, Update

from .test_payload_races import START, Running, run_all
from .trying import tries


@entity("doc", expires="ends_at")
class Doc:
    """A document, of up to three parts in each of two fields."""

    name: str
    title: str = ""
    ends_at: dt.datetime | None = None
    data: bytes = payload(default=b"", compress_over=None, offload_over=60)
    notes: bytes = payload(default=b"", compress_over=None, offload_over=60)

    primary = key("DOC#{name}", "~")


SCHEMA = Schema([Doc])
REF = ref(Doc, name="d")
A, B = (random.Random(seed).randbytes(150) for seed in "ab")


def after(seconds):
    return START + dt.timedelta(seconds=seconds)


def put(**fields):
    return lambda schema: write(schema, Put(Doc(name="d", **fields)))


def update(**changes):
    return lambda schema: write(schema, Update(REF, **changes))


def touched(seconds):
    return lambda schema: touch(schema, REF, lifetime=dt.timedelta(seconds=seconds))


OPERATIONS = {
    "put a": put(data=A, ends_at=after(60)),
    "put b": put(data=B, notes=A, ends_at=after(30)),
    "put b for good": put(data=B, notes=B),
    "put small": put(data=b"small", ends_at=after(40)),
    "delete": lambda schema: write(schema, Delete(REF)),
    "update b": update(data=B),
    "update both": update(data=A, notes=A),
    "touch long": touched(100),
    "touch": touched(50),
    "touch short": touched(10),
    "keep for good": update(ends_at=None),
    "touch and set": update(data=A, ends_at=after(80)),
    "if missing": update(data=if_missing(A), ends_at=if_missing(after(20))),
    "in a transaction": lambda schema: transact(schema, [Update(REF, ends_at=after(90))]),
}
NAMES = sorted(OPERATIONS)


@pytest.fixture(autouse=True, scope="module")
def small_parts():
    with pytest.MonkeyPatch.context() as patch:
        for module in (payloads, operations.payloads):
            patch.setattr(module, "PART_BYTES", 64)
        yield


def empty_store():
    store = memory_store(SCHEMA, clock=lambda: START)
    store.create_table()
    return store


def running(name, store, times):
    return Running(name, store, times, OPERATIONS)


def stored(store):
    items = store.client.send(Scan(SCHEMA.table.name, consistent=True)).items
    return {Key.of(each): each for each in items}


def end(item):
    return int(item[TTL]["N"]) if TTL in item else math.inf


def parts_of(item, items):
    pointers = {name: Pointer.of(item[name]) for name in ("data", "notes") if name in item}
    held = [(n, each) for n, each in pointers.items() if each is not None]
    return [items[part] for n, each in held for part in each.keys(Key.of(item), n, "")]


def check(store):
    items = stored(store)
    for item in items.values():
        assert all(end(part) >= end(item) for part in parts_of(item, items))


@pytest.mark.scans
@tries(600)
@given(
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3),
    st.lists(st.sampled_from(NAMES), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 3)), max_size=25),
)
def test_no_part_ends_before_its_item_whoever_writes_and_stops_meanwhile(before, names, schedule):
    store, times = empty_store(), itertools.count()
    for name in before:
        run_all(running(name, store, times))
        check(store)
    writers = [running(name, store, times) for name in names]
    for who, choice in schedule:
        one = writers[who % len(writers)]
        if not one.done:
            one.step(choice)
            check(store)
    for one in writers:
        while not one.done:
            one.step()
            check(store)


@pytest.mark.scans
@pytest.mark.parametrize("name", ["touch long", "keep for good", "touch short", "touch and set"])
@pytest.mark.parametrize("other", ["put b", "put b for good", "update b", "delete"])
def test_parts_that_another_writer_makes_meanwhile_last_too(name, other):
    for steps in itertools.count():
        store, times = empty_store(), itertools.count()
        run_all(running("put a", store, times))
        writer = running(name, store, times)
        for _ in range(steps):
            if not writer.done:
                writer.step()
        was_done = writer.done
        run_all(running(other, store, times))
        while not writer.done:
            writer.step()
            check(store)
        if was_done:
            return


@pytest.mark.scans
@pytest.mark.parametrize(
    ("before", "moved", "ends"),
    [
        ("put a", "touch long", 100),
        ("put a", "keep for good", math.inf),
        ("put b for good", "touch", 50),
        ("put b for good", "touch and set", 80),
        ("put a", "if missing", 60),
        ("put b for good", "if missing", 20),
    ],
)
def test_parts_end_with_their_item_and_no_others_are_left(before, moved, ends):
    store, times = empty_store(), itertools.count()
    run_all(running(before, store, times))
    run_all(running(moved, store, times))
    items = stored(store)
    (item,) = (each for each in items.values() if each["TYPE"]["S"] != PART)
    parts = parts_of(item, items)
    limit = math.inf if ends == math.inf else ends + START.timestamp() + 1  # rounded up
    assert parts
    assert {*map(end, parts)} == {end(item)}
    assert limit - 1 <= end(item) <= limit
    assert len(items) == 1 + len(parts)
    assert store.get(Doc, name="d").data in {A, B}
