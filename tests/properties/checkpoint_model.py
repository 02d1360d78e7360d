"""LangGraph's saver in memory as the model of ours: the same calls, and the same answers.

Constants are made small, so that short histories take every path: values are spliced, spilled and
whole again, chains pass pages, writes are stored by themselves.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from functools import partial
from typing import Any

import pytest
from attrs import define, field
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from langgraph.checkpoint.base import CheckpointTuple, get_checkpoint_id
from langgraph.checkpoint.memory import InMemorySaver

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.agents.checkpoints import (
    completing,
    contents,
    deltas,
    histories,
    listing,
    loading,
    noting,
    rewriting,
)
from dynastore.agents.checkpoints.clearing import PRUNED_GRACE
from dynastore.errors import DynastoreError
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.integrations.langgraph.conversion import DELTA_COUNTERS
from dynastore.requests import Now

SMALL = (
    (contents, "SPREAD", 1),
    (deltas, "FAR_LINKS", 2),
    (completing, "FAR_LINKS", 2),
    (deltas, "SPLICED_BYTES", 8),
    (deltas, "LINK_BYTES", 2),
    (deltas, "SPILLED_BYTES", 60),
    (rewriting, "SPILLED_BYTES", 60),
    (loading, "CHECKPOINTS_AT_ONCE", 3),
    (completing, "CHECKPOINTS_AT_ONCE", 3),
    (histories, "CHECKPOINTS_AT_ONCE", 3),
    (listing, "CHECKPOINTS_AT_ONCE", 3),
    (loading, "MADE_SINCE", 1),
    (loading, "TASKS_AT_ONCE", 2),
    (completing, "LONG_LINKS", 2),
    (noting, "LARGE_WRITE_BYTES", 100),
    (noting, "TASK_BYTES", 300),
    (noting, "ADDED_BYTES", 150),
    (noting, "WRITES_OF_UPDATE", 3),
)

BEGIN = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SAVERS = 3
NAMESPACES = ("", "child", "child:1")
THREADS = ("t", "u#1")
LASTING_THREADS = ("u#1",)  # where no checkpoint goes before the next has a value of that channel
LASTING = "made of writes"  # the channel that has a value only now and then
CHANNELS = ("messages", "state", "note")
RUNS = ("run-1", "run-2")
TASKS = tuple((f"task-{at}", f"~__pregel_pull, {at % 3}") for at in range(5))


@contextmanager
def small_constants() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        for module, name, value in SMALL:
            patch.setattr(module, name, value)
        yield patch


def config_of(thread: str, namespace: str, checkpoint_id: str | None = None) -> dict[str, Any]:
    named: dict[str, Any] = {"thread_id": thread, "checkpoint_ns": namespace}
    if checkpoint_id is not None:
        named["checkpoint_id"] = checkpoint_id
    return {"configurable": named}


def plain(found: CheckpointTuple | None) -> Any:
    """A tuple as a value that can be compared."""
    if found is None:
        return None
    parent = found.parent_config and get_checkpoint_id(found.parent_config)
    named = found.config["configurable"]
    place = (named["thread_id"], named.get("checkpoint_ns", ""), found.checkpoint["id"])
    return place, parent, found.checkpoint, found.metadata, found.pending_writes


class Model(InMemorySaver):
    """The saver in memory, and what it lacks."""

    def copy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        for namespace, some in self.storage[source_thread_id].items():
            self.storage[target_thread_id][namespace].update(some)
        for kept in (self.writes, self.blobs):
            for place in [each for each in kept if each[0] == source_thread_id]:
                kept[(target_thread_id, *place[1:])] = copy(kept[place])  # type: ignore[index]

    def remove(self, thread: str, namespace: str, checkpoint_id: str) -> None:
        del self.storage[thread][namespace][checkpoint_id]

    def keep_newest(self, thread: str, count: int) -> None:
        for namespace, some in self.storage[thread].items():
            for each in sorted(some)[:-count]:
                self.remove(thread, namespace, each)

    def delete_for_runs(self, run_ids: Any) -> None:
        for found in list(self.list(None)):
            if found.metadata.get("run_id") in run_ids:
                self.remove(*plain(found)[0])


@define
class Line:
    """A namespace of a thread: what was ever put there, so that it can be gone on from."""

    states: dict[str, tuple[dict[str, Any], dict[str, str]]] = field(factory=dict)


texts = st.text("abcdé\0", max_size=40)
members = st.one_of(texts, st.integers(-(2**40), 2**40), st.lists(texts, max_size=2))
lists = st.lists(members, max_size=6)
dicts = st.dictionaries(st.text("xyz", max_size=3), members, max_size=5)
values = st.one_of(lists, dicts, members, st.none(), st.binary(max_size=90))


@st.composite
def changed(draw: st.DrawFn, value: Any) -> Any:
    """A value as an agent changes it: mostly a member more."""
    if isinstance(value, list):
        at = draw(st.integers(0, len(value)))
        kept = draw(st.sampled_from([value, value[:at], value[1:], value[at:]]))
        return [*kept[:at], *draw(st.lists(members, max_size=2)), *kept[at:]]
    if isinstance(value, dict):
        return {**value, **draw(dicts)}
    return draw(values)


class Machine(RuleBasedStateMachine):
    """Several savers on one table, each with a memory of its own, and one in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.now = BEGIN
        self.count = 0
        self.is_skewed = False
        self.copies = 0
        self.store = Store.connect("sqlite://", agent_schema(), clock=lambda: self.now)
        self.savers = [DynastoreSaver(self.store) for _ in range(SAVERS)]
        self.model = Model()
        self.complete = Model()  # nothing is ever pruned there
        self.lines: dict[tuple[str, str], Line] = {}

    def teardown(self) -> None:
        self.check_all()
        self.store.close()

    def next_id(self) -> str:
        self.count += 1
        if self.is_skewed and self.count % 5 == 0:
            return f"1f{self.count - 3:06}x"  # of a host whose clock is behind
        return f"1f{self.count:06}"

    def shown(self, thread: str, namespace: str) -> list[str]:
        found = self.model.storage.get(thread, {}).get(namespace, {})
        return sorted(found)

    def parents(self, saver: DynastoreSaver, thread: str, namespace: str) -> list[str]:
        """What a saver can go on from: what can be read, and what it remembers though it is gone."""
        line = self.lines.get((thread, namespace), Line())
        visible = {*self.shown(thread, namespace)}
        return [
            each
            for each in line.states
            if each in visible or saver._recent.find((thread, namespace, each), self.now)
        ]

    @initialize(by=st.integers(0, SAVERS - 1))
    def begin(self, by: int) -> None:
        for thread in THREADS:
            parent = None
            for at in range(4):
                set_ = {"messages": ["begin"] * (at + 2)} if at % 2 else {"state": {"at": "x" * 20}}
                self.append(by, thread, "", parent, set_, {}, RUNS[0] if at < 2 else None)
                parent = f"1f{self.count:06}"
        self.is_skewed = True

    # --- writing

    def append(
        self,
        by: int,
        thread: str,
        namespace: str,
        parent: str | None,
        set_: dict[str, Any],
        renewed: Any,
        run_id: str | None,
        removed: Any = (),
        snapshot: Any = None,
        again: str | None = None,
    ) -> None:
        line = self.lines.setdefault((thread, namespace), Line())
        values_, versions = line.states[parent] if parent else ({}, {})
        checkpoint_id = again or self.next_id()
        new = {
            name: f"{self.count:08}.{at}"
            for at, name in enumerate(sorted({*set_, *renewed, *removed, LASTING}))
        }
        channel_values = {**values_, **set_}
        channel_values.pop(LASTING, None)
        for name in removed:
            channel_values.pop(name, None)
        if snapshot is not None:
            channel_values[LASTING] = snapshot
        versions = {**versions, **new}
        checkpoint = {
            "v": 4,
            "id": checkpoint_id,
            "ts": self.now.isoformat(),
            "channel_values": channel_values,
            "channel_versions": versions,
            "versions_seen": {},
            "updated_channels": None,
        }
        metadata: dict[str, Any] = {"source": "loop", "step": self.count % 4, "parents": {}}
        if snapshot is None and thread in LASTING_THREADS:
            metadata[DELTA_COUNTERS] = {LASTING: [1, 1]}
        if run_id is not None:
            metadata["run_id"] = run_id
        config = config_of(thread, namespace, parent)
        line.states[checkpoint_id] = (channel_values, versions)
        for saver in (self.savers[by], self.model, self.complete):
            saver.put(config, checkpoint, metadata, new)  # type: ignore[arg-type]

    @rule(
        data=st.data(),
        by=st.integers(0, SAVERS - 1),
        thread=st.sampled_from(THREADS),
        namespace=st.sampled_from(["", *NAMESPACES]),
        run_id=st.sampled_from([*RUNS, None]),
        steps=st.integers(1, 5),
        snapshot=st.one_of(st.none(), st.none(), lists),
    )
    def run(
        self, data: Any, by: int, thread: str, namespace: str, run_id: Any, steps: int, **more: Any
    ) -> None:
        """A run of some steps."""
        for _ in range(steps):
            self.put(data, by, thread, namespace, run_id, **more)
            more = {"snapshot": None}

    @rule(data=st.data(), by=st.integers(0, SAVERS - 1), thread=st.sampled_from(THREADS))
    def step(self, data: Any, by: int, thread: str) -> None:
        self.put(data, by, thread, "", None, None)

    @precondition(lambda self: self.count % 3 == 0)
    @rule(
        data=st.data(),
        by=st.integers(0, SAVERS - 1),
        thread=st.sampled_from(THREADS),
        run_id=st.sampled_from([*RUNS, None]),
    )
    def put_again(self, data: Any, by: int, thread: str, run_id: str | None) -> None:
        """Another checkpoint under an id that is taken, with other values; some go on from the old one."""
        among = self.shown(thread, "")
        if not among:
            return
        again = data.draw(st.sampled_from([among[-1], *among]), "again")
        before = self.lines[thread, ""].states[again][0]
        new = {name: data.draw(changed(before.get(name, [])), name) for name in CHANNELS}
        found = self.model.get_tuple(config_of(thread, "", again))
        assert found is not None
        parent = found.parent_config and get_checkpoint_id(found.parent_config)
        self.count += 1
        if parent not in {None, *self.parents(self.savers[by], thread, "")}:
            return
        snapshot = data.draw(lists, "snapshot") if LASTING in before else None
        self.append(by, thread, "", parent, new, {}, run_id, snapshot=snapshot, again=again)

    def put(
        self, data: Any, by: int, thread: str, namespace: str, run_id: Any, snapshot: Any
    ) -> None:
        if namespace and (thread, "") not in self.lines:
            namespace = ""
        among = self.parents(self.savers[by], thread, namespace)
        # Mostly the newest, often its sibling, sometimes none.
        parent = data.draw(st.sampled_from([*among[-1:] * 3, *among, None]), "parent")
        before = self.lines[thread, namespace].states[parent][0] if parent else {}
        set_: dict[str, Any] = {}
        for name in data.draw(st.sets(st.sampled_from(CHANNELS), max_size=2), "set"):
            set_[name] = data.draw(changed(before.get(name, [])), name)
        rest = [name for name in before if name != LASTING]
        some = st.sets(st.sampled_from(rest), max_size=1) if rest else st.just(set())
        self.append(
            by,
            thread,
            namespace,
            parent,
            set_,
            data.draw(some, "renewed"),
            run_id,
            removed=data.draw(some, "removed") - set_.keys() if self.count % 5 == 0 else (),
            snapshot=snapshot,
        )

    @rule(
        data=st.data(),
        by=st.integers(0, SAVERS - 1),
        thread=st.sampled_from(THREADS),
        namespace=st.sampled_from(NAMESPACES),
        task=st.sampled_from(TASKS),
        count=st.integers(1, 12),
    )
    def put_writes(
        self, data: Any, by: int, thread: str, namespace: str, task: Any, count: int
    ) -> None:
        among = self.shown(thread, namespace)
        if not among:
            return
        checkpoint_id = data.draw(st.sampled_from([among[-1], *among]), "checkpoint")
        special = ("__error__", "__scheduled__", "__interrupt__", "__resume__")
        to = st.sampled_from(["messages", LASTING, LASTING, *special])
        writes = [(data.draw(to), data.draw(members)) for _ in range(min(count, 3))]
        writes += [("note", f"write {at} " * data.draw(st.integers(0, 9))) for at in range(count)]
        config = config_of(thread, namespace, checkpoint_id)
        for saver in (self.savers[by], self.model, self.complete):
            saver.put_writes(config, writes, *task)

    @rule(minutes=st.sampled_from([20, 29, 45, 61]))
    def wait(self, minutes: int) -> None:
        self.now += dt.timedelta(minutes=minutes)

    @precondition(lambda self: self.count % 4 == 0)
    @rule(by=st.integers(0, SAVERS - 1))
    def restart(self, by: int) -> None:
        self.savers[by] = DynastoreSaver(self.store)

    # --- clearing

    @rule(
        by=st.integers(0, SAVERS - 1),
        thread=st.sampled_from(THREADS),
        keep_last=st.integers(1, 3),
        at_once=st.booleans(),
    )
    def prune(self, by: int, thread: str, keep_last: int, at_once: bool) -> None:
        if thread not in self.model.storage:
            return
        grace = dt.timedelta(0) if at_once else PRUNED_GRACE
        self.savers[by].prune([thread], keep_last=keep_last, grace=grace)
        self.model.keep_newest(thread, keep_last)
        if at_once:
            self.forget(thread)

    @rule(by=st.integers(0, SAVERS - 1), run_id=st.sampled_from(RUNS), at_once=st.booleans())
    def delete_for_runs(self, by: int, run_id: str, at_once: bool) -> None:
        grace = dt.timedelta(0) if at_once else PRUNED_GRACE
        self.savers[by].delete_for_runs([run_id], grace=grace)
        self.model.delete_for_runs([run_id])
        if at_once:
            for thread in list(self.model.storage):
                self.forget(thread)

    @rule(
        data=st.data(),
        by=st.integers(0, SAVERS - 1),
        other=st.integers(0, SAVERS - 1),
        thread=st.sampled_from(THREADS),
        requests=st.integers(1, 6),
        run_id=st.sampled_from([*RUNS, None]),
    )
    def put_while_others_are_removed(
        self, data: Any, by: int, other: int, thread: str, requests: int, run_id: str | None
    ) -> None:
        """A put by one saver between any two requests of another one that prunes, or deletes runs."""
        among = self.parents(self.savers[by], thread, "")
        if not among or by == other:
            return
        parent = data.draw(st.sampled_from([*among[-1:] * 2, *among]), "parent")
        removing: Any = self.savers[other]
        if run_id is None:
            steps = removing._prune(thread, "keep_latest", 1, PRUNED_GRACE)
        else:
            steps = removing._delete_for_runs([run_id], PRUNED_GRACE)
        goes_on = self.paused(steps, requests)
        if run_id is None:
            self.model.keep_newest(thread, 1)
        else:
            self.model.delete_for_runs([run_id])
        before = self.lines[thread, ""].states[parent][0]
        value = data.draw(changed(before.get("messages", [])), "messages")
        self.append(by, thread, "", parent, {"messages": value}, (), None)
        goes_on()

    def paused(self, steps: Any, requests: int) -> Callable[[], None]:
        """Run an operation up to a request; what runs the rest of it."""
        steps.send(None)
        asked: Any = Now()
        answer: Any = self.now
        done = 0
        while True:
            try:
                asked = steps.send(answer)
            except StopIteration:
                return lambda: None
            if isinstance(asked, Now):
                answer = self.now
                continue
            if done == requests:
                break
            done += 1
            answer = self.store.run(_one(asked))

        def goes_on() -> None:
            self.store.run(_rest(steps, asked))

        return goes_on

    def forget(self, thread: str) -> None:
        """No process works on the thread: as if all began anew."""
        for saver in self.savers:
            saver._recent.forget(thread)

    @precondition(lambda self: self.count % 9 == 0)
    @rule(by=st.integers(0, SAVERS - 1), thread=st.sampled_from(THREADS))
    def delete_thread(self, by: int, thread: str) -> None:
        for saver in (self.savers[by], self.model, self.complete):
            saver.delete_thread(thread)
        for place in [each for each in self.lines if each[0] == thread]:
            del self.lines[place]

    @precondition(lambda self: self.count % 3 == 0)
    @rule(by=st.integers(0, SAVERS - 1), source=st.sampled_from(THREADS))
    def copy_thread(self, by: int, source: str) -> None:
        if not any(self.model.storage.get(source, {}).values()):  # it keeps what a look left empty
            return
        self.copies += 1
        target = f"{source} copy {self.copies}"
        for saver in (self.savers[by], self.model, self.complete):
            saver.copy_thread(source, target)
        for (thread, namespace), line in list(self.lines.items()):
            if thread == source:
                copied = self.lines.setdefault((target, namespace), Line())
                copied.states |= line.states

    # --- reading

    @rule(data=st.data(), by=st.integers(0, SAVERS - 1), thread=st.sampled_from(THREADS))
    def get_tuple(self, data: Any, by: int, thread: str) -> None:
        namespace = data.draw(st.sampled_from(NAMESPACES), "namespace")
        ids = [*self.lines.get((thread, namespace), Line()).states, "1e", "1g"]
        wanted = data.draw(st.one_of(st.none(), st.sampled_from(ids)), "checkpoint")
        config = config_of(thread, namespace, wanted)
        assert plain(self.savers[by].get_tuple(config)) == plain(self.model.get_tuple(config))

    @rule(
        data=st.data(),
        by=st.integers(0, SAVERS - 1),
        thread=st.sampled_from([*THREADS, None]),
        namespace=st.sampled_from([*NAMESPACES, None]),
        filter_=st.sampled_from(
            [
                None,
                {},
                {"step": 1},
                {"step": 1.0, "source": "loop"},
                {"run_id": "run-1"},
                {"run_id": None},
                {"parents": {}},
                {"source": "input"},
            ]
        ),
        limit=st.sampled_from([None, 0, 1, 2, 5]),
    )
    def list(
        self, data: Any, by: int, thread: Any, namespace: Any, filter_: Any, limit: Any
    ) -> None:
        ids = [each for line in self.lines.values() for each in line.states]
        one = data.draw(st.one_of(st.none(), st.none(), st.sampled_from(ids or [None])), "one")
        bound = data.draw(st.one_of(st.none(), st.sampled_from(ids or [None])), "before")
        config: Any = None
        if thread is not None:
            config = {"configurable": {"thread_id": thread}}
            config["configurable"] |= {} if namespace is None else {"checkpoint_ns": namespace}
            config["configurable"] |= {} if one is None else {"checkpoint_id": one}
        before: Any = None if bound is None else {"configurable": {"checkpoint_id": bound}}
        options = {"filter": filter_, "before": before, "limit": limit}
        found = [plain(each) for each in self.savers[by].list(config, **options)]
        wanted = [plain(each) for each in self.model.list(config, **{**options, "limit": None})]
        self.compare(found, wanted, limit)

    def compare(self, found: Any, wanted: Any, limit: int | None) -> None:
        """Threads and namespaces may come in any order; within one it is newest first."""
        by_place = {each[0]: each for each in wanted}
        assert len(found) == min(len(wanted), len(wanted) if limit is None else limit)
        assert found == [by_place.get(each[0]) for each in found]
        assert len({each[0] for each in found}) == len(found)
        for line in {each[0][:2] for each in found}:
            ids = [each[0][2] for each in found if each[0][:2] == line]
            expected = [each[0][2] for each in wanted if each[0][:2] == line]
            assert ids == expected[: len(ids)]

    @rule(data=st.data(), by=st.integers(0, SAVERS - 1), thread=st.sampled_from(THREADS))
    def history(self, data: Any, by: int, thread: str) -> None:
        among = self.shown(thread, "")
        if among:
            checkpoint_id = data.draw(st.sampled_from(among), "checkpoint")
            self.check_history(self.savers[by], thread, "", checkpoint_id)

    def check_history(
        self, saver: DynastoreSaver, thread: str, namespace: str, checkpoint_id: str
    ) -> None:
        config: Any = config_of(thread, namespace, checkpoint_id)
        asked: Any = {"config": config, "channels": [LASTING, "none"]}
        found = saver.get_delta_channel_history(**asked)
        # That of what holds it now is not asked for: its value is in the checkpoint.
        held = LASTING in self.lines[thread, namespace].states[checkpoint_id][0]
        if thread in LASTING_THREADS and not held:
            assert found[LASTING] == self.complete.get_delta_channel_history(**asked)[LASTING]
        if self.shown(thread, namespace) == sorted(self.lines[thread, namespace].states):
            assert found == super(DynastoreSaver, saver).get_delta_channel_history(**asked)

    def check_all(self) -> None:
        """Whatever was acknowledged is there, with just its values, for who remembers nothing."""
        fresh = DynastoreSaver(self.store)
        for thread in list(self.model.storage):
            config: Any = {"configurable": {"thread_id": thread}}
            found = {plain(each)[0]: plain(each) for each in fresh.list(config)}
            wanted = {plain(each)[0]: plain(each) for each in self.model.list(config)}
            assert found == wanted
            for _, namespace, checkpoint_id in wanted:
                one = config_of(thread, namespace, checkpoint_id)
                assert plain(fresh.get_tuple(one)) == wanted[thread, namespace, checkpoint_id]
                self.check_history(fresh, thread, namespace, checkpoint_id)


def _one(asked: Any) -> Any:
    return (yield asked)


def _rest(steps: Any, asked: Any) -> Any:
    """What is left of an operation that asked for something."""
    while True:
        try:
            answer = yield asked
        except DynastoreError as error:
            going_on = partial(steps.throw, error)
        else:
            going_on = partial(steps.send, answer)
        try:
            asked = going_on()
        except StopIteration as stop:
            return stop.value
