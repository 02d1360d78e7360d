"""Many writes: batches, what a table leaves of them, errors in the middle, and the report."""

from __future__ import annotations

import itertools

import pytest

from dynastore import Schema, Store, entity, key, ref, version
from dynastore.clients.base import run
from dynastore.clients.opening import MEMORY
from dynastore.clients.sqlite import Answer, SqliteClient
from dynastore.errors import (
    AccessDenied,
    ItemTooLarge,
    NotSent,
    PartialFailure,
    RequestError,
    RevisionConflict,
    Throttled,
    Unavailable,
)
from dynastore.operations.tables import create_table
from dynastore.operations.writing import batches
from dynastore.operations.writing.batches import WINDOW
from dynastore.requests import (
    BATCH_WRITE_BYTES,
    BatchWriteItem,
    DeleteItem,
    Key,
    PutItem,
    Together,
    Wait,
    sent_bytes,
)
from dynastore.testing import memory_store, recorded


@entity("note")
class Note:
    """A note."""

    user_id: str
    note_id: str
    text: str = ""
    blob: bytes = b""

    primary = key("USER#{user_id}", "NOTE#{note_id}")


@entity("draft")
class Draft:
    """A text that several people edit."""

    user_id: str
    draft_id: str
    text: str = ""
    revision: int = version()

    primary = key("USER#{user_id}", "DRAFT#{draft_id}")


SCHEMA = Schema([Note, Draft])


def note(number, **changes):
    return Note(**{"user_id": "ann", "note_id": f"{number:05}", **changes})


def notes(count):
    return [note(number) for number in range(count)]


def refs(entities):
    return [ref(Note, user_id=each.user_id, note_id=each.note_id) for each in entities]


class FaultyClient(SqliteClient):
    """SQLite in memory, whose batches a script spoils.

    The script gets each BatchWriteItem, and gives how many of its writes are carried out, or an
    error to raise.
    """

    def __init__(self, script):
        super().__init__(MEMORY)
        self.script = script
        self.sent = []
        run(create_table(SCHEMA), self)

    def answer(self, request):
        self.sent.append(request)
        if not isinstance(request, BatchWriteItem):
            return super().answer(request)
        found = self.script(request)
        if isinstance(found, Exception):
            raise found
        if found:
            super().answer(BatchWriteItem(request.actions[:found]))
        return Answer(request.actions[found:], 1.0)


def hurried(steps, waits):
    """The same operation, whose waits are noted and not waited for."""
    answer, failure = None, None
    while True:
        try:
            asked = steps.throw(failure) if failure else steps.send(answer)
        except StopIteration as stop:
            return stop.value
        answer, failure = None, None
        if isinstance(asked, Wait):
            waits.append(asked)
            continue
        try:
            answer = yield asked
        except PartialFailure as error:
            failure = error


def put_many(client, entities, **options):
    """The result and the waits."""
    waits = []
    result = run(hurried(batches.put_many(SCHEMA, entities, **options), waits), client)
    return result, waits


def stored(client):
    """All notes of ann."""
    return list(Store(SCHEMA, client).query(Note, user_id="ann"))


# Requests


def test_ten_thousand_puts_are_four_hundred_requests():
    store = memory_store(SCHEMA)
    store.create_table()
    entities = notes(10_000)
    with recorded(store) as sent:
        assert store.put_many(entities) == entities
    assert [type(each.request) for each in sent] == [BatchWriteItem] * 400
    assert store.query(Note, user_id="ann").count() == 10_000


def test_a_window_of_batches_is_sent_together():
    steps = batches.put_many(SCHEMA, notes(WINDOW + 1))
    asked = next(steps)
    assert isinstance(asked, Together)
    assert [len(each.actions) for each in asked.requests] == [25] * 20
    assert [len(each.actions) for each in steps.send([()] * 20).requests] == [1]


def test_no_batch_is_over_16_mb_as_it_is_sent():
    entities = [note(number, text="\x01" * 150_000) for number in range(25)]  # 6 bytes each in JSON
    asked = next(batches.put_many(SCHEMA, entities))
    assert len(asked.requests) > 1
    assert sum(len(each.actions) for each in asked.requests) == 25
    for request in asked.requests:
        assert sum(map(sent_bytes, request.actions)) <= BATCH_WRITE_BYTES


def test_entities_with_a_revision_are_written_one_by_one_in_the_same_round():
    drafts = [Draft(user_id="ann", draft_id=str(n)) for n in range(3)]
    asked = next(batches.put_many(SCHEMA, [*notes(30), *drafts]))
    kinds = [type(each) for each in asked.requests]
    assert kinds == [BatchWriteItem, BatchWriteItem, PutItem, PutItem, PutItem]
    assert all(each.conditions for each in asked.requests[2:])


def test_deletes_are_batches_too():
    steps = batches.delete_many(SCHEMA, [*refs(notes(20)), *notes(30)[20:]])
    asked = next(steps)
    assert [len(each.actions) for each in asked.requests] == [25, 5]
    assert all(isinstance(write, DeleteItem) for each in asked.requests for write in each.actions)


def test_nothing_is_sent_for_nothing():
    store = memory_store(SCHEMA)
    store.create_table()
    with recorded(store) as sent:
        assert store.put_many([]) == []
        assert store.put_many(iter([])) == 0
        store.delete_many([])
    assert sent == []


def test_what_is_left_over_is_told_by_its_key():
    put, delete = PutItem("t", item("a")), DeleteItem("t", Key("b", "b"))
    request = BatchWriteItem((put, delete, PutItem("t", item("c"))))
    entries = request.parameters()["RequestItems"]["t"]
    # What comes back holds base64 text where bytes were sent.
    back = {"PutRequest": {"Item": {**item("a"), "blob": {"B": "AAE="}}}}
    assert request.read({"UnprocessedItems": {"t": [back, entries[1]]}}) == (put, delete)
    assert request.read({"UnprocessedItems": {}}) == ()


def item(text):
    return {**Key(text, text).attributes, "blob": {"B": b"\0\1"}}


# A key given twice


def test_the_last_of_a_key_is_written():
    client = FaultyClient(lambda request: 25)
    entities = [note(1, text="old"), note(2), note(1, text="new")]
    result, _ = put_many(client, entities)
    assert result == [note(1, text="new"), note(2), note(1, text="new")]
    assert stored(client) == [note(1, text="new"), note(2)]


def test_the_last_of_a_key_is_written_however_far_apart_they_are():
    first, last = note(1, text="old"), note(1, text="new")
    entities = [first, *notes(2 * WINDOW)[2:], last]
    for given in (entities, iter(entities)):
        client = FaultyClient(lambda request: 25)
        put_many(client, given)
        assert stored(client)[0] == last


def test_a_key_given_twice_is_refused_before_anything_is_sent():
    client = FaultyClient(lambda request: 25)
    before = len(client.sent)
    with pytest.raises(RequestError, match="USER#ann NOTE#00001 is given 2 times"):
        put_many(client, [note(1), *notes(600)], duplicates="refuse")
    with pytest.raises(RequestError, match="give a list"):
        put_many(client, iter([]), duplicates="refuse")
    with pytest.raises(RequestError, match="'last' or 'refuse'"):
        put_many(client, [], duplicates="first")
    assert len(client.sent) == before


# Bad input


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        (note(0, user_id=""), RequestError),
        (note(0, text=5), RequestError),
        (note(0, text="x" * 500_000), ItemTooLarge),
        ("ann", RequestError),
    ],
)
def test_a_list_is_checked_before_anything_is_sent(wrong, error):
    client = FaultyClient(lambda request: 25)
    before = len(client.sent)
    with pytest.raises(error):
        put_many(client, [*notes(600), wrong])
    assert len(client.sent) == before


def test_what_is_no_list_is_refused():
    for call in (batches.put_many, batches.delete_many):
        with pytest.raises(RequestError, match=r"write .* around it"):
            next(call(SCHEMA, note(1)))


def test_progress_that_cannot_be_called_is_refused_before_anything_is_sent():
    for call in (batches.put_many, batches.delete_many):
        for given in (notes(2), iter(notes(2))):
            with pytest.raises(RequestError, match=r"progress= is called .* not 5"):
                next(call(SCHEMA, given, progress=5))


def test_an_iterator_is_written_up_to_what_cannot_be():
    client = FaultyClient(lambda request: 25)
    entities = iter([*notes(WINDOW), note(WINDOW, text=5), note(WINDOW + 1)])
    with pytest.raises(PartialFailure) as failure:
        put_many(client, entities)
    assert [*failure.value.failed] == refs([note(WINDOW)])
    assert [*failure.value.done] == refs([note(WINDOW + 1)])
    assert len(stored(client)) == WINDOW + 1


# What a table leaves


def test_what_a_table_leaves_is_sent_again_after_waits_that_grow():
    taken = iter([20, 8, 0, 1, 4])
    client = FaultyClient(lambda request: next(taken))
    result, waits = put_many(client, notes(33))
    assert result == notes(33)
    batches = [len(each.actions) for each in client.sent if isinstance(each, BatchWriteItem)]
    assert batches == [25, 8, 5, 5, 4]
    assert waits == [Wait(0.05 * 2**n, jittered=True) for n in range(3)]
    assert stored(client) == notes(33)


def test_what_is_never_taken_is_reported():
    never = Key("USER#ann", "NOTE#00003")

    def script(request):
        keys = [Key.of(each.item) for each in request.actions]
        return keys.index(never) if never in keys else 25

    client = FaultyClient(script)
    waits = []
    with pytest.raises(PartialFailure) as failure:
        run(hurried(batches.put_many(SCHEMA, notes(30)), waits), client)
    assert all(isinstance(each, Throttled) for each in failure.value.failed.values())
    assert_exact(client, failure.value, notes(30))
    assert len(failure.value.failed) == 22
    assert len(waits) == 7


def test_an_error_leaves_the_other_batches_done_and_ends_the_call():
    broken = Unavailable("InternalServerError", "try later")
    numbers = itertools.count()
    client = FaultyClient(lambda request: broken if next(numbers) == 3 else 25)
    entities = notes(WINDOW + 60)
    with pytest.raises(PartialFailure) as failure:
        put_many(client, entities)
    assert_exact(client, failure.value, entities)
    failed = failure.value.failed
    assert [failed[each] for each in refs(entities[75:100])] == [broken] * 25
    rest = [failed[each] for each in refs(entities[WINDOW:])]
    assert all(isinstance(each, NotSent) and each.reason is broken for each in rest)
    assert len(failed) == 25 + 60


def test_an_error_after_some_were_taken_fails_only_the_others():
    answers = iter([10, AccessDenied("AccessDeniedException", "no")])
    client = FaultyClient(lambda request: next(answers))
    with pytest.raises(PartialFailure) as failure:
        put_many(client, notes(25))
    assert_exact(client, failure.value, notes(25))
    assert len(failure.value.done) == 10


def test_an_iterator_can_go_on_after_a_failure():
    fails = [True]
    client = FaultyClient(
        lambda request: Unavailable("503", "later") if fails and fails.pop() else 25
    )
    entities = iter(notes(WINDOW + 100))
    with pytest.raises(PartialFailure) as failure:
        put_many(client, entities)
    assert len(failure.value.failed) == 25
    assert len(failure.value.done) == WINDOW - 25
    assert put_many(client, entities) == (100, [])
    assert len(stored(client)) == WINDOW + 75


def assert_exact(client, failure, entities):
    """What is in ``done`` is what is stored, and the rest is in ``failed``."""
    assert [*failure.done] == refs(stored(client))
    assert [*failure.done.values()] == stored(client)
    assert {*failure.failed} == {*refs(entities)} - {*failure.done}


# Revisions


def test_a_conflict_is_about_one_entity():
    store = memory_store(SCHEMA)
    first = store.put_many([Draft(user_id="ann", draft_id=f"{n:04}") for n in range(WINDOW + 5)])
    assert {each.revision for each in first} == {1}
    store.update(first[2], text="somebody else")
    with pytest.raises(PartialFailure) as failure:
        store.put_many(first)
    ((target, error),) = failure.value.failed.items()
    assert target == ref(Draft, user_id="ann", draft_id="0002")
    assert isinstance(error, RevisionConflict)
    assert len(failure.value.done) == WINDOW + 4
    assert {each.revision for each in failure.value.done.values()} == {2}


def test_a_stale_entity_is_not_deleted():
    store = memory_store(SCHEMA)
    old = store.put(Draft(user_id="ann", draft_id="1"))
    store.put(old)
    with pytest.raises(PartialFailure) as failure:
        store.delete_many([old, note(1)])
    assert failure.value.done == {ref(Note, user_id="ann", note_id="00001"): None}
    assert isinstance(
        failure.value.failed[ref(Draft, user_id="ann", draft_id="1")], RevisionConflict
    )
    store.delete_many([ref(Draft, user_id="ann", draft_id="1")])
    assert store.get(Draft, user_id="ann", draft_id="1") is None


# Progress, and reading lazily


def test_progress_counts_what_is_written():
    store = memory_store(SCHEMA)
    told = []
    store.put_many([*notes(WINDOW + 10), note(0)], progress=lambda *each: told.append(each))
    assert told == [(WINDOW + 1, WINDOW + 11), (WINDOW + 11, WINDOW + 11)]
    told.clear()
    store.delete_many(iter(notes(WINDOW + 10)), progress=lambda *each: told.append(each))
    assert told == [(WINDOW, None), (WINDOW + 10, None)]


def test_progress_does_not_count_what_failed():
    client = FaultyClient(lambda request: AccessDenied("AccessDeniedException", "no"))
    told = []
    with pytest.raises(PartialFailure):
        put_many(client, notes(WINDOW + 10), progress=lambda *each: told.append(each))
    assert told == [(0, WINDOW + 10)]


def test_an_iterator_is_read_no_further_than_it_is_written():
    read = []

    def endless():
        for number in itertools.count():
            read.append(number)
            yield note(number)

    steps = batches.put_many(SCHEMA, endless())
    next(steps)
    assert len(read) == WINDOW
    steps.send([()] * 20)
    assert len(read) == 2 * WINDOW


def test_a_set_or_the_values_of_a_dict_are_written_as_a_list_is():
    store = memory_store(SCHEMA)
    by_id = {each.note_id: each for each in notes(3)}
    assert store.put_many(by_id.values()) == notes(3)
