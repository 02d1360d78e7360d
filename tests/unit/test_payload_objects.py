"""Payloads in a bucket: their names and owners, and in which order things are read and written."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynastore import Schema, Table, entity, key, payload, ref
from dynastore.codec.payload_objects import Owner, has_room, name_prefix, written_at
from dynastore.codec.payloads import POINTER_BYTES, Pointer
from dynastore.errors import DynastoreError, ModelError, PayloadMissing, Throttled
from dynastore.operations.reading import reads
from dynastore.operations.writing import writes
from dynastore.requests import DeleteItem, GetItem, Key, Now, PutItem, UpdateItem
from dynastore.requests.objects import DeleteObject, GetObject, ListObjectsV2, PutObject
from dynastore.testing import memory_store, recorded
from dynastore.values.payload_forms import OBJECT
from dynastore.writes import Put

NOW = dt.datetime(2026, 11, 1, tzinfo=dt.UTC)
BUCKET = "agent-payloads"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


@entity("doc")
class Doc:
    """A document."""

    name: str
    title: str = ""
    data: bytes = payload(default=b"", offload_over=1_000)

    primary = key("DOC#{name}", "~")


SCHEMA = Schema([Doc], Table("dynastore", bucket=BUCKET))
REF = ref(Doc, name="d")


def noise(seed, size=5_000):
    return random.Random(seed).randbytes(size)


@pytest.fixture
def store():
    store = memory_store(SCHEMA, clock=lambda: NOW)
    store.create_table()
    return store


def names(store):
    return [each.name for each in store.client.send(ListObjectsV2(BUCKET, "", 1_000)).objects]


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
        sent.append(asked)
        answer = store.client.send(asked)


@given(TEXTS, TEXTS, TEXTS, TEXTS)
def test_metadata_name_the_owner_in_ascii(table, pk, sk, field):
    owner = Owner(table, Key(pk, sk), field)
    assert Owner.of(owner.metadata) == owner
    for value in owner.metadata.values():
        assert value.isascii()
        assert value.isprintable()
        assert value == value.strip()
        assert "  " not in value


@given(st.lists(TEXTS, max_size=3), st.lists(TEXTS, max_size=3))
def test_scopes_have_folders_of_their_own(one, other):
    mine, theirs = name_prefix(one), name_prefix(other)
    assert (mine == theirs) == (one == other)
    assert theirs.startswith(mine) == (other[: len(one)] == one)


def test_a_name_tells_when_and_is_of_one_item_one_field_and_one_write():
    pointer, later = (
        Pointer.to_object(b"form", NOW + dt.timedelta(seconds=each)) for each in range(2)
    )
    owners = [Owner("t", Key("A", "B"), "f"), Owner("t", Key("A", "B"), "g")]
    owners += [Owner("t", Key("A", "C"), "f"), Owner("t", Key("AB", ""), "f")]
    made = {f"{name_prefix(['a b'])}{each.name(p)}" for each in owners for p in (pointer, later)}
    assert len(made) == 8
    assert {written_at(name) for name in made} == {pointer.written, later.written}
    assert max(map(len, made)) < 300


@pytest.mark.parametrize("name", ["", "a", "notes/2026-11-01", f"{'0' * 64}/{'0' * 64}"])
def test_names_of_others_are_told_apart(name):
    assert written_at(name) is None


def test_a_pointer_to_an_object_says_so():
    pointer = Pointer.to_object(b"form", NOW)
    held = pointer.attribute["B"]
    assert (held[0], len(held)) == (OBJECT, POINTER_BYTES)
    assert Pointer.of({"B": held}) == pointer
    assert Pointer.of({"B": bytes([3]) + held[1:]}) is None
    assert "an object" in str(pointer)


@pytest.mark.parametrize("bucket", ["a", "Upper", "under_score", "-a-", "a" * 64, "a b"])
def test_what_no_bucket_can_be_called_is_refused(bucket):
    with pytest.raises(ModelError, match="names no bucket"):
        Table("dynastore", bucket=bucket)


def test_the_object_is_written_before_the_item_and_never_deleted(store):
    def operations(call):
        with recorded(store) as sent:
            call()
        return [type(each.request) for each in sent]

    one, two = Doc(name="d", data=noise(1)), Doc(name="d", data=noise(2))
    assert operations(lambda: store.put(one)) == [PutObject, PutItem]
    assert operations(lambda: store.put(two)) == [PutObject, PutItem]
    assert operations(lambda: store.update(REF, title="t")) == [UpdateItem, GetObject]
    assert operations(lambda: store.update(REF, data=noise(3))) == [
        PutObject,
        UpdateItem,
        GetObject,
    ]
    assert operations(lambda: store.delete(REF)) == [DeleteItem, GetObject]
    assert len(names(store)) == 3


def test_an_object_that_is_not_written_stops_the_write():
    steps = writes.write(SCHEMA, Put(Doc(name="d", data=noise(1))))
    assert isinstance(first(steps), PutObject)
    with pytest.raises(Throttled):
        steps.throw(Throttled("SlowDown", "slow down"))


def test_a_reader_whose_object_is_gone_reads_the_item_again(store):
    store.put(Doc(name="d", data=noise(1)))
    steps = reads.get(SCHEMA, Doc, {"name": "d"})
    stale = store.client.send(first(steps))
    (old,) = names(store)
    store.put(Doc(name="d", data=noise(2)))
    store.client.send(DeleteObject(BUCKET, old))  # as a sweep does, a day later
    found, sent = carried_out(store, steps, stale)
    assert found == Doc(name="d", data=noise(2))
    assert [type(each) for each in sent] == [GetObject, GetItem, GetObject]
    assert sent[1].consistent


@pytest.mark.parametrize("damage", ["gone", "another's"])
def test_an_object_that_is_gone_for_good_is_missing(store, damage):
    store.put(Doc(name="d", data=noise(1)))
    (name,) = names(store)
    if damage == "gone":
        store.client.send(DeleteObject(BUCKET, name))
    else:
        store.client.send(PutObject(BUCKET, name, noise(2), bytes(32), {}))
    with pytest.raises(PayloadMissing, match=r"data of DOC#d ~: .* in bucket agent-payloads"):
        store.get(Doc, name="d")


def test_a_key_that_s3_has_no_room_for_keeps_its_payloads_in_parts(store):
    long = "ü" * 600  # three characters of metadata for each of its 1,200 bytes
    doc = store.put(Doc(name=long, data=noise(1)))
    assert names(store) == []
    assert store.get(Doc, name=long) == doc
    deep = store.scope("s" * 1_000)
    doc = deep.put(Doc(name="d", data=noise(1)))
    assert names(store) == []
    assert deep.get(Doc, name="d") == doc


def test_there_is_room_up_to_what_s3_takes():
    assert has_room("n" * 1_024, {"pk": "x" * 2_046})
    assert not has_room("n" * 1_025, {})
    assert not has_room("n", {"pk": "x" * 2_047})


def test_bytes_that_were_given_natively_are_never_taken_for_a_pointer(store):
    pointer = Pointer.to_object(b"form", NOW)
    doc = store.put(Doc(name="d", data=pointer.attribute["B"]))
    assert store.get(Doc, name="d") == doc


def test_a_failure_to_read_an_object_is_the_readers(store):
    store.put(Doc(name="d", data=noise(1)))
    steps = reads.get(SCHEMA, Doc, {"name": "d"})
    item = store.client.send(first(steps))
    assert isinstance(steps.send(item), GetObject)
    with pytest.raises(DynastoreError, match="slow down"):
        steps.throw(Throttled("SlowDown", "slow down"))
