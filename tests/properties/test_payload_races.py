"""Law 12 for payloads, in parts or a bucket: whatever overlaps or stops writes, readers find whole values.

Operations are stepped by hand on a real engine: a request at a time, stopped anywhere, interleaved
in any order, with the requests of a Together one by one in any order too.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynastore import Schema, Table, entity, key, payload, ref
from dynastore.errors import DynastoreError, PartialFailure
from dynastore.operations.reading import reads
from dynastore.operations.reading.scanner import ScanOptions
from dynastore.operations.upkeep.sweeping import sweep
from dynastore.operations.writing import writes
from dynastore.requests import Now, Together, Wait
from dynastore.testing import memory_store
from dynastore.writes import Create, Delete, Put, Update

from .trying import tries

START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
VALUES = {name: random.Random(name).randbytes(400_000) for name in "ab"} | {"small": b"small"}


@entity("doc")
class Doc:
    """A document of one to two parts."""

    name: str
    title: str = ""
    data: bytes = payload(default=b"")

    primary = key("DOC#{name}", "~")


SCHEMAS = {
    "parts": Schema([Doc]),
    "objects": Schema([Doc], Table("dynastore", bucket="agent-payloads")),
}
REF = ref(Doc, name="d")
OPERATIONS = {
    "put a": lambda schema: writes.write(schema, Put(Doc(name="d", data=VALUES["a"]))),
    "put b": lambda schema: writes.write(schema, Put(Doc(name="d", data=VALUES["b"]))),
    "put small": lambda schema: writes.write(schema, Put(Doc(name="d", data=VALUES["small"]))),
    "create a": lambda schema: writes.write(schema, Create(Doc(name="d", data=VALUES["a"]))),
    "update a": lambda schema: writes.write(schema, Update(REF, data=VALUES["a"])),
    "update b": lambda schema: writes.write(schema, Update(REF, data=VALUES["b"])),
    "rename": lambda schema: writes.write(schema, Update(REF, title="t")),
    "delete": lambda schema: writes.write(schema, Delete(REF)),
    "get": lambda schema: reads.get(schema, Doc, {"name": "d"}),
    "sweep": lambda schema: sweep(schema, ScanOptions()),
}
READ_AND_WRITTEN = sorted(OPERATIONS.keys() - {"sweep"})
TWO_DAYS = 2 * 24 * 60 * 60 * 1_000_000  # microseconds


class Running:
    """An operation that is carried out a request at a time."""

    def __init__(self, name, store, times, operations=OPERATIONS):
        self.name, self.client, self.times = name, store.client, times
        self.steps = operations[name](store.schema)
        self.left, self.answers = [], {}
        self.result, self.done = None, False
        self._take(lambda: next(self.steps))

    def step(self, choice=0):
        """Send one request: of a Together, any."""
        match self.asked:
            case Now():
                self._take(
                    lambda: self.steps.send(START + dt.timedelta(microseconds=next(self.times)))
                )
            case Wait():
                self._take(lambda: self.steps.send(None))
            case Together(requests):
                at = self.left.pop(choice % len(self.left))
                self.answers[at] = self._sent(requests[at])
                if not self.left:
                    self._together()
            case request:
                answer = self._sent(request)
                failed = isinstance(answer, DynastoreError)
                self._take(lambda: (self.steps.throw if failed else self.steps.send)(answer))

    def _together(self):
        failed = {at: a for at, a in self.answers.items() if isinstance(a, DynastoreError)}
        done = {at: a for at, a in self.answers.items() if at not in failed}
        if failed:
            self._take(lambda: self.steps.throw(PartialFailure(done, failed)))
        else:
            self._take(lambda: self.steps.send([done[at] for at in sorted(done)]))

    def _sent(self, request):
        try:
            return self.client.send(request)
        except DynastoreError as error:
            return error

    def _take(self, step):
        try:
            self.asked = step()
        except StopIteration as stop:
            self.result, self.done = stop.value, True
        except DynastoreError as error:
            self.result, self.done = error, True
        else:
            if isinstance(self.asked, Together):
                self.left, self.answers = list(range(len(self.asked.requests))), {}


def check(found):
    """A reader finds nothing, or a value that somebody wrote, whole."""
    assert found is None or found.data in {*VALUES.values(), b""}


@pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS)
@pytest.mark.parametrize("before", ["put a", "put small", None])
@pytest.mark.parametrize("operation", sorted({*READ_AND_WRITTEN} - {"get", "create a"}))
def test_a_crash_between_two_requests_leaves_the_old_value_or_the_new(schema, before, operation):
    for stopped_after in itertools.count():
        store = empty_store(schema)
        times = itertools.count()
        if before:
            run_all(Running(before, store, times))
        old = store.get(Doc, name="d")
        running = Running(operation, store, times)
        for _ in range(stopped_after):
            if not running.done:
                running.step()
        now = store.get(Doc, name="d")
        check(now)
        if not running.done:
            after = store_after(schema, before, operation)
            assert now in (old, after), stopped_after
            continue
        assert now == store_after(schema, before, operation)
        return


def store_after(schema, before, operation):
    store = empty_store(schema)
    for name in filter(None, (before, operation)):
        run_all(Running(name, store, itertools.count()))
    return store.get(Doc, name="d")


def empty_store(schema):
    store = memory_store(schema)
    store.create_table()
    return store


def run_all(running):
    while not running.done:
        running.step()


@tries(150)
@given(
    st.sampled_from(sorted(SCHEMAS)),
    st.lists(st.sampled_from(READ_AND_WRITTEN), min_size=2, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=40),
)
def test_however_writers_and_readers_overlap_nobody_meets_half_a_value(kind, names, schedule):
    store = empty_store(SCHEMAS[kind])
    times = itertools.count()
    run_all(Running("put a", store, times))
    overlap(store, [Running(name, store, times) for name in names], schedule)


@pytest.mark.scans
@tries(150)
@given(
    st.sampled_from(sorted(SCHEMAS)),
    st.lists(st.sampled_from(READ_AND_WRITTEN), min_size=1, max_size=3),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=40),
)
def test_a_sweep_takes_nothing_from_those_who_read_and_write_meanwhile(kind, names, schedule):
    store = empty_store(SCHEMAS[kind])
    long_ago = itertools.count(-TWO_DAYS)
    for before in ("put a", "update b", "update a", "put b"):  # litter, with the values of today
        run_all(Running(before, store, long_ago))
    times = itertools.count()
    overlap(store, [Running(name, store, times) for name in ("sweep", *names)], schedule)


def overlap(store, running, schedule):
    """Carry out operations as a schedule says, then to their ends; nobody meets half a value."""
    for who, choice in schedule:
        one = running[who % len(running)]
        if not one.done:
            one.step(choice)
    for one in running:
        run_all(one)
        if one.name == "get":
            assert not isinstance(one.result, DynastoreError), one.result
            check(one.result)
    check(store.get(Doc, name="d"))
