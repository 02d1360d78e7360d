"""Bad input is refused before anything is written, with the same error on every engine."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest

from dynastore import (
    Check,
    Put,
    Schema,
    Update,
    add,
    append,
    discard,
    entity,
    field,
    gsi,
    increment,
    key,
    prepend,
    ref,
    since,
)
from dynastore.errors import (
    InvalidCursor,
    ItemTooLarge,
    NoAccessPattern,
    RequestError,
    TransactionCanceled,
    UnknownField,
)

from .engines import EMBEDDED_PAIRS, PAIRS

pytestmark = pytest.mark.on(*PAIRS)

NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
ITEM_BYTES = 400 * 1024


@entity("trip")
class Trip:
    """A journey that a user plans."""

    user_id: str
    trip_id: str
    leaves_at: dt.datetime = NOON
    price: float = 0.0
    season: str = ""
    notes: str = ""
    stops: list[str] = field(factory=list)
    watchers: set[str] = field(factory=set)
    extra: Any = None

    primary = key("USER#{user_id}", "TRIP#{trip_id}")
    by_month = gsi(1, "SEASON#{season}", "{leaves_at}")


@entity("other")
class Other:
    """An entity of another schema."""

    name: str

    primary = key("OTHER#{name}", "OTHER")


@pytest.fixture
def store(open_store):
    return open_store(Schema([Trip]))


T1 = ref(Trip, user_id="ann", trip_id="t1")


def trip(**changes: Any) -> Trip:
    return Trip(**{"user_id": "ann", "trip_id": "t1", **changes})


@pytest.mark.on(*EMBEDDED_PAIRS)
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"user_id": ""}, "Trip.user_id is empty"),
        ({"trip_id": "x" * 1025}, "SK would be 1,030 bytes; it holds 1,024"),
        ({"user_id": "x" * 2048}, "PK would be 2,053 bytes; it holds 2,048"),
        ({"price": math.nan}, "Trip.price cannot be stored: nan"),
        ({"price": math.inf}, "Trip.price cannot be stored: inf"),
        ({"leaves_at": NOON.replace(tzinfo=None)}, "leaves_at .* it has no time zone"),
        ({"notes": 5}, "Trip.notes cannot be stored: it is int, not str"),
        ({"notes": "\ud800"}, "half of a surrogate pair"),
        ({"extra": {"deep": (1, 2)}}, "Trip.extra cannot be stored: tuple is not JSON"),
        ({"extra": 10**39 + 1}, "Trip.extra cannot be stored: numbers have up to 38 digits"),
        ({"extra": {"": 1}}, "a key is empty"),
    ],
)
def test_what_cannot_be_stored_is_refused(store, changes, says):
    with pytest.raises(RequestError, match=says):
        store.put(trip(**changes))
    assert store.query(Trip, user_id="ann").count() == 0


@pytest.mark.fault("moto", reason="counts more bytes than DynamoDB, and refuses items that fit")
def test_an_item_of_400_kb_is_stored_and_one_byte_more_is_refused(store):
    with pytest.raises(ItemTooLarge) as refused:
        store.put(trip(notes="x" * ITEM_BYTES))
    room = ITEM_BYTES - (refused.value.size_bytes - ITEM_BYTES)
    fits = trip(notes="x" * room)
    store.put(fits)
    with pytest.raises(ItemTooLarge, match="409,601 bytes; items hold 409,600"):
        store.put(trip(notes="y" * (room + 1)))
    assert store.get(Trip, user_id="ann", trip_id="t1") == fits


def test_an_update_that_makes_an_item_too_large_is_refused(store):
    stored = store.put(trip(notes="x" * 300_000))
    with pytest.raises(ItemTooLarge, match=r"TRIP#t1 .*items hold 409,600"):
        store.update(stored, stops=append("y" * 150_000))
    assert store.get(Trip, user_id="ann", trip_id="t1") == stored


@pytest.mark.fault("moto", reason="refuses the transaction without its reasons")
def test_a_transaction_says_which_update_makes_an_item_too_large(store):
    stored = store.put(trip(notes="x" * 300_000))
    with pytest.raises(TransactionCanceled) as canceled:
        store.transact(Update(stored, stops=append("y" * 150_000)), Put(trip(trip_id="t2")))
    too_large, other = canceled.value.reasons
    assert isinstance(too_large, ItemTooLarge)
    assert other is None
    assert store.get(Trip, user_id="ann", trip_id="t1") == stored


def test_a_keyword_that_is_no_field_is_refused_with_the_closest_one(store):
    for call in (
        lambda: store.get(Trip, user_id="ann", tripid="t1"),
        lambda: store.query(Trip, userid="ann"),
        lambda: store.update(ref(Trip, user_id="ann", trip_id="t1"), note="x"),
        lambda: store.delete(ref(Trip, user_id="ann", trip_id="t1"), when={"note": "x"}),
    ):
        with pytest.raises(UnknownField, match=r"Did you mean (trip_id|user_id|notes)"):
            call()


def test_a_key_field_that_is_missing_is_named(store):
    with pytest.raises(RequestError, match="found by user_id and trip_id; trip_id is missing"):
        store.get(Trip, user_id="ann")


def test_a_query_that_would_scan_is_refused(store):
    with pytest.raises(NoAccessPattern, match="primary needs user_id") as refused:
        store.query(Trip, price=1.5)
    assert refused.value.missing == {"primary": ("user_id",), "by_month": ("season",)}


def test_a_cursor_of_another_query_or_scope_is_refused(store):
    for number in range(3):
        store.put(trip(trip_id=f"t{number}"))
    trips = store.query(Trip, user_id="ann")
    cursor = trips.page(limit=1).cursor
    for foreign in (
        store.query(Trip, user_id="bob"),
        store.query(Trip, user_id="ann", price=0.0),
        trips.newest_first(),
        store.scope("other").query(Trip, user_id="ann"),
    ):
        with pytest.raises(InvalidCursor):
            foreign.page(cursor=cursor)
    other = "B" if cursor.startswith("A") else "A"
    for damaged in ("", "x", cursor[:-1], other + cursor[1:], "ü"):
        with pytest.raises(InvalidCursor):
            trips.page(cursor=damaged)


@pytest.mark.parametrize("limit", [0, -1, 1.5, "2", True])
def test_a_page_of_no_entities_is_refused(store, limit):
    with pytest.raises(RequestError, match="at least 1"):
        store.query(Trip, user_id="ann").page(limit=limit)


@pytest.mark.on(*EMBEDDED_PAIRS)
@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({}, "changes no field"),
        ({"trip_id": "t2"}, "part of the primary key"),
        ({"price": math.nan}, "nan"),
        ({"leaves_at": NOON.replace(tzinfo=None)}, "no time zone"),
        ({"notes": increment(1)}, "Trip.notes"),
        ({"price": append("x")}, "Trip.price"),
        ({"stops": append(["a", "b"])}, r"Trip.stops = .*; give them one by one, as append\(\*val"),
        ({"stops": prepend(("a",))}, r"Trip.stops = .*; give them one by one, as append\(\*val"),
        ({"stops": add("x")}, r"Trip.stops is no set .*; a list has append\(\)"),
        ({"watchers": add(["x", "y"])}, r"Trip.watchers cannot hold .*; give them .* add\(\*mem"),
        ({"watchers": discard({"x"})}, r"Trip.watchers cannot hold .*; give them one by one"),
        ({"watchers": add(frozenset("x"))}, r"Trip.watchers cannot hold .*; give them one by one"),
        ({"watchers": add(5)}, "Trip.watchers cannot hold .*: it is int, not str$"),
        ({"watchers": append("x")}, r"Trip.watchers is a set, and no list .*; use add\(...\)"),
    ],
)
def test_a_change_that_cannot_be_made_is_refused(store, changes, says):
    stored = store.put(trip())
    with pytest.raises(RequestError, match=says):
        store.update(ref(Trip, user_id="ann", trip_id="t1"), **changes)
    assert store.get(Trip, user_id="ann", trip_id="t1") == stored


def test_a_range_of_the_wrong_type_is_refused(store):
    with pytest.raises(RequestError):
        store.query(Trip, user_id="ann", leaves_at=since("monday")).count()


@pytest.mark.parametrize("name", ["", 5, None, "\ud800"])
def test_a_scope_needs_a_name(store, name):
    with pytest.raises(RequestError, match="at least one character"):
        store.scope(name)


class Stranger:
    """No entity."""


@pytest.mark.on(*EMBEDDED_PAIRS)
@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda store: store.put(Stranger()), "'Stranger' is no entity"),
        (lambda store: store.query(Stranger, name="x"), "'Stranger' is no entity"),
        (
            lambda store: store.query(trip(), user_id="ann"),
            r"the class stands here, not an entity of it: Trip, as in ref\(Trip, user_id=…, trip_id=",
        ),
        (lambda store: store.query(Other, name="x"), "Other is not in this schema, which has Trip"),
        (lambda store: store.delete("ann"), "'str' is no entity"),
        (lambda store: store.get_many([Trip]), "is no ref"),
        (lambda store: store.collection(user_id="ann"), "at least one entity class"),
        (lambda store: store.get(Trip, user_id=5, trip_id="t1"), "it is int, not str"),
    ],
)
def test_what_is_no_entity_is_refused(store, call, says):
    with pytest.raises(RequestError, match=says):
        call(store)


def test_a_schema_without_entities_says_that_it_is_empty(open_store):
    with pytest.raises(RequestError, match="Trip is not in this schema, which is empty; add it"):
        open_store(Schema([])).get(Trip, user_id="ann", trip_id="t1")


IS_CLASS = r"Trip is the class: give an entity of it, or ref\(Trip, user_id=…, trip_id=…\)"
PRIVATE = "what only the user should read"


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda store: store.put(Trip), IS_CLASS),
        (lambda store: store.create(Trip), IS_CLASS),
        (lambda store: store.update(Trip, user_id="ann", trip_id="t1", notes="x"), IS_CLASS),
        (lambda store: store.touch(Trip), IS_CLASS),
        (lambda store: store.move(Trip, trip_id="t2"), IS_CLASS),
        (lambda store: store.delete(Trip), IS_CLASS),
        (lambda store: store.delete_many([Trip]), IS_CLASS),
        (lambda store: store.put([trip(notes=PRIVATE)]), r"list is no entity; put_many\(\) and"),
        (lambda store: store.put(T1), r"a ref is the key of Trip without the rest; put\(\) and"),
        (lambda store: store.get(T1), r"not a ref: Trip, user_id=…, trip_id=…; get_many"),
        (lambda store: ref(trip(notes=PRIVATE)), r"not an entity of it: Trip, as in ref\(Trip, "),
        (
            lambda store: store.put_many(trip(notes=PRIVATE)),
            r"Trip\(user_id='ann', trip_id='t1'\) is no list of entities; write \[...\] around it",
        ),
        (
            lambda store: store.get_many([trip(notes=PRIVATE)]),
            r"Trip\(user_id='ann', trip_id='t1'\) is no ref",
        ),
        (
            lambda store: store.transact(trip(notes=PRIVATE)),
            r"Trip\(user_id='ann', trip_id='t1'\) is no write; transact\(\*writes\) takes Create",
        ),
        (
            lambda store: store.transact([Put(trip(notes=PRIVATE))]),
            r"a list of 1 is no write; transact\(\*writes\) .* each by itself",
        ),
        (
            lambda store: store.transact(Check(T1), Update(T1, notes="x")),
            "two writes .* about USER#ann TRIP#t1; make one of them, and a Check the when= of",
        ),
    ],
)
def test_what_stands_in_the_wrong_place_is_named_and_its_values_are_not(store, call, says):
    with pytest.raises(RequestError, match=says) as refused:
        call(store)
    assert PRIVATE not in str(refused.value)
