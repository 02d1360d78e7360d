"""Scans of the embedded engine: segments, pages, refusals and capacity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from dynastore.capacity import item_bytes
from dynastore.clients.sqlite import SqliteClient
from dynastore.errors import RequestError, TableNotFound
from dynastore.requests import Key, PutItem, Request, Scan, ScanPage
from dynastore.requests.tables import CreateTable
from dynastore.table import Table
from dynastore.terms import Compare, Present
from dynastore.values.attributes import AttributeMap

pytestmark = pytest.mark.scans

KEY = Key("p", "a")


@pytest.fixture
def client() -> Iterator[SqliteClient]:
    """A client on a new table."""
    client = SqliteClient(":memory:")
    client.send(CreateTable(Table("agents")))
    yield client
    client.close()


def units(client: SqliteClient, request: Request[Any]) -> float:
    """The capacity a request takes."""
    return client.answer(request).units


def put(client: SqliteClient, sort_key: str, **attributes: Any) -> None:
    """Store an item of partition "p"."""
    client.send(PutItem("agents", {**Key("p", sort_key).attributes, **attributes}))


sort_keys = st.text("ab#é", min_size=1, max_size=2)
stored_keys = st.sets(st.builds(Key, st.sampled_from([*"pqrstuvw", "p#q", "é"]), sort_keys))


def scanned(client: SqliteClient, request: Scan) -> tuple[list[AttributeMap], list[ScanPage]]:
    """All items of a segment, and its pages."""
    pages = [client.send(request)]
    while pages[-1].last_key is not None:
        pages.append(client.send(evolve(request, start_key=pages[-1].last_key)))
    return [item for page in pages for item in page.items], pages


@given(keys=stored_keys, segments=st.integers(1, 5), limit=st.none() | st.integers(1, 4))
def test_segments_are_disjoint_and_complete(keys, segments, limit):
    client = SqliteClient(":memory:")
    client.send(CreateTable(Table("agents")))
    for key in keys:
        client.send(PutItem("agents", key.attributes))
    found = []
    for segment in range(segments):
        items, pages = scanned(client, Scan("agents", (), segment, segments, limit))
        assert all(len(page.items) <= (limit or len(keys)) for page in pages)
        found.append([Key.of(item) for item in items])
    client.close()
    together = [key for each in found for key in each]
    assert len(together) == len(keys)
    assert {*together} == keys
    partitions = [{key.pk for key in each} for each in found]
    assert sum(map(len, partitions)) == len(set().union(*partitions))


def test_a_scan_filters_after_reading(client):
    for sort_key in "abcd":
        put(client, sort_key, n={"N": str(ord(sort_key))}, text={"S": "x" * 2_000})
    kept = (("n", Compare(">", {"N": str(ord("b"))})),)
    page = client.send(Scan("agents", kept, limit=3))
    assert [item["SK"]["S"] for item in page.items] == ["c"]
    assert page.last_key == Key("p", "c").attributes
    assert (page.scanned, page.units) == (3, 1)
    rest = client.send(Scan("agents", kept, limit=3, start_key=page.last_key))
    assert [item["SK"]["S"] for item in rest.items] == ["d"]
    assert rest.last_key is None


@pytest.mark.parametrize(("size", "expected"), [(100, 0.5), (4_096, 0.5), (5_000, 1), (40_000, 5)])
def test_a_scan_takes_units_for_all_that_it_reads(client, size, expected):
    item = {**KEY.attributes, "text": {"S": ""}}
    item["text"] = {"S": "x" * (size - item_bytes(item))}
    client.send(PutItem("agents", item))
    for request in (Scan("agents"), Scan("agents", (("nowhere", Present()),))):
        assert client.send(request).units == units(client, request) == expected
        consistent = evolve(request, consistent=True)
        assert client.send(consistent).units == units(client, consistent) == 2 * expected


def test_a_scan_of_nothing_takes_the_least(client):
    assert client.send(Scan("agents")) == ScanPage([], 0, None, 0.5)


def test_a_page_of_a_scan_ends_with_the_item_that_brings_it_to_1_mb(client):
    for sort_key in "abcd":
        put(client, sort_key, text={"S": "x" * 380_000})
    page = client.send(Scan("agents"))
    assert [item["SK"]["S"] for item in page.items] == [*"abc"]
    rest = client.send(Scan("agents", start_key=page.last_key))
    assert ([item["SK"]["S"] for item in rest.items], rest.last_key) == (["d"], None)


def start(**key: Any) -> Scan:
    return Scan("agents", start_key=key)


@pytest.mark.parametrize(
    ("request_", "says"),
    [
        (Scan("agents", segments=0), "1 to 1,000,000 segments, not 0"),
        (Scan("agents", segments=1_000_001), "1 to 1,000,000 segments, not 1000001"),
        (Scan("agents", segment=2, segments=2), "numbered from 0 to 1, not 2"),
        (Scan("agents", segment=-1, segments=2), "numbered from 0 to 1, not -1"),
        (Scan("agents", limit=0), "at least 1 item"),
        (start(PK={"S": "p"}), "starts at PK and SK"),
        (start(PK={"S": "p"}, SK={"S": "a"}, GSI1H={"S": "a"}), "starts at PK and SK"),
        (start(PK={"S": "p"}, SK={"N": "1"}), "SK is a key attribute and must be a text"),
        (start(PK={"S": ""}, SK={"S": "a"}), "PK is a key attribute and cannot be empty"),
        (Scan("agents", (("n", Compare(">", {"BOOL": True})),)), "only S, N and B have an order"),
    ],
)
def test_a_scan_that_aws_refuses_is_refused(client, request_, says):
    put(client, "a")
    with pytest.raises(RequestError, match=says):
        client.send(request_)


def test_a_start_key_of_another_segment_is_refused(client):
    put(client, "a")
    scans = [Scan("agents", segment=segment, segments=4) for segment in range(4)]
    held = [bool(client.send(scan).items) for scan in scans]
    assert sorted(held) == [False, False, False, True]
    for scan, is_mine in zip(scans, held, strict=True):
        resumed = evolve(scan, start_key=KEY.attributes)
        if is_mine:
            assert client.send(resumed).items == []
            continue
        with pytest.raises(RequestError, match="the start key is of another segment"):
            client.send(resumed)


def test_a_scan_of_a_missing_table_says_so(client):
    with pytest.raises(TableNotFound):
        client.send(Scan("other"))
