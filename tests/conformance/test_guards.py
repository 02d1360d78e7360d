"""Values without a guard, and guards without a value, are found and mended, on every engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from dynastore import Duplicated, Malformed, Orphaned, Schema, Unguarded, entity, key, ref, unique
from dynastore.changes import SetTo, Unset
from dynastore.errors import NotUnique
from dynastore.operations.upkeep.findings import Tally
from dynastore.requests import (
    DeleteItem,
    GetItem,
    Key,
    PutItem,
    TransactWriteItems,
    UpdateItem,
)

from .drivers import Awaited, at_once
from .engines import PAIRS

pytestmark = [pytest.mark.scans, pytest.mark.on(*PAIRS)]

TOMORROW = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)


@entity("user")
class OldUser:
    """Somebody, before the email had to be unique."""

    user_id: str
    email: str | None = None
    expires_at: dt.datetime | None = None

    primary = key("USER#{user_id}", "~")


@entity("user", expires="expires_at")
class User:
    """Somebody."""

    user_id: str
    email: str | None = None
    visits: int = 0
    expires_at: dt.datetime | None = None

    primary = key("USER#{user_id}", "~")
    one_email = unique("email")


@entity("user", schema=2, upcasters={1: lambda fields: {**fields, "email": fields.pop("mail")}})
class Renamed:
    """Somebody, whose email had another name once, and will have another one again."""

    user_id: str
    email: str | None = None

    primary = key("USER#{user_id}", "~")
    one_email = unique("email")


OLD, NEW = Schema([OldUser]), Schema([User])
ANN, BOB = Key("USER#ann", "~"), Key("USER#bob", "~")


def guard_key(email="a@x"):
    return Key(f"UNIQUE#user#one_email#{email}", "~")


def send(store, request):
    """Send a request as it is, behind the back of all operations."""
    if isinstance(store, Awaited):
        return store.runner.run(store.target.client.send(request))
    return store.client.send(request)


def item(store, key_):
    return send(store, GetItem(store.schema.table.name, key_, consistent=True))


def overwrite(store, key_, **attributes):
    changes = {n: Unset() if v is None else SetTo(v) for n, v in attributes.items()}
    send(store, UpdateItem(store.schema.table.name, key_, changes))


@pytest.fixture
def store(open_store):
    return open_store(NEW)


def test_a_constraint_that_is_added_later_guards_what_is_stored_once_it_is_reindexed(open_store):
    open_store(OLD).put_many([OldUser(user_id=name, email=f"{name}@x") for name in "abc"])
    open_store(OLD).put(OldUser(user_id="nobody"))
    store = open_store(NEW)
    found = sorted(store.verify(), key=lambda each: each.key.pk)
    assert [type(each) for each in found] == [Unguarded] * 3
    assert (found[0].key, found[0].entity) == (Key("USER#a", "~"), "User")
    assert (found[0].constraint, found[0].values) == ("one_email", {"email": "a@x"})
    assert not found[0].mended
    assert sorted(store.reindex(dry_run=True), key=lambda each: each.key.pk) == found
    store.create(User(user_id="d", email="a@x"))  # nothing keeps it from that yet
    store.delete(ref(User, user_id="d"))

    mending = store.reindex()
    assert [each.mended for each in mending] == [True] * 3
    assert mending.tally == Tally(items=4, unguarded=3, mended=3)
    assert mending.tally.wrong == 0
    with pytest.raises(NotUnique):
        store.create(User(user_id="d", email="a@x"))
    verified = store.verify()
    assert list(verified) == []
    assert verified.tally == Tally(items=7, guards=3)


def test_guards_of_items_that_older_or_newer_code_wrote_are_left_alone(open_store):
    store = open_store(Schema([Renamed]))
    store.put_many([Renamed(user_id=name, email=f"{name}@x") for name in ("ann", "bob")])
    overwrite(store, ANN, SCHEMA={"N": "1"}, email=None, mail={"S": "ann@x"})
    overwrite(store, BOB, SCHEMA={"N": "3"}, email=None, address={"S": "bob@x"})
    mending = store.reindex()
    assert list(mending) == []
    assert mending.tally == Tally(items=4, guards=2, older=1, newer=1)
    for name in ("ann", "bob"):
        send(store, DeleteItem(store.schema.table.name, guard_key(f"{name}@x")))
    overwrite(store, BOB, email={"S": "bob@x"})
    assert list(store.reindex()) == []
    assert item(store, guard_key("bob@x")) is None


def test_of_two_entities_with_one_value_the_guard_says_which_has_it(open_store):
    store, old = open_store(NEW), open_store(OLD)
    store.put(User(user_id="ann", email="a@x"))
    old.put(OldUser(user_id="bob", email="a@x"))
    mending = store.reindex()
    assert list(mending) == [Duplicated(BOB, "User", "one_email", {"email": "a@x"}, ANN)]
    assert mending.tally == Tally(items=3, guards=1, duplicated=1)
    assert mending.tally.wrong == 1


def test_of_two_entities_with_one_value_and_no_guard_one_gets_it(open_store):
    open_store(OLD).put_many([OldUser(user_id=name, email="a@x") for name in ("ann", "bob")])
    store = open_store(NEW)
    assert {type(each) for each in store.verify()} == {Unguarded, Duplicated}
    found = {type(each): each for each in store.reindex()}
    assert found.keys() == {Unguarded, Duplicated}
    assert found[Unguarded].mended
    assert found[Duplicated].holder == found[Unguarded].key
    (left,) = store.verify()
    assert left == found[Duplicated]


def test_a_guard_without_its_value_is_removed(store):
    store.put_many([User(user_id=name, email=f"{name}@x") for name in ("ann", "bob", "eve")])
    overwrite(store, ANN, email={"S": "other@x"})
    send(store, DeleteItem(store.schema.table.name, BOB))
    found = {type(each).__name__ + each.key.pk: each for each in store.verify()}
    assert found.keys() == {
        "UnguardedUSER#ann",
        "OrphanedUNIQUE#user#one_email#ann@x",
        "OrphanedUNIQUE#user#one_email#bob@x",
    }
    orphan = found["OrphanedUNIQUE#user#one_email#bob@x"]
    assert (orphan.entity, orphan.constraint, orphan.owner) == ("User", "one_email", BOB)
    assert {(type(each), each.key, each.mended) for each in store.reindex()} == {
        (type(each), each.key, True) for each in found.values()
    }
    assert list(store.verify()) == []
    store.create(User(user_id="bob", email="ann@x"))
    with pytest.raises(NotUnique):
        store.create(User(user_id="joe", email="other@x"))


def test_a_value_takes_over_the_guard_of_one_who_has_it_no_more(open_store):
    store, old = open_store(NEW), open_store(OLD)
    store.put(User(user_id="ann", email="a@x"))
    overwrite(store, ANN, email={"S": "b@x"})
    old.put(OldUser(user_id="bob", email="a@x"))
    assert {(type(each), each.key) for each in store.verify()} == {
        (Unguarded, ANN),
        (Unguarded, BOB),
        (Orphaned, guard_key()),
    }
    assert all(each.mended for each in store.reindex())
    assert item(store, guard_key())["OWNER"] == {"L": [{"S": BOB.pk}, {"S": BOB.sk}]}
    assert list(store.verify()) == []


def test_a_guard_expires_with_its_entity(store):
    store.put(User(user_id="ann", email="a@x", expires_at=TOMORROW))
    sooner = int(TOMORROW.timestamp()) - 3_600
    overwrite(store, guard_key(), TTL={"N": str(sooner)})
    (mended,) = store.reindex()
    assert isinstance(mended, Unguarded)
    assert mended.mended
    assert item(store, guard_key())["TTL"] == item(store, ANN)["TTL"]
    assert list(store.verify()) == []


def test_what_is_expired_needs_no_guard(open_store):
    yesterday = TOMORROW - dt.timedelta(days=2)
    store = open_store(NEW)
    store.put(User(user_id="ann", email="a@x", expires_at=yesterday))
    send(store, DeleteItem(store.schema.table.name, guard_key()))
    store.put(User(user_id="bob", email="b@x", expires_at=yesterday))
    send(store, DeleteItem(store.schema.table.name, BOB))
    assert list(store.verify()) == []


def test_a_guard_that_says_no_owner_is_removed(store):
    damaged = {**guard_key().attributes, "TYPE": {"S": "~unique"}, "OWNER": {"S": "ann"}}
    store.create_table()
    send(store, PutItem(store.schema.table.name, damaged))
    (found,) = store.reindex()
    assert isinstance(found, Orphaned)
    assert (found.owner, found.mended) == (None, True)
    assert item(store, guard_key()) is None


def test_guards_that_the_schema_does_not_know_are_counted_and_left(open_store):
    open_store(NEW).put(User(user_id="ann", email="a@x"))
    old = open_store(OLD)
    mending = old.reindex()
    assert list(mending) == []
    assert mending.tally == Tally(items=2, unknown={"~unique": 1})
    assert item(old, guard_key()) is not None


def test_guards_are_of_a_scope(open_store):
    old, store = open_store(OLD), open_store(NEW)
    old.scope("qa").scope("n 1").put(OldUser(user_id="ann", email="a@x"))
    old.put(OldUser(user_id="ann", email="a@x"))
    (mended,) = store.scope("qa").reindex()
    assert mended.key.pk == "@qa#@n$201#USER#ann"
    assert mended.guard.pk == "@qa#@n$201#UNIQUE#user#one_email#a@x"
    assert [each.key for each in store.verify()] == [ANN]


def test_a_value_that_no_key_can_hold_is_malformed(open_store):
    open_store(OLD).put(OldUser(user_id="ann", email="a" * 3_000))
    (found,) = open_store(NEW).verify()
    assert isinstance(found, Malformed)
    assert "3,0" in str(found.error)


def racing(store: Any, write: Callable[[], None]) -> None:
    """Let somebody write between what was read and the transaction that mends it."""
    target = store.target if isinstance(store, Awaited) else store
    client, send_plain = target.client, target.client.send
    writes = [write]

    def send_late(request):
        if isinstance(request, TransactWriteItems) and writes:
            writes.pop()()
        return send_plain(request)

    async def send_late_async(request):
        if isinstance(request, TransactWriteItems) and writes:
            await writes.pop()()
        return await send_plain(request)

    client.send = send_late_async if isinstance(store, Awaited) else send_late


def writer_of(store):
    return store.target if isinstance(store, Awaited) else store


@pytest.mark.parametrize(
    ("race", "owner"),
    [
        (lambda s: s.update(ref(User, user_id="ann"), email="new@x"), None),
        (lambda s: s.delete(ref(User, user_id="ann")), None),
        (lambda s: s.create(User(user_id="bob", email="a@x")), BOB),
        (lambda s: s.update(ref(User, user_id="ann"), expires_at=TOMORROW), ANN),
        (lambda s: s.update(ref(User, user_id="ann"), visits=3), ANN),
    ],
)
def test_a_writer_between_the_read_and_the_guard_loses_nothing(open_store, race, owner):
    store, other = open_store(NEW), open_store(NEW)
    open_store(OLD).put(OldUser(user_id="ann", email="a@x"))
    racing(store, lambda: race(writer_of(other)))
    list(store.reindex())
    stored = item(other, guard_key())
    holder = stored and Key(*(each["S"] for each in stored["OWNER"]["L"]))
    assert holder == owner
    left = list(other.verify())
    assert [type(each) for each in left] == ([Duplicated] if owner == BOB else [])


@pytest.mark.parametrize(
    "race",
    [
        lambda s: s.put(User(user_id="ann", email="a@x")),
        lambda s: s.create(User(user_id="bob", email="b@x")),
    ],
)
def test_a_writer_between_the_read_and_the_removal_loses_nothing(open_store, race):
    store, other = open_store(NEW), open_store(NEW)
    store.put(User(user_id="ann", email="a@x"))
    send(store, DeleteItem(store.schema.table.name, ANN))
    racing(store, lambda: race(writer_of(other)))
    list(store.reindex())
    assert list(other.verify()) == []
    for each in other.scan(User):
        with pytest.raises(NotUnique):
            other.create(User(user_id="joe", email=each.email))


@pytest.mark.fault(
    "moto",
    reason="checks and writes in two steps, between which threads interfere",
    strict=False,
)
def test_many_racing_writers_leave_every_value_with_its_guard(open_store):
    open_store(OLD).put_many([OldUser(user_id=f"u{n}", email=f"{n}@x") for n in range(4)])
    store = open_store(NEW)

    def work(each, number):
        if number % 3 == 0:
            return each.reindex().page()
        target = ref(User, user_id=f"u{number % 4}")
        return each.update(target, email=f"{number}@y") if number % 2 else each.delete(target)

    at_once(store, work, 9)
    list(store.reindex())
    assert list(store.verify()) == []
