"""How much each scope holds, and what its requests took."""

from __future__ import annotations

import random

import pytest

from dynastore import Put, Schema, ScopeSizes, entity, gsi, key, payload, ref
from dynastore.capacity import item_bytes
from dynastore.errors import InvalidCursor, RequestError
from dynastore.operations.scopes.measuring import Held
from dynastore.requests import Scan
from dynastore.telemetry.consumption import Use
from dynastore.telemetry.scope_figures import ScopeFigures

from .drivers import Awaited
from .engines import PAIRS

pytestmark = pytest.mark.on(*PAIRS)


@entity("note")
class Note:
    user_id: str
    note_id: str
    topic: str = "tea"
    text: bytes = payload(default=b"")

    primary = key("USER#{user_id}", "NOTE#{note_id}")
    by_topic = gsi(1, "TOPIC#{topic}", "{note_id}")
    everywhere = gsi(2, "NOTES", "{note_id}", across_scopes=True)


SCHEMA = Schema([Note])


@pytest.fixture
def store(open_store):
    return open_store(SCHEMA)


def note(number, **more):
    return Note(user_id="ann", note_id=f"n{number}", **more)


def write(store):
    store.put(note(1))
    acme = store.scope("acme")
    for number in range(3):
        acme.put(note(number))
    acme.scope("q#a").put(note(1, text=random.Random(1).randbytes(350_000), topic="x"))


def sending(request):
    return (yield from request)


@pytest.mark.scans
def test_items_parts_and_bytes_are_counted_scope_by_scope(store):
    write(store)
    sizes = store.scope_figures()
    assert [*sizes.by_scope] == [(), ("acme",), ("acme", "q#a")]
    assert [each.items for each in sizes.by_scope.values()] == [1, 3 + 1, 1 + 1]
    assert [each.parts for each in sizes.by_scope.values()] == [0, 0, 1]
    page = store.run(sending(Scan(store.schema.table.name)))
    everything = sum(map(item_bytes, page.items))
    assert sum(each.size_bytes for each in sizes.by_scope.values()) == everything
    inside = store.scope("acme").scope_figures(segments=3, units_per_second=10_000)
    assert inside.by_scope == {scope: sizes.by_scope[scope] for scope in [*sizes.by_scope][1:]}


@pytest.mark.scans
def test_a_count_goes_on_where_it_stopped(store):
    write(store)
    total = ScopeSizes()
    rounds = 0
    while rounds == 0 or total.cursor is not None:
        total = total.and_then(store.scope_figures(segments=20, rounds=1, cursor=total.cursor))
        rounds += 1
    assert rounds == 2  # ten segments each
    assert total == store.scope_figures()
    cursor = store.scope_figures(segments=20, rounds=1).cursor
    with pytest.raises(InvalidCursor):
        store.scope_figures(cursor=cursor)
    with pytest.raises(RequestError, match="at least 1"):
        store.scope_figures(rounds=0)


def test_requests_are_summed_by_scope_entity_and_pattern(store, settled):
    target = store.target if isinstance(store, Awaited) else store
    acme = store.scope("acme")
    figures = ScopeFigures()
    with target.observed(figures):
        acme.put(note(1))
        store.put(note(1))
        settled()
        acme.scope("qa").get(Note, user_id="ann", note_id="n1")
        acme.query(Note, topic="tea").count()
        acme.transact(Put(note(2)), Put(note(3)))
        acme.get_many([ref(Note, user_id="ann", note_id=f"n{each}") for each in range(3)])
        list(acme.across_scopes().query(Note, note_id="n1"))
    assert [*figures.by_scope] == [(), ("acme",), ("acme", "qa")]
    of_acme = figures.by_scope[("acme",)]
    assert of_acme[Use("note", "by_topic", "Query")].requests == 1
    assert of_acme[Use("note", "everywhere", "Query")].requests == 1
    assert of_acme[Use("note", "primary", "BatchGetItem")].requests == 1
    assert of_acme[Use("note", "primary", "TransactWriteItems")].requests == 1
    assert of_acme[Use("note", "primary", "PutItem")].units > 0
    inner = figures.by_scope["acme", "qa"]
    assert inner == {Use("note", "primary", "GetItem"): inner[Use("note", "primary", "GetItem")]}
    assert {use.entity for use in figures.shared} <= {"(table)"}


def test_no_more_scopes_are_told_apart_than_the_limit(store):
    target = store.target if isinstance(store, Awaited) else store
    figures = ScopeFigures(limit=2)
    with target.observed(figures):
        for number in range(5):
            store.scope(f"s{number}").get(Note, user_id="ann", note_id="n1")
            store.scope("s0").get(Note, user_id="ann", note_id="n1")
    got = Use("note", "primary", "GetItem")
    assert {scope: taken[got].requests for scope, taken in figures.by_scope.items()} == {
        ("s0",): 6,
        ("s1",): 1,
    }
    assert figures.others[got].requests == 3


@pytest.mark.scans
def test_what_no_single_scope_took_is_apart(store):
    target = store.target if isinstance(store, Awaited) else store
    store.scope("a").put(note(1))
    figures = ScopeFigures()
    with target.observed(figures):
        store.scope_figures()
    assert figures.by_scope == {}
    assert figures.shared[Use("~scope", "scan", "Scan")].requests == 1
    lines = str(figures).splitlines()
    assert [line.split()[:4] for line in lines] == [
        ["scope", "entity", "pattern", "operation"],
        ["(shared)", "~scope", "scan", "Scan"],
    ]


@pytest.mark.parametrize("limit", [0, 1.5, True])
def test_a_limit_that_is_no_number_of_scopes_is_refused(limit):
    with pytest.raises(RequestError, match="at least 1"):
        ScopeFigures(limit=limit)


def test_what_two_scopes_hold_is_added():
    assert Held(1, 2, 3).and_(Held(1, 1, 1)) == Held(2, 3, 4)
