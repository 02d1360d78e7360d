"""The planner: one example for each way a filter becomes a key condition."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

import pytest
from attrs import frozen

from dynastore import (
    Index,
    Schema,
    Table,
    after,
    before,
    begins_with,
    between,
    entity,
    field,
    gsi,
    key,
    payload,
    since,
    until,
)
from dynastore.errors import NoAccessPattern, RequestError, UnknownField
from dynastore.planner import Ask

MAY = dt.date(2026, 5, 1)
JUNE = dt.date(2026, 6, 1)


@frozen
class Hotel:
    """Where to sleep."""

    name: str


@entity("trip")
class Trip:
    """A journey."""

    owner: str
    name: str
    city: str | None = None
    day: dt.date = MAY
    status: Literal["open", "done"] = "open"
    done: bool = False
    photos: list[str] = payload(factory=list)
    guests: list[str] = field(factory=list)
    prices: Mapping[str, int] = field(factory=dict)
    hotel: Hotel | None = None
    extra: Any = None
    fee: float = 0.0

    primary = key("OWNER#{owner}", "TRIP#{day}#{name}")
    by_city = gsi(1, "CITY#{city}", "{status}", "{day}")
    open_ones = gsi(2, "OPEN", "{city?}#{name}", when={"status": "open"})


SCHEMA = Schema([Trip])


def conditions(schema=SCHEMA, **where):
    plan = schema.plan(Trip, where)
    return [f"{name} {test}" for name, test in plan.key], [name for name, _ in plan.filters]


def test_a_whole_key_is_an_equality_and_never_a_prefix():
    assert conditions(owner="ann", day=MAY, name="n1") == (
        ["PK = 'OWNER#ann'", "SK = 'TRIP#2026-05-01#n1'"],
        [],
    )


def test_a_part_of_a_key_is_a_prefix_up_to_the_next_separator():
    assert conditions(owner="ann", day=MAY)[0][1] == "SK begins with 'TRIP#2026-05-01#'"
    assert conditions(owner="ann")[0][1] == "SK begins with 'TRIP#'"


@pytest.mark.parametrize(
    ("day", "condition", "filtered"),
    [
        (since(MAY), "between 'TRIP#2026-05-01' and 'TRIP$'", []),
        (after(MAY), "between 'TRIP#2026-05-01$' and 'TRIP$'", []),
        (until(MAY), "between 'TRIP#' and 'TRIP#2026-05-01$'", []),
        (before(MAY), "between 'TRIP#' and 'TRIP#2026-05-01'", []),
        (between(MAY, JUNE), "between 'TRIP#2026-05-01' and 'TRIP#2026-06-01$'", []),
    ],
)
def test_a_range_inside_a_key_ends_where_its_values_end(day, condition, filtered):
    (_, sort), filters = conditions(owner="ann", day=day)
    assert (sort, filters) == (f"SK {condition}", filtered)


def test_an_excluded_end_of_an_attribute_is_filtered_too():
    keys, filters = conditions(city="Rome", status="open", day=before(MAY))
    assert keys[2] == "GSI1R2 <= '2026-05-01'"
    assert filters == ["day"]


def test_a_range_of_an_optional_component_leaves_none_out():
    assert conditions(status="open", city=until("b"))[0][1] == "GSI2R1 between '$' and 'b$'"
    assert conditions(status="open", city=None)[0][1] == "GSI2R1 begins with '!#'"


def test_a_prefix_of_a_text_is_a_prefix_of_its_key():
    assert conditions(status="open", city=begins_with("a b"))[0][1] == "GSI2R1 begins with 'a$20b'"


def test_an_empty_prefix_does_not_find_none():
    keys, filters = conditions(status="open", city=begins_with(""))
    assert filters == ["city"]
    assert keys == ["GSI2H = 'OPEN'"]


def test_a_classic_index_holds_all_components_in_one_attribute():
    classic = Schema([Trip], Table("t", (Index(1, 1), Index(2, 1))))
    assert conditions(classic, city="Rome", status="open", day=since(MAY))[0] == [
        "GSI1PK = 'CITY#Rome'",
        "GSI1SK between 'open#2026-05-01' and 'open$'",
    ]


def test_the_pattern_that_covers_most_wins_and_the_primary_key_wins_a_tie():
    assert SCHEMA.plan(Trip, {"owner": "ann", "city": "Rome"}).pattern == "primary"
    assert SCHEMA.plan(Trip, {"owner": "a", "city": "Rome", "status": "done"}).pattern == "by_city"


def test_a_sparse_index_is_used_only_if_the_filter_says_what_it_holds():
    with pytest.raises(NoAccessPattern) as refused:
        SCHEMA.plan(Trip, {"name": "n1"})
    assert refused.value.missing == {
        "primary": ("owner",),
        "by_city": ("city",),
        "open_ones": ("status",),
    }


def test_an_index_without_the_item_is_not_asked_for_none():
    with pytest.raises(NoAccessPattern):
        SCHEMA.plan(Trip, {"city": None})


@pytest.mark.parametrize(
    "where", [{"day": between(JUNE, MAY)}, {"name": between("b", "a"), "day": MAY}]
)
def test_an_empty_range_sends_nothing(where):
    plan = SCHEMA.plan(Trip, {"owner": "ann", **where})
    assert plan.empty
    assert "nothing to send" in str(plan)


@pytest.mark.parametrize(
    ("where", "says"),
    [
        ({"photos": []}, r"Trip.photos is a payload\(\)"),
        ({"day": begins_with("2026")}, "Trip.day is no text"),
        ({"done": since(True)}, "Trip.done is bool, which has no order"),
        ({"guests": since(["ann"])}, r"Trip.guests is list\[str\], which has no order"),
        ({"prices": before({})}, "Trip.prices is .*Mapping.*, which has no order"),
        ({"hotel": since(Hotel("Ritz"))}, "Trip.hotel is Hotel, which has no order"),
        ({"name": begins_with(5)}, "Trip.name begins with a text, not with 5"),
        ({"name": begins_with(None)}, "Trip.name begins with a text, not with None"),
        ({"name": begins_with("\ud800")}, "Trip.name cannot be compared with no Unicode"),
        ({"city": since(None)}, "Trip.city is before or after a value; find None by city=None"),
        ({"city": between(None, "b")}, "find None by city=None"),
        ({"city": between("a", None)}, "find None by city=None"),
        ({"extra": between(1, "a")}, "Trip.extra is between two texts, numbers or bytes"),
        ({"extra": between([1], [2])}, "Trip.extra is between two texts, numbers or bytes"),
        ({"fee": between("a", "b")}, "Trip.fee cannot be a bound: it is str, not float"),
        ({"day": "2026-05-01"}, "day = '2026-05-01' cannot be part of a key: it is str, not date"),
        ({"name": "x" * 1100, "day": MAY}, "SK would be 1,116 bytes"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused(where, says):
    with pytest.raises(RequestError, match=says):
        SCHEMA.plan(Trip, {"owner": "ann", **where})


def test_a_range_of_mixed_numbers_is_compared_as_numbers():
    assert SCHEMA.plan(Trip, {"owner": "ann", "extra": between(10, 9.5)}).empty
    assert not SCHEMA.plan(Trip, {"owner": "ann", "extra": between(9, 10)}).empty


def test_a_long_value_is_shortened_in_the_message():
    with pytest.raises(RequestError) as refused:
        SCHEMA.plan(Trip, {"owner": "ann", "day": "x" * 5_000})
    assert len(str(refused.value)) < 1_000


def test_a_keyword_that_is_no_field_is_refused():
    with pytest.raises(UnknownField, match="Did you mean owner"):
        SCHEMA.plan(Trip, {"ownr": "ann"})


@entity("stay")
class Stay:
    """Nights in a hotel, in slim indexes."""

    owner: str
    stay_id: str
    city: str
    day: dt.date = MAY
    status: Literal["open", "done"] = "open"
    note: str = ""

    primary = key("OWNER#{owner}", "STAY#{stay_id}")
    by_city = gsi(1, "CITY#{city}", "STAY", "{day}", include=("note",))
    open_ones = gsi(2, "OPEN", "STAY", "{day}", when={"status": "open"}, include=("note",))


@pytest.mark.parametrize(
    ("where", "hydrated"),
    [
        ({"city": "rome"}, False),
        ({"city": "rome", "day": since(JUNE)}, False),
        ({"city": "rome", "note": "late"}, False),
        ({"status": "open", "day": until(JUNE)}, False),
        ({"city": "rome", "status": "done"}, True),
    ],
)
def test_a_slim_index_is_enough_where_its_key_and_what_it_carries_say_all(where, hydrated):
    plan = Schema([Stay]).plan(Stay, where, ask=Ask(selected=("note",)))
    assert plan.paths[0].hydrated is hydrated
    assert Schema([Stay]).plan(Stay, where).paths[0].hydrated
