"""What a placement refuses, how it is read from a file, and by what it routes."""

from __future__ import annotations

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from dynastore import Index, Placement, Private, Schema, Store, Table, entity, gsi, key
from dynastore.errors import ModelError, PartialFailure, RequestError, ScopeSealed, Unavailable
from dynastore.operations.scopes.locations import LEASE_SECONDS, SEALED_SECONDS, Location
from dynastore.operations.scopes.registry import Known
from dynastore.operations.scopes.routing import LOOK_AGAIN, Leases, routed
from dynastore.requests import GetItem, Key, PutItem, Together, Wait
from dynastore.testing import recorded


@entity("note")
class Note:
    name: str
    text: str = ""

    primary = key("NOTE#{name}", "~")
    by_text = gsi(1, "TEXT#{text}", "{name}")


@entity("line")
class Line:
    name: str
    number: int

    primary = key("NOTE#{name}", "LINE#{number}")


@entity("tag")
class Tag:
    name: str

    primary = key("TAG#{name}", "~")


SCHEMA = Schema([Note, Tag]).named("agent-state")
OLD_INDEX = Schema([Note, Tag], Table("agent-state", (Index(1, range_count=1),)))


def placed(schema=SCHEMA, **private):
    return Placement(private=private).placed(schema)


def test_a_private_table_is_named_after_the_shared_one_and_its_scope():
    schema = placed(common_qa=Private())
    assert schema.scoped("common_qa").table.name == "agent-state.common_qa"
    assert schema.scoped("common_qa").scoped("inner").table.name == "agent-state.common_qa"
    assert schema.scoped("other").table.name == schema.table.name == "agent-state"
    renamed = schema.named("prod")
    assert renamed.scoped("common_qa").table.name == "prod.common_qa"
    assert [each.table.name for each in renamed.all_tables] == ["prod", "prod.common_qa"]


def test_a_scope_inside_of_another_is_where_that_is():
    schema = placed(qa=Private())
    assert schema.scoped("acme").scoped("qa").table.name == "agent-state"


@pytest.mark.parametrize(
    ("private", "message"),
    [
        ({"a b": Private()}, "named 'agent-state.a b'"),
        ({"x" * 250: Private()}, "3 to 255 letters"),
        ({"qa": Private(only=["none"])}, "'none' is no class of scope 'qa', which has note, tag"),
        ({"qa": Private(Schema([Note, Line]), only=[Line])}, "shares partitions with Note"),
        ({"qa": Private(Schema([Note, Line]), but=[Line, Note])}, "cannot stay in the shared"),
        ({"qa": Private(OLD_INDEX)}, "index 1 of scope 'qa' has other attributes"),
    ],
)
def test_a_placement_that_cannot_be_is_refused(private, message):
    with pytest.raises(ModelError, match=message):
        placed(**private)


@pytest.mark.parametrize(
    ("made", "message"),
    [
        (lambda: Placement(private="qa"), "list of scopes"),
        (lambda: Placement(private={"qa": "table"}), r"write Private\(\)"),
        (lambda: Placement(private={"": Private()}), "at least one character"),
        (lambda: Private(only=[Note], but=[Tag]), "leave one out"),
        (lambda: Private(only="note"), "write .* around it"),
        (lambda: Private([Note]), "schema= is a Schema"),
        (lambda: Placement().placed(placed()), "without one"),
        (lambda: Placement().placed(SCHEMA.scoped("qa")), "without a scope"),
    ],
)
def test_a_declaration_that_is_none_is_refused(made, message):
    with pytest.raises(ModelError, match=message):
        made()


def test_a_placement_is_read_from_a_file(tmp_path):
    file = tmp_path / "placement.toml"
    file.write_text(
        'shared = "agent-state"\n[private.qa]\n[private.sales]\nonly = ["note"]\n', "utf-8"
    )
    assert Placement.read(file) == Placement(
        "agent-state", {"qa": Private(), "sales": Private(only=["note"])}
    )
    file.write_text('private = ["qa", "sales"]', "utf-8")
    assert Placement.read(file) == Placement(private=["qa", "sales"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("shared = ", "is no placement"),
        ("shared = 7", "shared is the name"),
        ("tables = []", "'tables' is no key"),
        ("[private]\nqa = 1", "private.qa is a table"),
        ("[private.qa]\ntable = 'x'", "'table' is no key of private.qa"),
        ("[private.qa]\nonly = 'note'", "private.qa.only is a list"),
        ("private = 'qa'", "list of scopes"),
    ],
)
def test_a_file_that_is_no_placement_is_refused_with_its_name(tmp_path, text, message):
    file = tmp_path / "placement.toml"
    file.write_text(text, "utf-8")
    with pytest.raises(ModelError, match=message) as refused:
        Placement.read(file)
    assert str(file) in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"none\.toml is no placement"):
        Placement.read(tmp_path / "none.toml")


def test_connecting_to_a_placement_is_connecting_to_its_shared_table():
    with Store.connect(Placement("sqlite://", ["qa"]), SCHEMA) as store:
        store.scope("qa").put(Note(name="a"))
        assert store.scope("qa").get(Note, name="a") == Note(name="a")
        assert store.get(Note, name="a") is None


names = st.sampled_from(["qa", "sales", "dev", "agent-state", "qa.sales", "Q"])
how = st.sampled_from(
    [
        Private(),
        Private(only=[Note]),
        Private(only=["tag"]),
        Private(but=[Note]),
        Private(but=[Tag]),
    ]
)
writes = st.lists(
    st.tuples(st.lists(names, max_size=3), st.sampled_from([Note, Tag]), st.text(max_size=3)),
    min_size=1,
    max_size=8,
)


def expected(private, path, cls):
    """The table of a write, by its outermost scope and its class alone."""
    mine = private.get(path[0]) if path else None
    if mine is None:
        return "agent-state"
    tag = {Note: "note", Tag: "tag"}[cls]
    is_private = (not mine.only or {cls, tag} & {*mine.only}) and not {cls, tag} & {*mine.but}
    return f"agent-state.{path[0]}" if is_private else "agent-state"


@given(private=st.dictionaries(names, how, max_size=3), calls=writes)
def test_routing_is_by_scope_and_class_only(private, calls):
    schema = placed(**private)
    place = Store.connect("sqlite://", schema.named("agent-state"))
    with place as store, recorded(store) as sent:
        for path, cls, name in calls:
            inside = store
            for scope in path:
                inside = inside.scope(scope)
            inside.put(cls(name=name or "-"))
            assert inside.get(cls, name=name or "-") == cls(name=name or "-")
            *_, put, read = (each.request for each in sent)
            table = expected(private, path, cls)
            assert (put.table, read.table) == (table, table)
            if inside.schema.prefix:
                assert read.key.pk.startswith(inside.schema.prefix)


class Clock:
    """Two clocks, of which one may stand still."""

    def __init__(self):
        self.now = (10.0, 1_000.0)

    def __call__(self):
        return self.now


QA = SCHEMA.named("shared")
QA = evolve(QA, shared=QA).scoped("qa")
ENTRY = Key("@qa#@#scope", "~")
PUT = PutItem("shared", {"PK": {"S": "@qa#NOTE#a"}, "SK": {"S": "~"}})
MOVED = {"TABLE": {"S": "elsewhere"}}
SEALED = {"MOVER": {"S": "mover"}}


def steps(*asked):
    """An operation that asks for these, one after the other."""
    yield from asked


def driven(leases, operation, entries):
    """What was sent besides reads of the entry, and how often that was read; writes answer None."""
    running, sent, looks, answer = routed(QA, leases, Known(), operation), [], 0, None
    while True:
        try:
            asked = running.send(answer)
        except StopIteration:
            return sent, looks
        answer = None
        if isinstance(asked, GetItem) and asked.key == ENTRY:
            looks += 1
            answer = next(entries) if not isinstance(entries, dict | None) else entries
        else:
            sent.append(asked)


def test_a_location_is_read_once_in_a_lease():
    clock = Clock()
    leases = Leases(clock)
    assert driven(leases, steps(PUT, PUT), None) == ([PUT, PUT], 1)
    clock.now = (10.0 + LEASE_SECONDS - 0.1, 1_000.0)
    assert driven(leases, steps(PUT), None) == ([PUT], 0)
    clock.now = (10.0 + LEASE_SECONDS, 1_000.0)
    assert driven(leases, steps(PUT), None) == ([PUT], 1)


def test_a_lease_ends_by_any_of_the_clocks():
    clock = Clock()
    for now in ((10.0, 1_000.0 + LEASE_SECONDS), (10.0, 999.0), (16.0, 1_000.0)):
        leases = Leases(clock)
        driven(leases, steps(PUT), None)
        clock.now = now
        assert driven(leases, steps(PUT), None) == ([PUT], 1)
        clock.now = (10.0, 1_000.0)


def test_a_lease_runs_from_before_the_entry_was_read():
    clock = Clock()
    leases = Leases(clock)

    def slow():
        clock.now = (10.0 + LEASE_SECONDS, 1_000.0)
        yield None

    assert driven(leases, steps(PUT), slow()) == ([PUT], 1)
    assert driven(leases, steps(PUT), None) == ([PUT], 1)


def test_what_is_sealed_is_never_remembered():
    leases = Leases(Clock())
    read = GetItem("shared", Key("@qa#NOTE#a", "~"))
    assert driven(leases, steps(read, read), SEALED) == ([read, read], 2)


def test_a_write_waits_while_its_scope_is_sealed_and_then_goes_where_it_lives():
    entries = iter([SEALED, SEALED, MOVED])
    sent, looks = driven(Leases(Clock()), steps(PUT), entries)
    assert sent == [LOOK_AGAIN, LOOK_AGAIN, evolve(PUT, table="elsewhere")]
    assert looks == 3


def test_a_write_that_waited_too_long_is_told_and_was_not_sent():
    def operation():
        with pytest.raises(ScopeSealed, match="not sent"):
            yield PUT
        with pytest.raises(PartialFailure) as failure:
            yield Together([PUT, PUT])
        assert [type(each) for each in failure.value.failed.values()] == [ScopeSealed] * 2

    sent, _ = driven(Leases(Clock()), operation(), SEALED)
    assert {*sent} == {LOOK_AGAIN}
    assert len(sent) * LOOK_AGAIN.seconds == 2 * SEALED_SECONDS


def test_the_entry_itself_stays_in_the_shared_table():
    own = PutItem("shared", {"PK": {"S": ENTRY.pk}, "SK": {"S": "~"}})
    nested = PutItem("shared", {"PK": {"S": "@qa#@inner#@#scope"}, "SK": {"S": "~"}})
    sent, _ = driven(Leases(Clock()), steps(own, nested, Wait(1.0)), MOVED)
    assert sent == [own, evolve(nested, table="elsewhere"), Wait(1.0)]


def test_a_failed_look_is_told_where_something_was_asked_for():
    def operation():
        with pytest.raises(Unavailable):
            yield PUT
        return "went on"

    running = routed(QA, Leases(Clock()), Known(), operation())
    assert isinstance(next(running), GetItem)
    with pytest.raises(StopIteration) as stop:
        running.throw(Unavailable("InternalServerError", "try again"))
    assert stop.value.value == "went on"


def test_a_location_says_what_its_entry_has():
    assert Location.of(None) == Location(registered=False)
    assert Location.of({**MOVED, **SEALED}) == Location("elsewhere", "mover")


def test_classes_of_two_tables_are_not_followed_together():
    with Store.connect(Placement("sqlite://", {"qa": Private(only=[Note])}), SCHEMA) as store:
        with pytest.raises(RequestError, match="make a call for each"):
            store.scope("qa").changes()
        store.scope("qa").changes(Note)


def test_what_is_changed_of_a_table_is_changed_of_all():
    schema = placed(qa=Private(), sales=Private(only=[Note]))
    changed = schema.on(lambda table: evolve(table, bucket="payloads"))
    assert {each.table.bucket for each in changed.all_tables} == {"payloads"}
    assert len(changed.all_tables) == 3
    assert changed.scoped("sales").of(Note).table.name == "agent-state.sales"
