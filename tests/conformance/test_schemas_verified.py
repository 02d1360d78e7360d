"""Items of older and newer schemas under verify, reindex and upcast, on every engine."""

from __future__ import annotations

import pytest

from dynastore import Drifted, Malformed, Outdated, Schema, entity, field, gsi, key, payload
from dynastore.changes import SetTo
from dynastore.errors import MalformedItem
from dynastore.operations.upkeep.findings import Tally
from dynastore.requests import Key, UpdateItem

from .test_verify import drift, item, racing

pytestmark = pytest.mark.scans


@entity("person", schema=1)
class First:
    """A person as older code has one."""

    person_id: str
    name: str
    notes: str = payload(default="", offload_over=0)

    primary = key("PERSON#{person_id}", "~")


def in_parts(fields):
    """From one name to two; of notes only their number of words is kept."""
    first, last = fields.pop("name").split(" ")
    words = len(fields.pop("notes", "").split())
    return {**fields, "first": first, "last": last, "words": words}


@entity("person", schema=2, upcasters={1: in_parts})
class Second:
    """A person as newer code has one."""

    person_id: str
    first: str
    last: str = ""
    words: int = 0
    notes: str = payload(default="", offload_over=0)
    tags: set[str] = field(factory=set)

    primary = key("PERSON#{person_id}", "~")
    by_last = gsi(1, "L#{last}", "{words}")


OLD, NEW = Schema([First]), Schema([Second])
ANN = Key("PERSON#ann", "~")


@pytest.fixture
def stores(open_store):
    """One table, as old and as new code sees it."""
    new = open_store(NEW)
    new.create_table()
    return open_store(OLD, create=False), new


def test_an_item_that_an_index_misses_until_it_is_upcast_is_found(stores, settled):
    old, new = stores
    old.put(First(person_id="ann", name="Ann Lee"))
    new.put(Second(person_id="bob", first="Bob", last="Lee"))
    settled()
    assert new.query(Second, last="Lee").count() == 1
    verified = new.verify()
    (found,) = verified
    assert (found.key, found.entity, found.stored, found.known) == (ANN, "Second", 1, 2)
    assert isinstance(found, Outdated)
    assert found.differences["GSI1H"].implied == {"S": "L#Lee"}
    assert verified.tally == Tally(items=2, older=1, outdated=1)
    assert verified.tally.wrong == 1
    assert list(new.reindex()) == [found]
    assert item(old, ANN)["SCHEMA"] == {"N": "1"}
    assert new.upcast(Second).rewritten == 1
    settled()
    assert new.query(Second, last="Lee").count() == 2
    assert new.verify().page() == []


def test_an_older_item_with_the_entries_of_today_is_counted_only(stores):
    _, new = stores
    new.put(Second(person_id="ann", first="Ann", last="Lee"))
    drift(new, ANN, SCHEMA={"N": "1"}, name={"S": "Ann Lee"}, first=None, last=None)
    verified = new.verify()
    assert list(verified) == []
    assert (verified.tally.older, verified.tally.wrong) == (1, 0)


def test_an_item_that_cannot_be_upcast_is_malformed(stores):
    old, new = stores
    old.put(First(person_id="ann", name="Ann"))
    (found,) = new.verify()
    assert isinstance(found, Malformed)
    assert "upcaster 1 of Second" in str(found)
    assert isinstance(found.error, MalformedItem)
    assert found.error.key == ANN


@pytest.mark.parametrize("scopes", [(), ("qa team", "n*1")])
def test_an_upcaster_sees_payloads_that_left_their_items(stores, scopes):
    old, new = stores
    for name in scopes:
        old = old.scope(name)
    old.put(First(person_id="ann", name="Ann Lee", notes="likes tea " * 40))
    verified = new.verify()
    (found,) = verified
    assert found.differences["GSI1R1"].implied == {"S": "0280"}
    assert verified.tally.parts == 1
    assert not verified.tally.unknown


def test_what_newer_code_wrote_is_counted_and_left_alone(stores, settled):
    old, new = stores
    new.put(Second(person_id="ann", first="Ann", last="May"))
    mending = old.reindex()
    assert list(mending) == []
    assert mending.tally == Tally(items=1, newer=1)
    assert mending.tally.wrong == 0
    settled()
    assert new.query(Second, last="May").count() == 1


def test_newer_code_that_writes_in_between_keeps_its_entries(open_store, settled):
    new, old = open_store(NEW), open_store(OLD)
    new.create_table()
    old.put(First(person_id="ann", name="Ann Lee"))
    drift(old, ANN, GSI1H={"S": "gone"}, GSI1R1={"S": "x"})
    writer = getattr(new, "target", new)
    wide = open_store(Schema([First], NEW.table), create=False)
    racing(wide, lambda: writer.put(Second(person_id="ann", first="Ann", last="May")))
    assert not [each for each in wide.reindex() if isinstance(each, Drifted)]
    settled()
    assert new.query(Second, last="May").count() == 1


def test_an_upcast_goes_on_past_items_that_it_cannot_rewrite(stores):
    old, new = stores
    for number in range(12):
        old.put(First(person_id=f"p{number}", name="Ann Lee" if number % 2 else "Ann"))
    done = new.upcast(Second)
    assert (done.items, done.rewritten, done.failed, done.cursor) == (12, 6, 6, None)
    assert {str(each) for each in done.failures} == {f"PERSON#p{n} ~" for n in range(0, 12, 2)}
    assert all(isinstance(each, MalformedItem) for each in done.failures.values())
    again = new.upcast(Second)
    assert (again.items, again.rewritten, again.failed) == (6, 0, 6)


def test_an_upcaster_that_changes_the_key_is_told_of(open_store):
    @entity("person", schema=2, upcasters={1: lambda fields: {**fields, "person_id": "other"}})
    class Moved:
        """A person whose upcaster gives it another key."""

        person_id: str
        name: str
        primary = key("PERSON#{person_id}", "~")

    old, new = open_store(OLD), open_store(Schema([Moved]), create=False)
    old.put(First(person_id="ann", name="Ann Lee"))
    done = new.upcast(Moved)
    assert done.failed == 1
    assert "another primary key" in str(*done.failures.values())


def test_a_malformed_item_says_which_it_is(stores):
    _, new = stores
    new.put(Second(person_id="ann", first="Ann"))
    store = getattr(new, "target", new)
    change = UpdateItem(store.schema.table.name, ANN, {"words": SetTo({"S": "many"})})
    new.run(change.__iter__())
    with pytest.raises(
        MalformedItem, match=r"Second PERSON#ann ~ does not fit .* \$\.words"
    ) as bad:
        new.get(Second, person_id="ann")
    assert (bad.value.key, bad.value.path) == (ANN, "$.words")


def test_an_upcaster_that_returns_nothing_is_named(open_store):
    @entity("person", schema=2, upcasters={1: lambda fields: fields.pop("name") and None})
    class Forgetful:
        """A person whose upcaster forgets its return."""

        person_id: str
        primary = key("PERSON#{person_id}", "~")

    old, new = open_store(OLD), open_store(Schema([Forgetful]), create=False)
    old.put(First(person_id="ann", name="Ann Lee"))
    with pytest.raises(MalformedItem, match="upcaster 1 of Forgetful returned None, not a dict"):
        new.get(Forgetful, person_id="ann")


def test_what_the_package_keeps_for_itself_is_counted_as_what_it_is(stores):
    _, new = stores
    new.put(Second(person_id="ann", first="Ann", notes="x" * 200))
    assert list(new.changes(Second, follow=False)) == []
    verified = new.verify()
    assert list(verified) == []
    assert verified.tally == Tally(items=3, parts=1, consumers=1)
