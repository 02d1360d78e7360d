"""Scans find all entities of a class in a scope, and nothing else, on every engine."""

from __future__ import annotations

import pytest

from dynastore import Schema, any_of, contains, entity, field, gsi, key, ref, since, size
from dynastore.errors import InvalidCursor

pytestmark = pytest.mark.scans


@entity("plant")
class Plant:
    """A plant in a garden."""

    garden: str
    name: str
    height: int = 0
    notes: str = ""
    colours: set[str] = field(factory=set)

    primary = key("GARDEN#{garden}", "PLANT#{name}")
    by_height = gsi(1, "PLANTS", "{height}")


@entity("pot")
class Pot:
    """Another class in the same partitions."""

    garden: str
    name: str

    primary = key("GARDEN#{garden}", "POT#{name}")


@entity("shed")
class Shed:
    """A class whose partitions begin as scopes do."""

    name: str

    primary = key("{name}", "SHED")


SCHEMA = Schema([Plant, Pot, Shed])
PLANTS = [Plant(garden=f"g{n % 7}", name=f"p{n:02}", height=n) for n in range(30)]
NAMES = sorted(plant.name for plant in PLANTS)
SEGMENTS = [1, 3, 14]


@pytest.fixture
def store(open_store):
    store = open_store(SCHEMA)
    for plant in PLANTS:
        store.put(plant)
        store.put(Pot(garden=plant.garden, name=plant.name))
    return store


def names(found):
    return sorted(each.name for each in found)


@pytest.mark.parametrize("segments", SEGMENTS)
def test_a_scan_finds_all_entities_of_a_class_and_no_others(store, segments):
    found = [*store.scan(Plant, segments=segments)]
    assert sorted(found, key=lambda plant: plant.name) == PLANTS


def test_an_empty_table_has_none(open_store):
    store = open_store(SCHEMA)
    assert [*store.scan(Plant, segments=3)] == []
    assert store.scan(Plant).page().cursor is None


def test_a_scan_stays_in_its_scope(store):
    inner = store.scope("east")
    innermost = inner.scope("wall")
    inner.put(Plant(garden="g1", name="ivy"))
    innermost.put(Plant(garden="g1", name="vine"))
    store.scope("eastern").put(Plant(garden="g1", name="oak"))
    assert names(store.scan(Plant)) == NAMES
    assert names(inner.scan(Plant, segments=2)) == ["ivy"]
    assert names(innermost.scan(Plant)) == ["vine"]
    assert names(store.scope("wall").scan(Plant)) == []


def test_a_partition_that_begins_as_a_scope_does_is_in_none(store):
    inner = store.scope("east")
    for place in (store, inner):
        place.put(Shed(name="@east#tools"))
    assert names(store.scan(Shed)) == ["@east#tools"]
    assert names(inner.scan(Shed)) == ["@east#tools"]
    assert names(store.scope("tools").scan(Shed)) == []


def test_filters_are_those_of_queries(store):
    store.put(Plant(garden="g1", name="rose", height=50, notes="thorns", colours={"red"}))
    assert names(store.scan(Plant, height=since(28))) == ["p28", "p29", "rose"]
    assert names(store.scan(Plant, garden="g1", height=since(20))) == ["p22", "p29", "rose"]
    assert names(store.scan(Plant, any_of(height=3, notes=size(6)), segments=3)) == ["p03", "rose"]
    assert names(store.scan(Plant, colours=contains("red"))) == ["rose"]
    assert names(store.scan(Plant, notes=size(since(1)))) == ["rose"]


@pytest.mark.parametrize("segments", SEGMENTS)
def test_a_scan_is_resumed_by_another_store_after_every_page(open_store, store, segments):
    cursor, found, pages = None, [], 0
    while cursor is not None or not pages:
        # So fast that it waits a moment only, and so slow that a page is not all.
        scan = open_store(SCHEMA, create=False).scan(
            Plant, segments=segments, units_per_second=200, height=since(5), cursor=cursor
        )
        page = scan.page()
        assert page.cursor == scan.cursor
        found += page.entities
        cursor, pages = page.cursor, pages + 1
    assert names(found) == NAMES[5:]
    assert pages > 1


@pytest.mark.parametrize("segments", SEGMENTS)
def test_a_scan_is_resumed_in_the_middle_of_a_page(open_store, store, segments):
    found = []
    cursor = None
    while len(found) < len(PLANTS):
        scan = open_store(SCHEMA, create=False).scan(Plant, segments=segments, cursor=cursor)
        for at, plant in enumerate(scan):
            found.append(plant)
            if at == 6:
                break
        cursor = scan.cursor
    assert names(found) == NAMES


def test_iterating_again_goes_on(store):
    scan = store.scan(Plant)
    first = next(iter(scan))
    assert names([first, *scan]) == NAMES
    assert [*scan] == []
    assert scan.cursor is None


def test_a_cursor_of_another_scope_is_refused(store):
    cursor = store.scan(Plant).cursor
    with pytest.raises(InvalidCursor):
        store.scope("east").scan(Plant, cursor=cursor)


def test_a_cursor_of_another_class_is_refused(store):
    cursor = store.scan(Plant).cursor
    with pytest.raises(InvalidCursor):
        store.scan(Pot, cursor=cursor)


def test_a_consistent_scan_sees_every_write(store):
    store.update(ref(Plant, garden="g1", name="p01"), height=70)
    assert names(store.consistent().scan(Plant, height=70)) == ["p01"]
