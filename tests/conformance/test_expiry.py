"""Expiry on every engine: what is expired is not found, however it is asked for, and is in no way."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from attrs import evolve

from dynastore import (
    Check,
    Create,
    Delete,
    Put,
    Schema,
    Update,
    entity,
    gsi,
    if_missing,
    increment,
    key,
    ref,
    since,
    unique,
    unset,
    version,
)
from dynastore.errors import (
    AlreadyExists,
    ConditionFailed,
    NotUnique,
    RequestError,
    RevisionConflict,
    TransactionCanceled,
)
from dynastore.requests import BatchGetItem, PutItem, Query, UpdateItem
from dynastore.telemetry.recording import recorded

from .engines import PAIRS

pytestmark = pytest.mark.on(*PAIRS)

# Far ahead, so that no engine deletes by its own clock what is live or expired by this one.
NOON = dt.datetime(2096, 3, 1, 12, tzinfo=dt.UTC)
SECOND, HOUR, DAY = dt.timedelta(seconds=1), dt.timedelta(hours=1), dt.timedelta(days=1)


class Clock:
    """Says what it is told."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> dt.datetime:
        return self.now


@entity("visit", expires="ends_at")
class Visit:
    """A visit, found by four indexes: one has all of it, one a field, one keys, one its end."""

    owner: str
    visit_id: str
    team: str = "core"
    kind: str = "call"
    text: str = ""
    room: str = "1"
    ends_at: dt.datetime | None = None

    primary = key("OWNER#{owner}", "VISIT#{visit_id}")
    fat = gsi(1, "TEAM#{team}", "VISIT", "{visit_id}")
    slim = gsi(2, "KIND#{kind}", "VISIT", "{visit_id}", include=("team",))
    bare = gsi(3, "TEXT#{text}", "VISIT", "{visit_id}", include=())
    ending = gsi(4, "ROOM#{room}", "{ends_at?}", "{visit_id}", include=())


@entity("note")
class Note:
    """It never expires, and shares the partitions of visits."""

    owner: str
    note_id: str
    kind: str = "call"

    primary = key("OWNER#{owner}", "NOTE#{note_id}")
    slim = gsi(2, "KIND#{kind}", "NOTE", "{note_id}", include=())


@entity("lease", expires="ends_at", lifetime=DAY)
class Lease:
    """It lives for a day, unless it is told otherwise, and counts its writes."""

    name: str
    holder: str = "ann"
    ends_at: dt.datetime | None = None
    revision: int = version()

    primary = key("LEASE#{name}", "~")


@entity("guest", expires="ends_at")
class Guest:
    """One of a name at a time."""

    guest_id: str
    name: str
    visits: int = 0
    ends_at: dt.datetime | None = None

    primary = key("GUEST#{guest_id}", "~")
    by_name = unique("name")


SCHEMA = Schema([Visit, Note, Lease, Guest])
L1 = ref(Lease, name="l1")
WHERES: dict[str, dict[str, Any]] = {
    "the table": {"owner": "ann"},
    "an index of all": {"team": "core"},
    "a slim index": {"kind": "call"},
    "an index of keys": {"text": ""},
}
# By number of the visit: expired, for ever, in the very second, in the one before, in an hour.
ENDS = [NOON - DAY, None, NOON, NOON - SECOND / 2, NOON + HOUR]
LIVE = [1, 4]


def visit(number: int, ends_at: dt.datetime | None, **changes: Any) -> Visit:
    return Visit(**{"owner": "ann", "visit_id": f"v{number:03}", "ends_at": ends_at, **changes})


VISITS = [visit(number, ends_at) for number, ends_at in enumerate(ENDS)]
FOUND = [VISITS[number] for number in LIVE]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(open_store, clock):
    store = open_store(SCHEMA, clock=clock)
    store.create_table()
    return store


@pytest.fixture
def visits(store, settled):
    """A store with visits, and a note."""
    for each in VISITS:
        store.put(each)
    store.put(Note(owner="ann", note_id="n1"))
    settled()
    return store


def refs(*numbers: int) -> list[Any]:
    return [ref(Visit, owner="ann", visit_id=f"v{number:03}") for number in numbers]


def test_a_key_does_not_find_it(visits):
    got = [visits.get(Visit, owner="ann", visit_id=each.visit_id) for each in VISITS]
    assert got == [None, VISITS[1], None, None, VISITS[4]]
    assert visits.get_many(refs(0, 1, 2, 3, 4)) == got
    several = visits.get_many([*refs(0, 4), ref(Note, owner="ann", note_id="n1")])
    assert [type(each).__name__ for each in several] == ["NoneType", "Visit", "Note"]


@pytest.mark.parametrize("where", WHERES.values(), ids=WHERES)
def test_no_question_finds_it(visits, where):
    found = visits.query(Visit, **where)
    assert list(found) == FOUND
    assert list(found.newest_first()) == FOUND[::-1]
    assert list(found.order_by("ends_at")) == FOUND
    assert list(found.select("visit_id")) == [{"visit_id": each.visit_id} for each in FOUND]
    assert list(visits.query(Visit, **where, visit_id=since("v002"))) == [VISITS[4]]


@pytest.mark.parametrize("where", WHERES.values(), ids=WHERES)
def test_it_is_not_counted_and_has_no_place(visits, where):
    found = visits.query(Visit, **where)
    assert found.count() == 2
    assert found.first() == VISITS[1]
    assert found.limit(1).count() == 1
    piece = found.slice(1, 9)
    assert (piece.entities, piece.total) == ([VISITS[4]], 2)


@pytest.mark.parametrize("where", WHERES.values(), ids=WHERES)
def test_pages_are_full_where_it_lies_between(visits, where):
    page = visits.query(Visit, **where).page(limit=2)
    assert page.entities == FOUND
    first = visits.query(Visit, **where).page(limit=1)
    assert first.entities == FOUND[:1]
    rest = visits.query(Visit, **where).page(limit=1, cursor=first.cursor)
    assert rest.entities == FOUND[1:]


def test_known_keys_do_not_find_it(visits):
    found = visits.query(Visit, owner="ann", visit_id="v000")
    assert (list(found), found.count()) == ([], 0)
    assert visits.query(Visit, owner="ann", visit_id="v001").count() == 1


@pytest.mark.parametrize(
    ("where", "sent"),
    [
        ({"owner": "ann"}, [Query]),
        ({"team": "core"}, [Query]),
        ({"kind": "call"}, [Query]),
        ({"text": ""}, [Query, BatchGetItem]),  # keys do not say when they expire
    ],
)
def test_counting_brings_items_only_where_the_index_does_not_say(visits, where, sent):
    with recorded(visits) as counting:
        assert visits.query(Visit, **where).count() == 2
    assert [type(each.request) for each in counting] == sent
    assert counting[0].request.count_only == (sent == [Query])


def test_a_collection_has_it_not_and_all_of_what_cannot_expire(visits):
    (note,) = list(visits.query(Note, owner="ann"))
    for where in ({"owner": "ann"}, {"kind": "call"}):
        found = visits.collection(Visit, Note, **where)
        assert sorted(found, key=repr) == sorted([note, *FOUND], key=repr)
        assert found.count() == 3
        assert found.by_class() == {Visit: FOUND, Note: [note]}


@pytest.mark.scans
def test_a_scan_does_not_find_it(visits):
    assert sorted(visits.scan(Visit), key=repr) == sorted(FOUND, key=repr)
    assert len(list(visits.scan(Note))) == 1
    page = visits.scan(Visit).page()
    assert len(page.entities) == 2


@pytest.mark.scans
def test_a_scan_goes_on_at_another_time(visits, clock):
    scan = visits.scan(Visit, segments=2)
    first = next(iter(scan))
    clock.now += SECOND
    rest = list(visits.scan(Visit, segments=2, cursor=scan.cursor))
    assert sorted([first, *rest], key=repr) == sorted(FOUND, key=repr)


def test_a_page_goes_on_at_another_time(visits, clock):
    first = visits.query(Visit, team="core").page(limit=1)
    clock.now += HOUR
    rest = visits.query(Visit, team="core").page(limit=1, cursor=first.cursor)
    assert (first.entities, list(rest.entities)) == (FOUND[:1], [])


def test_it_is_found_until_the_second_of_its_end_is_over(store, clock):
    store.put(visit(0, NOON + SECOND / 4))
    target = {"owner": "ann", "visit_id": "v000"}
    clock.now = NOON + SECOND * 0.999
    assert store.get(Visit, **target)
    assert store.query(Visit, **target, text="").count() == 1
    assert store.query(Visit, owner="ann").count() == 1
    clock.now = NOON + SECOND
    assert store.get(Visit, **target) is None
    assert store.query(Visit, owner="ann").count() == 0


def test_what_cannot_expire_is_asked_for_as_ever(visits):
    with recorded(visits) as sent:
        assert visits.query(Note, owner="ann").count() == 1
        visits.put(Note(owner="ann", note_id="n1"), when={"kind": "call"})
    counted, put = (each.request for each in sent)
    assert counted.filter == ()
    assert [name for name, _ in put.conditions] == ["kind"]


def test_many_expired_ones_take_few_requests(store, settled):
    for number in range(60):
        store.put(visit(number, NOON if number < 55 else None))
    settled()
    for where in ({"owner": "ann"}, {"team": "core"}, {"kind": "call"}):
        with recorded(store) as sent:
            page = store.query(Visit, **where).page(limit=3)
        assert [each.visit_id for each in page.entities] == ["v055", "v056", "v057"]
        queries = [each.request for each in sent if isinstance(each.request, Query)]
        assert [query.limit for query in queries] == [3, 100]


def test_create_takes_its_place(store, clock):
    store.create(visit(0, NOON + HOUR, text="old"))
    with pytest.raises(AlreadyExists):
        store.create(visit(0, None))
    clock.now += HOUR
    new = store.create(visit(0, clock.now + HOUR, text="new"))
    assert store.get(Visit, owner="ann", visit_id="v000") == new
    with pytest.raises(AlreadyExists):
        store.create(visit(0, None))


def test_a_new_revision_takes_its_place(store, clock):
    store.put(store.create(Lease(name="l1")))
    clock.now += DAY
    old = Lease(name="l1", holder="bob", revision=2)
    with pytest.raises(RevisionConflict) as conflict:
        store.put(old)
    assert conflict.value.stored is None
    assert store.create(Lease(name="l1")).revision == 1
    clock.now += DAY
    assert store.put(Lease(name="l1", holder="bob")).revision == 1


def test_a_condition_has_nothing_to_hold_of(store, clock):
    store.put(visit(0, NOON + HOUR))
    clock.now += HOUR
    with pytest.raises(ConditionFailed) as failure:
        store.put(visit(0, None), when={"team": "core"})
    assert failure.value.stored is None
    with pytest.raises(ConditionFailed) as failure:
        store.delete(refs(0)[0], when={"team": "core"})
    assert failure.value.stored is None


def test_a_condition_holds_of_it_as_of_none(store, clock):
    for number in (0, 1):
        if number:
            store.put(visit(1, NOON))
        with pytest.raises(ConditionFailed):
            store.put(visit(number, None, text="new"), when={"ends_at": NOON})
        stored = store.put(visit(number, None, text="new"), when={"ends_at": None})
        assert store.get(Visit, owner="ann", visit_id=stored.visit_id) == stored


def test_put_replaces_it(store, clock):
    store.put(visit(0, NOON))
    new = store.put(visit(0, None))
    assert store.get(Visit, owner="ann", visit_id="v000") == new


def test_a_transaction_takes_it_for_none(store):
    store.put(visit(0, NOON))
    kept = store.put(visit(1, NOON + HOUR))
    assert store.transact_get(*refs(0, 1)) == [None, kept]
    for write in (
        Check(refs(0)[0]),
        Update(refs(0)[0], text="x"),
        Delete(refs(0)[0], {"text": ""}),
    ):
        with pytest.raises(TransactionCanceled) as canceled:
            store.transact(Put(visit(1, None)), write)
        reason = canceled.value.reasons[1]
        assert isinstance(reason, ConditionFailed)
        assert reason.stored is None
    new, _ = store.transact(Create(visit(0, None), lifetime=DAY), Check(refs(1)[0]))
    assert store.get_many(refs(0, 1)) == [visit(0, NOON + DAY), kept]
    assert new == visit(0, NOON + DAY)


def test_its_unique_values_are_free(store, clock):
    store.create(Guest(guest_id="g1", name="ann", ends_at=NOON + HOUR))
    with pytest.raises(NotUnique):
        store.create(Guest(guest_id="g2", name="ann"))
    clock.now += HOUR
    taken = store.create(Guest(guest_id="g2", name="ann", ends_at=NOON + DAY))
    with pytest.raises(NotUnique):
        store.put(Guest(guest_id="g1", name="ann"))
    again = store.put(Guest(guest_id="g1", name="bob", ends_at=NOON + DAY))
    assert store.delete(taken) == taken
    assert store.touch(ref(Guest, guest_id="g1"), lifetime=HOUR) == evolve(
        again, ends_at=clock.now + HOUR
    )
    clock.now += HOUR
    assert store.delete(again) is None
    assert store.put(Guest(guest_id="g1", name="bob")) == Guest(guest_id="g1", name="bob")


def test_an_upsert_makes_it_anew(store):
    store.put(Guest(guest_id="g1", name="ann", visits=7, ends_at=NOON))
    made = store.upsert(ref(Guest, guest_id="g1"), name=if_missing("bob"), visits=increment(1))
    assert made == Guest(guest_id="g1", name="bob", visits=1)


def test_it_cannot_be_moved_and_is_not_in_the_way(store):
    store.put(visit(0, NOON))
    moving = store.put(visit(1, None, text="moved"))
    with pytest.raises(ConditionFailed) as failure:
        store.move(refs(0)[0], visit_id="v009")
    assert failure.value.stored is None
    moved = store.move(moving, visit_id="v000")
    assert store.get_many(refs(0, 1)) == [moved, None]


def test_a_move_leaves_its_end_as_it_is(store):
    store.create(Lease(name="l1"))
    kept = store.update(L1, ends_at=None)
    assert store.move(kept, name="l2").ends_at is None


@pytest.mark.parametrize("changes", [{"text": "x"}, {"ends_at": NOON + DAY}, {"ends_at": unset()}])
def test_no_update_brings_it_back(store, changes):
    store.put(visit(0, NOON))
    for target in (*refs(0), visit(0, NOON)):
        with pytest.raises(ConditionFailed) as failure:
            store.update(target, **changes)
        assert failure.value.stored is None
    assert store.get(Visit, owner="ann", visit_id="v000") is None


def test_an_update_of_a_counted_one_is_told_that_it_is_gone(store, clock):
    lease = store.create(Lease(name="l1"))
    clock.now += DAY
    with pytest.raises(RevisionConflict) as conflict:
        store.update(lease, holder="bob")
    assert conflict.value.stored is None
    with pytest.raises(ConditionFailed):
        store.update(L1, holder="bob")


def test_delete_finds_none(store):
    store.put(visit(0, NOON))
    assert store.delete(refs(0)[0]) is None
    store.put(visit(0, NOON + SECOND))
    assert store.delete(refs(0)[0]) == visit(0, NOON + SECOND)


def test_a_lifetime_begins_with_the_write(store, clock):
    created = store.create(Lease(name="l1"))
    assert created.ends_at == NOON + DAY
    assert store.get(Lease, name="l1") == created
    kept = store.put(evolve(created, holder="bob"))
    assert kept.ends_at == NOON + DAY  # it says when already
    clock.now += HOUR
    begun_again = store.put(evolve(kept, ends_at=None))
    assert begun_again.ends_at == NOON + HOUR + DAY
    clock.now += DAY
    assert store.get(Lease, name="l1") is None


def test_a_write_may_say_how_long(store, clock):
    assert store.create(Lease(name="l1"), lifetime=HOUR).ends_at == NOON + HOUR
    told = Lease(name="l2", ends_at=NOON + DAY)
    assert store.put(told, lifetime=HOUR).ends_at == NOON + HOUR
    assert store.put(visit(0, None), lifetime=SECOND).ends_at == NOON + SECOND
    assert store.put(visit(1, None)).ends_at is None
    clock.now += HOUR
    assert store.get_many([L1, ref(Lease, name="l2"), *refs(0)]) == [None, None, None]


@pytest.mark.parametrize(
    ("lifetime", "says"),
    [
        (dt.timedelta(0), "a second at least"),
        (-DAY, "a second at least"),
        (40_000 * DAY, "100 years at most"),
        (3600, "is a timedelta"),
    ],
)
def test_a_lifetime_that_is_none_is_refused(store, lifetime, says):
    for call in (store.put, store.create, store.touch):
        with recorded(store) as sent, pytest.raises(RequestError, match=says):
            call(Lease(name="l1"), lifetime=lifetime)
        assert sent == []


def test_what_cannot_expire_takes_no_lifetime(store):
    note = Note(owner="ann", note_id="n1")
    for call in (store.put, store.create, store.touch):
        with pytest.raises(RequestError, match="Note does not expire, so it takes no lifetime"):
            call(note, lifetime=DAY)
    with pytest.raises(RequestError, match="Note has no lifetime of its own"):
        store.touch(note)
    with pytest.raises(RequestError, match="Visit has no lifetime of its own; give touch"):
        store.touch(VISITS[0])


def test_touch_lets_it_live_on(store, clock):
    lease = store.create(Lease(name="l1"))
    clock.now += HOUR
    with recorded(store) as sent:
        touched = store.touch(L1)
    assert [type(each.request) for each in sent] == [UpdateItem]
    assert touched == evolve(lease, ends_at=NOON + HOUR + DAY, revision=2)
    assert store.get(Lease, name="l1") == touched
    assert store.touch(touched, lifetime=HOUR).ends_at == clock.now + HOUR
    clock.now += HOUR
    assert store.get(Lease, name="l1") is None


def test_touch_moves_it_in_an_index_of_its_end(store, settled):
    first, second = visit(1, NOON + HOUR), visit(2, NOON + 2 * HOUR)
    store.put(first)
    store.put(second)
    later = store.touch(refs(1)[0], lifetime=DAY)
    settled()
    found = store.query(Visit, room="1", ends_at=since(NOON))
    assert found.plan.pattern == "ending"
    assert list(found) == [second, later]


def test_touch_refuses_what_is_gone(store, clock):
    with pytest.raises(ConditionFailed) as failure:
        store.touch(L1)
    assert failure.value.stored is None
    store.create(Lease(name="l1"))
    clock.now += DAY
    with pytest.raises(ConditionFailed) as failure:
        store.touch(L1)
    assert failure.value.stored is None
    with pytest.raises(RevisionConflict):
        store.touch(Lease(name="l1", revision=1))


def test_a_put_without_conditions_still_has_none(store):
    with recorded(store) as sent:
        store.put(visit(0, NOON))
        store.put(Note(owner="ann", note_id="n1"))
    puts = [each.request for each in sent]
    assert [type(each) for each in puts] == [PutItem, PutItem]
    assert all(each.conditions == () for each in puts)
