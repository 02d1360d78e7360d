"""Writes of items that cannot be read say whether they were done, on every engine."""

from __future__ import annotations

import pytest

from dynastore import Delete, Schema, Update, entity, increment, key, ref, unique, version
from dynastore.changes import SetTo
from dynastore.errors import (
    DataError,
    MalformedItem,
    PartialFailure,
    TransactionCanceled,
    UnknownType,
)
from dynastore.requests import GetItem, Key, UpdateItem

from .drivers import Awaited


@entity("note")
class Note:
    """A note."""

    name: str
    size: int = 0
    visits: int = 0

    primary = key("NOTE#{name}", "~")


@entity("letter")
class Letter:
    """A letter under the keys of notes."""

    name: str
    visits: int = 0
    revision: int = version()

    primary = key("LETTER#{name}", "~")


@entity("user")
class User:
    """Somebody."""

    name: str
    email: str
    size: int = 0

    primary = key("USER#{name}", "~")
    one_email = unique("email")


N1 = Key("NOTE#n1", "~")
NOTE = ref(Note, name="n1")


def send(store, request):
    """Send a request as it is, behind the back of all operations."""
    if isinstance(store, Awaited):
        return store.runner.run(store.target.client.send(request))
    return store.client.send(request)


def item(store, key_=N1):
    return send(store, GetItem(store.schema.table.name, key_, consistent=True))


def damage(store, key_=N1, **attributes):
    changes = {name: SetTo(value) for name, value in attributes.items()}
    send(store, UpdateItem(store.schema.table.name, key_, changes))


@pytest.fixture
def store(open_store):
    store = open_store(Schema([Note, Letter, User]))
    store.put(Note(name="n1"))
    damage(store, size={"S": "big"})
    return store


def test_a_delete_of_what_cannot_be_read_says_that_it_was_done(store):
    with pytest.raises(
        MalformedItem, match=r"NOTE#n1 ~ was deleted, but the stored Note"
    ) as caught:
        store.delete(NOTE)
    assert caught.value.written
    assert caught.value.path == "$.size"
    assert item(store) is None
    assert store.delete(NOTE) is None


def test_an_update_of_what_cannot_be_read_says_that_it_was_done(store):
    for write in (store.update, store.upsert):
        with pytest.raises(MalformedItem, match=r"NOTE#n1 ~ was updated, but") as caught:
            write(NOTE, visits=increment(1))
        assert caught.value.written
    assert item(store)["visits"] == {"N": "2"}


def test_a_delete_of_an_item_of_another_class_says_that_it_was_done(store):
    damage(store, TYPE={"S": "letter"})
    with pytest.raises(UnknownType, match="was deleted, but") as caught:
        store.delete(NOTE)
    assert caught.value.written
    assert item(store) is None


def test_a_write_that_has_to_read_first_is_not_done(store):
    store.put(User(name="ann", email="a@x"))
    ann = Key("USER#ann", "~")
    damage(store, ann, email={"N": "1"})
    for write in (
        lambda: store.delete(ref(User, name="ann")),
        lambda: store.update(ref(User, name="ann"), email="b@x"),
        lambda: store.get(User, name="ann"),
        lambda: store.delete(NOTE, when={"visits": 5}),
        lambda: store.update(NOTE, visits=1, when={"visits": 5}),
    ):
        with pytest.raises(MalformedItem) as caught:
            write()
        assert not caught.value.written
        assert "but" not in str(caught.value)
    assert item(store, ann) is not None
    assert item(store)["visits"] == {"N": "0"}


def test_what_answers_nothing_is_done(store):
    store.transact(Update(NOTE, visits=increment(1)))
    assert item(store)["visits"] == {"N": "1"}
    store.transact(Delete(NOTE))
    assert item(store) is None
    with pytest.raises(TransactionCanceled):
        store.transact(Update(NOTE, visits=increment(1)))


def test_many_that_cannot_be_read_are_deleted(store):
    letters = store.put_many([Letter(name=str(number)) for number in range(3)])
    for number in range(3):
        damage(store, Key(f"LETTER#{number}", "~"), visits={"S": "many"})
    store.update(NOTE, size=1)
    damage(store, size={"S": "big"})
    damage(store, Key("LETTER#1", "~"), revision={"N": "7"})
    with pytest.raises(PartialFailure) as caught:
        store.delete_many([NOTE, *letters])
    (error,) = caught.value.failed.values()
    assert isinstance(error, DataError)
    assert not error.written
    assert item(store) is None
    stored = [item(store, Key(f"LETTER#{number}", "~")) for number in range(3)]
    assert [each is None for each in stored] == [True, False, True]
