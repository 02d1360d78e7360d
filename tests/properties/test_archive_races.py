"""Law 12 for archived threads: whoever reads, writes, prunes or archives at once meets the whole thread.

Operations are stepped by hand on a real engine, a request at a time, in any order. Time passes with
each request, and where somebody waits.
"""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynastore.agents.checkpoints.archiving import archive_threads
from dynastore.agents.checkpoints.clearing import prune
from dynastore.agents.checkpoints.copying import copy_thread
from dynastore.agents.checkpoints.keeping import Keeping
from dynastore.agents.checkpoints.returning import PATIENCE, bring_back
from dynastore.agents.checkpoints.saving import save
from dynastore.agents.cold import SETTLING, Cold
from dynastore.errors import DynastoreError
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.testing import memory_store
from tests.cold import (
    LATER,
    Moment,
    bucket_schema,
    config,
    conversation,
    id_at,
    messages,
    put,
    seen,
)
from tests.properties.racing import (
    overlap,
    overtake,
    schedules,
    small_transactions,  # noqa: F401 (a fixture)
)

from .trying import tries

COLD = Cold(dt.timedelta(days=90))
LENGTH = 4  # checkpoints of the outermost graph


class World:
    """A cold thread, and what may happen to it."""

    def __init__(self):
        self.clock = Moment()
        self.store = memory_store(bucket_schema(), clock=self.clock)
        self.store.create_table()
        conversation(self.store, LENGTH)
        self.before = seen(self.store)
        self.clock.now = LATER
        self.warm = DynastoreSaver(self.store)
        self.warm.get_tuple(config())  # it goes on without reading again
        self.operations = {
            "archive": lambda schema: archive_threads(schema, COLD),
            "archive too": lambda schema: archive_threads(schema, COLD),
            "get": lambda _: self._saver()._get_tuple(config()),
            "get that": lambda _: self._saver()._get_tuple(config("t", id_at(2))),
            "get child": lambda _: self._saver()._get_tuple(config(namespace="child")),
            "list": lambda _: self._listed(),
            "put": lambda _: self._put(),
            "put writes": lambda _: self._put_writes(),
            "bring back": lambda schema: bring_back(schema, "t"),
            "copy": lambda schema: copy_thread(schema, "t", "u", Keeping()),
        }

    def _saver(self):
        return DynastoreSaver(self.store)

    def _put(self):
        versions = {"messages": f"{LENGTH + 1}"}
        checkpoint = {
            "v": 4,
            "id": id_at(LENGTH + 1, LATER),
            "ts": "",
            "channel_values": {"messages": messages(LENGTH + 1)},
            "channel_versions": versions,
            "versions_seen": {},
            "updated_channels": None,
        }
        where = config("t", id_at(LENGTH))
        draft = self.warm._convert.draft(where, checkpoint, {"step": LENGTH + 1}, versions)
        return save(self.store.schema, self.warm._recent, draft, Keeping())

    def _put_writes(self):
        return self.warm._put_writes(config("t", id_at(LENGTH)), [("messages", "m")], "late", "")

    def _listed(self):
        listing = self._saver()._convert.listing(config("t"), None, None, 2)
        found = []
        while not listing.done:
            found += yield from listing.page()
        return found

    def check(self, one):
        """Nobody fails, or meets a part of the thread."""
        if isinstance(one.result, DynastoreError):
            raise AssertionError(one.name) from one.result
        found = {"list": one.result}.get(one.name, [one.result])
        if one.name not in {"get", "get that", "get child", "list"}:
            return
        for each in found:
            assert each is not None, one.name
            where = each.config["configurable"]
            name = where["checkpoint_ns"], where["checkpoint_id"]
            if name in self.before:
                values, writes = self.before[name]
                assert each.checkpoint["channel_values"] == values
                assert [w for w in each.pending_writes if w[0] != "late"] == writes
            else:
                assert len(each.checkpoint["channel_values"]["messages"]) == 2 * LENGTH + 2
        if one.name == "list":
            assert len(found) == 2


OPERATIONS = sorted(World().operations)


@tries(120)
@given(
    st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=3),
    schedules,
)
def test_whatever_overlaps_an_archiving_meets_the_whole_thread(names, schedule):
    world = World()
    carried_out(world, ["archive", *names], schedule)


@tries(120)
@given(
    st.lists(st.sampled_from(OPERATIONS), min_size=2, max_size=4),
    schedules,
)
def test_whatever_overlaps_on_an_archived_thread_meets_the_whole_of_it(names, schedule):
    world = World()
    assert world.store.run(archive_threads(world.store.schema, AT_ONCE)).archived == 1
    carried_out(world, names, schedule)


AT_ONCE = Cold(COLD.older_than, settling=dt.timedelta(0))


def carried_out(world, names, schedule):
    """Nobody fails, and what is left is what everybody did."""
    overlap(world, names, schedule)
    found = seen(world.store)
    expected = {*world.before} | ({("", id_at(LENGTH + 1, LATER))} if "put" in names else set())
    assert found.keys() == expected
    late = [each for each in found["", id_at(LENGTH)][1] if each[0] == "late"]
    assert bool(late) is ("put writes" in names)
    for name, (values, writes) in world.before.items():
        assert found[name][0] == values
        assert [each for each in found[name][1] if each[0] != "late"] == writes


@pytest.mark.parametrize("after", range(25))
def test_a_prune_at_any_time_of_an_archiving_is_no_less_a_prune(after):
    """What was removed does not come back."""
    world = World()
    world.operations["prune"] = lambda schema: prune(
        schema, "t", Keeping(), lambda *_: (), grace=dt.timedelta(0)
    )
    overtake(world, "archive", "prune", after)
    assert seen(world.store).keys() == {("", id_at(LENGTH)), ("child", id_at(2))}


@pytest.mark.parametrize("after", range(25))
def test_a_thread_that_is_deleted_while_it_is_archived_stays_deleted(after):
    world = World()
    saver = DynastoreSaver(world.store)
    world.operations["delete"] = lambda _: saver._delete_thread("t")
    overtake(world, "archive", "delete", after)
    assert seen(world.store) == {}
    assert not saver.threads().entities
    put(saver, 1)
    assert seen(world.store).keys() == {("", id_at(1))}


def test_who_archives_waits_longer_than_a_reader_trusts_what_it_read():
    assert SETTLING >= 2 * PATIENCE
