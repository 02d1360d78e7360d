"""What requests took is told by entity and access pattern."""

from __future__ import annotations

from typing import Any

import pytest

from dynastore import AsyncStore, Schema, Store, entity, gsi, key, payload, ref
from dynastore.clients.observing import Sent
from dynastore.errors import AlreadyExists, Throttled
from dynastore.requests import (
    BatchGetItem,
    DeleteItem,
    GetItem,
    Key,
    Purpose,
    TransactWriteItems,
)
from dynastore.telemetry.consumption import Consumed, Consumption, Use


@entity("note")
class Note:
    """A note."""

    user_id: str
    note_id: str
    topic: str = "tea"

    primary = key("USER#{user_id}", "NOTE#{note_id}")
    by_topic = gsi(1, "TOPIC#{topic}", "{user_id}", "{note_id}")


@entity("label")
class Label:
    """A label beside notes."""

    user_id: str
    name: str

    primary = key("USER#{user_id}", "LABEL#{name}")


@pytest.fixture
def store() -> Any:
    with Store.connect("sqlite://", Schema([Note, Label])) as store:
        store.put(Note(user_id="ann", note_id="n1"))
        store.put(Label(user_id="ann", name="green"))
        yield store


def uses(store: Any, call: Any) -> list[tuple[str, str, str]]:
    consumption = Consumption()
    with store.observed(consumption):
        call()
    return [(use.entity, use.pattern, use.operation) for use in consumption.by_use]


def test_each_request_is_known_by_what_it_serves(store):
    n1 = {"user_id": "ann", "note_id": "n1"}
    target = ref(Note, **n1)
    keys = [target, ref(Label, user_id="ann", name="green")]
    note = Note(user_id="ann", note_id="n2")
    for call, known in {
        lambda: store.get(Note, **n1): ("note", "primary", "GetItem"),
        lambda: store.get_many(keys): ("note | label", "primary", "BatchGetItem"),
        lambda: store.put(note): ("note", "primary", "PutItem"),
        lambda: store.update(target, topic="tea"): ("note", "primary", "UpdateItem"),
        lambda: store.delete(note): ("note", "primary", "DeleteItem"),
        lambda: list(store.query(Note, topic="tea")): ("note", "by_topic", "Query"),
        lambda: list(store.query(Note, user_id="ann")): ("note", "primary", "Query"),
        lambda: list(store.query(Note, **n1)): ("note", "primary", "GetItem"),
        lambda: store.query(Note, topic="tea").count(): ("note", "by_topic", "Query"),
        lambda: list(store.collection(Note, Label, user_id="ann")): (
            "note | label",
            "primary",
            "Query",
        ),
        store.create_table: ("(table)", "-", "CreateTable"),
    }.items():
        assert known in uses(store, call)


def test_parts_of_payloads_are_known_by_the_entity_that_they_are_of():
    @entity("page")
    class Page:
        """What is larger than an item."""

        page_id: str
        text: str = payload(default="", offload_over=0)

        primary = key("PAGE#{page_id}", "~")

    with Store.connect("sqlite://", Schema([Page])) as store:
        store.create_table()
        one = ref(Page, page_id="p1")
        for call, known in {
            lambda: store.put(Page(page_id="p1", text="x" * 200)): {"PutItem"},
            lambda: store.update(one, text="y" * 200): {"PutItem"},
            lambda: store.get(Page, page_id="p1"): {"GetItem"},
            lambda: store.delete(one): {"GetItem", "DeleteItem"},
        }.items():
            told = uses(store, call)
            assert {use for use in told if use[0] != "page"} == set()
            assert {operation for _, pattern, operation in told if pattern == "payload"} >= known


def test_the_place_of_a_consumer_is_known_as_one(store):
    told = uses(store, lambda: list(store.changes(Note, name="mail", follow=False)))
    assert ("~consumer", "primary", "GetItem") in told


@pytest.mark.scans
def test_a_scan_is_known_by_what_it_looks_for(store):
    assert uses(store, lambda: list(store.scan(Note))) == [("note", "scan", "Scan")]


def test_what_is_known_of_a_request_is_no_part_of_it():
    plain, known = Key("a", "b"), Key("a", "b", "note")
    assert plain == known
    assert len({plain, known}) == 1
    assert repr(plain) == repr(known)
    assert GetItem("t", known).parameters() == GetItem("t", plain).parameters()
    assert GetItem("t", known).purpose == Purpose("note", "primary")
    assert BatchGetItem("t", (known, Key("a", "c"))).purpose is None


def test_units_requests_and_failures_add_up(store):
    consumption = Consumption()
    with store.observed(consumption):
        store.create(Note(user_id="ann", note_id="n2"))
        with pytest.raises(AlreadyExists):
            store.create(Note(user_id="ann", note_id="n2"))
    (consumed,) = consumption.by_use.values()
    assert (consumed.requests, consumed.failed, consumed.units) == (2, 1, 3.0)
    assert 0 < consumed.seconds < 10


async def test_an_async_store_tells_alike(store):
    async with AsyncStore.connect("sqlite://", Schema([Note])) as awaited:
        await awaited.create_table()
        consumption = Consumption()
        with awaited.observed(consumption):
            await awaited.put(Note(user_id="ann", note_id="n1"))
    assert list(consumption.by_use) == [Use("note", "primary", "PutItem")]


def test_it_is_printed_as_a_table():
    consumption = Consumption()
    ending = consumption(GetItem("t", Key("a", "b", "note")))
    ending(Sent(GetItem("t", Key("a", "b", "note")), 0.5, 0.25, 2, 1200))
    ending(
        Sent(GetItem("t", Key("a", "b", "a_longer_name")), 1000.0, 1.0, error=Throttled("C", "m"))
    )
    assert str(consumption).splitlines() == [
        "entity         pattern  operation  requests  failed  retries  units  bytes  seconds",
        "a_longer_name  primary  GetItem           1       1        0  1,000      0    1.000",
        "note           primary  GetItem           1       0        2    0.5  1,200    0.250",
    ]
    assert str(Consumption()).startswith("entity  pattern")


def test_what_was_taken_is_a_value():
    sent = Sent(GetItem("t", Key("a", "b")), units=1.0, retries=1)
    assert Consumed().and_(sent).and_(sent) == Consumed(2, 0, 2, 2.0)


def test_a_transaction_is_known_by_all_that_it_is_about():
    actions = (DeleteItem("t", Key("a", "b", "note")), DeleteItem("t", Key("a", "c", "label")))
    assert TransactWriteItems(actions).purpose == Purpose("note | label", "primary")
    assert Sent(TransactWriteItems(actions)).table == "t"


def test_keys_that_were_left_unprocessed_still_know_what_they_are_of():
    request = BatchGetItem("t", (Key("a", "b", "note"), Key("a", "c", "note")))
    left = {"t": {"Keys": [Key("a", "c").attributes]}}
    batch = request.read({"Responses": {}, "UnprocessedKeys": left})
    assert BatchGetItem("t", batch.unprocessed).purpose == Purpose("note", "primary")
