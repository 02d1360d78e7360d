"""Payloads in a bucket: what was put is read, no write deletes an object, and the sweep does."""

from __future__ import annotations

import datetime as dt
import random

import boto3
import pytest

from dynastore import Create, Put, Schema, Table, Update, entity, key, payload, ref, version
from dynastore.codec.payload_objects import Owner, name_prefix
from dynastore.codec.payloads import Pointer
from dynastore.errors import (
    InvalidCursor,
    PayloadMissing,
    RevisionConflict,
    ServiceError,
    TransactionCanceled,
)
from dynastore.requests import Key, PutItem
from dynastore.requests.objects import (
    DeleteObject,
    GetObject,
    HeadObject,
    ListObjectsV2,
    PutObject,
    StoredObject,
)
from dynastore.testing import recorded
from dynastore.values.payload_forms import form_of

BUCKET = "agent-payloads"
OLD = dt.datetime.now(dt.UTC) - dt.timedelta(hours=25)
YOUNG = OLD + dt.timedelta(hours=2)


def noise(seed, size=500_000):
    return random.Random(seed).randbytes(size)


@entity("doc", expires="expires_at")
class Doc:
    """A document."""

    name: str
    title: str = ""
    expires_at: dt.datetime | None = None
    data: bytes = payload(default=b"")
    notes: bytes = payload(default=b"", offload_over=1_000)
    revision: int = version()

    primary = key("DOC#{name}", "~")


SCHEMA = Schema([Doc], Table("dynastore", bucket=BUCKET))
REF = ref(Doc, name="d")


@pytest.fixture
def bucket(engine, mode, connect, session, request):
    """The bucket, emptied; SQLite has every bucket."""
    if engine.startswith("sqlite"):
        return BUCKET
    in_process = engine == "moto" and mode == "blocking"
    url = None if in_process else connect.keywords["endpoint_url"]
    s3 = boto3.Session().client("s3", endpoint_url=url)
    region = {"LocationConstraint": s3.meta.region_name}
    try:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=region)
    except s3.exceptions.BucketAlreadyOwnedByYou:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=BUCKET):
            for each in page.get("Contents", ()):
                s3.delete_object(Bucket=BUCKET, Key=each["Key"])
    return BUCKET


@pytest.fixture
def store(bucket, open_store):
    return open_store(SCHEMA)


def sent(store, request):
    def steps():
        return (yield from request)

    return store.run(steps())


def objects(store):
    return sent(store, ListObjectsV2(BUCKET, "", 1_000)).objects


def write_object(store, name, data, moment):
    """What a writer leaves that crashes before it writes its item; the pointer and the name."""
    form = form_of({"B": data}, compress=False)
    pointer = Pointer.to_object(form, moment)
    owner = Owner(store.schema.table.name, Key(f"{store.schema.prefix}DOC#{name}", "~"), "data")
    called = name_prefix(store.schema.scopes) + owner.name(pointer)
    sent(store, PutObject(BUCKET, called, form, pointer.digest, owner.metadata))
    return pointer, called


def write_item(store, name, pointer):
    codec = store.schema.codec(Doc)
    item = codec.encode(Doc(name=name), store.schema.prefix) | {"data": pointer.attribute}
    sent(store, PutItem(store.schema.table.name, item))


def is_there(store, name):
    return sent(store, GetObject(BUCKET, name)) is not None


@pytest.mark.parametrize("body", [b"", b"a", noise(1, 3_000_000)], ids=["empty", "one", "3 MB"])
def test_an_object_is_what_was_put(store, body):
    from hashlib import sha256

    metadata = {"pk": "A#1  b", "sk": "~"}
    put = PutObject(BUCKET, "a/b-1.x_2", body, sha256(body).digest(), metadata)
    sent(store, put)
    sent(store, put)
    assert sent(store, GetObject(BUCKET, "a/b-1.x_2")) == body
    assert sent(store, HeadObject(BUCKET, "a/b-1.x_2")) == metadata
    assert list(objects(store)) == [StoredObject("a/b-1.x_2", len(body))]
    assert sent(store, GetObject(BUCKET, "a/b")) is None
    assert sent(store, HeadObject(BUCKET, "a/b")) is None
    sent(store, DeleteObject(BUCKET, "a/b-1.x_2"))
    sent(store, DeleteObject(BUCKET, "a/b-1.x_2"))
    assert list(objects(store)) == []


def test_objects_are_listed_by_prefix_page_by_page(store):
    from hashlib import sha256

    names = sorted(f"{folder}/{number}" for folder in ("a", "b", "bc") for number in range(5))
    for name in names:
        sent(store, PutObject(BUCKET, name, b"x", sha256(b"x").digest(), {}))
    found, after = [], ""
    while after is not None:
        page = sent(store, ListObjectsV2(BUCKET, "b/", 2, after))
        assert len(page.objects) <= 2
        found += [each.name for each in page.objects]
        after = page.last
    assert found == [name for name in names if name.startswith("b/")]


def test_what_leaves_an_item_is_one_object(store):
    doc = store.put(Doc(name="d", title="t", data=noise(1), notes=noise(2, 5_000)))
    assert sorted(each.size for each in objects(store)) == [5_001, 500_001]
    assert store.get(Doc, name="d") == doc
    assert store.get_many([REF, ref(Doc, name="e")]) == [doc, None]
    assert list(store.query(Doc, name="d")) == [doc]
    assert store.transact_get(REF) == [doc]
    with recorded(getattr(store, "target", store)) as made:
        store.put(Doc(name="e", data=noise(3)))
    assert [each.operation for each in made] == ["PutObject", "PutItem"]


@pytest.mark.scans
def test_nothing_of_it_is_in_the_table(store):
    doc = store.put(Doc(name="d", data=noise(1)))
    assert list(store.scan(Doc)) == [doc]
    assert store.sweep().parts == 0


def test_no_write_deletes_an_object(store):
    doc = store.put(Doc(name="d", data=noise(1)))
    doc = store.update(doc, data=noise(2))
    assert doc.data == noise(2)
    doc = store.update(doc, data=b"small")
    doc = store.update(doc, title="t", data=noise(1))
    assert store.get(Doc, name="d") == doc
    assert store.delete(doc) == doc
    assert len(objects(store)) == 3


def test_scopes_have_folders_of_their_own(store):
    team = store.scope("team a/b")
    store.put(Doc(name="d", data=noise(1)))
    mine = team.put(Doc(name="d", data=noise(1)))
    names = [each.name for each in objects(store)]
    assert [name.startswith("scope-team_20a_2fb/") for name in names] == [False, True]
    assert team.get(Doc, name="d") == mine


def test_an_expiry_changes_no_object(store):
    later = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=1)
    doc = store.put(Doc(name="d", data=noise(1)))
    doc = store.update(doc, expires_at=later)
    assert store.get(Doc, name="d") == doc
    assert (doc.expires_at, doc.data) == (later, noise(1))


def test_transactions_and_moves_take_payloads_along(store):
    one, _ = store.transact(Create(Doc(name="d", data=noise(1))), Put(Doc(name="e")))
    store.transact(Update(REF, data=noise(2)))
    assert store.get(Doc, name="d").data == noise(2)
    with pytest.raises(TransactionCanceled):
        store.transact(Update(REF, data=noise(3)), Create(Doc(name="e")))
    with pytest.raises(RevisionConflict):
        store.put(one)
    store.move(REF, name="f")
    assert store.get(Doc, name="f").data == noise(2)


def test_a_table_that_gets_a_bucket_still_reads_its_parts(bucket, open_store):
    without = open_store(Schema([Doc], Table("dynastore")))
    in_parts = without.put(Doc(name="d", data=noise(1)))
    store = open_store(SCHEMA)
    assert store.get(Doc, name="d") == in_parts
    doc = store.put(Doc(name="e", data=noise(2)))
    with pytest.raises(PayloadMissing, match=r"has no bucket: name it"):
        without.get(Doc, name="e")
    assert store.get(Doc, name="e") == doc


def test_an_object_that_is_gone_is_missing(store):
    store.put(Doc(name="d", data=noise(1)))
    (found,) = objects(store)
    sent(store, DeleteObject(BUCKET, found.name))
    with pytest.raises(PayloadMissing, match="Its object in bucket agent-payloads is gone"):
        store.get(Doc, name="d")


@pytest.mark.scans
def test_old_objects_that_no_item_refers_to_are_deleted(store):
    _, orphan = write_object(store, "gone", noise(1), OLD)
    pointer, referred = write_object(store, "kept", noise(2), OLD)
    write_item(store, "kept", pointer)
    _, replaced = write_object(store, "kept", noise(3), OLD)
    _, in_flight = write_object(store, "coming", noise(4), YOUNG)
    store.put(Doc(name="new", data=noise(5)))

    seen = store.sweep(dry_run=True)
    assert (seen.parts, seen.litter, seen.litter_bytes, seen.cursor) == (3, 2, 1_000_002, None)
    assert is_there(store, orphan)

    assert store.sweep() == seen
    assert not is_there(store, orphan)
    assert not is_there(store, replaced)
    assert is_there(store, referred)
    assert is_there(store, in_flight)
    assert store.get(Doc, name="kept").data == noise(2)
    assert store.get(Doc, name="new").data == noise(5)
    assert store.sweep(units_per_second=10_000).litter == 0


@pytest.mark.scans
def test_a_sweep_leaves_what_is_not_of_its_table(store):
    from hashlib import sha256

    _, mine = write_object(store, "gone", noise(1, 9), OLD)
    _, of_another = write_object(store, "other", noise(2, 9), OLD)
    theirs = Owner("another-table", Key("DOC#other", "~"), "data").metadata
    digest = sha256(b"x").digest()
    sent(store, PutObject(BUCKET, of_another, b"x", digest, theirs))
    sent(store, PutObject(BUCKET, f"{mine}x", b"x", digest, {}))
    assert store.sweep().litter == 1
    assert {each.name for each in objects(store)} == {of_another, f"{mine}x"}


@pytest.mark.scans
def test_a_scope_sweeps_itself_and_the_scopes_in_it(store):
    team = store.scope("team")
    for one in (store, team, team.scope("agent")):
        write_object(one, "gone", noise(1, 9), OLD)
    assert team.sweep().litter == 2
    assert store.sweep().litter == 1


@pytest.mark.scans
def test_a_sweep_goes_on_where_it_stopped(store):
    for number in range(130):  # a round lists 100
        write_object(store, f"gone {number}", b"x", OLD)
    total = store.sweep(rounds=1)
    rounds = 1
    with pytest.raises(InvalidCursor):
        store.scope("team").sweep(cursor=total.cursor)
    while total.cursor is not None:
        total = total.and_then(store.sweep(rounds=1, cursor=total.cursor))
        rounds += 1
    assert (total.parts, total.litter, rounds) == (130, 130, 3)


def test_a_bucket_that_is_not_there_is_named(engine, open_store):
    if engine.startswith("sqlite"):
        pytest.skip("SQLite has a bucket of every name")
    store = open_store(Schema([Doc], Table("dynastore", bucket="no-such-bucket")))
    with pytest.raises(ServiceError, match=r"no bucket no-such-bucket .* s3 mb") as error:
        store.put(Doc(name="d", data=noise(1)))
    assert error.value.code == "NoSuchBucket"
    assert store.get(Doc, name="d") is None
