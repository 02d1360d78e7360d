"""Whatever strikes the requests of a call, its report is exact: done is what was acknowledged."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dynastore import Schema, Store, entity, key, ref, version
from dynastore.clients.base import run
from dynastore.clients.opening import MEMORY
from dynastore.clients.sqlite import Answer, SqliteClient
from dynastore.errors import PartialFailure, Throttled, Unavailable
from dynastore.operations.tables import create_table
from dynastore.operations.writing import batches
from dynastore.requests import BatchWriteItem, PutItem, Wait, key_of


@entity("note")
class Note:
    """A note."""

    note_id: int
    text: str = ""

    primary = key("NOTES", "NOTE#{note_id}")


@entity("draft")
class Draft:
    """A text that several people edit."""

    note_id: int
    text: str = ""
    revision: int = version()

    primary = key("NOTES", "DRAFT#{note_id}")


SCHEMA = Schema([Note, Draft])
ALL = 25
fates = st.integers(0, ALL) | st.sampled_from([ALL, ALL, "refused", "lost"])


class FaultyClient(SqliteClient):
    """SQLite in memory. Of each write request a fate: how many are taken, refused, or lost its answer."""

    def __init__(self, drawn):
        super().__init__(MEMORY)
        run(create_table(SCHEMA), self)
        self.fates = iter(drawn)
        self.acknowledged = set()
        self.unknown = set()

    def answer(self, request):
        if not isinstance(request, BatchWriteItem | PutItem):
            return super().answer(request)
        fate = next(self.fates, ALL)
        asked = request.actions if isinstance(request, BatchWriteItem) else (request,)
        if fate == "refused" or (fate == 0 and isinstance(request, PutItem)):
            raise Throttled("ThrottlingException", "slow down")
        if fate == "lost":
            super().answer(request)
            self.unknown |= set(map(key_of, asked))
            raise Unavailable("InternalServerError", "no answer")
        taken = asked[:fate]
        if isinstance(request, PutItem):
            answer = super().answer(request)
        else:
            if taken:
                super().answer(BatchWriteItem(taken))
            answer = Answer(asked[fate:])
        self.acknowledged |= set(map(key_of, taken))
        return answer


def at_once(steps):
    """The same operation without its waits."""
    answer, failure = None, None
    while True:
        try:
            asked = steps.throw(failure) if failure else steps.send(answer)
        except StopIteration as stop:
            return stop.value
        answer, failure = None, None
        if not isinstance(asked, Wait):
            try:
                answer = yield asked
            except PartialFailure as error:
                failure = error


def entities(kinds):
    return [cls(note_id=number, text=f"text {number}") for number, cls in enumerate(kinds)]


def key_of_ref(target):
    return SCHEMA.codec(target.cls).key(dict(target.values), "")


def ref_of(each):
    return ref(type(each), note_id=each.note_id)


@given(
    kinds=st.lists(st.sampled_from([Note, Note, Note, Draft]), max_size=120),
    drawn=st.lists(fates, max_size=20),
    copies=st.lists(st.integers(0, 119), max_size=5),
)
def test_every_key_is_accounted_for(kinds, drawn, copies):
    some = entities(kinds)
    given_ = [*some, *(some[at] for at in copies if at < len(some))]
    client = FaultyClient(drawn)
    try:
        stored = run(at_once(batches.put_many(SCHEMA, given_)), client)
        done, failed = {ref_of(each): each for each in stored}, {}
        assert list(map(ref_of, stored)) == list(map(ref_of, given_))
    except PartialFailure as failure:
        done, failed = failure.done, failure.failed
    assert {key_of_ref(target) for target in done} == client.acknowledged
    assert not done.keys() & failed.keys()
    assert done.keys() | failed.keys() == set(map(ref_of, some))
    store = Store(SCHEMA, client)
    for target, entity_ in done.items():
        assert store.get(target.cls, **dict(target.values)) == entity_
    for target in failed:
        is_stored = store.get(target.cls, **dict(target.values)) is not None
        assert is_stored <= (key_of_ref(target) in client.unknown)
