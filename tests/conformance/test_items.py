"""One item at a time: what is written is what is read, on every engine."""

from __future__ import annotations

import datetime as dt

import pytest

from dynastore import Schema, entity, gsi, increment, key, ref, since
from dynastore.errors import AlreadyExists

MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


@entity("note")
class Note:
    """A note of a user."""

    user_id: str
    note_id: str
    topic: str | None = None
    written_at: dt.datetime = MONDAY
    readings: int = 0

    primary = key("USER#{user_id}", "NOTE#{note_id}")
    by_topic = gsi(1, "TOPIC#{topic}", "NOTE", "{written_at}")


@pytest.fixture
def store(open_store):
    return open_store(Schema([Note]))


def test_what_was_put_is_read(store):
    note = Note(user_id="ann", note_id="n1", topic="tea")
    store.put(note)
    assert store.get(Note, user_id="ann", note_id="n1") == note


def test_what_was_not_put_is_none(store):
    assert store.get(Note, user_id="ann", note_id="n1") is None


def test_what_is_there_is_not_created_again(store):
    store.create(Note(user_id="ann", note_id="n1"))
    with pytest.raises(AlreadyExists):
        store.create(Note(user_id="ann", note_id="n1"))


def test_a_query_reads_one_partition_in_order(store):
    for user in ("ann", "bob"):
        for number in (2, 10, 1):
            store.put(Note(user_id=user, note_id=f"n{number:02}"))
    notes = store.query(Note, user_id="ann")
    assert [note.note_id for note in notes] == ["n01", "n02", "n10"]
    assert [note.note_id for note in notes.newest_first()] == ["n10", "n02", "n01"]
    assert notes.count() == 3


def test_an_index_is_read_by_range(store, settled):
    for day in range(5):
        written_at = MONDAY + dt.timedelta(days=day)
        store.put(Note(user_id="ann", note_id=f"n{day}", topic="tea", written_at=written_at))
    settled()
    notes = store.query(Note, topic="tea", written_at=since(MONDAY + dt.timedelta(days=3)))
    assert [note.note_id for note in notes] == ["n3", "n4"]


def test_an_update_moves_the_item_in_its_index(store, settled):
    store.put(Note(user_id="ann", note_id="n1", topic="tea"))
    store.update(ref(Note, user_id="ann", note_id="n1"), topic="rum", readings=increment(1))
    settled()
    assert store.query(Note, topic="tea").count() == 0
    assert store.query(Note, topic="rum").first().readings == 1


def test_pages_go_on_where_the_last_one_ended(store):
    for number in range(5):
        store.put(Note(user_id="ann", note_id=f"n{number}"))
    first = store.query(Note, user_id="ann").page(limit=2)
    assert [note.note_id for note in first.entities] == ["n0", "n1"]
    second = store.query(Note, user_id="ann").page(limit=2, cursor=first.cursor)
    assert [note.note_id for note in second.entities] == ["n2", "n3"]


def test_two_stores_see_one_table(open_store):
    schema = Schema([Note])
    one, other = open_store(schema), open_store(schema)
    one.put(Note(user_id="ann", note_id="n1"))
    assert other.get(Note, user_id="ann", note_id="n1")
