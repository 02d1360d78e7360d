"""One store whose scopes are in several tables, on every engine."""

from __future__ import annotations

from itertools import count

import pytest
from attrs import evolve

from dynastore import (
    Create,
    Placement,
    Private,
    Put,
    Schema,
    Update,
    entity,
    gsi,
    key,
    ref,
    unique,
)
from dynastore.errors import RequestError, ScopeSealed, TransactionCanceled
from dynastore.keys.templates import REGISTERED
from dynastore.operations.scopes.locations import (
    LEASE_SECONDS,
    SEALED_SECONDS,
    seal,
    settle,
    unseal,
)
from dynastore.operations.scopes.routing import Leases
from dynastore.requests import GetItem, Key, PutItem
from dynastore.testing import recorded

from .drivers import Awaited


@entity("note")
class Note:
    name: str
    text: str = ""

    primary = key("NOTE#{name}", "~")
    by_text = gsi(1, "TEXT#{text}", "{name}")


@entity("tag")
class Tag:
    name: str
    word: str | None = None

    primary = key("TAG#{name}", "~")
    of_word = unique("word")


@entity("invoice")
class Invoice:
    """An agent's own."""

    number: str
    customer: str = ""

    primary = key("INVOICE#{number}", "~")
    by_customer = gsi(2, "CUSTOMER#{customer}", "{number}")


PLAIN = Schema([Note, Tag])
PLACEMENT = Placement(
    private={
        "qa": Private(),
        "billing": Private(Schema([Note, Tag, Invoice])),
        "support": Private(only=[Note]),
        "sales": Private(but=["tag"]),
    }
)
numbers = count()


@pytest.fixture
def schema():
    """Tables of this test's own."""
    return PLACEMENT.placed(PLAIN.named(f"placed-{next(numbers)}"))


@pytest.fixture
def store(open_store, schema):
    return open_store(schema)


def target(store):
    return store.target if isinstance(store, Awaited) else store


def tables(sent):
    """The tables of what was sent, without that of the entries of scopes."""
    found = []
    for each in sent:
        asked = each.request
        is_entry = isinstance(asked, GetItem) and asked.key.pk.endswith(REGISTERED)
        is_entry |= isinstance(asked, PutItem) and asked.item["PK"]["S"].endswith(REGISTERED)
        if not is_entry:
            found += [a.table for a in getattr(asked, "actions", [asked])]
    return {name.partition(".")[2] for name in found}


def everything(scope):
    """Each kind of call that a store has, on notes."""
    scope.put(Note(name="a", text="x"))
    scope.create(Note(name="b", text="x"))
    scope.update(ref(Note, name="a"), text="y")
    scope.upsert(ref(Note, name="c"), text="y")
    scope.transact(Put(Note(name="d")), Update(ref(Note, name="c"), text="z"))
    scope.put_many([Note(name=f"n{number}") for number in range(30)])
    scope.move(ref(Note, name="d"), name="e")
    scope.get(Note, name="a")
    scope.get_many([ref(Note, name="a"), ref(Note, name="b")])
    scope.transact_get(ref(Note, name="a"), ref(Note, name="b"))
    list(scope.query(Note, text="y"))
    list(scope.query(Note, name="a"))
    scope.delete(ref(Note, name="b"))
    scope.delete_many([ref(Note, name=f"n{number}") for number in range(30)])


@pytest.mark.parametrize(
    ("scope", "table"),
    [("qa", "qa"), ("billing", "billing"), ("support", "support"), ("sales", "sales"), ("dev", "")],
)
def test_all_calls_of_a_scope_go_to_its_table_and_to_no_other(store, scope, table):
    with recorded(target(store)) as sent:
        everything(store.scope(scope))
        everything(store.scope(scope).scope("inner"))
    assert tables(sent) == {table}


@pytest.mark.parametrize(("scope", "table"), [("support", ""), ("sales", ""), ("qa", "qa")])
def test_a_class_is_in_the_table_that_it_is_placed_in(store, scope, table):
    inside = store.scope(scope)
    with recorded(target(store)) as sent:
        inside.put(Tag(name="a", word="tea"))
        inside.update(ref(Tag, name="a"), word="coffee")
        assert inside.get_unique(Tag, word="coffee") == Tag(name="a", word="coffee")
        assert list(inside.query(Tag, name="a")) == [Tag(name="a", word="coffee")]
        inside.delete(ref(Tag, name="a"))
    assert tables(sent) == {table}


def test_scopes_of_other_tables_do_not_see_each_other(store, settled):
    for scope in ("qa", "billing", "support", "sales", "dev"):
        store.scope(scope).put(Note(name="a", text=scope))
    settled()
    for scope in ("qa", "billing", "support", "sales", "dev"):
        inside = store.scope(scope)
        assert inside.get(Note, name="a") == Note(name="a", text=scope)
        assert [each.text for each in inside.query(Note, text=scope)] == [scope]
        assert list(inside.query(Note, text="elsewhere")) == []


def test_all_scopes_are_listed_wherever_they_are(store, settled):
    for scope in ("qa", "support", "dev"):
        store.scope(scope).put(Note(name="a"))
    store.scope("qa").scope("inner").put(Note(name="a"))
    settled()
    assert list(store.scopes()) == ["dev", "qa", "support"]
    assert list(store.scope("qa").scopes()) == ["inner"]


def test_an_item_is_the_same_in_every_table(open_store, schema):
    store = open_store(schema)
    store.scope("qa").put(Note(name="a", text="x"))
    plain = open_store(PLAIN.named(schema.table.name))
    plain.scope("qa").put(Note(name="a", text="x"))
    private, shared = (
        store.run(iter(GetItem(table, Key("@qa#NOTE#a", "~"), consistent=True)))
        for table in (f"{schema.table.name}.qa", schema.table.name)
    )
    assert private is not None
    assert private == shared


def test_an_agents_own_entities_are_in_its_private_table(store, settled):
    billing = store.scope("billing")
    billing.put(Invoice(number="1", customer="ann"))
    settled()
    assert list(billing.query(Invoice, customer="ann")) == [Invoice(number="1", customer="ann")]
    with pytest.raises(RequestError, match="not in this schema"):
        store.scope("qa").put(Invoice(number="1"))


def test_a_transaction_may_span_tables(store):
    support = store.scope("support")
    support.transact(Create(Note(name="a")), Create(Tag(name="a", word="tea")))
    with pytest.raises(TransactionCanceled) as canceled:
        support.transact(Create(Note(name="b")), Create(Tag(name="b", word="tea")))
    assert [reason is None for reason in canceled.value.reasons] == [True, False]
    assert support.get(Note, name="b") is None


def test_many_may_span_tables(store):
    support = store.scope("support")
    notes = [Note(name=f"n{number}") for number in range(30)]
    tags = [Tag(name=f"t{number}") for number in range(3)]
    with recorded(target(store)) as sent:
        support.put_many([*notes, *tags])
        refs = [ref(Note, name="n7"), ref(Tag, name="t1"), ref(Note, name="none")]
        assert support.get_many(refs) == [notes[7], tags[1], None]
    assert tables(sent) == {"", "support"}


def test_what_one_request_reads_is_refused_across_tables_before_anything_is_sent(store):
    support = store.scope("support")
    with recorded(target(store)) as sent:
        for call in (
            lambda: support.transact_get(ref(Note, name="a"), ref(Tag, name="a")),
            lambda: support.collection(Note, Tag, name="a"),
        ):
            with pytest.raises(RequestError, match="Note is kept in table"):
                call()
    assert sent == []


@pytest.mark.scans
def test_what_goes_by_a_table_as_a_whole_is_refused_for_a_scope_in_two(store):
    with recorded(target(store)) as sent:
        for call in (
            lambda: store.delete_scope("support"),
            lambda: store.scope("support").sweep(),
            lambda: store.scope("support").verify(),
            lambda: store.scope("support").scope_figures(),
        ):
            with pytest.raises(RequestError, match="without a Placement"):
                call()
    assert {type(each.request) for each in sent} <= {GetItem}


@pytest.mark.scans
def test_a_scope_is_deleted_in_its_private_table_and_not_listed_any_more(store, settled):
    for scope in ("qa", "dev"):
        store.scope(scope).put(Note(name="a"))
    settled()
    assert store.delete_scope("qa").items == 1
    settled()
    store.delete_scope("qa")  # an index that lags may have had an entry left
    settled()
    assert list(store.scopes()) == ["dev"]
    assert store.scope("dev").get(Note, name="a") == Note(name="a")


def test_all_tables_are_made_at_once(open_store, schema):
    store = open_store(schema, create=False)
    store.create_table()
    for scope in ("qa", "billing", "support", "sales", "dev"):
        store.scope(scope).put(Note(name="a"))


def test_a_placement_costs_one_read_for_each_lease_and_scope(store, open_store):
    plain = open_store(PLAIN)
    for each in (store, plain):  # registered, and made
        each.scope("qa").put(Note(name="a"))
    sent = {}
    for name, each in (("placed", store), ("plain", plain)):
        with recorded(target(each)) as sent[name]:
            for _ in range(5):
                each.scope("qa").put(Note(name="a"))
                each.scope("qa").get(Note, name="a")
    assert len(sent["plain"]) == 10
    assert len(sent["placed"]) == 10  # the entry was read by the first put

    leased = with_clock(store, clock := Clock())
    with recorded(target(store)) as again:
        for _ in range(3):
            leased.scope("qa").get(Note, name="a")
            clock.now += LEASE_SECONDS / 2
    assert len(again) == 3 + 2


class Clock:
    now = 1_000.0

    def __call__(self):
        return (self.now,)


def with_clock(store, clock):
    changed = evolve(target(store), leases=Leases(clock))
    return Awaited(changed, store.runner) if isinstance(store, Awaited) else changed


def moved(store, scope, table):
    """Move what is in a scope as a mover does; items that were written to it before."""
    schema = target(store).schema
    store.run(seal(schema.shared, scope, "mover"))
    store.run(settle(schema.shared, scope, "mover", table))


@pytest.mark.parametrize(("scope", "to"), [("qa", ""), ("dev", ".qa")])
def test_a_scope_that_was_moved_is_used_where_its_entry_says(store, open_store, schema, scope, to):
    store.scope(scope).put(Note(name="before"))
    elsewhere = f"{schema.table.name}{to}"
    moved(store, scope, elsewhere)
    store = open_store(schema)
    store.create_table()
    with recorded(target(store)) as sent:
        everything(store.scope(scope))
        everything(store.scope(scope).scope("inner"))
    assert tables(sent) == {to[1:]}
    assert store.scope(scope).get(Note, name="before") is None  # nobody has copied it


@pytest.mark.scans
def test_what_goes_by_the_table_of_a_scope_that_was_moved_is_refused(store, open_store, schema):
    store.scope("dev").put(Note(name="a"))
    moved(store, "dev", f"{schema.table.name}.qa")
    again = open_store(schema)
    for call in (
        lambda: again.delete_scope("dev"),
        lambda: again.scope("dev").sweep(),
        lambda: list(again.scope("dev").scan(Note)),
    ):
        with pytest.raises(RequestError, match="let the Placement say where"):
            call()


def test_a_move_is_seen_within_a_lease(store, schema):
    clock = Clock()
    leased = with_clock(store, clock)
    leased.create_table()
    leased.scope("dev").put(Note(name="a"))
    moved(store, "dev", f"{schema.table.name}.qa")
    clock.now += LEASE_SECONDS
    with recorded(target(leased)) as sent:
        leased.scope("dev").put(Note(name="b"))
    assert tables(sent) == {"qa"}


def test_while_a_scope_is_sealed_writes_wait_and_reads_go_on(store, schema, monkeypatch):
    store.scope("dev").put(Note(name="a"))
    store.run(seal(schema.shared, "dev", "mover"))
    leased = with_clock(store, Clock())
    waits = slept(monkeypatch, lambda: None)
    with recorded(target(store)) as sent:
        assert leased.scope("dev").get(Note, name="a") == Note(name="a")
    assert [type(each.request) for each in sent] == [GetItem, GetItem]
    with recorded(target(store)) as sent, pytest.raises(ScopeSealed) as sealed:
        leased.scope("dev").put(Note(name="b"))
    assert (sealed.value.mover, sealed.value.retryable) == ("mover", True)
    assert {type(each.request) for each in sent} == {GetItem}
    assert sum(waits) == SEALED_SECONDS
    store.run(unseal(schema.shared, "dev", "mover"))
    leased.scope("dev").put(Note(name="b"))


def slept(monkeypatch, meanwhile):
    """The waits, which take no time; *meanwhile* is done in each."""
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        meanwhile()

    async def soon(seconds):
        waits.append(seconds)
        if (steps := meanwhile()) is not None:
            await steps

    monkeypatch.setattr("dynastore.clients.base.time.sleep", sleep)
    monkeypatch.setattr("dynastore.clients.awaiting.asyncio.sleep", soon)
    return waits


def test_writes_that_waited_go_where_the_scope_was_settled(store, schema, monkeypatch):
    store.scope("dev").put(Note(name="a"))
    store.create_table()
    store.run(seal(schema.shared, "dev", "mover"))
    there = f"{schema.table.name}.qa"
    waits = slept(
        monkeypatch,
        lambda: target(store).run(settle(schema.shared, "dev", "mover", there)),
    )
    with recorded(target(store)) as sent:
        with_clock(store, Clock()).scope("dev").put(Note(name="b"))
    assert len(waits) == 1
    assert tables(sent[-1:]) == {"qa"}
