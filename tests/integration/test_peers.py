"""The meter of peers counts on moto as SQLite counts ours."""

from __future__ import annotations

import boto3
import pytest
from moto import mock_aws

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from benchmarks.cost.measured import cost
from benchmarks.cost.messages import CALLS, Message, message
from benchmarks.peers.agno import REGION
from benchmarks.peers.meter import Meter
from dynastore import Schema, Store
from dynastore.testing import memory_store

SCHEMA = Schema([Message])
MANY = {name for name in CALLS if "many" in name}  # a BatchGetItem, which no peer sends; thousands


def fill(store):
    for number in range(20):
        store.put(message("ann", number, topic="tea"))


def test_the_meter_of_peers_counts_as_sqlite_does():
    with mock_aws(), memory_store(SCHEMA) as ours:
        client, reader = (boto3.client("dynamodb", region_name=REGION) for _ in range(2))
        meter = Meter(reader)
        theirs = Store.connect("messages", SCHEMA, client=client, create=True)
        for store in (ours, theirs):
            fill(store)
        meter.watch(client)
        for name in [each for each in CALLS if each not in MANY]:
            with meter.counting() as sent:
                CALLS[name](theirs)
            expected = cost(ours, CALLS[name])
            assert (name, sent.requests, sent.units) == (name, expected.requests, expected.units)


def test_what_is_not_to_be_counted_is_not():
    with mock_aws():
        client, reader = (boto3.client("dynamodb", region_name=REGION) for _ in range(2))
        meter = Meter(reader)
        meter.watch(client)
        store = Store.connect("messages", SCHEMA, client=client)
        store.create_table()
        with meter.counting() as sent:
            store.get(Message, user_id="ann", message_id="1")
        fill(store)
    assert sent.requests == 1


def test_a_filter_saves_no_units():
    with mock_aws():
        client, reader = (boto3.client("dynamodb", region_name=REGION) for _ in range(2))
        meter = Meter(reader)
        store = Store.connect("messages", SCHEMA, client=client, create=True)
        fill(store)
        meter.watch(client)
        with meter.counting() as all_of_them:
            found = list(store.query(Message, user_id="ann"))
        with meter.counting() as none_of_them:
            nothing = list(store.query(Message, user_id="ann", likes=7))
    assert (len(found), nothing) == (20, [])
    assert none_of_them.units == all_of_them.units == 2.5
