"""What ministack does of replicas, time to live and streams; docs/how-to/testing.md lists what it cannot."""

from __future__ import annotations

import datetime as dt
import os
import time

import boto3
import pytest

from dynastore import Schema, Store, entity, key

from .deployed import FREE, ONE, Note, Place

pytestmark = pytest.mark.scans


@entity("lease", expires="ends_at")
class Lease:
    """What expires."""

    name: str
    ends_at: dt.datetime | None = None

    primary = key("LEASE#{name}", "~")


SCHEMA = Schema([Lease])
LONGEST_SECONDS = 90  # ministack looks every 60
PAST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def store_in(region, name, url):
    return Store.connect(name, SCHEMA, endpoint_url=url, session=boto3.Session(region_name=region))


def test_a_replica_is_written_in_each_region(cloud_url):
    here = store_in("eu-west-1", "replicated", cloud_url)
    here.create_table()
    client = boto3.client("dynamodb", endpoint_url=cloud_url, region_name="eu-west-1")
    replica = {"Create": {"RegionName": "us-east-1"}}
    client.update_table(TableName="replicated", ReplicaUpdates=[replica])
    there = store_in("us-east-1", "replicated", cloud_url)
    here.put(Lease(name="a"))
    assert there.get(Lease, name="a") is not None
    there.put(Lease(name="b"))
    assert here.get(Lease, name="b") is not None


def test_what_expired_is_hidden_at_once(cloud_url):
    store = store_in("eu-west-1", "expiring", cloud_url)
    store.create_table()
    client = boto3.client("dynamodb", endpoint_url=cloud_url, region_name="eu-west-1")
    told = client.describe_time_to_live(TableName="expiring")["TimeToLiveDescription"]
    assert (told["TimeToLiveStatus"], told["AttributeName"]) == ("ENABLED", "TTL")
    store.put(Lease(name="old", ends_at=PAST))
    assert store.get(Lease, name="old") is None
    assert [*store.scan(Lease)] == []


@pytest.mark.skipif(
    not os.environ.get("DYNASTORE_ALL_ENGINES"),
    reason="ministack looks once a minute; DYNASTORE_ALL_ENGINES=1 waits for it",
)
def test_what_expired_is_deleted_by_the_engine_which_no_stream_tells(cloud_url):
    """AWS tells of it in the stream, as ministack 1.5.33 does not."""
    store = store_in("eu-west-1", "emptied", cloud_url)
    store.create_table()
    store.put(Lease(name="old", ends_at=PAST))
    client = boto3.client("dynamodb", endpoint_url=cloud_url, region_name="eu-west-1")
    end = time.monotonic() + LONGEST_SECONDS
    while client.scan(TableName="emptied")["Count"]:
        assert time.monotonic() < end
        time.sleep(1)
    kinds = [each.new is None for each in store.changes(Lease, start="oldest", follow=False)]
    assert kinds == [False]


def test_changes_of_a_table_that_apply_made_are_followed(cloud_url, tmp_path):
    place = Place.new(cloud_url, tmp_path)
    assert place.call("apply", "ONE", "--yes", options=FREE).exit_code == 0
    with Store.connect(place.name, ONE, endpoint_url=cloud_url, create=False) as notes:
        notes.put(Note(owner="ann", name="n1"))
        seen = [each.new for each in notes.changes(Note, start="oldest", follow=False)]
    assert seen == [Note(owner="ann", name="n1")]
