"""Payloads in parts, with the test as the server: in which order things are read and written."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from dynastore import Schema, entity, key, payload, ref
from dynastore.codec.payloads import PART_BYTES
from dynastore.errors import PartialFailure, PayloadMissing, Throttled
from dynastore.operations.reading import reads
from dynastore.operations.writing import writes
from dynastore.requests import (
    BatchGetItem,
    DeleteItem,
    GetItem,
    Key,
    Now,
    PutItem,
    Together,
    UpdateItem,
)
from dynastore.testing import memory_store, recorded
from dynastore.writes import Put, Update

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)


@entity("doc", expires="expires_at")
class Doc:
    """A document."""

    name: str
    title: str = ""
    expires_at: dt.datetime | None = None
    data: bytes = payload(default=b"", offload_over=1_000)

    primary = key("DOC#{name}", "~")


SCHEMA = Schema([Doc])
REF = ref(Doc, name="d")


def noise(seed, size=5_000):
    return random.Random(seed).randbytes(size)


@pytest.fixture
def store():
    store = memory_store(SCHEMA, clock=lambda: NOW)
    store.create_table()
    return store


def part_keys(store, name):
    """The keys of the parts of an entity, from what its item holds."""
    from dynastore.operations.payloads import pointers_in

    owner = Key(f"DOC#{name}", "~")
    item = store.client.send(GetItem("dynastore", owner, True))
    return pointers_in(SCHEMA, item)["data"].keys(owner, "data", "")


def first(steps):
    """What an operation sends first, once it knows the time."""
    asked = next(steps)
    while isinstance(asked, Now):
        asked = steps.send(NOW)
    return asked


def carried_out(store, steps, answer):
    """The result of an operation that goes on after an answer, and what it sends on the way."""
    sent = []
    while True:
        try:
            asked = steps.send(answer)
        except StopIteration as stop:
            return stop.value, sent
        if isinstance(asked, Now):
            answer = NOW
        else:
            sent.append(asked)
            answer = store.client.send(asked)


def operations(store, call):
    with recorded(store) as sent:
        call()
    return [type(each.request) for each in sent]


def test_parts_are_written_before_their_item_and_deleted_after_it(store):
    one, two = Doc(name="d", data=noise(1)), Doc(name="d", data=noise(2))
    assert operations(store, lambda: store.put(one)) == [PutItem, PutItem]
    assert operations(store, lambda: store.put(two)) == [PutItem, PutItem, DeleteItem]
    assert operations(store, lambda: store.delete(two)) == [DeleteItem, GetItem, DeleteItem]


def test_a_create_and_a_class_without_payloads_ask_for_no_old_item(store):
    with recorded(store) as sent:
        store.create(Doc(name="new"))
        store.put(Doc(name="new"))
    assert [each.request.returns_old for each in sent] == [False, True]


def test_a_part_that_is_not_written_stops_the_write():
    steps = writes.write(SCHEMA, Put(Doc(name="d", data=noise(1, PART_BYTES + 99))))
    asked = first(steps)
    assert isinstance(asked, Together)
    assert [len(each.item["DATA"]["B"]) for each in asked.requests] == [PART_BYTES, 100]
    failure = PartialFailure({0: None}, {1: Throttled("ThrottlingException", "slow down")})
    with pytest.raises(Throttled):
        steps.throw(failure)


def test_parts_are_sent_a_few_at_a_time():
    steps = writes.write(SCHEMA, Put(Doc(name="d", data=noise(1, 25 * PART_BYTES))))
    sizes = []
    asked = first(steps)
    while isinstance(asked, Together):
        sizes.append(len(asked.requests))
        asked = steps.send([None] * len(asked.requests))
    assert sizes == [10, 10, 6]  # a first byte more than 25 parts
    assert isinstance(asked, PutItem)
    assert asked.item["SK"] == {"S": "~"}


def test_many_items_are_read_with_their_parts_together(store):
    for number in range(30):
        store.put(Doc(name=f"{number}", data=noise(number)))
    refs = [ref(Doc, name=f"{number}") for number in range(30)]
    with recorded(store) as sent:
        found = store.get_many(refs)
    assert [each.data for each in found] == [noise(number) for number in range(30)]
    assert {type(each.request) for each in sent} == {BatchGetItem}
    assert [len(each.request.keys) for each in sent] == [30] + [2] * 15
    assert all(each.request.consistent for each in sent[1:])


def test_a_reader_whose_item_was_replaced_meanwhile_reads_it_again(store):
    store.put(Doc(name="d", data=noise(1)))
    steps = reads.get(SCHEMA, Doc, {"name": "d"})
    stale = store.client.send(first(steps))
    store.put(Doc(name="d", data=noise(2)))
    found, sent = carried_out(store, steps, stale)
    assert found == Doc(name="d", data=noise(2))
    assert [each.key.sk == "~" for each in sent] == [False, True, False]
    assert sent[1].consistent


def test_a_reader_whose_item_was_deleted_meanwhile_finds_none(store):
    store.put(Doc(name="d", data=noise(1)))
    steps = reads.get(SCHEMA, Doc, {"name": "d"})
    stale = store.client.send(first(steps))
    store.delete(REF)
    found, _ = carried_out(store, steps, stale)
    assert found is None


def test_a_query_passes_over_what_is_not_asked_for_any_more(store):
    store.put(Doc(name="d", title="old", data=noise(1)))
    plan = SCHEMA.plan(Doc, {"name": "d", "title": "old"})
    steps = reads.read_page(SCHEMA, plan)
    stale = store.client.send(first(steps))
    store.put(Doc(name="d", title="new", data=noise(2)))
    page, _ = carried_out(store, steps, stale)
    assert list(page.entities) == []


@pytest.mark.parametrize("damage", ["gone", "another's"])
def test_parts_that_are_gone_for_good_are_missing(store, damage):
    store.put(Doc(name="d", data=noise(1)))
    store.put(Doc(name="e", data=noise(2)))
    (mine,) = part_keys(store, "d")
    if damage == "gone":
        store.client.send(DeleteItem("dynastore", mine))
    else:
        (theirs,) = part_keys(store, "e")
        other = store.client.send(GetItem("dynastore", theirs, True))
        store.client.send(PutItem("dynastore", other | mine.attributes))
    with pytest.raises(PayloadMissing, match="data of DOC#d ~") as error:
        store.get(Doc, name="d")
    assert error.value.pointer.size == 5_001
    with pytest.raises(PartialFailure) as failure:
        store.get_many([REF, ref(Doc, name="e")])
    assert failure.value.done.keys() == {ref(Doc, name="e")}
    assert isinstance(failure.value.failed[REF], PayloadMissing)


@pytest.mark.scans
def test_a_scan_gets_past_what_is_lost(store):
    for name in "de":
        store.put(Doc(name=name, data=noise(name)))
    store.client.send(DeleteItem("dynastore", part_keys(store, "d")[0]))
    found = {each.name: each for each in store.scan(Doc)}
    assert found["e"].data == noise("e")
    with pytest.raises(PayloadMissing):
        found["d"].data  # noqa: B018


def test_a_write_that_is_done_is_no_failure_because_its_payload_cannot_be_read(store):
    store.put(Doc(name="d", data=noise(1)))
    store.client.send(DeleteItem("dynastore", part_keys(store, "d")[0]))
    assert store.update(REF, title="t").title == "t"
    assert store.delete(REF).title == "t"


def test_parts_live_as_long_as_their_item_before_it_does(store):
    store.put(Doc(name="d", data=noise(1), expires_at=NOW + dt.timedelta(hours=1)))
    steps = writes.write(SCHEMA, Update(REF, expires_at=NOW + dt.timedelta(days=1)))
    _, sent = carried_out(store, steps, None)
    kinds = [(type(each), each.key.sk == "~") for each in sent]
    assert kinds == [(GetItem, True), (UpdateItem, False), (UpdateItem, True), (GetItem, False)]


def test_two_fields_with_one_value_have_parts_of_their_own(store):
    @entity("pair")
    class Pair:
        name: str
        one: bytes = payload(default=b"", offload_over=1_000)
        other: bytes = payload(default=b"", offload_over=1_000)
        primary = key("PAIR#{name}", "~")

    pairs = memory_store(Schema([Pair]))
    pairs.create_table()
    pairs.put(Pair(name="p", one=noise(1), other=noise(1)))
    kinds = operations(pairs, lambda: pairs.put(Pair(name="p", one=noise(1))))
    assert kinds == [PutItem, PutItem, DeleteItem, DeleteItem]
    assert pairs.get(Pair, name="p") == Pair(name="p", one=noise(1))
