"""Following changes, on every engine."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from attrs import evolve

from dynastore import Create, Delete, Schema, entity, key, ref
from dynastore.errors import ConsumerBusy, ConsumerMismatch, MalformedItem, RequestError
from dynastore.requests import PutItem

from .engines import EMBEDDED_PAIRS, PAIRS

pytestmark = pytest.mark.on(*PAIRS)


@entity("note")
class Note:
    user_id: str
    note_id: str
    text: str = ""
    data: bytes = b""

    primary = key("USER#{user_id}", "NOTE#{note_id}")


@entity("tag")
class Tag:
    user_id: str
    name: str

    primary = key("USER#{user_id}", "TAG#{name}")


SCHEMA = Schema([Note, Tag])
TEA = Note(user_id="ann", note_id="n1", text="tea")


@pytest.fixture
def store(open_store):
    """A store whose stream has begun: SQLite's does with the first consumer."""
    store = open_store(SCHEMA)
    assert seen(store, name="first") == []
    return store


def seen(store, *classes, **options):
    """All changes there are."""
    return list(store.changes(*classes, **{"follow": False, **options}))


def texts(changes):
    return [change.new and change.new.text for change in changes]


def put_all(store, *texts, user_id="ann"):
    for text in texts:
        store.put(evolve(TEA, user_id=user_id, text=text))


def test_a_change_has_the_entity_before_and_after(store):
    store.put(TEA)
    store.update(TEA, text="green tea")
    store.delete(TEA)
    created, updated, deleted = seen(store, Note, start="oldest")
    green = evolve(TEA, text="green tea")
    assert [each.kind for each in (created, updated, deleted)] == ["created", "updated", "deleted"]
    assert (created.old, created.new) == (None, TEA)
    assert (updated.old, updated.new) == (TEA, green)
    assert (deleted.old, deleted.new) == (green, None)
    assert {each.key for each in (created, updated, deleted)} == {
        ref(Note, user_id="ann", note_id="n1")
    }
    assert {each.cls for each in (created, updated, deleted)} == {Note}
    assert created.sequence < updated.sequence < deleted.sequence
    assert len({created.id, updated.id, deleted.id}) == 3
    assert abs(created.at - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)


def test_bytes_come_as_they_were_written(store):
    store.put(evolve(TEA, data=b"\x00\xff"))
    assert seen(store, Note, start="oldest")[0].new.data == b"\x00\xff"


def test_a_new_consumer_sees_what_is_written_from_then_on(store):
    put_all(store, "a")
    assert seen(store) == []
    put_all(store, "b", "c")
    assert texts(seen(store)) == ["b", "c"]
    assert seen(store) == []


def test_the_oldest_changes_kept_can_be_had(store):
    put_all(store, "a", "b")
    assert texts(seen(store, name="late", start="oldest")) == ["a", "b"]


def test_where_it_starts_counts_the_first_time_only(store):
    put_all(store, "a")
    assert len(seen(store, start="oldest")) == 1
    assert seen(store, start="oldest") == []


def test_each_consumer_sees_all_changes(store):
    put_all(store, "a", "b")
    one, two = (seen(store, name=name, start="oldest") for name in ("one", "two"))
    assert one == two
    assert texts(one) == ["a", "b"]


def test_only_the_classes_asked_for_are_seen(store):
    store.put(TEA)
    store.put(Tag(user_id="ann", name="t"))
    assert [each.cls for each in seen(store, Tag, start="oldest")] == [Tag]
    assert [each.cls for each in seen(store, name="both", start="oldest")] == [Note, Tag]


def test_other_classes_under_one_name_are_refused_before_anything_is_lost(store):
    store.put(TEA)
    store.put(Tag(user_id="ann", name="t"))
    assert [each.cls for each in seen(store, Note, start="oldest")] == [Note]
    for others in ((Tag,), (Note, Tag), ()):
        with pytest.raises(ConsumerMismatch, match="'default' follows the changes of note") as told:
            seen(store, *others)
        assert told.value.followed == ("note",)
    put_all(store, "green tea")
    assert texts(seen(store, Note)) == ["green tea"]


def test_a_consumer_that_gets_other_classes_goes_on_from_the_oldest(store):
    store.put(TEA)
    store.put(Tag(user_id="ann", name="t"))
    assert len(seen(store, Note, start="oldest")) == 1
    assert [each.cls for each in seen(store, Tag, Note, on_gap="oldest")] == [Note, Tag]
    assert seen(store, Note, Tag) == []
    assert seen(store) == []  # all classes of the schema, which are these
    with pytest.raises(ConsumerMismatch):
        seen(store, Note)


def test_a_scope_sees_its_own_changes_only(store):
    qa = store.scope("qa")
    store.put(TEA)
    put_all(qa, "in qa")
    put_all(qa.scope("nested"), "nested")
    assert texts(seen(qa, start="oldest")) == ["in qa"]
    assert texts(seen(store, start="oldest")) == ["tea"]
    assert texts(seen(qa.scope("nested"), start="oldest")) == ["nested"]


def test_items_of_the_package_itself_are_passed_over(store):
    for tag in ("~part", "~guard"):
        item = {"PK": {"S": "USER#ann"}, "SK": {"S": f"~{tag}"}, "TYPE": {"S": tag}}
        store.run(PutItem(store.schema.table.name, item).__iter__())
    put_all(store, "a")
    assert texts(seen(store, start="oldest")) == ["a"]


def test_the_writes_of_a_transaction_are_changes(store):
    put_all(store, "a")
    store.transact(Create(Note(user_id="bob", note_id="n1", text="b")), Delete(TEA))
    assert sorted(each.kind for each in seen(store, start="oldest")) == [
        *("created", "created", "deleted")
    ]


def test_a_loop_that_breaks_off_gets_its_last_change_again(store):
    put_all(store, "a", "b", "c")
    for change in store.changes(Note, start="oldest"):
        if change.new.text == "b":
            break
    assert texts(seen(store, Note)) == ["b", "c"]


def test_a_loop_that_raises_gets_its_last_change_again(store):
    put_all(store, "a", "b", "c")

    def take():
        for change in store.changes(Note, start="oldest"):
            assert change.new.text != "b" or 1 / 0

    with pytest.raises(ZeroDivisionError):
        take()
    assert texts(seen(store, Note)) == ["b", "c"]


def test_changes_can_be_iterated_again(store):
    put_all(store, "a")
    changes = store.changes(Note, start="oldest", follow=False)
    assert texts(changes) == ["a"]
    put_all(store, "b")
    assert texts(changes) == ["b"]


def test_a_loop_that_follows_sees_what_is_written_meanwhile(store):
    put_all(store, "0")
    found = []
    for change in store.changes(Note, start="oldest"):
        found.append(change.new.text)
        if change.new.text == "5":
            break
        put_all(store, str(int(change.new.text) + 1))
    assert found == ["0", "1", "2", "3", "4", "5"]


def test_one_process_at_a_time_reads_for_a_consumer(store, open_store):
    put_all(store, "a", "b")
    other = open_store(SCHEMA)
    for change in store.changes(Note, start="oldest"):
        with pytest.raises(ConsumerBusy) as busy:
            seen(other, Note)
        assert busy.value.consumer == "default"
        name = f"another, at {change.new.text}"
        assert texts(seen(other, name=name, start="oldest")) == ["a", "b"]
        if change.new.text == "b":
            break
    assert texts(seen(other, Note)) == ["b"]


def test_whoever_was_replaced_is_told_and_writes_nothing(store, open_store):
    put_all(store, "a", "b", "c")
    other = open_store(SCHEMA)
    slow = iter(store.changes(Note, start="oldest", lease_seconds=0.001))
    assert next(slow).new.text == "a"
    time.sleep(0.01)
    assert texts(seen(other, Note)) == ["a", "b", "c"]
    with pytest.raises(ConsumerBusy):
        next(slow)
    assert seen(other, Note) == []


def test_a_thousand_changes_are_read_in_order(store):
    for number in range(1_100):
        store.put(Note(user_id=f"u{number % 7}", note_id="n", text=f"{number:04}"))
    found = [each.new for each in seen(store, Note, start="oldest")]
    for user in range(7):
        mine = [note.text for note in found if note.user_id == f"u{user}"]
        assert mine == [f"{number:04}" for number in range(user, 1_100, 7)]


def test_an_image_that_does_not_fit_its_class_stops_the_consumer_there(store):
    put_all(store, "a")
    item = {"PK": {"S": "USER#ann"}, "SK": {"S": "NOTE#n2"}, "TYPE": {"S": "note"}}
    store.run(PutItem(store.schema.table.name, {**item, "text": {"N": "1"}}).__iter__())
    found = []
    for _ in range(2):
        with pytest.raises(MalformedItem):
            found += [each.new.text for each in store.changes(Note, start="oldest", follow=False)]
    assert found == []
    assert seen(store, Tag, name="tags") == []


@pytest.mark.fault("moto", reason="it records a write that changes nothing")
def test_a_write_that_changes_nothing_is_no_change(store):
    put_all(store, "a", "a")
    assert texts(seen(store, start="oldest")) == ["a"]


@pytest.mark.on(*EMBEDDED_PAIRS)
@pytest.mark.parametrize(
    "options",
    [
        {"name": ""},
        {"name": "n" * 3_000},
        {"start": "newest"},
        {"on_gap": "skip"},
        {"save_every": 0},
        {"lease_seconds": 0},
        {"lease_seconds": float("nan")},
    ],
)
def test_options_that_make_no_sense_are_refused(store, options):
    with pytest.raises(RequestError):
        store.changes(Note, **options)


def test_a_class_that_is_not_in_the_schema_is_refused(open_store):
    with pytest.raises(RequestError, match="Tag"):
        open_store(Schema([Note])).changes(Tag)
