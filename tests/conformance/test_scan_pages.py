"""Scan requests: all engines answer them with the same items, however they cut the table."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from dynastore import Schema, entity, gsi, key
from dynastore.errors import RequestError
from dynastore.requests import Key, Request, Scan, Steps
from dynastore.terms import AnyOf, BeginsWith, Compare, Conditions, Contains, IsNone

from .engines import PAIRS

pytestmark = [pytest.mark.scans, pytest.mark.on(*PAIRS)]


@entity("leaf")
class Leaf:
    """A leaf of a tree."""

    tree: str
    number: int
    note: str | None = None
    kind: str | None = None

    primary = key("TREE#{tree}", "LEAF#{number:3}")
    listed = gsi(1, "LEAVES", "{number:3}", include=())
    by_kind = gsi(2, "KIND#{kind}", "{tree}", "{number:3}", include=("number",))


SCHEMA = Schema([Leaf])
LISTED, BY_KIND = SCHEMA.table.indexes
LEAVES = [
    Leaf(
        tree=f"t{number % 9}",
        number=number,
        note=f"n{number % 5}" if number % 3 else None,
        kind=f"k{number % 4}" if number % 4 else None,
    )
    for number in range(40)
]
ODD: Conditions = (
    AnyOf(((("note", IsNone()),), (("note", Contains({"S": "4"})),))),
    ("number", Compare(">=", {"N": "10"})),
)


@pytest.fixture
def store(open_store):
    store = open_store(SCHEMA)
    for leaf in LEAVES:
        store.put(leaf)
    return store


def sending(request: Request[Any]) -> Steps[Any]:
    return (yield from request)


def pages_of(store: Any, request: Scan) -> list[Any]:
    """All pages of a segment; the table of the store is scanned."""
    pages = [store.run(sending(evolve(request, table=store.schema.table.name)))]
    while pages[-1].last_key is not None:
        request = evolve(request, start_key=pages[-1].last_key)
        pages.append(store.run(sending(evolve(request, table=store.schema.table.name))))
    return pages


def numbers(pages: list[Any]) -> list[int]:
    return [int(item["number"]["N"]) for page in pages for item in page.items]


@pytest.mark.parametrize("limit", [None, 1, 7, 40])
@pytest.mark.parametrize("segments", [1, 2, 5])
def test_segments_hold_all_items_together_and_none_twice(store, segments, limit):
    found: list[int] = []
    for segment in range(segments):
        pages = pages_of(store, Scan("", (), segment, segments, limit))
        assert all(page.scanned <= (limit or len(LEAVES)) for page in pages)
        assert all(page.scanned == len(page.items) for page in pages)
        found += numbers(pages)
    assert sorted(found) == [leaf.number for leaf in LEAVES]


@pytest.mark.parametrize("limit", [None, 3])
def test_a_filter_keeps_some_of_what_was_scanned(store, limit):
    wanted = [each.number for each in LEAVES if each.number >= 10]
    wanted = [n for n in wanted if LEAVES[n].note is None or "4" in str(LEAVES[n].note)]
    pages = [
        page for segment in (0, 1) for page in pages_of(store, Scan("", ODD, segment, 2, limit))
    ]
    assert sorted(numbers(pages)) == wanted
    assert sum(page.scanned for page in pages) == len(LEAVES)


def test_a_page_begins_behind_its_start_key(store):
    whole = pages_of(store, Scan(""))
    items = [item for page in whole for item in page.items]
    for at in (0, 17, 39):
        start = Key.of(items[at]).attributes
        rest = pages_of(store, Scan("", start_key=start))
        assert [item for page in rest for item in page.items] == items[at + 1 :]


@pytest.mark.fault("moto", reason="says 1 unit of every scan")
@pytest.mark.fault("ministack", reason="says half a unit of every scan, whatever it read")
def test_a_scan_takes_units_for_all_that_it_reads(open_store):
    store = open_store(SCHEMA)
    for number in range(3):
        store.put(Leaf(tree="t", number=number, note="x" * 3_900))
    for request, units in ((Scan(""), 1.5), (Scan("", ODD), 1.5), (Scan("", consistent=True), 3)):
        (page,) = pages_of(store, request)
        assert page.units == units


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(Scan("", segment=2, segments=2), id="segment"),
        pytest.param(Scan("", segments=0), id="segments"),
        pytest.param(
            Scan("", limit=0),
            id="limit",
            marks=pytest.mark.fault("moto", reason="fails at a limit of 0"),
        ),
    ],
)
def test_a_scan_that_cannot_be_is_refused(store, request_):
    with pytest.raises(RequestError):
        pages_of(store, request_)


@pytest.mark.fault("moto", reason="takes a start key of another segment")
@pytest.mark.fault("ministack", reason="takes a start key of another segment")
def test_a_start_key_of_another_segment_is_refused(store):
    segments = [
        segment for segment in range(2) if numbers(pages_of(store, Scan("", (), segment, 2))) != []
    ]
    assert segments == [0, 1]
    (first, *_) = pages_of(store, Scan("", (), 0, 2, limit=1))
    with pytest.raises(RequestError):
        pages_of(store, Scan("", (), 1, 2, start_key=first.last_key))


@pytest.mark.parametrize("segments", [1, 3])
def test_pages_of_an_index_hold_each_of_its_entries_once(store, settled, segments):
    settled()
    found: list[int] = []
    for segment in range(segments):
        names = ("number", *BY_KIND.entry_key)
        found += numbers(
            pages_of(store, Scan("", (), segment, segments, 4, attributes=names, index=BY_KIND))
        )
    assert sorted(found) == [leaf.number for leaf in LEAVES if leaf.kind]


def test_an_index_is_filtered_by_the_key_of_the_table(store, settled):
    settled()
    of_tree = (("PK", BeginsWith({"S": "TREE#t1"})),)
    (page,) = pages_of(store, Scan("", of_tree, attributes=("PK", "SK"), index=LISTED))
    expected = [leaf for leaf in LEAVES if leaf.tree == "t1"]
    assert len(page.items) == len(expected)
    assert page.scanned == len(LEAVES)
    assert {item["PK"]["S"] for item in page.items} == {"TREE#t1"}
    assert all(item.keys() == {"PK", "SK"} for item in page.items)


def test_an_index_is_not_read_consistently(store):
    with pytest.raises(RequestError, match=r"[Cc]onsistent"):
        pages_of(store, Scan("", consistent=True, index=LISTED))
