"""Scanning, with the test as the server: rounds, waits, and where it goes on."""

from __future__ import annotations

import pytest

from dynastore import Schema, any_of, entity, key, one_of, since, size
from dynastore.errors import (
    InvalidCursor,
    MalformedItem,
    PartialFailure,
    RequestError,
    Throttled,
    UnknownField,
)
from dynastore.operations.reading.scanner import Scanner, ScanOptions
from dynastore.requests import Key, Scan, ScanPage, Together, Wait
from dynastore.terms import BeginsWith, Equal, Not

pytestmark = pytest.mark.scans


@entity("note")
class Note:
    """A note."""

    user_id: str
    note_id: str
    topic: str = "tea"

    primary = key("USER#{user_id}", "NOTE#{note_id}")


SCHEMA = Schema([Note])
OWNED = (("TYPE", Equal({"S": "note"})), ("PK", Not(BeginsWith({"S": "@"}))))


def scanner(*, cursor=None, schema=SCHEMA, filters=(), where=(), **options):
    return Scanner(schema, Note, dict(where), filters, ScanOptions(**options), cursor)


def note(number):
    return Note(user_id="ann", note_id=str(number))


def item(number):
    return SCHEMA.codec(Note).encode(note(number), "")


def place(number):
    return Key.of(item(number)).attributes


def page(*numbers, scanned=None, last=None, units=0.5):
    items = [item(number) for number in numbers]
    return ScanPage(items, len(items) if scanned is None else scanned, last, units)


def answered(steps, answer):
    """What the operation returns after an answer."""
    with pytest.raises(StopIteration) as stop:
        steps.send(answer)
    return stop.value.value


def read(scan, answer):
    """Read a round that is one request and no wait."""
    steps = scan.read()
    request = next(steps)
    answered(steps, answer)
    return request


def test_only_the_entitys_items_outside_all_scopes_are_asked_for():
    assert next(scanner().read()) == Scan("dynastore", OWNED)


def test_a_scope_is_told_from_those_inside_it():
    request = next(scanner(schema=SCHEMA.scoped("qa")).read())
    assert request.filter[1:] == (
        ("PK", BeginsWith({"S": "@qa#"})),
        ("PK", Not(BeginsWith({"S": "@qa#@"}))),
    )


def test_filters_are_the_servers_except_sizes_of_texts():
    scan = scanner(where={"user_id": "ann", "topic": size(since(4))})
    request = next(scan.read())
    assert request.filter == (*OWNED, ("user_id", Equal({"S": "ann"})))
    tea, rooibos = item(1), item(2) | {"topic": {"S": "rooibos"}}
    read(scan, ScanPage([tea, rooibos], 2, None, 0.5))
    assert [found.topic for found in scan.available()] == ["rooibos"]


def test_what_nothing_can_fulfil_is_not_sent():
    scan = scanner(where={"topic": one_of()})
    assert scan.done
    assert scan.cursor is None
    assert answered(scan.page(), None).entities == []


@pytest.mark.parametrize("segments", [0, 1_000_001, 1.0, True, "2"])
def test_segments_are_counted_by_a_number_that_dynamodb_has(segments):
    with pytest.raises(RequestError, match="1 to 1,000,000 segments"):
        scanner(segments=segments)


@pytest.mark.parametrize("rate", [0, -1.0, float("nan"), float("inf"), True, "5"])
def test_a_rate_is_a_positive_number(rate):
    with pytest.raises(RequestError, match="above 0"):
        scanner(units_per_second=rate)


def test_a_wrong_filter_is_refused_before_anything_is_sent():
    with pytest.raises(UnknownField, match="topic"):
        scanner(where={"topics": "tea"})


def test_ten_segments_are_read_at_once_and_the_next_as_they_end():
    scan = scanner(segments=12)
    steps = scan.read()
    first = next(steps)
    assert [(each.segment, each.segments) for each in first.requests] == [
        (n, 12) for n in range(10)
    ]
    answered(steps, [page(last=place(n) if n > 2 else None) for n in range(10)])
    second = next(scan.read())
    assert [each.segment for each in second.requests] == [*range(3, 12)]
    assert [each.start_key for each in second.requests] == [
        *(place(n) for n in range(3, 10)),
        None,
        None,
    ]


def test_a_page_is_one_round_and_may_be_empty():
    scan = scanner()
    steps = scan.page()
    next(steps)
    empty = answered(steps, page(scanned=3, last=place(3)))
    assert empty.entities == []
    again = next(scanner(cursor=empty.cursor).page())
    assert again.start_key == place(3)


def test_each_round_is_followed_by_a_wait_for_its_units_except_the_last():
    scan = scanner(units_per_second=10)
    steps = scan.page()
    next(steps)
    assert steps.send(page(1, last=place(1), units=0.5)) == Wait(0.05)
    assert answered(steps, None).entities == [note(1)]
    steps = scan.page()
    next(steps)
    assert steps.send(page(2, last=place(2), units=128.0)) == Wait(12.8)
    steps.close()
    assert list(scan.available()) == [note(2)]
    read(scan, page(3, units=4.0))
    assert list(scan.available()) == [note(3)]
    assert scan.done


def test_a_round_asks_for_a_seconds_units_as_items_took_so_far():
    scan = scanner(units_per_second=25)
    steps = scan.read()
    assert next(steps).limit == 1
    steps.send(page(scanned=1, last=place(1), units=0.5))
    steps = scan.read()
    assert next(steps).limit == 50
    steps.send(page(scanned=49, last=place(2), units=2.0))
    assert next(scan.read()).limit == 500


def test_segments_read_at_once_share_a_seconds_units():
    scan = scanner(segments=4, units_per_second=6)
    steps = scan.read()
    assert isinstance(next(steps), Scan)  # the first item may be large
    steps.send(page(scanned=1, last=place(1), units=2.0))
    together = next(scan.read())
    assert isinstance(together, Together)
    assert [(each.segment, each.limit) for each in together.requests] == [(0, 1), (1, 1), (2, 1)]


def test_a_rate_below_one_request_a_second_waits_for_longer():
    scan = scanner(segments=2, units_per_second=0.1)
    steps = scan.read()
    assert next(steps).limit == 1
    assert steps.send(page(scanned=1, units=0.5)) == Wait(5.0)


def test_a_cursor_goes_on_behind_what_was_taken():
    scan = scanner()
    read(scan, page(1, 2, 3, last=place(9)))
    entities = scan.available()
    assert next(entities) == note(1)
    assert next(scanner(cursor=scan.cursor).read()).start_key == place(1)
    assert [*entities] == [note(2), note(3)]
    assert next(scanner(cursor=scan.cursor).read()).start_key == place(9)


def test_a_cursor_remembers_which_segments_are_left():
    scan = scanner(segments=3)
    steps = scan.read()
    next(steps)
    answered(steps, [page(1), page(last=place(2)), page()])
    assert [*scan.available()] == [note(1)]
    resumed = scanner(segments=3, cursor=scan.cursor)
    request = next(resumed.read())
    assert (request.segment, request.start_key) == (1, place(2))
    read(resumed, page())
    assert resumed.done
    assert resumed.cursor is None


def test_a_scan_that_was_not_begun_has_a_cursor_to_its_beginning():
    assert next(scanner(cursor=scanner().cursor).read()) == Scan("dynastore", OWNED)


@pytest.mark.parametrize(
    "other",
    [
        {"segments": 2},
        {"where": {"topic": "rum"}},
        {"where": {"topic": size(3)}},
        {"filters": (any_of(topic="rum", user_id="ann"),)},
        {"schema": SCHEMA.scoped("qa")},
        {"schema": SCHEMA.named("another")},
    ],
)
def test_a_cursor_belongs_to_one_scan(other):
    with pytest.raises(InvalidCursor):
        scanner(cursor=scanner().cursor, **other)


def test_a_cursor_is_good_at_another_rate():
    assert not scanner(cursor=scanner().cursor, units_per_second=3, consistent=True).done


@pytest.mark.parametrize("cursor", ["", "?", "AAAA", 7])
def test_a_damaged_cursor_is_refused(cursor):
    with pytest.raises(InvalidCursor):
        scanner(cursor=cursor)


def test_a_cursor_of_a_query_is_refused():
    from dynastore.operations.reading.reader import Reader
    from dynastore.requests import QueryPage

    steps = Reader(SCHEMA, SCHEMA.plan(Note, {"user_id": "ann"}), None).page(1)
    next(steps)
    found = answered(steps, QueryPage([item(1)], 1, place(1)))
    with pytest.raises(InvalidCursor, match="of another"):
        scanner(cursor=found.cursor)


def test_a_round_that_fails_is_read_again():
    scan = scanner(segments=2)
    steps = scan.read()
    asked = next(steps)
    slow = Throttled("ThrottlingException", "slow down")
    with pytest.raises(Throttled):
        steps.throw(PartialFailure({0: page(1)}, {1: slow}))
    assert next(scan.read()) == asked


def test_an_item_that_does_not_fit_is_passed_over_by_iterating_and_kept_by_a_page():
    broken = {name: value for name, value in item(1).items() if name != "note_id"}
    broken["SK"] = {"S": "NOTE#1"}
    scan = scanner()
    read(scan, ScanPage([item(0), broken, item(2)], 3, None, 0.5))
    with pytest.raises(MalformedItem):
        next(scan.page())
    entities = scan.available()
    assert next(entities) == note(0)
    with pytest.raises(MalformedItem):
        next(entities)
    assert [*scan.available()] == [note(2)]
