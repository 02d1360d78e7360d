"""What has expired is deleted from SQLite some time later, by writes that pass by."""

from __future__ import annotations

import datetime as dt
import sqlite3
from contextlib import closing

import pytest

from dynastore import Delete, Put, Schema, Store, entity, gsi, key, ref
from dynastore.clients.expiring import AT_ONCE, GRACE_SECONDS
from dynastore.clients.sqlite import SqliteClient
from dynastore.requests import GetItem, Key, PutItem
from dynastore.requests.tables import CreateTable

START = dt.datetime(2096, 3, 1, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
GRACE = dt.timedelta(seconds=GRACE_SECONDS)


@entity("note", expires="ends_at")
class Note:
    """Something that is of use for a while."""

    name: str
    topic: str = "t"
    ends_at: dt.datetime | None = None

    primary = key("NOTE#{name}", "~")
    by_topic = gsi(1, "TOPIC#{topic}", "{name}")


SCHEMA = Schema([Note])


class Clock:
    """A time that tests move."""

    now = START

    def __call__(self) -> dt.datetime:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "table.db"


@pytest.fixture
def store(path, clock):
    with Store.connect(f"sqlite:///{path}", SCHEMA, clock=clock) as store:
        store.create_table()
        yield store


def note(name, ends=HOUR):
    return Note(name=name, ends_at=None if ends is None else START + ends)


def stored(path):
    return sorted(
        pk.removeprefix("NOTE#") for (pk,) in sql(path, "SELECT PK FROM dynastore_items_1")
    )


def sql(path, statement, *values):
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, values).fetchall()


def test_a_write_deletes_what_expired_two_days_ago(store, path, clock):
    for each in (note("a"), note("b", None), note("c", HOUR * 2)):
        store.put(each)
    clock.now = START + HOUR + GRACE - dt.timedelta(seconds=1)
    store.put(note("w", None))
    assert stored(path) == ["a", "b", "c", "w"]
    clock.now += dt.timedelta(seconds=1)
    store.put(note("x", None))
    assert stored(path) == ["b", "c", "w", "x"]


@pytest.mark.parametrize(
    "write",
    [
        lambda store: store.update(ref(Note, name="w"), topic="u"),
        lambda store: store.delete(ref(Note, name="none")),
        lambda store: store.transact(Put(note("w", None)), Delete(ref(Note, name="none"))),
        lambda store: store.put_many([note("w", None)]),
    ],
)
def test_any_write_does(store, path, clock, write):
    store.put_many([note("a"), note("w", None)])
    clock.now = START + HOUR + GRACE
    write(store)
    assert stored(path) == ["w"]


def test_it_deletes_a_few_at_a_time_and_at_most_every_second(store, path, clock):
    store.put_many([note(f"{number:03}") for number in range(AT_ONCE * 2 + 1)])
    clock.now = START + HOUR + GRACE
    left = []
    for second in (0, 0.5, 1, 2, 3):
        clock.now = START + HOUR + GRACE + dt.timedelta(seconds=second)
        store.put(note("w", None))
        left.append(len(stored(path)) - 1)
    assert left == [AT_ONCE + 1, AT_ONCE + 1, 1, 0, 0]


def test_what_lives_on_is_kept(store, path, clock):
    for name in "abc":
        store.put(note(name))
    store.touch(ref(Note, name="a"), lifetime=GRACE * 2)
    store.update(ref(Note, name="b"), ends_at=None)
    clock.now = START + HOUR + GRACE
    store.put(note("c", GRACE * 3))  # the write that would delete it
    store.put(note("w", None))
    assert stored(path) == ["a", "b", "c", "w"]


def test_what_expired_over_five_years_ago_is_left_alone(store, path, clock):
    store.put(note("a", dt.timedelta(days=-6 * 365)))
    clock.now += HOUR
    store.put(note("w", None))
    assert stored(path) == ["a", "w"]


def test_a_table_whose_time_to_live_is_not_enabled_keeps_everything():
    clock = Clock()
    client = SqliteClient(":memory:", clock)
    client.send(CreateTable(SCHEMA.table))
    ended = {**Key("a", "~").attributes, "TTL": {"N": str(int(START.timestamp()))}}
    client.send(PutItem(SCHEMA.table.name, ended))
    clock.now += GRACE * 2
    client.send(PutItem(SCHEMA.table.name, Key("w", "~").attributes))
    assert client.send(GetItem(SCHEMA.table.name, Key("a", "~"))) is not None


def test_followers_are_told_that_it_expired(store, clock):
    changes = store.changes(Note, name="mail", follow=False)
    assert list(changes) == []
    store.put_many([note("a"), note("b")])
    store.delete(ref(Note, name="b"))
    clock.now = START + HOUR + GRACE
    store.put(note("w", None))
    told = [(change.kind, dict(change.key.values)["name"]) for change in changes]
    assert sorted(told[:2]) == [("created", "a"), ("created", "b")]
    assert told[2:] == [("deleted", "b"), ("created", "w"), ("expired", "a")]


def test_a_file_from_before_goes_on(store, path, clock):
    assert list(store.changes(Note, name="mail", follow=False)) == []
    store.put(note("a"))
    store.close()
    sql(path, "DROP INDEX dynastore_items_1_ttl")
    sql(path, "ALTER TABLE dynastore_log_1 DROP COLUMN expired")
    clock.now = START + HOUR + GRACE
    with Store.connect(f"sqlite:///{path}", SCHEMA, clock=clock) as later:
        later.put(note("w", None))
        told = [each.kind for each in later.changes(Note, name="mail", follow=False)]
    assert stored(path) == ["@#consumer#mail", "w"]
    assert told == ["created", "created", "expired"]


def test_expired_items_are_found_by_an_index(store, path):
    layout = store.client._layout(SCHEMA.table.name)
    plan = sql(path, f"EXPLAIN QUERY PLAN {layout.ended}", 0, 1, 9)
    assert [step[-1] for step in plan] == [
        "SEARCH dynastore_items_1 USING INDEX dynastore_items_1_ttl (<expr>>? AND <expr><?)"
    ]
