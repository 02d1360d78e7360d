"""Writes and reads that happen together or not at all, on every engine."""

from __future__ import annotations

import datetime as dt
from itertools import count
from uuid import uuid4

import pytest

from dynastore import (
    Check,
    Create,
    Delete,
    Put,
    Schema,
    Update,
    entity,
    gsi,
    increment,
    key,
    ref,
    since,
    updated,
    version,
)
from dynastore.errors import (
    AlreadyExists,
    ConditionFailed,
    RequestError,
    RevisionConflict,
    TokenUsed,
    TransactionCanceled,
)
from dynastore.telemetry.recording import recorded

from .drivers import at_once

NOON = dt.datetime(2030, 1, 5, 12, tzinfo=dt.UTC)
LOST = "copies the table for each transaction, so threads lose each other's writes"


@entity("account")
class Account:
    """What somebody has."""

    owner: str
    balance: int = 0
    status: str = "open"
    note: str | None = None
    visits: int = 0

    primary = key("ACCOUNT#{owner}", "~")
    by_status = gsi(1, "STATUS#{status}", "{balance}#{owner}")


@entity("entry")
class Entry:
    """One movement, with a revision."""

    owner: str
    number: int
    amount: int = 0
    revision: int = version()

    primary = key("ACCOUNT#{owner}", "ENTRY#{number:10}")


ANN, BOB = ref(Account, owner="ann"), ref(Account, owner="bob")


@pytest.fixture
def store(open_store):
    store = open_store(Schema([Account, Entry]))
    store.put(Account(owner="ann", balance=10))
    store.put(Account(owner="bob", balance=5))
    return store


def balances(store):
    return [store.get(Account, owner=owner).balance for owner in ("ann", "bob")]


def test_all_writes_happen(store):
    entry = Entry(owner="ann", number=1, amount=-3)
    written = store.transact(
        Create(entry),
        Update(ANN, balance=increment(-3)),
        Update(BOB, balance=increment(3)),
    )
    assert balances(store) == [7, 8]
    assert written == [store.get(Entry, owner="ann", number=1), None, None]
    assert written[0].revision == 1


def test_none_happens_where_one_cannot(store):
    with pytest.raises(TransactionCanceled) as caught:
        store.transact(
            Put(Account(owner="carl")),
            Update(ANN, balance=increment(-30), when={"balance": since(30)}),
        )
    untouched, failed = caught.value.reasons
    assert untouched is None
    assert isinstance(failed, ConditionFailed)
    assert failed.stored == Account(owner="ann", balance=10)
    assert store.get(Account, owner="carl") is None


def test_each_reason_is_the_error_that_the_write_would_raise_alone(store):
    entry = store.put(Entry(owner="bob", number=1))
    stale = store.put(entry)
    store.put(stale)
    with pytest.raises(TransactionCanceled) as caught:
        store.transact(
            Create(Account(owner="ann")),
            Put(stale),
            Delete(BOB, when={"balance": 0}),
            Check(ref(Account, owner="nobody")),
        )
    taken, raced, refused, missing = caught.value.reasons
    assert isinstance(taken, AlreadyExists)
    assert isinstance(raced, RevisionConflict)
    assert (raced.expected, raced.stored) == (2, 3)
    assert isinstance(refused, ConditionFailed)
    assert refused.stored == Account(owner="bob", balance=5)
    assert isinstance(missing, ConditionFailed)
    assert missing.stored is None


def test_a_check_writes_nothing_and_holds_back_the_others(store):
    store.transact(Check(BOB, balance=since(5)), Update(ANN, note="ok"))
    assert store.get(Account, owner="ann").note == "ok"
    with pytest.raises(TransactionCanceled):
        store.transact(Check(BOB, balance=since(6)), Update(ANN, note="no"))
    assert store.get(Account, owner="ann").note == "ok"
    assert store.get(Account, owner="bob") == Account(owner="bob", balance=5)


def test_index_attributes_follow_updates_in_a_transaction(store, settled):
    store.transact(Update(ANN, balance=increment(1)), Update(BOB, status="closed"))
    settled()
    assert list(store.query(Account, status="open")) == [Account(owner="ann", balance=11)]
    closed = Account(owner="bob", balance=5, status="closed")
    assert list(store.query(Account, status="closed")) == [closed]


def test_one_write_alone_is_a_transaction_too(store):
    with pytest.raises(TransactionCanceled):
        store.transact(Create(Account(owner="ann")))
    assert store.transact(Delete(ANN)) == [None]
    assert store.get(Account, owner="ann") is None


def test_two_writes_of_one_entity_are_refused(store):
    with pytest.raises(RequestError, match="two writes of one transaction are about ACCOUNT#ann ~"):
        store.transact(Update(ANN, note="a"), Delete(ANN))


def test_over_100_writes_are_refused_and_never_split(store):
    many = [Put(Entry(owner="carl", number=n)) for n in range(101)]
    with recorded(getattr(store, "target", store)) as sent:
        with pytest.raises(RequestError, match="101 writes are more than the 100 actions"):
            store.transact(*many)
        with pytest.raises(RequestError, match="two writes of one transaction"):
            store.transact(Update(ANN, balance=increment(1)), Delete(ANN))
    assert sent == []  # not even what an update has to know is read
    store.transact(*many[:100])
    assert store.query(Entry, owner="carl").count() == 100
    with pytest.raises(RequestError, match="at least one write"):
        store.transact()


def test_over_4_mb_are_refused(store):
    many = [Put(Account(owner=f"o{n}", note="x" * 390_000)) for n in range(11)]
    with pytest.raises(RequestError, match=r"the items are 4,\d{3},\d{3} bytes"):
        store.transact(*many)
    assert store.get(Account, owner="o0") is None


@entity("visit")
class Visit:
    """What keeps the time of its last write."""

    owner: str
    number: int = 0
    changed_at: dt.datetime = updated()

    primary = key("VISIT#{owner}", "~")


@pytest.mark.fault("moto", reason="ignores the token")
def test_a_token_makes_a_repetition_harmless(store):
    token = uuid4().hex
    for _ in range(2):
        store.transact(Update(ANN, visits=increment(1)), token=token)
    assert store.get(Account, owner="ann").visits == 1
    with pytest.raises(TokenUsed) as used:
        store.transact(Update(ANN, visits=increment(2)), token=token)
    assert used.value.token == token
    assert store.get(Account, owner="ann").visits == 1


@pytest.mark.fault("moto", reason="ignores the token")
def test_a_repetition_that_the_clock_makes_another_transaction_is_not_done_twice(open_store):
    """The time is a part of what is written, so the service takes the two for different ones."""
    times = (NOON + dt.timedelta(seconds=number) for number in count())
    store = open_store(Schema([Visit]), clock=lambda: next(times))
    store.put(Visit(owner="ann"))
    token = uuid4().hex
    first = Update(ref(Visit, owner="ann"), number=increment(1))
    store.transact(first, token=token)
    with pytest.raises(TokenUsed, match="nothing was written now"):
        store.transact(first, token=token)
    assert store.get(Visit, owner="ann").number == 1


def test_a_token_that_is_none_is_refused(store):
    for wrong in ("x" * 37, "", 7):
        with pytest.raises(RequestError, match="1 to 36 characters"):
            store.transact(Update(ANN, note="x"), token=wrong)


def test_reads_are_of_one_moment_and_in_order(store):
    nobody = ref(Account, owner="nobody")
    assert store.transact_get(BOB, nobody, ANN) == [
        Account(owner="bob", balance=5),
        None,
        Account(owner="ann", balance=10),
    ]
    with pytest.raises(RequestError, match="once"):
        store.transact_get(ANN, ANN)
    with pytest.raises(RequestError, match="1 to 100"):
        store.transact_get()


@pytest.mark.fault("moto", reason=LOST, strict=False)
def test_transfers_that_race_lose_nothing(store):
    def transfer(own, number):
        return own.transact(Update(ANN, balance=increment(-1)), Update(BOB, balance=increment(1)))

    outcomes = at_once(store, transfer, 12)
    assert [each for each in outcomes if isinstance(each, Exception)] == []
    assert balances(store) == [-2, 17]


def test_what_is_missing_when_it_is_read_first_cancels_too(store):
    with pytest.raises(TransactionCanceled) as caught:
        store.transact(Update(ANN, note="x"), Update(ref(Account, owner="no"), balance=1))
    assert [type(each) for each in caught.value.reasons] == [type(None), ConditionFailed]
    assert store.get(Account, owner="ann").note is None
