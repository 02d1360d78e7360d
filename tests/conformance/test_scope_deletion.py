"""Deleting a scope: everything of it is gone, with proof, and nothing else is touched."""

from __future__ import annotations

import datetime as dt
import random
from hashlib import sha256

import boto3
import pytest

from dynastore import Schema, Table, entity, gsi, key, payload, unique
from dynastore.errors import InvalidCursor, RequestError
from dynastore.operations.scopes.deleting import Left
from dynastore.requests import Scan
from dynastore.requests.objects import ListObjectsV2, PutObject
from dynastore.table import Index

from .engines import PAIRS

pytestmark = [pytest.mark.scans, pytest.mark.on(*PAIRS)]

BUCKET = "scopes-payloads"
MONDAY = dt.datetime(2026, 11, 16, tzinfo=dt.UTC)


@entity("letter")
class Letter:
    """A letter, in all indexes, with a guard and perhaps parts."""

    user_id: str
    letter_id: str
    address: str = ""
    sent_at: dt.datetime = MONDAY
    body: bytes = payload(default=b"")

    primary = key("USER#{user_id}", "LETTER#{letter_id}")
    by_address = gsi(1, "TO#{address}", "{sent_at}", include=("address",))
    of_day = gsi(2, "LETTERS#{sent_at:day}", "{sent_at}", across_scopes=True)
    by_id = gsi(3, "ID#{letter_id}", "~", include=())
    one_address = unique("address")


SCHEMA = Schema([Letter])
IN_BUCKET = Schema(
    [Letter],
    Table(
        "dynastore", (Index(1, fields=("address",)), Index(2), Index(3, fields=())), bucket=BUCKET
    ),
)


@pytest.fixture
def store(open_store):
    return open_store(SCHEMA)


def noise(seed, size):
    return random.Random(seed).randbytes(size)


def write(store, count=3, size=0):
    for number in range(count):
        letter = Letter(
            user_id="ann",
            letter_id=f"l{number}",
            address=f"street {number}",
            body=noise(number, size),
        )
        store.put(letter)


def sending(request):
    return (yield from request)


def partitions(store):
    """The partitions of the table, of whichever scope."""
    page = store.run(sending(Scan(store.schema.table.name, attributes=("PK", "SK"))))
    assert page.last_key is None
    return sorted({item["PK"]["S"] for item in page.items})


def in_rounds(store, name, **options):
    """Delete a scope a round at a time, each as another process would."""
    total = store.delete_scope(name, rounds=1, **options)
    rounds = 1
    while total.cursor is not None:
        assert total.left is None
        total = total.and_then(store.delete_scope(name, rounds=1, cursor=total.cursor, **options))
        rounds += 1
    assert rounds > 3
    return total


def deleted(store, name, settled):
    """Delete a scope, and once more where the index of the engine lags behind for good."""
    first = store.delete_scope(name)
    if not first.is_empty:
        assert (first.left.items, first.left.objects) == (0, 0)
        settled()
        assert store.delete_scope(name).is_empty
    settled()
    return first


def test_everything_of_a_scope_is_deleted_and_nothing_else(store, settled):
    for each in (store, store.scope("qa"), store.scope("qa").scope("nested"), store.scope("qa2")):
        write(each)
    write(store.scope("qa").scope("big"), 1, 600_000)
    others = [pk for pk in partitions(store) if not pk.startswith("@qa#")]
    settled()

    seen = store.delete_scope("qa", dry_run=True)
    assert (seen.left, seen.is_empty, seen.cursor) == (None, False, None)
    done = deleted(store, "qa", settled)
    assert (done.items, done.parts, done.size_bytes) == (seen.items, seen.parts, seen.size_bytes)
    assert done.items == 6 + 6 + 1 + 2 + 1  # letters and guards; entries of the scopes inside
    assert done.parts == 2
    assert done.size_bytes > 600_000
    assert partitions(store) == others
    assert list(store.scopes()) == ["qa2"]
    assert store.scope("qa2").query(Letter, user_id="ann").count() == 3
    assert store.across_scopes().query(Letter, sent_at=MONDAY).count() == 3


def test_a_nested_scope_is_deleted_out_of_the_one_that_it_is_in(store, settled):
    tenant = store.scope("acme")
    for name in ("qa", "dev"):
        write(tenant.scope(name))
        write(store.scope(name))
    settled()
    deleted(tenant, "qa", settled)
    assert list(tenant.scopes()) == ["dev"]
    assert list(store.scopes()) == ["acme", "dev", "qa"]
    assert tenant.scope("dev").query(Letter, user_id="ann").count() == 3


def test_a_scope_of_which_there_is_nothing_is_empty_and_nothing_is_written(store):
    tenant = store.scope("acme")
    assert tenant.delete_scope("qa").is_empty
    assert list(store.scopes()) == []


def test_it_goes_on_where_it_stopped(store, settled):
    write(store.scope("qa"), 4, 700_000)
    write(store.scope("dev"))
    settled()
    cursor = store.delete_scope("qa", dry_run=True, rounds=1).cursor
    assert cursor is not None
    for other, options in (("qa", {}), ("dev", {"dry_run": True})):
        with pytest.raises(InvalidCursor):
            store.delete_scope(other, cursor=cursor, **options)
    total = in_rounds(store, "qa")
    assert (total.items, total.parts) == (8, 8)
    settled()
    assert store.delete_scope("qa").is_empty
    settled()
    assert list(store.scopes()) == ["dev"]


def test_whenever_it_is_stopped_it_can_begin_again_and_is_listed_until_then(store, settled):
    scoped = store.scope("qa")
    rounds = 0
    while True:
        rounds += 1
        write(scoped, 2, 500_000)
        settled()
        done = store.delete_scope("qa", rounds=rounds)
        settled()
        if done.is_empty or done.left:
            break
        assert list(store.scopes()) == ["qa"]
        deleted(store, "qa", settled)
        assert list(store.scopes()) == []
        assert partitions(store) == []


def test_segments_and_a_rate_delete_the_same(store, settled):
    write(store.scope("qa"))
    settled()
    done = store.delete_scope("qa", segments=3, units_per_second=10_000)
    assert done.items == 6
    assert partitions(store) == (["@qa#@#scope"] if done.left.entries else [])


def test_what_is_written_meanwhile_is_told_and_the_scope_stays_listed(store, settled):
    write(store.scope("qa"))
    settled()
    some = store.delete_scope("qa", rounds=1)
    assert (some.items, some.cursor is None) == (6, False)
    write(store.scope("qa"), 1)
    settled()
    done = some.and_then(store.delete_scope("qa", cursor=some.cursor))
    assert done.left == Left(items=2, entries=3)
    assert not done.is_empty
    assert list(store.scopes()) == ["qa"]
    deleted(store, "qa", settled)
    assert list(store.scopes()) == []


def test_a_scope_that_is_written_to_afterwards_is_listed_again(store, settled):
    scoped = store.scope("qa")
    write(scoped)
    write(scoped.scope("inner"))
    settled()
    deleted(store, "qa", settled)
    write(scoped.scope("inner"))
    settled()
    assert list(store.scopes()) == ["qa"]
    assert list(scoped.scopes()) == ["inner"]


def test_a_table_without_an_index_has_no_entries_to_delete(open_store):
    @entity("bare")
    class Bare:
        name: str

        primary = key("BARE#{name}", "~")

    store = open_store(Schema([Bare]).named("bare-deleted"))
    store.scope("qa").put(Bare(name="x"))
    store.scope("q").put(Bare(name="x"))
    assert store.delete_scope("qa").is_empty
    assert partitions(store) == ["@q#BARE#x"]


@pytest.mark.parametrize("name", ["", 3, None])
def test_what_names_no_scope_is_refused(store, name):
    with pytest.raises(RequestError, match="a scope's name"):
        store.delete_scope(name)


def test_a_deletion_of_no_rounds_is_refused(store):
    with pytest.raises(RequestError, match="at least 1"):
        store.delete_scope("qa", rounds=0)


@pytest.fixture
def bucket(engine, mode, connect):
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


def names_of_objects(store):
    return [each.name for each in store.run(sending(ListObjectsV2(BUCKET, "", 100))).objects]


def test_the_objects_of_a_scope_are_deleted_and_those_of_others_and_of_other_tables_stay(
    bucket, open_store, settled
):
    store = open_store(IN_BUCKET)
    other_table = open_store(IN_BUCKET.named("another-table"))
    for each in (store, store.scope("qa"), store.scope("qa").scope("in"), store.scope("qa2")):
        write(each, 1, 400_000)
    write(other_table.scope("qa"), 1, 400_000)
    digest = sha256(b"x").digest()
    store.run(sending(PutObject(BUCKET, "scope-qa/holiday.jpg", b"x", digest, {})))
    before = names_of_objects(store)
    settled()
    done = deleted(store, "qa", settled)
    assert (done.objects, done.left.objects) == (2, 0)
    assert done.size_bytes > 800_000
    after = names_of_objects(store)
    assert len(before) - len(after) == 2
    assert {*after} < {*before}
    letter = other_table.scope("qa").get(Letter, user_id="ann", letter_id="l0")
    assert letter.body == noise(0, 400_000)
