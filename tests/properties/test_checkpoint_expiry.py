"""Checkpoints with a lifetime: what is given back is whole, and what is over is not given back."""

from __future__ import annotations

import datetime as dt
import random
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from dynastore import Store, ref
from dynastore.agents import CheckpointValue, TaskWrites, agent_schema
from dynastore.agents.checkpoints import noting, rewriting, saving
from dynastore.agents.checkpoints.entities import Thread
from dynastore.agents.checkpoints.keeping import Keeping
from dynastore.errors import PayloadMissing, RequestError
from dynastore.integrations.langgraph import DynastoreSaver

from .checkpoint_model import BEGIN, config_of, lists, small_constants
from .trying import tries

TTLS = (dt.timedelta(hours=1), dt.timedelta(hours=5), None)


class Clocked:
    """Savers of one table, each with a lifetime of its own and a memory of its own."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.count = 0
        self.store = Store.connect("sqlite://", agent_schema(), clock=lambda: self.now)
        self.savers = [DynastoreSaver(self.store, ttl=ttl) for ttl in TTLS for _ in range(2)]
        self.put_at: dict[str, tuple[dt.datetime | None, dict[str, Any]]] = {}
        self.versions: dict[str, dict[str, str]] = {}

    def shown(self) -> list[str]:
        found = self.put_at.items()
        return [name for name, (until, _) in found if until is None or until > self.now]

    def put(
        self, by: int, parent: str | None, changes: dict[str, Any], again: str | None = None
    ) -> None:
        self.count += 1
        count = self.count
        checkpoint_id = again or f"{len(self.put_at):06}"
        values = {**(self.put_at[parent][1] if parent else {}), **changes}
        new = {name: f"{count}.{name}" for name in changes}
        versions = {**(self.versions[parent] if parent else {}), **new}
        saver = self.savers[by]
        saver.put(
            config_of("t", "", parent),  # type: ignore[arg-type]
            {
                "v": 4,
                "id": checkpoint_id,
                "ts": "",
                "channel_values": values,
                "channel_versions": versions,
                "versions_seen": {},
                "updated_channels": None,
            },
            {"step": count},
            new,
        )
        ttl = TTLS[by // 2]
        self.put_at[checkpoint_id] = (None if ttl is None else self.now + ttl, values)
        self.versions[checkpoint_id] = versions

    def check(self, by: int) -> None:
        shown = self.shown()
        found = list(self.savers[by].list(config_of("t", "")))  # type: ignore[arg-type]
        assert [each.checkpoint["id"] for each in found] == shown[::-1]
        for each in found:
            assert each.checkpoint["channel_values"] == self.put_at[each.checkpoint["id"]][1]
        newest = self.savers[by].get_tuple(config_of("t", ""))  # type: ignore[arg-type]
        assert (newest and newest.checkpoint["id"]) == (shown[-1] if shown else None)


pauses = st.sampled_from([0, 1, 20, 29, 31, 59, 90, 200])  # minutes


def what_is_given_back_is_whole(data, savers):
    clocked = Clocked()
    parent: str | None = None
    for _ in range(data.draw(st.integers(1, 14))):
        clocked.now += dt.timedelta(minutes=data.draw(pauses))
        by = data.draw(st.sampled_from(savers))
        clocked.check(by)
        shown = clocked.shown()
        parent = data.draw(st.sampled_from([shown[-1], *shown])) if shown else None
        before = clocked.put_at[parent][1] if parent else {}
        more = data.draw(lists)
        clocked.put(by, parent, {"messages": [*before.get("messages", ["begin"]), *more]})
        if data.draw(st.booleans()):
            clocked.put(by, f"{len(clocked.put_at) - 1:06}", {"note": "x" * 70})
        if data.draw(st.integers(0, 4)) == 0:
            again = data.draw(st.sampled_from([*clocked.put_at]))
            clocked.put(by, None, {"messages": data.draw(lists), "note": "again"}, again)
        if data.draw(st.integers(0, 5)) == 0:
            clocked.savers[by].prune(["t"], keep_last=2)
            kept = clocked.shown()[-2:]
            clocked.put_at = {
                name: (until, values) if name in kept else (BEGIN, values)
                for name, (until, values) in clocked.put_at.items()
            }
        clocked.check(data.draw(st.sampled_from(savers)))
        if len(savers) == 2:
            assert clocked.store.get(Thread, thread_id="t") is not None
    clocked.now += dt.timedelta(minutes=data.draw(pauses))
    clocked.check(savers[0])
    clocked.store.close()


schedules = given(data=st.data(), savers=st.sampled_from([[0, 1], [2, 3], [0, 1, 2, 3, 4, 5]]))


@pytest.mark.hypothesis  # so that make fuzz runs it
def test_with_any_pauses_what_is_given_back_is_whole_and_no_older_than_its_lifetime():
    with small_constants():
        tries(40)(schedules(what_is_given_back_is_whole))()


def test_without_a_look_at_what_lasts_something_would_be_missing(monkeypatch):
    monkeypatch.setattr(Keeping, "outlives", lambda *_, **__: True)
    once = settings(max_examples=1_000, phases=[Phase.generate], derandomize=True, database=None)
    # Of all savers together, as those of one lifetime may miss the thread's header first.
    everyone = given(data=st.data(), savers=st.just([*range(6)]))
    with small_constants(), pytest.raises(PayloadMissing):
        once(everyone(what_is_given_back_is_whole))()


def test_the_header_of_a_thread_in_use_stays_and_is_written_seldom():
    clocked = Clocked()
    parent = None
    revisions = []
    for at in range(40):
        clocked.put(0, parent, {"messages": [at]})
        parent = f"{at:06}"
        clocked.now += dt.timedelta(minutes=10)
        revisions.append(clocked.store.get(Thread, thread_id="t").expires_at)
    assert len(set(revisions)) <= 11  # 400 minutes: once in half a lifetime, which is 30
    clocked.now += dt.timedelta(minutes=100)
    assert clocked.store.get(Thread, thread_id="t") is None
    clocked.store.close()


def test_a_thread_that_goes_on_without_a_lifetime_has_a_header_for_ever():
    clocked = Clocked()
    clocked.put(0, None, {"messages": [1]})
    clocked.savers[4].get_tuple(config_of("t", ""))
    clocked.put(4, "000000", {"messages": [1, 2]})
    clocked.now += dt.timedelta(days=9)
    assert clocked.store.get(Thread, thread_id="t").expires_at is None
    clocked.check(5)
    clocked.store.close()


def test_a_channel_that_is_made_of_old_writes_is_refused_where_they_would_expire():
    saver = DynastoreSaver("sqlite://", ttl=TTLS[0])
    checkpoint: Any = {"id": "1", "channel_values": {}, "channel_versions": {"d": "1"}}
    metadata: Any = {"counters_since_delta_snapshot": {"d": (1, 1)}}
    with pytest.raises(RequestError, match=r"DeltaChannels.*saver without ttl="):
        saver.put(config_of("t", ""), checkpoint, metadata, {"d": "1"})  # type: ignore[arg-type]
    assert saver.get_tuple(config_of("t", "")) is None  # type: ignore[arg-type]


def test_the_header_expires_no_sooner_than_what_can_be_read():
    clocked = Clocked()
    clocked.put(0, None, {"messages": [1]})
    clocked.now += dt.timedelta(minutes=29)
    clocked.put(0, "000000", {"messages": [2]})
    clocked.now += dt.timedelta(minutes=59)
    clocked.check(0)
    assert clocked.store.get(Thread, thread_id="t") is not None
    clocked.store.close()


@pytest.mark.parametrize("knows", [True, False], ids=["goes on", "begins anew"])
@pytest.mark.parametrize("longer", [2, 4], ids=["longer", "for ever"])
def test_a_saver_with_a_shorter_lifetime_leaves_the_header_to_the_others(longer, knows):
    clocked = Clocked()
    clocked.put(longer, None, {"messages": [1]})
    if knows:
        clocked.savers[0].get_tuple(config_of("t", ""))
    clocked.put(0, "000000", {"messages": [2]})
    clocked.now += dt.timedelta(hours=4)
    clocked.check(5)
    assert [each.thread_id for each in clocked.savers[5].threads()] == ["t"]
    clocked.store.close()


LARGE = random.Random(0).randbytes(40_000).hex()  # stored by itself
DAY = dt.timedelta(days=1)


def of_tasks(store: Store) -> list[Any]:
    return sorted(
        each[2] for each in DynastoreSaver(store).get_tuple(config_of("t", "")).pending_writes
    )


@pytest.mark.parametrize("again", [False, True], ids=["more writes", "the same write"])
@pytest.mark.parametrize("count", [1, 150])
def test_a_write_that_is_stored_by_itself_lasts_as_long_as_what_refers_to_it(
    again: bool, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(noting, "TASK_BYTES", 1_000)
    monkeypatch.setattr(noting, "ADDED_BYTES", 1_000)
    clocked = Clocked()
    keeping, ending = DynastoreSaver(clocked.store), DynastoreSaver(clocked.store, ttl=DAY)
    clocked.savers = [keeping]
    clocked.put(0, None, {"log": "x"})
    place = config_of("t", "", "000000")
    writes = [("log", f"{LARGE}{at}" if count == 1 else f"{at}" * 20) for at in range(count)]
    keeping.put_writes(place, writes if again else [("__interrupt__", "?")], "task")
    ending.put_writes(place, writes, "task")
    wanted = of_tasks(clocked.store)
    assert len(wanted) == count + (not again)
    clocked.now += 2 * DAY
    assert of_tasks(clocked.store) == wanted
    assert keeping.check("t").findings == ()


def test_a_write_that_a_repair_found_to_belong_to_nothing_belongs_to_what_refers_to_it_now() -> (
    None
):
    clocked = Clocked()
    saver = DynastoreSaver(clocked.store)
    clocked.savers = [saver]
    clocked.put(0, None, {"log": "x"})
    place = config_of("t", "", "000000")
    saver.put_writes(place, [("log", LARGE)], "task")
    clocked.store.delete(
        ref(TaskWrites, thread_id="t", namespace="", checkpoint_id="000000", task_id="task")
    )
    saver.repair("t")
    saver.put_writes(place, [("log", LARGE)], "task")
    clocked.now += 2 * DAY
    (value,) = clocked.store.query(CheckpointValue, thread_id="t")
    assert value.unclaimed_at is None
    assert of_tasks(clocked.store) == [LARGE]


def prunes_what_expires_before_what_follows(clocked, by):
    """A value that never expires is moved; the first that stays is over before the second."""
    clocked.put(4, None, {"messages": ["begin"] * 9})
    clocked.check(2)
    clocked.put(2, "000000", {})
    clocked.now += dt.timedelta(minutes=200)
    clocked.check(by)
    clocked.put(by, "000001", {})
    clocked.put(by, "000002", {"messages": ["begin"] * 10})
    clocked.savers[by].prune(["t"], keep_last=3)
    clocked.now += dt.timedelta(minutes=280)  # the first stays 450 minutes, the second 500 or more
    for each in ("000002", "000003"):
        found = DynastoreSaver(clocked.store).get_tuple(config_of("t", "", each))
        assert found is not None
        assert found.checkpoint["channel_values"] == clocked.put_at[each][1]
    clocked.store.close()


@pytest.mark.parametrize("by", [3, 4], ids=["expires later", "never expires"])
def test_a_value_is_not_moved_to_where_it_expires_too_early(by, monkeypatch):
    with small_constants():
        prunes_what_expires_before_what_follows(Clocked(), by)
        monkeypatch.setattr(rewriting.Kept, "may_refer_to", lambda *_: True)
        with pytest.raises(PayloadMissing):
            prunes_what_expires_before_what_follows(Clocked(), by)


def puts_again_for_less_long(clocked):
    """One that another refers to for ever is put again, for an hour; and one for longer than before."""
    clocked.put(4, None, {"messages": ["begin"] * 9})
    clocked.put(4, "000000", {"note": "n"})
    clocked.put(0, None, {"messages": "again"}, "000000")
    clocked.put(2, None, {"messages": "for longer"}, "000000")
    clocked.now += dt.timedelta(hours=3)
    clocked.check(5)
    clocked.now += dt.timedelta(days=3)
    clocked.check(5)
    assert clocked.shown() == ["000001"]
    clocked.store.close()


def test_what_is_put_again_stays_for_those_that_refer_to_what_it_was(monkeypatch):
    puts_again_for_less_long(Clocked())
    monkeypatch.setattr(saving, "later", lambda _, other: other)
    with pytest.raises(PayloadMissing):
        puts_again_for_less_long(Clocked())
