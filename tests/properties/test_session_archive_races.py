"""Law 12 for archived sessions: whoever reads, saves, deletes or archives at once meets the whole session.

Operations are stepped by hand on a real engine, a request at a time, in any order.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("agno", reason="needs the extra dynastore[agno]")

from agno.run.base import RunStatus

from dynastore.agents.conversations.archiving import archive_sessions, restore_session
from dynastore.errors import DynastoreError
from dynastore.integrations.agno import DynastoreDb
from dynastore.integrations.agno.conversations.runs import RunCalls
from dynastore.integrations.agno.conversations.sessions import SessionCalls
from dynastore.testing import memory_store
from tests.cold import COLD, LATER, Moment, bucket_schema
from tests.conformance.agno.made import run, session
from tests.properties.racing import (
    overlap,
    overtake,
    schedules,
    small_transactions,  # noqa: F401 (a fixture)
)

from .trying import tries

RUNS = 3
SAID = [f"said {count}" for count in range(RUNS)]
OTHER = "otherwise"


class World:
    """A cold session, and what may happen to it."""

    def __init__(self):
        self.clock = Moment()
        self.store = memory_store(bucket_schema(), clock=self.clock)
        self.store.create_table()
        self.warm = DynastoreDb(self.store)  # it goes on without reading again
        self.warm.upsert_session(session())
        for number in range(RUNS):
            status = RunStatus.completed if number else RunStatus.pending
            saved = run(number, said=SAID[number], status=status)
            self.warm.upsert_run(saved, "agent-0", "ann", number)
        self.clock.now = LATER
        self.operations = {
            "archive": lambda schema: archive_sessions(schema, COLD),
            "archive too": lambda schema: archive_sessions(schema, COLD),
            "bring back": lambda schema: restore_session(schema, "agent-0"),
            "get": lambda _: SessionCalls.get_session(self.db(), "agent-0"),
            "get last": lambda _: SessionCalls.get_session(self.db(), "agent-0", runs_limit=1),
            "get run": lambda _: RunCalls.get_run(self.db(), "agent-0-run-1"),
            "get runs": lambda _: RunCalls.get_runs(self.db(), user_id="ann"),
            "rename": lambda _: SessionCalls.rename_session(self.db(), "agent-0", None, "Trip"),
            "save": lambda _: SessionCalls.upsert_session(self.warm, session()),
            "save run": lambda _: self._saved(2, OTHER),
            "save new": lambda _: self._saved(RUNS, OTHER),
            "cancel": lambda _: RunCalls.cancel_pending_run(
                self.db(),
                "agent-0-run-0",
                session_id="agent-0",
                reason="stale",
                user_id="ann",
            ),
        }

    def db(self):
        return DynastoreDb(self.store)

    def _saved(self, number, said):
        return RunCalls.upsert_run(self.warm, run(number, said=said), "agent-0", "ann", number)

    def check(self, one):
        """Nobody fails, or meets a part of the session."""
        if isinstance(one.result, DynastoreError):
            raise AssertionError(one.name) from one.result
        match one.name:
            case "get" | "rename":
                self._check(one.result.runs)
            case "get last":
                (last,) = one.result.runs
                assert last.content in {SAID[-1], OTHER}
            case "get run":
                self._check_one(one.result)
                assert one.result.content == SAID[1]
            case "get runs":
                self._check(one.result)

    def _check(self, runs):
        said = [each.content for each in runs]
        assert said[: RUNS - 1] == SAID[:-1]
        assert said[RUNS - 1] in {SAID[-1], OTHER}
        assert said[RUNS:] in ([], [OTHER])
        for each in runs:
            self._check_one(each)

    def _check_one(self, found):
        assert [each.role for each in found.messages] == ["system", "user"]
        assert found.messages[0].content.startswith("You are")


OPERATIONS = sorted(World().operations)


@tries(150)
@given(st.lists(st.sampled_from(OPERATIONS), min_size=1, max_size=3), schedules)
def test_whatever_overlaps_an_archiving_meets_the_whole_session(names, schedule):
    carried_out(World(), ["archive", *names], schedule)


@tries(150)
@given(st.lists(st.sampled_from(OPERATIONS), min_size=2, max_size=4), schedules)
def test_whatever_overlaps_on_an_archived_session_meets_the_whole_of_it(names, schedule):
    world = World()
    assert world.store.run(archive_sessions(world.store.schema, COLD)).archived == 1
    carried_out(world, names, schedule)


def carried_out(world, names, schedule):
    """Nobody fails, and what is left is what everybody did."""
    overlap(world, names, schedule)
    found = world.db().get_session("agent-0").runs
    world._check(found)
    said = [each.content for each in found]
    assert (found[0].status == RunStatus.cancelled) is ("cancel" in names)
    assert (said[2] == OTHER) is ("save run" in names)
    assert (said[RUNS:] == [OTHER]) is ("save new" in names)


@pytest.mark.parametrize("after", range(14))
@pytest.mark.parametrize("began", ["archive", "bring back"])
def test_what_is_saved_meanwhile_stays_saved(began, after):
    world = World()
    if began == "bring back":
        assert world.store.run(archive_sessions(world.store.schema, COLD)).archived == 1
    overtake(world, began, "save run", after)
    found = world.db().get_session("agent-0").runs
    assert [each.content for each in found] == [*SAID[:-1], OTHER]


@pytest.mark.parametrize("after", range(14))
@pytest.mark.parametrize("began", ["archive", "bring back"])
@pytest.mark.parametrize("name", ["delete", "delete run"])
def test_what_is_deleted_meanwhile_stays_deleted(began, name, after):
    world = World()
    world.operations["delete"] = lambda _: SessionCalls.delete_session(world.db(), "agent-0")
    world.operations["delete run"] = lambda _: RunCalls.delete_run(world.db(), "agent-0-run-1")
    if began == "bring back":
        assert world.store.run(archive_sessions(world.store.schema, COLD)).archived == 1
    overtake(world, began, name, after)
    found = world.db().get_session("agent-0")
    if name == "delete run":
        assert [each.content for each in found.runs] == [SAID[0], SAID[2]]
        return
    assert found is None
    world.db().upsert_session(session())
    assert not world.db().get_session("agent-0").runs
