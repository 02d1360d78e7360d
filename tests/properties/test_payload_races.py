"""Law 12 for payloads: whatever stops or overlaps writes, a reader finds a whole value.

Operations are stepped by hand on a real engine: a request at a time, stopped anywhere, interleaved
in any order, with the requests of a Together one by one in any order too.
"""

from __future__ import annotations

import datetime as dt
import itertools
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dynastore import Schema, entity, key, payload, ref
from dynastore.errors import DynastoreError, PartialFailure
from dynastore.operations import reads, writes
from dynastore.requests import Now, Together, Wait
from dynastore.testing import memory_store
from dynastore.writes import Create, Delete, Put, Update

START = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
VALUES = {name: random.Random(name).randbytes(400_000) for name in "ab"} | {"small": b"small"}


@entity("doc")
class Doc:
    """A document of one to two parts."""

    name: str
    title: str = ""
    data: bytes = payload(default=b"")

    primary = key("DOC#{name}", "~")


SCHEMA = Schema([Doc])
REF = ref(Doc, name="d")
OPERATIONS = {
    "put a": lambda: writes.write(SCHEMA, Put(Doc(name="d", data=VALUES["a"]))),
    "put b": lambda: writes.write(SCHEMA, Put(Doc(name="d", data=VALUES["b"]))),
    "put small": lambda: writes.write(SCHEMA, Put(Doc(name="d", data=VALUES["small"]))),
    "create a": lambda: writes.write(SCHEMA, Create(Doc(name="d", data=VALUES["a"]))),
    "update a": lambda: writes.write(SCHEMA, Update(REF, data=VALUES["a"])),
    "update b": lambda: writes.write(SCHEMA, Update(REF, data=VALUES["b"])),
    "rename": lambda: writes.write(SCHEMA, Update(REF, title="t")),
    "delete": lambda: writes.write(SCHEMA, Delete(REF)),
    "get": lambda: reads.get(SCHEMA, Doc, {"name": "d"}),
}


class Running:
    """An operation that is carried out a request at a time."""

    def __init__(self, name, client, times):
        self.name, self.client, self.times = name, client, times
        self.steps = OPERATIONS[name]()
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


@pytest.mark.parametrize("before", ["put a", "put small", None])
@pytest.mark.parametrize("operation", sorted(OPERATIONS.keys() - {"get", "create a"}))
def test_a_crash_between_two_requests_leaves_the_old_value_or_the_new(before, operation):
    for stopped_after in itertools.count():
        store = memory_store(SCHEMA)
        store.create_table()
        times = itertools.count()
        if before:
            run_all(Running(before, store.client, times))
        old = store.get(Doc, name="d")
        running = Running(operation, store.client, times)
        for _ in range(stopped_after):
            if not running.done:
                running.step()
        now = store.get(Doc, name="d")
        check(now)
        if not running.done:
            after = store_after(before, operation)
            assert now in (old, after), stopped_after
            continue
        assert now == store_after(before, operation)
        return


def store_after(before, operation):
    store = memory_store(SCHEMA)
    store.create_table()
    for name in filter(None, (before, operation)):
        run_all(Running(name, store.client, itertools.count()))
    return store.get(Doc, name="d")


def run_all(running):
    while not running.done:
        running.step()


@settings(max_examples=150)
@given(
    st.lists(st.sampled_from(sorted(OPERATIONS)), min_size=2, max_size=4),
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=40),
)
def test_however_writers_and_readers_overlap_nobody_meets_half_a_value(names, schedule):
    store = memory_store(SCHEMA)
    store.create_table()
    times = itertools.count()
    run_all(Running("put a", store.client, times))
    running = [Running(name, store.client, times) for name in names]
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
