"""Transcripts: appended once each, in order, by several processes at once, and gone with their sessions."""

from __future__ import annotations

import pytest

from dynastore import Store
from dynastore.agents import Annex, Annexed, Stretch, Transcript, agent_schema
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.testing import memory_store, recorded

from ..drivers import at_once
from ..engines import ADAPTER_PAIRS
from .made import session
from .paused import called, paused

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)

PLACE = {"framework": "claude", "project_key": "p1", "session_id": "t1"}
PROJECT = {"framework": "claude", "project_key": "p1"}


@pytest.fixture
def db(open_db):
    return open_db()


@pytest.fixture
def store(open_store):
    return open_store(agent_schema())


def entry(number, **more):
    return {"uuid": f"u{number}", "message": f"said {number}", **more}


def append(db, *entries, owner="agent-0", **place):
    db.append_transcript_entries(**{**PLACE, **place}, entries=[*entries], agno_session_id=owner)


def said(db, **place):
    found = db.get_transcript_entries(**{**PLACE, **place})
    return [each["message"] for each in found]


def test_entries_are_read_in_the_order_in_which_they_were_appended_at_once(db, open_db):
    for number in range(12):
        append(db, entry(number))
        assert len(said(open_db().unsettled)) == number + 1
    assert said(db) == [f"said {number}" for number in range(12)]


def test_an_entry_that_is_appended_again_stays_once(db, open_db):
    append(db, entry(0), entry(1), entry(0))
    append(open_db(), entry(1), entry(2))
    append(db, entry(2), {"message": "no uuid"}, {"message": "no uuid"})
    append(db, entry(0))
    assert said(db) == ["said 0", "said 1", "said 2", "no uuid", "no uuid"]


def test_entries_are_of_any_size_and_any_text(db, open_db):
    large = entry(0, message="".join(map(chr, range(20_000))) * 40 + "\ud800", more=[1.5, None])
    append(db, large)
    assert open_db().get_transcript_entries(**PLACE) == [large]
    db.delete_transcript(**PLACE)
    assert said(db) == []


def test_what_a_process_knows_of_a_deleted_transcript_loses_no_entry(db, open_db):
    append(db, entry(0), entry(1))
    open_db().delete_transcript(**PLACE)
    append(db, entry(0))
    append(db, entry(1), entry(2))
    assert said(open_db()) == ["said 0", "said 1", "said 2"]


def test_what_a_process_knows_of_a_transcript_that_began_anew_loses_no_entry(db, open_db):
    append(db, entry(0))
    other = open_db()
    other.delete_transcript(**PLACE)
    append(other, entry(5))
    append(db, entry(0), entry(1))
    assert said(open_db()) == ["said 5", "said 0", "said 1"]


def test_subpaths_are_transcripts_of_their_own(db):
    for subpath in (None, "sub/b", "sub/a"):
        append(db, entry(0, message=subpath), subpath=subpath)
    append(db, entry(0), session_id="t2", subpath="sub/c")
    assert said(db) == [None]
    assert said(db, subpath="sub/a") == ["sub/a"]
    assert db.unsettled.list_transcript_subpaths(**PLACE) == ["sub/a", "sub/b"]
    assert [each["session_id"] for each in db.list_transcript_sessions(**PROJECT)] == ["t1"]
    db.delete_transcript(**PLACE, subpath="sub/a")
    assert db.list_transcript_subpaths(**PLACE) == ["sub/b"]
    db.delete_transcript(**PLACE)
    assert db.list_transcript_subpaths(**PLACE) == []
    assert db.list_transcript_subpaths(**{**PLACE, "session_id": "t2"}) == ["sub/c"]
    assert db.list_transcript_sessions(**PROJECT) == []


def test_transcripts_go_with_the_session_that_they_were_written_for(db, store):
    for number in (0, 1):
        db.upsert_session(session(number))
        append(db, entry(number), owner=f"agent-{number}")
        append(db, entry(9), owner=f"agent-{number}", session_id=f"only-{number}")
    db.delete_sessions(["agent-0"], user_id="ann")
    assert said(db) == ["said 1"]
    assert said(db, session_id="only-0") == []
    append(db, entry(0), owner="agent-1")
    assert said(db) == ["said 1", "said 0"]
    assert db.delete_session("agent-1", user_id="ann") is True
    assert db.list_transcript_sessions(**PROJECT) == []
    for name in ("t1", "only-0", "only-1"):
        left = store.query(Stretch, framework="claude", project_key="p1", session_id=name)
        assert [*left] == []


def opened(store):
    """A database as another process has it, which knows nothing yet."""
    return (DynastoreDb if isinstance(store, Store) else AsyncDynastoreDb)(store)


MOTO = pytest.mark.fault(
    "moto", reason="checks and writes in two steps, between which threads interfere", strict=False
)


@MOTO
def test_writers_at_once_lose_no_entry_and_repeat_none(db, store):
    def call(store, number):
        entries = [entry(f"{number}-a"), entry("shared"), entry(f"{number}-b")]
        return opened(store).append_transcript_entries(
            **PLACE, entries=entries, agno_session_id="agent-0"
        )

    assert [each for each in at_once(store, call, 8) if each is not None] == []
    found = [each["uuid"] for each in db.get_transcript_entries(**PLACE)]
    assert sorted(found) == sorted(
        [*(f"u{n}-{part}" for n in range(8) for part in "ab"), "ushared"]
    )
    for number in range(8):
        assert found.index(f"u{number}-a") < found.index(f"u{number}-b")


@MOTO
def test_deleting_and_appending_at_once_leaves_whole_appends_and_nothing_unseen(db, store):
    append(db, *map(entry, range(30)))

    def call(store, number):
        if number % 3 == 2:
            return opened(store).delete_transcript(**PLACE)
        entries = [entry(f"{number}-a"), entry(f"{number}-b")]
        return opened(store).append_transcript_entries(
            **PLACE, entries=entries, agno_session_id="agent-0"
        )

    assert [each for each in at_once(store, call, 9) if each is not None] == []
    found = [each["uuid"] for each in db.get_transcript_entries(**PLACE)]
    for number in range(9):
        assert (f"u{number}-a" in found) is (f"u{number}-b" in found)
    assert not {f"u{number}" for number in range(30)} & {*found}
    db.delete_transcript(**PLACE)
    where = {"framework": "claude", "project_key": "p1", "session_id": "t1"}
    assert [*store.query(Stretch, **where)] == []


def test_an_append_writes_only_what_is_new_in_one_request():
    db = DynastoreDb(memory_store())
    units = []
    for number in range(30):
        with recorded(db.store) as sent:
            append(db, entry(number))
        units.append(sum(each.units for each in sent))
        assert len(sent) == (2 if number == 0 else 1)
    assert units[1:] == [units[1]] * 29


@pytest.mark.scans
@pytest.mark.parametrize("requests", range(2, 14))
def test_what_is_appended_while_the_session_is_deleted_goes_when_it_is_deleted_again(requests):
    db = DynastoreDb(memory_store())
    append(db, entry(0))
    go_on = paused(db.store, called(db, "delete_session", "agent-0"), requests)
    append(DynastoreDb(db.store), entry(1))
    if go_on is not None:
        go_on()
    append(db, entry(2))
    db.delete_session("agent-0")
    for kind in (Transcript, Stretch, Annex, Annexed):
        assert [*db.store.scan(kind)] == []
