"""Examining and mending, with the test as the server: guards, retries, rates, and where it goes on."""

from __future__ import annotations

import datetime as dt

import pytest
from attrs import evolve

from dynastore import Drifted, Schema, entity, gsi, key
from dynastore.changes import SetTo, Unset
from dynastore.errors import ConditionFailed, PartialFailure, Throttled
from dynastore.keys.templates import prefix_of
from dynastore.operations.reading.scanner import ScanOptions
from dynastore.operations.upkeep.examining import Examiner
from dynastore.operations.upkeep.findings import Difference, Tally
from dynastore.operations.upkeep.verifying import ATTEMPTS, Verifier
from dynastore.requests import Key, Scan, ScanPage, Together, UpdateItem, Wait
from dynastore.terms import Absent, BeginsWith, Equal, Present

pytestmark = pytest.mark.scans


@entity("seat", expires="held_until")
class Seat:
    """A seat that may be held."""

    hall: str
    seat_id: int
    color: bytes = b"\x01"
    price: int = 1
    guest: str | None = None
    held_until: dt.datetime | None = None

    primary = key("HALL#{hall}", "SEAT#{seat_id}")
    by_guest = gsi(1, "GUEST#{guest}", "{color}")
    by_price = gsi(2, "PRICE", "{price}")


SCHEMA = Schema([Seat])
WRONG = {"GSI1H": {"S": "GUEST#bob"}}


def item(number, **attributes):
    made = SCHEMA.codec(Seat).encode(Seat(hall="h", seat_id=number, guest="ann"), "")
    return {**made, **attributes}


def verifier(schema=SCHEMA, *, cursor=None, mending=True, **options):
    return Verifier(schema, ScanOptions(**options), cursor, mending=mending)


def page(*items, last=None, units=0.5):
    return ScanPage(items, len(items), last and Key.of(last).attributes, units)


def result(steps, answer):
    with pytest.raises(StopIteration) as stop:
        steps.send(answer)
    return stop.value.value


@pytest.mark.parametrize(
    ("partition", "prefix"),
    [
        ("USER#ann", ""),
        ("$40qa#ann", ""),
        ("@qa#USER#@b#", "@qa#"),
        ("@t$201#@qa#USER#ann", "@t$201#@qa#"),
    ],
)
def test_the_scopes_of_a_partition_are_in_its_text(partition, prefix):
    assert prefix_of(partition) == prefix


def test_all_types_are_read():
    assert next(verifier().page()) == Scan("dynastore")
    scoped = next(verifier(SCHEMA.scoped("qa")).page())
    assert scoped.filter == (("PK", BeginsWith({"S": "@qa#"})),)


def test_only_what_differs_is_written_while_the_fields_in_keys_are_unchanged():
    steps = verifier().page()
    next(steps)
    drifted = item(1, **WRONG, TTL={"N": "5"}, color={"B": "Ag=="})
    (request,) = steps.send(page(item(0), drifted)).requests
    assert request == UpdateItem(
        "dynastore",
        Key("HALL#h", "SEAT#011"),
        {
            "GSI1H": SetTo({"S": "GUEST#ann"}),
            "GSI1R1": SetTo({"S": "02"}),
            "TTL": Unset(),
        },
        (
            ("PK", Present()),
            ("TYPE", Equal({"S": "seat"})),
            ("SCHEMA", Absent()),
            ("hall", Equal({"S": "h"})),
            ("seat_id", Equal({"N": "1"})),
            ("color", Equal({"B": b"\x02"})),
            ("price", Equal({"N": "1"})),
            ("guest", Equal({"S": "ann"})),
            ("held_until", Absent()),
        ),
    )
    (found,) = result(steps, [{}])
    assert found.mended
    assert found.differences["TTL"] == Difference({"N": "5"}, None)


def lost(stored):
    return PartialFailure({}, {0: ConditionFailed("key", stored)})


def test_a_lost_race_is_tried_again_with_what_is_stored():
    mending = verifier()
    steps = mending.page()
    next(steps)
    steps.send(page(item(1, **WRONG)))
    (request,) = steps.throw(lost(item(1, guest={"S": "eve"}, GSI2H={"S": "x"}))).requests
    assert request.changes == {
        "GSI1H": SetTo({"S": "GUEST#eve"}),
        "GSI2H": SetTo({"S": "PRICE"}),
    }
    assert ("guest", Equal({"S": "eve"})) in request.conditions
    (found,) = result(steps, [{}])
    assert found.mended
    assert mending.tally == Tally(items=1, drifted=1, mended=1)


@pytest.mark.parametrize("stored", [None, item(1)])
def test_what_is_gone_or_well_meanwhile_is_no_finding(stored):
    mending = verifier()
    steps = mending.page()
    next(steps)
    steps.send(page(item(1, **WRONG)))
    with pytest.raises(StopIteration) as stop:
        steps.throw(lost(stored))
    assert stop.value.value == []
    assert mending.tally.wrong == 0


def test_an_item_that_is_written_all_the_time_is_reported():
    mending = verifier()
    steps = mending.page()
    next(steps)
    steps.send(page(item(1, **WRONG)))
    for _ in range(ATTEMPTS - 1):
        steps.throw(lost(item(1, **WRONG)))
    with pytest.raises(StopIteration) as stop:
        steps.throw(lost(item(1, **WRONG)))
    (found,) = stop.value.value
    assert isinstance(found, Drifted)
    assert not found.mended
    assert mending.tally.wrong == 1


def test_a_failure_leaves_the_round_to_be_examined_again():
    mending = verifier()
    begun = mending.cursor
    steps = mending.page()
    next(steps)
    steps.send(page(item(1, **WRONG), item(2, **WRONG)))
    slow = Throttled("ThrottlingException", "slow down")
    with pytest.raises(Throttled):
        steps.throw(PartialFailure({0: {}}, {1: slow}))
    assert mending.tally == Tally()
    assert not mending.done
    assert next(verifier(cursor=mending.cursor).page()) == next(verifier(cursor=begun).page())
    assert len(next(mending.page()).requests) == 2  # read already


def test_mending_takes_a_seconds_units_at_most_at_a_time():
    steps = verifier(units_per_second=10).page()
    next(steps)
    # 1 for the item, 2 for the entry that moves, 1 for the other
    asked = steps.send(page(*(item(number, **WRONG) for number in range(5)), units=0.5))
    sizes = []
    while isinstance(asked, Together | Wait):
        if isinstance(asked, Wait):
            assert asked == Wait(0.4 * sizes[-1])
            answer = None
        else:
            sizes.append(len(asked.requests))
            answer = [{}] * len(asked.requests)
        try:
            asked = steps.send(answer)
        except StopIteration:
            break
    assert sizes == [2, 2, 1]


def test_a_dry_run_writes_nothing():
    steps = verifier(mending=False).page()
    next(steps)
    (found,) = result(steps, page(item(1, **WRONG)))
    assert not found.mended


def test_the_tally_says_what_stays_wrong():
    steps = (examined := verifier(mending=False)).page()
    next(steps)
    result(
        steps,
        page(
            item(1, **WRONG),
            item(2, seat_id={"N": "3"}),
            item(4, price={"S": "much"}),
            item(5, TYPE={"S": "bench"}),
            item(6, TYPE={"S": "bench"}),
            item(7),
        ),
    )
    assert examined.tally == Tally(
        items=6, unknown={"bench": 2}, malformed=1, misplaced=1, drifted=1
    )
    assert examined.tally.wrong == 3
    assert evolve(examined.tally, mended=1).wrong == 2


def test_a_finding_says_what_is_wrong():
    finding = Examiner(SCHEMA).finding(item(1, **WRONG, TTL={"N": "5"}))
    assert str(finding) == (
        "Seat HALL#h SEAT#011 has drifted: GSI1H is 'GUEST#bob', not 'GUEST#ann'; TTL is '5', not missing"
    )
