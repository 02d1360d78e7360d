"""What queries find where fields, values or alternatives are alike: each found by trying hard."""

from __future__ import annotations

import datetime as dt
from itertools import product
from typing import Any

import pytest

from dynastore import Schema, any_of, between, contains, entity, gsi, key, one_of, since, size
from dynastore.errors import RequestError
from dynastore.testing import memory_store


@entity("match")
class Match:
    """A game of two sides."""

    match_id: str
    league: str = "a"
    home: int = 0
    away: int = 0

    primary = key("MATCH#{match_id}", "~")
    by_league = gsi(1, "LEAGUE#{league}", "{home}", "{away}")


@pytest.fixture
def store() -> Any:
    made = memory_store(Schema([Match]))
    for home, away in product(range(3), repeat=2):
        made.put(Match(match_id=f"{home}{away}", home=home, away=away))
    return made


def found(results: Any) -> list[str]:
    return sorted(match.match_id for match in results)


def test_a_range_that_the_key_says_of_one_field_is_still_asked_of_another(store):
    assert found(store.query(Match, league="a", home=since(1), away=since(1))) == [
        *("11", "12", "21", "22")
    ]
    assert found(store.query(Match, league="a", home=since(1), away=since(2))) == ["12", "22"]


@entity("cell", count=100_000_000)
class Cell:
    """A place in a table."""

    row: int
    column: int

    primary = key("ROW#{row}", "CELL#{column}")
    by_column = gsi(1, "COLUMN#{column}", "{row}")


def test_a_key_is_used_as_far_as_100_branches_go():
    store = memory_store(Schema([Cell]))
    cells = [store.put(Cell(row=row, column=column)) for row in range(9) for column in range(3)]
    results = store.query(Cell, row=one_of(*range(9)), column=one_of(*range(12)))
    assert len(results.plan.branches) == 9
    assert [*results.order_by("row", "column")] == cells


def test_alternatives_of_too_many_combinations_are_a_filter(store):
    combined = [any_of(home=number, away=number) for number in (2, 1, 1, 1, 1, 1, 1)]  # 2 ** 7
    assert found(store.query(Match, *combined, league="a")) == ["12", "21"]


def test_an_alternative_that_no_key_can_hold_is_a_filter(store):
    either = any_of(match_id="x" * 3_000, away=2)
    assert found(store.query(Match, either, league="a")) == ["02", "12", "22"]


def test_alternatives_have_100_branches_together(store):
    leagues, ids = (one_of(*map(str, range(count))) for count in (60, 41))
    with pytest.raises(RequestError, match="more than 100"):
        store.query(Match, any_of(league=leagues, match_id=ids))


def test_a_hundred_million_combinations_are_refused_at_once():
    @entity("point")
    class Point:
        x: int
        y: int
        z: int
        w: int
        primary = key("POINT#{x}#{y}#{z}#{w}", "~")

    each = one_of(*range(100))
    with pytest.raises(RequestError, match="more than 100"):
        memory_store(Schema([Point])).query(Point, x=each, y=each, z=each, w=each)


@entity("setting")
class Setting:
    """A value by name."""

    name: str
    group: str = "g"
    value: Any = None
    place: tuple[int, str] = (0, "")
    digest: bytes = b""

    primary = key("GROUP#{group}", "SETTING#{name}")


def test_values_that_python_takes_for_equal_are_all_asked_for():
    store = memory_store(Schema([Setting]))
    settings = [Setting(name="a", value=1), Setting(name="b", value=True), Setting(name="c")]
    for each in settings:
        store.put(each)
    for asked in (one_of(1, True), one_of(True, 1.0), any_of(1, True)):
        assert [*store.query(Setting, group="g", value=asked)] == settings[:2]


def test_a_tuple_contains_what_any_of_its_places_may_hold():
    store = memory_store(Schema([Setting]))
    setting = store.put(Setting(name="a", place=(3, "x")))
    assert [*store.query(Setting, group="g", place=contains("x"))] == [setting]
    assert [*store.query(Setting, group="g", place=contains(3))] == [setting]
    with pytest.raises(RequestError, match="place contains"):
        store.query(Setting, group="g", place=contains(None)).first()


@pytest.mark.parametrize("order", [(), ("away",)])
def test_a_page_after_a_lower_limit_is_empty(store, order):
    results = store.query(Match, league="a").order_by(*order)
    cursor = results.limit(6).page(limit=4).cursor
    for limit in (3, 4):
        page = results.limit(limit).page(cursor=cursor)
        assert (list(page.entities), page.cursor) == ([], None)
    assert len(results.limit(5).page(limit=4, cursor=cursor).entities) == 1


@pytest.mark.parametrize("order", [(), ("away",)])
def test_a_limit_of_any_height_is_no_limit(store, order):
    results = store.query(Match, league="a").order_by(*order)
    assert [*results.limit(10**30)] == [*results]
    assert [*results.page(limit=10**30).entities] == [*results]
    assert results.slice(0, 10**30).entities == [*results]
    assert results.slice(10**30, 1).total == 9


def test_a_point_in_time_may_be_in_two_buckets_of_one_key():
    @entity("event")
    class Event:
        event_id: str
        at: dt.datetime
        primary = key("EVENT#{event_id}", "~")
        by_day = gsi(1, "{at:day}#{at:month}", "{at}")

    store = memory_store(Schema([Event]))
    days = [dt.datetime(2026, 1, day, tzinfo=dt.UTC) for day in range(1, 6)]
    events = [store.put(Event(event_id=str(day), at=day)) for day in days]
    assert [*store.query(Event, at=between(days[0], days[-1]))] == events


def test_bytes_are_sorted_in_memory_page_after_page():
    store = memory_store(Schema([Setting]))
    digests = [b"", b"\0", b"a", b"a\xff", b"b"]
    for number, digest in enumerate(reversed(digests)):
        store.put(Setting(name=str(number), digest=digest))
    results = store.query(Setting, group="g").order_by("digest")
    assert results.plan.ordering == "memory"
    assert [each.digest for each in results] == digests
    page = results.page(limit=3)
    rest = results.page(limit=3, cursor=page.cursor)
    assert [each.digest for each in (*page.entities, *rest.entities)] == digests


def test_what_is_too_much_to_be_sorted_is_counted(monkeypatch):
    monkeypatch.setattr("dynastore.operations.reading.reader.SORTED_ITEMS", 2)
    store = memory_store(Schema([Setting]))
    for name in ("ab", "cd", "ef"):
        store.put(Setting(name=name, digest=name.encode(), place=(0, name)))
    results = store.query(Setting, group="g", name=size(2)).order_by("digest")
    assert results.count() == 3
    with pytest.raises(RequestError, match="would be sorted"):
        results.first()
