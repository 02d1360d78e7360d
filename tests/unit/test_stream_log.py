"""The log of changes in SQLite: when it is written, and what it keeps."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count

import pytest

from dynastore import Schema, Store, entity, key
from dynastore.clients.layout import Layout
from dynastore.clients.stream_log import KEPT_SECONDS, TRIMMED_AT_ONCE, answer
from dynastore.errors import ChangesTrimmed
from dynastore.requests.streams import GetRecords


@entity("note")
class Note:
    name: str
    value: int = 0

    primary = key("NOTE#{name}", "NOTE#")


SCHEMA = Schema([Note])


@pytest.fixture
def path(tmp_path):
    return tmp_path / "table.db"


@pytest.fixture
def store(path):
    with Store.connect(f"sqlite:///{path}", SCHEMA) as store:
        store.create_table()
        yield store


def sql(path, statement, *values):
    with closing(sqlite3.connect(path)) as connection, connection:
        return connection.execute(statement, values).fetchall()


def logged(path):
    return [number for (number,) in sql(path, "SELECT sequence FROM dynastore_log_1")]


def seen(store, **options):
    return [each.new.value for each in store.changes(Note, **{"follow": False, **options})]


def test_a_table_that_nobody_follows_has_no_log(store, path):
    store.put(Note(name="a"))
    names = sql(path, "SELECT name FROM sqlite_master WHERE name LIKE '%log%' OR type = 'trigger'")
    assert names == []


def test_processes_that_had_the_file_open_log_too(store, path):
    with Store.connect(f"sqlite:///{path}", SCHEMA) as other:
        other.put(Note(name="a", value=1))
        assert seen(store) == []
        other.put(Note(name="a", value=2))
    assert seen(store) == [2]


def test_a_write_that_is_rolled_back_is_not_logged(store, path):
    assert seen(store) == []
    before = logged(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM dynastore_items_1")
        connection.rollback()
    assert logged(path) == before


def test_writers_at_once_are_logged_in_the_order_of_their_commits(store, path):
    assert seen(store) == []

    def write(number: int) -> None:
        for value in range(40):
            store.put(Note(name=f"n{number}", value=value))

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(write, range(4))) == [None] * 4
    changes = list(store.changes(Note, follow=False))
    for number in range(4):
        mine = [each for each in changes if each.new.name == f"n{number}"]
        assert [each.new.value for each in mine] == list(range(40))
        assert [each.old for each in mine] == [None, *(each.new for each in mine[:-1])]


def age(path, upto):
    """Make the records up to a number older than is kept."""
    older = "UPDATE dynastore_log_1 SET at = at - ? WHERE sequence <= ?"
    sql(path, older, KEPT_SECONDS + 60, upto)


def test_a_write_trims_a_few_records_that_are_older_than_a_day(store, path):
    assert seen(store) == []
    for value in range(10):
        store.put(Note(name="a", value=value))
    [first, *_, last] = logged(path)
    age(path, last - 2)
    store.put(Note(name="a", value=10))
    assert logged(path) == list(range(first + TRIMMED_AT_ONCE, last + 2))
    for value in range(11, 14):
        store.put(Note(name="a", value=value))
    assert logged(path) == list(range(last - 1, last + 5)), "young ones stay"


def test_sequence_numbers_go_on_though_all_records_were_trimmed(store, path):
    assert seen(store) == []
    for value in range(3):
        store.put(Note(name="a", value=value))
    last = logged(path)[-1]
    age(path, last)
    for value in range(3, 5):
        store.put(Note(name="a", value=value))
    assert logged(path) == [last + 1, last + 2]


def test_a_consumer_whose_next_record_was_trimmed_is_told(store, path):
    store.put(Note(name="a", value=-1))
    assert seen(store) == []
    store.put(Note(name="a", value=0))
    assert seen(store) == [0]
    for value in range(1, 4):
        store.put(Note(name="a", value=value))
    age(path, logged(path)[-1])
    for value in range(4, 8):
        store.put(Note(name="b", value=value))
    with pytest.raises(ChangesTrimmed, match="on_gap='oldest'"):
        seen(store)
    assert seen(store, on_gap="oldest")[-1] == 7


def test_a_consumer_that_has_taken_all_that_was_trimmed_goes_on(store, path):
    assert seen(store) == []
    store.put(Note(name="a", value=0))
    assert seen(store) == [0]
    age(path, logged(path)[-1])
    for value in range(1, 4):
        store.put(Note(name="a", value=value))
    assert seen(store) == [1, 2, 3]


def test_large_items_come_in_pages_of_a_megabyte():
    @entity("page")
    class Page:
        name: str
        text: str

        primary = key("PAGE#{name}", "PAGE#")

    with Store.connect("sqlite://", Schema([Page])) as store:
        assert list(store.changes(follow=False)) == []
        for number in range(12):
            store.put(Page(name=str(number), text="x" * 300_000))
        found = [each.new.name for each in store.changes(Page, follow=False)]
    assert found == [str(number) for number in range(12)]


def test_a_page_costs_the_same_however_long_the_log_is(store, path):
    assert seen(store) == []

    def steps():
        """How many instructions SQLite carries out for the newest record."""
        with closing(sqlite3.connect(path)) as connection:
            done = count()
            connection.set_progress_handler(lambda: next(done) and None, 1)
            answer(connection, Layout(1, SCHEMA.table), GetRecords("", str(logged(path)[-1] - 1)))
        return next(done)

    store.put(Note(name="a"))
    few = steps()
    store.put_many(Note(name=str(number)) for number in range(2_000))
    assert steps() == few
