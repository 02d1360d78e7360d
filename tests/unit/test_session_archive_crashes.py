"""A process dies between any two requests of archiving a session, or of bringing it back: it stays whole."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from attrs import evolve

pytest.importorskip("agno", reason="needs the extra dynastore[agno]")

from dynastore import Store
from dynastore.agents import Run, SessionArchive, cold
from dynastore.agents.conversations import leaving
from dynastore.agents.conversations.archiving import archive_sessions, restore_session
from dynastore.agents.conversations.belongings import belongings
from dynastore.clients.async_sqlite import AsyncSqliteClient
from dynastore.clients.opening import Place
from dynastore.errors import PartialFailure, Unavailable
from dynastore.integrations.agno import DynastoreDb
from tests.cold import COLD, LARGE, LATER, Moment, bucket_schema
from tests.conformance.agno.made import run, session
from tests.unit.test_checkpoint_crashes import DyingClient, answers, dying

RUNS = 7


@pytest.fixture
def client():
    return DyingClient()


@pytest.fixture
def clock():
    return Moment()


@pytest.fixture
def store(client, clock) -> Iterator[Store]:
    place = Place(None, True, lambda: client, lambda: AsyncSqliteClient(client))
    with Store.at(place, bucket_schema(), create=True, clock=clock) as store:
        yield store


@pytest.fixture(autouse=True)
def _small_transactions(monkeypatch):
    monkeypatch.setattr(cold, "TOGETHER", 3)


def conversation(store, *, large=True):
    """A session whose runs repeat a system message; one of them is large."""
    db = DynastoreDb(store)
    db.upsert_session(session())
    for count in range(RUNS):
        said = LARGE if large and count == 3 else f"said {count}"
        db.upsert_run(run(count, said=said), "agent-0", "ann", count)
    return db


def seen(store):
    """All of the session that can be read, by a process that begins."""
    found = DynastoreDb(store).get_session("agent-0", deserialize=False)
    return found and {name: each for name, each in found.items() if name != "updated_at"}


def archive(store):
    return store.run(archive_sessions(store.schema, COLD))


def archive_again(store, clock):
    """Archive a session that came back."""
    clock.now += COLD.older_than * 1.1
    assert archive(store).archived == 1


def archives(store):
    found = []
    for state in ("leaving", "archived", "returning", "back"):
        found += store.query(SessionArchive, state=state)
    return found


def state(store):
    found = archives(store)
    return found[0].state if found else None


def away(store):
    """How many runs and passages are not in the table."""
    return sum(each.archived is not None for each in store.run(belongings(store.schema, "agent-0")))


def test_a_cold_session_leaves_the_table_and_comes_back_whole(store, clock):
    conversation(store)
    before = seen(store)
    clock.now = LATER
    done = archive(store)
    assert (done.seen, done.archived, done.items) == (1, 1, RUNS + 1)
    assert away(store) == RUNS + 1
    assert all(not each.content for each in store.query(Run, session_id="agent-0"))
    (listed,) = DynastoreDb(store).get_sessions(include_runs=False)
    assert (listed.session_id, state(store)) == ("agent-0", "archived")
    assert seen(store) == before
    assert (away(store), state(store)) == (0, "back")


@answers
def test_an_archiving_that_died_leaves_the_whole_session_and_is_taken_up(
    store, client, clock, loses_answer
):
    conversation(store)
    before = seen(store)
    clock.now = LATER
    states = set()
    died = 0
    for _ in dying(client, lambda: archive(store), loses_answer=loses_answer):
        died += 1
        states.add(state(store))
    assert died >= 6
    assert {None, "leaving"} <= states
    assert (state(store), away(store)) == ("archived", RUNS + 1)
    assert seen(store) == before


@answers
def test_a_session_whose_archiving_died_anywhere_can_be_read(store, client, clock, loses_answer):
    conversation(store)
    before = seen(store)
    for requests in range(100):
        clock.now += (LATER - clock.now) if requests == 0 else COLD.older_than * 2
        client.left, client.loses_answer = requests, loses_answer
        try:
            archive(store)
        except (Unavailable, PartialFailure):
            client.left = None
        else:
            break
        assert seen(store) == before
        assert (away(store), state(store)) in {(0, None), (0, "back")}
    client.left = None
    assert requests >= 6
    assert seen(store) == before


@answers
def test_a_return_that_died_leaves_the_whole_session(store, client, clock, loses_answer):
    conversation(store)
    before = seen(store)
    clock.now = LATER
    archive(store)
    died = 0
    for _ in dying(
        client,
        lambda: store.run(restore_session(store.schema, "agent-0")),
        loses_answer=loses_answer,
    ):
        died += 1
        assert state(store) in {"archived", "returning", "back"}
    assert died >= 6
    assert away(store) == 0
    assert seen(store) == before


@answers
def test_a_delete_of_an_archived_session_that_died_can_be_called_again(
    store, client, clock, loses_answer
):
    conversation(store)
    clock.now = LATER
    archive(store)
    db = DynastoreDb(store)
    for _ in dying(client, lambda: db.delete_session("agent-0"), loses_answer=loses_answer):
        assert seen(store) is None or seen(store)["runs"]
        if (found := seen(store)) is not None:
            assert len(found["runs"]) == RUNS
            archive_again(store, clock)
    assert seen(store) is None
    assert (store.run(belongings(store.schema, "agent-0")), archives(store)) == ([], [])
    conversation(store, large=False)
    assert len(seen(store)["runs"]) == RUNS


def test_what_is_saved_without_a_look_stays_beside_what_comes_back(store, clock):
    db = conversation(store)
    clock.now = LATER
    archive(store)
    db.upsert_run(run(1, said="otherwise"), "agent-0", "ann", 1)
    db.upsert_run(run(9, said="new"), "agent-0", "ann", 9)
    assert away(store) == RUNS  # six runs, and the passage
    found = [each["content"] for each in seen(store)["runs"]]
    assert found == [
        "said 0",
        "otherwise",
        "said 2",
        LARGE,
        *(f"said {n}" for n in (4, 5, 6)),
        "new",
    ]


def test_what_was_saved_since_is_archived_with_the_rest_when_it_is_cold(store, clock):
    db = conversation(store)
    clock.now = LATER
    archive(store)
    db.upsert_run(run(9, said="new"), "agent-0", "ann", 9)
    db.upsert_session(session())
    assert archive(store).warm == 1
    clock.now += COLD.older_than * 1.1
    done = archive(store)
    assert (done.archived, done.items, away(store)) == (1, RUNS + 2, RUNS + 2)
    assert len(seen(store)["runs"]) == RUNS + 1


def test_a_session_that_came_back_stays_until_it_is_cold_again(store, clock):
    conversation(store)
    clock.now = LATER
    archive(store)
    seen(store)
    assert archive(store).archived == 0
    clock.now += COLD.older_than * 1.1
    assert archive(store).archived == 1


def test_a_run_that_is_deleted_is_not_in_the_bucket_any_more(store, clock):
    conversation(store)
    clock.now = LATER
    archive(store)
    assert DynastoreDb(store).delete_run("agent-0-run-3")
    assert (state(store), away(store)) == ("back", 0)
    assert len(seen(store)["runs"]) == RUNS - 1


def test_a_session_that_is_too_large_stays(store, clock, monkeypatch):
    conversation(store)
    monkeypatch.setattr(leaving, "LARGEST_BYTES", 100_000)
    clock.now = LATER
    done = archive(store)
    assert (done.archived, done.large, away(store), state(store)) == (0, ("agent-0",), 0, None)


def test_a_dry_run_changes_nothing(store, clock):
    conversation(store)
    clock.now = LATER
    done = store.run(archive_sessions(store.schema, evolve(COLD, dry_run=True)))
    assert (done.archived, away(store), state(store)) == (1, 0, None)
