"""The embedded engine's pages: reduced items, and entries of slim indexes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from attrs import evolve

from dynastore.capacity import PAGE_BYTES, item_bytes
from dynastore.changes import SetTo, Unset
from dynastore.clients.metering import projected
from dynastore.clients.sqlite import SqliteClient
from dynastore.errors import RequestError
from dynastore.requests import (
    DeleteItem,
    Key,
    PutItem,
    Query,
    Request,
    UpdateItem,
)
from dynastore.requests.tables import CreateTable, DescribeTable
from dynastore.table import PRIMARY, Index, Table
from dynastore.terms import Equal, Present
from dynastore.values.attributes import AttributeMap

SLIM, KEYS, WHOLE = Index(1, 2, ("title",)), Index(2, 1, ()), Index(3, 1)
TABLE = Table("agents", (SLIM, KEYS, WHOLE))
KEY = Key("p", "a")
ENTRIES = {
    SLIM: {"GSI1H": {"S": "h"}, "GSI1R1": {"S": "r"}, "GSI1R2": {"S": "s"}},
    KEYS: {"GSI2PK": {"S": "h"}, "GSI2SK": {"S": "r"}},
    WHOLE: {"GSI3PK": {"S": "h"}, "GSI3SK": {"S": "r"}},
}


@pytest.fixture
def client() -> Iterator[SqliteClient]:
    """A client on a new table."""
    client = SqliteClient(":memory:")
    client.send(CreateTable(TABLE))
    yield client
    client.close()


def units(client: SqliteClient, request: Request[Any]) -> float:
    """The capacity a request takes."""
    return client.answer(request).units


def put(client: SqliteClient, sort_key: str, **attributes: Any) -> AttributeMap:
    """Store an item of partition "p"."""
    item = {**Key("p", sort_key).attributes, **attributes}
    client.send(PutItem("agents", item))
    return item


def query(index: Index = PRIMARY, **rest: Any) -> Query:
    """A query of one partition of an index."""
    value = {"S": "p" if index == PRIMARY else "h"}
    return Query("agents", index, ((index.hash, Equal(value)),), **rest)


# Reduced items


def test_items_are_reduced_to_the_attributes_asked_for(client):
    put(client, "a", title={"S": "tea"}, text={"S": "long"})
    put(client, "b", text={"S": "long"})
    page = client.send(query(attributes=("SK", "title", "nowhere")))
    assert page.items == [{"SK": {"S": "a"}, "title": {"S": "tea"}}, {"SK": {"S": "b"}}]
    assert client.send(query(attributes=("title",))).items == [{"title": {"S": "tea"}}, {}]


def test_reducing_items_changes_neither_the_filter_nor_the_last_key_nor_the_units(client):
    for sort_key in "abc":
        put(client, sort_key, kept={"N": "1"}, text={"S": "x" * 3_000})
    whole = query(filter=(("kept", Present()),), limit=2)
    reduced = evolve(whole, attributes=("nowhere",))
    page, same = client.send(whole), client.send(reduced)
    assert same.items == [{}, {}]
    assert (
        (same.count, same.last_key) == (page.count, page.last_key) == (2, Key("p", "b").attributes)
    )
    assert units(client, reduced) == units(client, whole) == 1


# Slim indexes


def test_an_entry_is_what_its_index_projects(client):
    item = put(
        client,
        "a",
        **{name: value for each in ENTRIES.values() for name, value in each.items()},
        TYPE={"S": "note"},
        TTL={"N": "1"},
        title={"S": "tea"},
        text={"S": "long"},
    )
    keys = {"PK", "SK"}
    held = {
        SLIM: keys | {*SLIM.attributes, "TYPE", "TTL", "title"},
        KEYS: keys | {*KEYS.attributes},
        WHOLE: {*item},
    }
    for index, names in held.items():
        (entry,) = client.send(query(index)).items
        assert entry == {name: item[name] for name in names} == projected(index, item)


def test_an_attribute_that_an_index_does_not_project_cannot_be_asked_of_it(client):
    for index, names in ((SLIM, ("title", "text")), (KEYS, ("PK", "text", "title"))):
        with pytest.raises(RequestError, match=rf"{index.name} does not project text"):
            client.send(query(index, attributes=names))
    client.send(query(SLIM, attributes=("PK", "GSI1R2", "TYPE", "TTL", "title")))


def test_a_filter_on_what_an_index_does_not_project_finds_nothing(client):
    put(client, "a", **ENTRIES[SLIM], title={"S": "tea"}, text={"S": "long"})
    assert client.send(query(SLIM, filter=(("title", Present()),))).count == 1
    assert client.send(query(SLIM, filter=(("text", Present()),))).count == 0


def test_an_index_that_carries_more_than_asked_for_is_read_as_it_is(client):
    put(client, "a", **ENTRIES[SLIM], **ENTRIES[WHOLE], title={"S": "x" * 5_000})
    assert client.send(query(evolve(SLIM, fields=()))).items[0]["title"]
    assert units(client, query(evolve(WHOLE, fields=()))) == 1
    with pytest.raises(RequestError, match="has no index GSI1 of these attributes"):
        client.send(query(Index(1, 1)))


@pytest.mark.parametrize(("index", "expected"), [(WHOLE, 5), (SLIM, 1), (KEYS, 0.5)])
def test_reading_an_index_takes_units_for_its_entries_only(client, index, expected):
    for sort_key in "abcd":
        put(client, sort_key, **ENTRIES[index], title={"S": "x" * 1_500}, text={"S": "x" * 8_500})
    assert units(client, query(index)) == expected
    assert units(client, query(index, count_only=True)) == expected
    assert units(client, query(index, attributes=("PK",))) == expected


def test_a_page_of_an_index_ends_where_its_entries_are_1_mb(client):
    body = {"title": {"S": "x" * 200_000}, "text": {"S": "x" * 150_000}}
    for sort_key in "abcdefgh":
        put(client, sort_key, **ENTRIES[SLIM], **ENTRIES[KEYS], **ENTRIES[WHOLE], **body)
    for index, places in {WHOLE: ["abc", "def", "gh"], SLIM: ["abcdef", "gh"]}.items():
        pages = [client.send(query(index))]
        while pages[-1].last_key is not None:
            assert sum(map(item_bytes, pages[-1].items[:-1])) < PAGE_BYTES
            pages.append(client.send(query(index, start_key=pages[-1].last_key)))
        assert ["".join(item["SK"]["S"] for item in page.items) for page in pages] == places
    assert client.send(query(KEYS)).last_key is None


@pytest.mark.parametrize(
    ("change", "index_units"),
    [
        ({"text": SetTo({"S": "new"})}, {SLIM: 0, KEYS: 0, WHOLE: 4}),
        ({"title": SetTo({"S": "new"})}, {SLIM: 2, KEYS: 0, WHOLE: 4}),
        ({"title": SetTo({"S": "x" * 1_500})}, {SLIM: 0, KEYS: 0, WHOLE: 0}),
        ({"TTL": SetTo({"N": "5"})}, {SLIM: 2, KEYS: 0, WHOLE: 4}),
        ({"TYPE": SetTo({"S": "other"})}, {SLIM: 2, KEYS: 0, WHOLE: 4}),
        ({"GSI1R2": SetTo({"S": "moved"})}, {SLIM: 4}),
        ({"GSI2SK": SetTo({"S": "moved"})}, {KEYS: 2}),
        ({"GSI1H": Unset()}, {SLIM: 2}),
        ({"GSI2PK": Unset()}, {KEYS: 1}),
    ],
    ids=lambda each: "+".join(each) if isinstance(next(iter(each)), str) else None,
)
def test_writing_takes_units_of_an_index_for_what_changes_in_its_entry(client, change, index_units):
    for index, expected in index_units.items():
        body = {"title": {"S": "x" * 1_500}, "text": {"S": "y" * 2_000}}
        put(client, "a", **ENTRIES[index], **body)
        assert units(client, UpdateItem("agents", KEY, change)) == 4 + expected, index
        client.send(DeleteItem("agents", KEY))


@pytest.mark.parametrize(("index", "expected"), [(SLIM, 2), (KEYS, 1), (WHOLE, 4)])
def test_an_entry_that_comes_or_goes_takes_units_for_what_is_projected(client, index, expected):
    item = {
        **KEY.attributes,
        **ENTRIES[index],
        "title": {"S": "x" * 1_500},
        "b": {"S": "y" * 2_000},
    }
    assert units(client, PutItem("agents", item)) == 4 + expected
    assert units(client, DeleteItem("agents", KEY)) == 4 + expected


# Tables


def test_slim_indexes_are_created_with_their_projections(tmp_path):
    request = CreateTable(TABLE)
    projections = {
        each["IndexName"]: each["Projection"]
        for each in request.parameters()["GlobalSecondaryIndexes"]
    }
    assert projections == {
        "GSI1": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["TYPE", "TTL", "title"]},
        "GSI2": {"ProjectionType": "KEYS_ONLY"},
        "GSI3": {"ProjectionType": "ALL"},
    }
    path = str(tmp_path / "agent.db")
    first, second = SqliteClient(path), SqliteClient(path)
    first.send(request)
    described = second.send(DescribeTable("agents"))
    assert described.projections == {"GSI1": ("TYPE", "TTL", "title"), "GSI2": (), "GSI3": None}
    first.close()
    second.close()
