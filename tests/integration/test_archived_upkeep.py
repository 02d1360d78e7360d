"""What goes through whole tables knows archives: sweeping, verifying, deleting and moving a scope."""

from __future__ import annotations

import datetime as dt

import pytest

from dynastore import Store
from dynastore.agents import ThreadArchive
from dynastore.agents.checkpoints.archiving import archive_threads
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.requests.objects import ListObjectsV2
from dynastore.schema.homes import Placement
from tests.cold import BEGAN, COLD, Moment, bucket_schema, conversation, put, seen

pytestmark = pytest.mark.scans

SCHEMA = bucket_schema()


@pytest.fixture
def clock():
    return Moment()


@pytest.fixture
def store(tmp_path, clock):
    with Store.connect(f"sqlite:///{tmp_path / 'table.db'}", SCHEMA, clock=clock) as store:
        yield store


def objects(store):
    def steps():
        return (yield from ListObjectsV2("agent-payloads", "", 1_000))

    return len(store.run(steps()).objects)


def archive(store, clock):
    clock.now = max(clock.now, BEGAN) + COLD.older_than * 1.1
    assert store.run(archive_threads(store.schema, COLD)).archived == 1


def test_a_sweep_takes_the_object_only_of_what_came_back(store, clock):
    conversation(store)
    before = seen(store)
    archive(store, clock)
    clock.now += dt.timedelta(days=2)
    assert store.sweep().litter == 0
    assert seen(store) == before
    clock.now += dt.timedelta(days=2)
    assert store.sweep().litter == 1
    assert objects(store) == 0
    assert seen(store) == before


def test_a_sweep_takes_the_object_of_what_was_deleted(store, clock):
    conversation(store)
    archive(store, clock)
    DynastoreSaver(store).delete_thread("t")
    clock.now += dt.timedelta(days=2)
    assert store.sweep().litter == 1
    assert objects(store) == 0


def test_an_archive_is_sound(store, clock):
    conversation(store)
    archive(store, clock)
    assert list(store.verify()) == []


def test_a_scope_is_deleted_with_its_archives(store, clock):
    team = store.scope("team")
    conversation(team)
    archive(team, clock)
    store.delete_scope("team")
    assert objects(store) == 0
    assert team.get(ThreadArchive, thread_id="t") is None
    assert seen(team) == {}


def test_a_scope_moves_with_its_archives(tmp_path, short_leases):
    where = f"sqlite:///{tmp_path / 'tables.db'}"
    long_ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=100)
    with Store.connect(where, SCHEMA, clock=lambda: long_ago) as store:
        put(DynastoreSaver(store.scope("team")), 1, began=long_ago)
        before = seen(store.scope("team"))
    with Store.connect(Placement(where), SCHEMA) as store:
        team = store.scope("team")
        assert team.run(archive_threads(team.schema, COLD)).archived == 1
        moved = store.move_scope("team", "dynastore.team", request_seconds=0.1).finish()
        assert moved.stage == "done"
        assert team.get(ThreadArchive, thread_id="t").state == "archived"
        assert seen(team) == before
