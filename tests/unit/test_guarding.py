"""Examining guards, with the test as the server: how much is read at a time, and what is read again."""

from __future__ import annotations

import datetime as dt

import pytest

from dynastore import Orphaned, Schema, Unguarded, entity, key, unique
from dynastore.errors import DynastoreError, PartialFailure, ServiceError, TransactionCanceled
from dynastore.operations.reading.scanner import ScanOptions
from dynastore.operations.upkeep.verifying import Verifier
from dynastore.requests import (
    Batch,
    BatchGetItem,
    ConditionCheck,
    GetItem,
    Key,
    Now,
    Scan,
    ScanPage,
    Together,
    TransactWriteItems,
    Wait,
)

pytestmark = pytest.mark.scans

NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


@entity("user")
class User:
    """Somebody."""

    name: str
    email: str
    primary = key("USER#{name}", "~")
    one_email = unique("email")


SCHEMA = Schema([User])
CODEC = SCHEMA.codec(User)


def item(name="ann", email="a@x"):
    return CODEC.encode(User(name=name, email=email), "")


def guard(email="a@x", owner="ann"):
    return {
        "PK": {"S": f"UNIQUE#user#one_email#{email}"},
        "SK": {"S": "~"},
        "TYPE": {"S": "~unique"},
        "OWNER": {"L": [{"S": f"USER#{owner}"}, {"S": "~"}]},
    }


class Table:
    """Answers the requests of a page of a verifier from items that change with every read."""

    def __init__(self, page, *states):
        self.page = page
        self.states = [{Key.of(each): each for each in state} for state in states]
        self.sent = []

    def run(self, steps):
        answer = None
        while True:
            try:
                asked = steps.send(answer)
                while isinstance(answer := self.answered(asked), PartialFailure):
                    asked = steps.throw(answer)
            except StopIteration as stop:
                return stop.value

    def answered(self, asked):
        match asked:
            case Now():
                return NOON
            case Together(requests):
                state = self.next_state()
                answers = [self.response(each, state) for each in requests]
                failed = {at: e for at, e in enumerate(answers) if isinstance(e, DynastoreError)}
                return PartialFailure({}, failed) if failed else answers
            case Wait():
                return self.sent.append(asked)
            case Scan():
                return self.response(asked, {})
        return self.response(asked, self.next_state())

    def next_state(self):
        return self.states.pop(0) if len(self.states) > 1 else self.states[0]

    def response(self, request, state):
        self.sent.append(request)
        match request:
            case Scan():
                return ScanPage(self.page, len(self.page), None, 0.5)
            case BatchGetItem(keys=keys):
                return Batch([state[each] for each in keys if each in state], ())
            case GetItem(key=key):
                return state.get(key)
        return None

    def of(self, kind):
        return [each for each in self.sent if isinstance(each, kind)]


def verified(table, *, mending=False, **options):
    return table.run(Verifier(SCHEMA, ScanOptions(**options), mending=mending).page())


def test_the_guards_of_a_page_are_read_a_hundred_a_request():
    page = [item(f"u{n}", f"{n}@x") for n in range(1_050)]
    table = Table(page, [guard(f"{n}@x", f"u{n}") for n in range(1_050)])
    assert verified(table) == []
    assert [len(each.keys) for each in table.of(BatchGetItem)] == [100] * 10 + [50]
    assert not any(each.consistent for each in table.of(BatchGetItem))


def test_what_reading_guards_takes_is_waited_for():
    page = [item(f"u{n}", f"{n}@x") for n in range(25)]
    table = Table(page, [guard(f"{n}@x", f"u{n}") for n in range(25)])
    assert verified(table, units_per_second=10, consistent=True) == []
    assert [len(each.keys) for each in table.of(BatchGetItem)] == [10, 10, 5]
    assert table.of(Wait) == [Wait(1.0), Wait(1.0), Wait(0.5)]


def test_writing_guards_takes_units_too():
    table = Table([item()], [item()])
    verified(table, units_per_second=10, mending=True)
    # Half a unit for the first look, one for the guard, one for the entity; a transaction of two.
    assert table.of(Wait) == [Wait(0.65)]


@pytest.mark.parametrize(
    "states",
    [
        ([], []),  # the entity is gone
        ([], [item(email="b@x")]),  # it has another value
        ([item()], [item(), guard()]),  # the guard was written later
        ([guard(owner="bob")], [guard(owner="bob")], [item(), guard()], [item(), guard()]),
        ([], [], [item()], [item(), guard()]),  # another wrote the entity again, and its guard
    ],
)
def test_a_value_that_is_written_while_it_is_examined_is_no_finding(states):
    assert verified(Table([item()], *states)) == []


@pytest.mark.parametrize(
    "states",
    [
        ([], [guard()], [item(), guard()]),
        ([], []),
    ],
)
def test_a_guard_that_is_written_while_it_is_examined_is_no_finding(states):
    assert verified(Table([guard()], *states)) == []


def test_a_guard_is_put_only_while_its_entity_has_the_value():
    table = Table([item()], [item(), guard(owner="bob")])
    (found,) = verified(table, mending=True)
    assert isinstance(found, Unguarded)
    (request,) = table.of(TransactWriteItems)
    put, *checks = request.actions
    assert put.item["OWNER"] == guard()["OWNER"]
    assert [type(each) for each in checks] == [ConditionCheck, ConditionCheck]
    assert {each.key.pk for each in checks} == {"USER#ann", "USER#bob"}


def test_a_guard_is_removed_only_while_its_entity_lacks_the_value():
    table = Table([guard()], [guard(), item(email="b@x")])
    (found,) = verified(table, mending=True)
    assert isinstance(found, Orphaned)
    (request,) = table.of(TransactWriteItems)
    removal, check = request.actions
    assert removal.key == Key.of(guard())
    assert {name for name, _ in removal.conditions} == {"TYPE", "OWNER"}
    assert {name for name, _ in check.conditions} == {"PK", "TYPE", "email"}


def test_a_failure_that_is_no_lost_race_is_raised():
    full = ServiceError("ItemCollectionSizeLimitExceeded", "full")

    class Refusing(Table):
        """It cancels every transaction."""

        def response(self, request, state):
            if isinstance(request, TransactWriteItems):
                return TransactionCanceled([None, full])
            return super().response(request, state)

    with pytest.raises(TransactionCanceled):
        verified(Refusing([item()], [item()]), mending=True)
