"""Archived sessions: in the bucket, and back with everything that reads their runs."""

from __future__ import annotations

import datetime as dt
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytest.importorskip("sqlalchemy", reason="needs the extra dynastore[test]")

from dynastore.agents import SessionArchive
from dynastore.agents.cold import Cold
from dynastore.agents.conversations.archiving import archive_sessions, archived_sessions
from dynastore.agents.conversations.belongings import belongings
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.requests.objects import ListObjectsV2
from tests.cold import bucket_schema

from ..drivers import Awaited
from ..engines import ADAPTER_PAIRS, EMBEDDED_PAIRS
from ..test_objects import BUCKET, bucket  # noqa: F401 (a fixture)
from .answers import answered
from .conftest import Waiting
from .made import contents, run, session
from .reference import empty_reference
from .topics.sessions import TOPIC

# What was saved a moment ago is cold in two hours, by a clock that goes ahead.
COLD = Cold(dt.timedelta(hours=1))
SCHEMA = bucket_schema()
SCOPES = count()


class Ahead:
    """A clock that is right, but for how far it is set ahead."""

    def __init__(self) -> None:
        self.ahead = dt.timedelta(0)

    def __call__(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC) + self.ahead


class World:
    """A database whose sessions may be archived."""

    def __init__(self, store: Any, settled: Any, clock: Ahead) -> None:
        self.store, self.settled, self.clock = store, settled, clock

    def process(self) -> Waiting:
        """The database, as a process that begins has it."""
        if isinstance(self.store, Awaited):
            db: Any = AsyncDynastoreDb(self.store.target)
            return Waiting(db, self.settled, self.store.runner)
        return Waiting(DynastoreDb(self.store), self.settled)

    def archive(self, *, later: dt.timedelta = dt.timedelta(hours=2)) -> Any:
        """Archive as if it were some hours later, after a while in which nobody used anything."""
        self.settled()
        self.clock.ahead, before = later, self.clock.ahead
        try:
            return self.store.run(archive_sessions(self.store.schema, COLD))
        finally:
            self.clock.ahead = before

    def away(self, session_id: str = "agent-0") -> int:
        """How many items of a session have their texts in the bucket."""
        found = self.store.run(belongings(self.store.schema, session_id))
        return sum(each.archived is not None for each in found)

    def objects(self) -> list[Any]:
        def steps() -> Any:
            return (yield from ListObjectsV2(BUCKET, "", 1_000))

        return self.store.run(steps()).objects


@pytest.fixture
def opened(bucket, open_store, settled):  # noqa: F811 (the fixture)
    def opened(scope: str | None = None) -> World:
        clock = Ahead()
        store = open_store(SCHEMA, clock=clock)
        return World(store if scope is None else store.scope(scope), settled, clock)

    return opened


@pytest.fixture
def archived(opened):
    """A session of four runs that is archived."""
    world = opened()
    db = world.process()
    db.upsert_session(session(name="Trip"))
    for number in range(4):
        db.upsert_run(run(number, said=f"said {number}"), "agent-0", "ann", number)
    done = world.archive()
    assert (done.seen, done.archived, done.items) == (1, 1, 5)
    assert world.away() == 5
    assert len(world.objects()) == 1
    return world


SAID = ["said 0", "said 1", "said 2", "said 3"]
pairs = pytest.mark.on(*ADAPTER_PAIRS)


@pairs
@pytest.mark.parametrize(
    ("name", "args", "named", "said"),
    [
        ("get_session", ("agent-0",), {}, SAID),
        ("get_session", ("agent-0",), {"runs_limit": 2}, SAID[2:]),
        ("rename_session", ("agent-0", None, "Other"), {}, SAID),
    ],
)
def test_it_comes_back_with_its_runs(archived, name, args, named, said):
    assert contents(getattr(archived.process(), name)(*args, **named)) == said
    assert archived.away() == 0
    assert contents(archived.process().get_session("agent-0")) == SAID


@pairs
def test_a_run_and_a_list_of_runs_bring_it_back(archived):
    assert archived.process().get_run("agent-0-run-2").content == "said 2"
    assert archived.away() == 0
    archived.archive(later=dt.timedelta(days=100))
    assert archived.away() == 5
    assert [each.content for each in archived.process().get_runs(user_id="ann")] == SAID
    assert archived.away() == 0
    archived.archive(later=dt.timedelta(days=200))
    assert [each.content for each in archived.process().get_runs("agent-0")] == SAID


@pairs
def test_lists_and_totals_leave_it_archived(archived):
    db = archived.process()
    (row,), total = db.get_sessions(user_id="ann", include_runs=False, deserialize=False)
    assert (row["session_data"]["session_name"], total) == ("Trip", 1)
    db.upsert_session(session(name="Other"))
    db.upsert_run(run(4, said="said 4"), "agent-0", "ann", 4)
    assert archived.away() == 5
    archived.settled()
    (told,) = archived.store.run(archived_sessions(archived.store.schema))
    assert (told.session_id, told.items) == ("agent-0", 5)
    assert contents(archived.process().get_session("agent-0")) == [*SAID, "said 4"]


@pairs
def test_it_is_deleted_with_its_archive(archived):
    assert archived.process().delete_session("agent-0")
    assert archived.store.run(belongings(archived.store.schema, "agent-0")) == []
    archived.settled()
    assert [*archived.store.query(SessionArchive, state="archived")] == []
    db = archived.process()
    db.upsert_session(session())
    assert not contents(db.get_session("agent-0"))


@pairs
@pytest.mark.scans
def test_a_sweep_leaves_it(archived):
    archived.store.sweep()
    assert len(archived.objects()) == 1
    assert contents(archived.process().get_session("agent-0")) == SAID


@pytest.mark.on(*EMBEDDED_PAIRS)
@settings(
    max_examples=settings.default.max_examples // 4,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    deadline=None,
)
@given(data=st.data())
def test_answers_are_those_of_agnos_sqlite_whatever_is_archived_meanwhile(opened, data):
    world = opened(scope=f"example {next(SCOPES)}")
    ours, reference = world.process(), empty_reference()
    later = dt.timedelta(0)
    try:
        begun = data.draw(TOPIC.begun)
        asked = data.draw(st.lists(TOPIC.calls, min_size=1, max_size=12))
        for call in begun + asked:
            if TOPIC.differs(call, reference):
                continue
            if data.draw(st.booleans()):
                later += dt.timedelta(hours=2)
                world.archive(later=later)
            if data.draw(st.booleans()):
                ours = world.process()
            expected = TOPIC.comparable(call, answered(reference, call))
            assert TOPIC.comparable(call, answered(ours, call)) == expected, call
    finally:
        reference.close()
