"""Code of several schemas on one table, on every engine."""

from __future__ import annotations

import pytest

from dynastore import (
    Check,
    Put,
    Schema,
    Upcasted,
    Update,
    entity,
    field,
    gsi,
    if_missing,
    increment,
    key,
    payload,
    ref,
    version,
)
from dynastore.errors import (
    ConditionFailed,
    ModelError,
    NewerSchema,
    RequestError,
    RevisionConflict,
    TransactionCanceled,
)
from dynastore.telemetry.recording import recorded


@entity("person", schema=1)
class First:
    """A person as the first code has one."""

    person_id: str
    name: str
    age: int = 0
    notes: str = payload(default="", compress_over=10)

    primary = key("PERSON#{person_id}", "~")
    by_age = gsi(1, "AGES", "{age}")


@entity("person")
class Plain:
    """A person of code that says no schema."""

    person_id: str
    name: str
    age: int = 0
    notes: str = ""

    primary = key("PERSON#{person_id}", "~")


def in_parts(fields):
    """From one name to two, from years to months."""
    first, _, last = fields.pop("name").partition(" ")
    return {**fields, "first": first, "last": last or None, "age": fields["age"] * 12}


def with_tags(fields):
    """Tags come from the notes."""
    return {**fields, "tags": set(fields["notes"].split())}


@entity("person", schema=3, upcasters={1: in_parts, 2: with_tags})
class Third:
    """A person as newer code has one, and later code saw in between."""

    person_id: str
    first: str
    last: str | None = None
    age: int = 0
    notes: str = payload(default="", compress_over=10)
    tags: set[str] = field(factory=set)

    primary = key("PERSON#{person_id}", "~")
    by_age = gsi(1, "AGES", "{age}", include=("age",))
    by_last = gsi(2, "LAST#{last}", "{age}#{first}")


OLD, NEW = Schema([First]), Schema([Third])
ANN = ref(Third, person_id="ann")


@pytest.fixture
def stores(open_store):
    """One table, as old and as new code sees it."""
    new = open_store(NEW)
    new.create_table()
    return open_store(OLD, create=False), new


def client_of(store):
    return getattr(store, "target", store)


def ann(**more):
    values = {
        "first": "Ann",
        "last": "Lee",
        "age": 480,
        "notes": "likes tea",
        "tags": {"likes", "tea"},
    }
    return Third(person_id="ann", **{**values, **more})


def test_what_older_code_wrote_is_read_as_it_would_be_written_today(stores, settled):
    old, new = stores
    old.put(First(person_id="ann", name="Ann Lee", age=40, notes="likes tea"))
    settled()
    assert new.get(Third, person_id="ann") == ann()
    assert new.get_many([ANN]) == [ann()]
    assert new.transact_get(ANN) == [ann()]
    assert list(new.query(Third, person_id="ann", first="Ann")) == [ann()]
    assert new.query(Third, person_id="ann", first="Bob").count() == 0
    assert list(new.query(Third, person_id="ann").select("last")) == [{"last": "Lee"}]


@pytest.mark.scans
def test_scans_and_filters_see_the_fields_of_today(stores):
    old, new = stores
    old.put(First(person_id="ann", name="Ann Lee", age=40, notes="likes tea"))
    new.put(Third(person_id="bob", first="Bob", last="Ray", age=12))
    assert list(new.scan(Third, last="Lee")) == [ann()]
    assert [each.first for each in new.scan(Third, age=12)] == ["Bob"]


def test_old_code_reads_what_new_code_wrote_where_its_fields_are_there(stores):
    old, new = stores
    old.put(First(person_id="ann", name="Ann Lee"))
    new.update(ANN, last="May")
    with pytest.raises(Exception, match="name"):
        old.get(First, person_id="ann")


def test_an_update_rewrites_what_is_old_first(stores, settled):
    old, new = stores
    old.put(First(person_id="ann", name="Ann Lee", age=40, notes="likes tea"))
    with recorded(client_of(new)) as sent:
        changed = new.update(ANN, age=increment(1))
    assert changed == ann(age=481)
    kinds = [each.request.operation for each in sent]
    assert kinds[-1] == "UpdateItem"
    assert "PutItem" in kinds
    settled()
    assert list(new.query(Third, last="Lee")) == [ann(age=481)]
    with recorded(client_of(new)) as sent:
        new.update(ANN, notes="none")
    assert [each.request.operation for each in sent] == ["UpdateItem"]


def test_conditions_are_of_the_fields_of_today(stores):
    old, new = stores
    old.put(First(person_id="ann", name="Ann Lee", age=40))
    with pytest.raises(ConditionFailed):
        new.update(ANN, age=1, when={"age": 40})
    assert new.update(ANN, age=1, when={"age": 480}).age == 1
    old.put(First(person_id="bob", name="Bob"))
    bob = ref(Third, person_id="bob")
    new.transact(Check(bob, first="Bob"), Update(ANN, age=2))
    assert new.delete(bob, when={"first": "Bob"}).first == "Bob"


def test_old_code_does_not_replace_what_new_code_wrote(stores):
    old, new = stores
    new.put(ann())
    with pytest.raises(NewerSchema) as caught:
        old.put(First(person_id="ann", name="Ann Lee"))
    assert (caught.value.stored, caught.value.known) == (3, 1)
    with pytest.raises(Exception, match="ann"):
        old.transact(Put(First(person_id="ann", name="Ann Lee")))
    assert new.get(Third, person_id="ann") == ann()


def test_old_code_does_not_change_what_new_code_wrote(stores):
    old, new = stores
    new.put(ann())
    person = ref(First, person_id="ann")
    for call in (
        lambda: old.update(person, name="Zoe"),
        lambda: old.update(person, age=3),
        lambda: old.update(person, name=if_missing("Zoe")),
        lambda: old.update(First(person_id="ann", name="Ann"), name="Zoe"),
        lambda: old.upsert(person, name="Zoe"),
        lambda: old.move(person, person_id="zoe"),
    ):
        with pytest.raises(NewerSchema):
            call()
    with pytest.raises(TransactionCanceled) as canceled:
        old.transact(Update(person, name="Zoe"))
    assert isinstance(canceled.value.reasons[0], NewerSchema)
    with recorded(client_of(old)) as sent, pytest.raises(NewerSchema):
        old.update(person, name="Zoe")
    assert [each.request.operation for each in sent] == ["UpdateItem"]
    assert new.get(Third, person_id="ann") == ann()


def test_old_code_changes_what_it_or_code_without_a_schema_wrote(open_store):
    old, plain = open_store(OLD), open_store(Schema([Plain]), create=False)
    old.put(First(person_id="ann", name="Ann"))
    plain.put(Plain(person_id="bob", name="Bob"))
    for person_id in ("ann", "bob"):
        assert old.update(ref(First, person_id=person_id), name="Zoe").name == "Zoe"
    assert old.move(ref(First, person_id="bob"), person_id="rob").name == "Zoe"


def test_code_without_a_schema_replaces_what_newer_code_wrote(stores, open_store):
    _, new = stores
    new.put(ann())
    open_store(Schema([Plain]), create=False).put(Plain(person_id="ann", name="Zoe"))
    assert new.get(Third, person_id="ann").first == "Zoe"


def test_new_code_replaces_what_old_code_wrote(stores):
    old, new = stores
    old.put(First(person_id="ann", name="Ann Lee"))
    assert new.put(ann()) == ann()
    assert new.get(Third, person_id="ann") == ann()


@pytest.mark.scans
def test_a_bulk_upcast_rewrites_what_is_old_once_and_can_be_resumed(stores, settled):
    old, new = stores
    for number in range(30):
        old.put(First(person_id=f"p{number}", name=f"Ann Lee{number}", age=number, notes="a b"))
    new.put(ann())
    assert new.upcast(Third, dry_run=True) == Upcasted(items=30, rewritten=0, cursor=None)
    some = new.upcast(Third, rounds=1, units_per_second=5, segments=2)
    assert some.rewritten < 30
    rest = new.upcast(Third, cursor=some.cursor, segments=2)
    assert some.rewritten + rest.rewritten == 30
    assert new.upcast(Third).items == 0
    settled()
    assert [each.age for each in new.query(Third, last="Lee7")] == [84]
    assert list(new.verify()) == []
    with pytest.raises(RequestError, match="First has no upcasters"):
        old.upcast(First)


@entity("doc", schema=2, upcasters={1: lambda fields: {**fields, "title": fields.pop("name")}})
class Doc:
    """A document with a revision."""

    doc_id: str
    title: str
    revision: int = version()

    primary = key("DOC#{doc_id}", "~")


@entity("doc")
class OldDoc:
    """A document of code that says no schema."""

    doc_id: str
    name: str
    revision: int = version()

    primary = key("DOC#{doc_id}", "~")


def test_revisions_go_on_across_schemas(open_store):
    new, old = open_store(Schema([Doc])), open_store(Schema([OldDoc]), create=False)
    new.create_table()
    first = old.put(OldDoc(doc_id="d", name="x"))
    read = new.get(Doc, doc_id="d")
    assert (read.title, read.revision) == ("x", 1)
    assert new.put(read).revision == 2
    with pytest.raises(RevisionConflict):
        new.put(read)
    assert new.update(ref(Doc, doc_id="d"), title="y").revision == 3
    assert first.revision == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schema": 0}, "whole number from 1"),
        ({"upcasters": {1: dict}}, "give its number"),
        ({"schema": 4, "upcasters": {1: dict, 3: dict}}, "each from 1 to 3"),
        ({"schema": 2, "upcasters": {2: dict}}, "each from 2 to 1"),
    ],
)
def test_schemas_have_no_gaps(options, message):
    with pytest.raises(ModelError, match=message):

        @entity("x", **options)
        class Gap:
            """One."""

            name: str
            primary = key("X#{name}", "~")
