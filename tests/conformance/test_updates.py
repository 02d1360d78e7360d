"""Updates of parts, of what is missing, of what is not there yet, and moves; on every engine."""

from __future__ import annotations

import datetime as dt
from typing import Any

import attrs
import pytest

from dynastore import (
    Create,
    Schema,
    Update,
    add,
    append,
    created,
    entity,
    field,
    gsi,
    if_missing,
    increment,
    inside,
    key,
    prepend,
    ref,
    unset,
    updated,
    version,
)
from dynastore.entities.kept_fields import UNWRITTEN
from dynastore.errors import (
    AlreadyExists,
    ConditionFailed,
    RequestError,
    RevisionConflict,
    TransactionCanceled,
)
from dynastore.telemetry.recording import recorded

from .engines import EMBEDDED_PAIRS, PAIRS

pytestmark = pytest.mark.on(*PAIRS)


@attrs.frozen
class Step:
    """What an agent did."""

    tool: str
    done: bool = False
    cost: int = 0
    note: str | None = None


@entity("trip")
class Trip:
    """What an agent plans."""

    user_id: str
    trip_id: str
    status: str = "open"
    title: str | None = None
    visits: int = 0
    settings: dict[str, int] = field(factory=dict)
    steps: list[Step] = field(factory=list)
    first: Step | None = None
    tags: set[str] = field(factory=set)
    notes: dict[str, list[str]] = field(factory=dict)
    anything: Any = None
    guide: str | None = "any"

    primary = key("USER#{user_id}", "TRIP#{trip_id}")
    by_status = gsi(1, "STATUS#{status}", "{title?}", "{visits}")


@entity("watch")
class Watch:
    """What took how long."""

    name: str
    laps: tuple[str, ...] = ()
    place: tuple[int, int] = (0, 0)
    maybe: tuple[int, ...] | None = None
    spent: dt.timedelta = dt.timedelta(0)
    left: dt.timedelta = dt.timedelta.max
    size: int = 5

    primary = key("WATCH#{name}", "~")
    by_spent = gsi(1, "WATCHES", "{spent}")


@entity("memo")
class Memo:
    """A text that knows when it was written."""

    memo_id: str
    text: str
    slug: str = field(default=attrs.Factory(lambda memo: memo.text.lower(), takes_self=True))
    made_at: dt.datetime = created()
    changed_at: dt.datetime = updated()
    revision: int = version()

    primary = key("MEMO#{memo_id}", "~")
    latest = gsi(1, "MEMO", "{changed_at}")


T1 = ref(Trip, user_id="ann", trip_id="t1")


@pytest.fixture
def store(open_store):
    return open_store(Schema([Trip, Memo]))


def trip(**more):
    return Trip(**{"user_id": "ann", "trip_id": "t1", **more})


def test_parts_of_a_field_change_by_themselves(store):
    store.put(trip(settings={"a": 1, "b c": 2}, first=Step(tool="x"), notes={"k": ["one"]}))
    changed = store.update(
        T1,
        settings=inside({"b c": increment(5), "a": unset(), "d": 4}),
        first=inside(done=True, cost=increment(2), note="ok"),
        notes=inside(k=append("two"), new=["three"]),
    )
    assert changed == trip(
        settings={"b c": 7, "d": 4},
        first=Step(tool="x", done=True, cost=2, note="ok"),
        notes={"k": ["one", "two"], "new": ["three"]},
    )
    assert store.update(T1, first=inside(note=unset(), cost=unset())).first == Step("x", done=True)


def test_elements_of_a_list_change_by_themselves(store):
    store.put(trip(steps=[Step(tool="a"), Step(tool="b"), Step(tool="c")]))
    changed = store.update(T1, steps=inside({1: inside(done=True), 0: Step(tool="z")}))
    assert changed.steps == [Step("z"), Step("b", done=True), Step("c")]
    assert store.update(T1, steps=inside({9: Step(tool="last")})).steps[3] == Step("last")
    assert store.update(T1, steps=inside({1: unset()})).steps == [
        Step("z"),
        Step("c"),
        Step("last"),
    ]


@pytest.mark.fault("moto", reason="does not count levels")
def test_parts_are_nested_as_deep_as_a_whole(store):
    deep: Any = 1
    for _ in range(30):
        deep = [deep]
    store.put(trip(anything={"a": 1}))
    assert store.update(T1, anything=inside(a=deep)).anything == {"a": deep}
    for change in ([deep], append(deep)):
        with pytest.raises(RequestError):
            store.update(T1, anything=inside(a=change))


@pytest.mark.fault("moto", reason="sets elements one after the other")
@pytest.mark.fault("ministack", reason="sets elements one after the other")
def test_elements_behind_the_end_are_appended_by_their_places(store):
    store.put(trip(steps=[Step(tool="a")]))
    changed = store.update(T1, steps=inside({4: Step(tool="d"), 1: Step(tool="b"), 2: Step("c")}))
    assert changed.steps == [Step("a"), Step("b"), Step("c"), Step("d")]
    with pytest.raises(RequestError):
        store.update(T1, steps=inside({9: Step(tool="e"), 4: inside(done=True)}))
    assert store.update(T1, steps=inside({9: Step("e"), 4: unset()})).steps[4:] == [Step("e")]


def test_an_update_of_over_4_kb_of_expression_is_refused(store):
    store.put(trip(settings={f"s{n}": n for n in range(300)}))
    with pytest.raises(RequestError, match=r"UpdateExpression would be .* bytes"):
        store.update(T1, settings=inside({f"s{n}": increment(1) for n in range(300)}))
    assert store.get(Trip, user_id="ann", trip_id="t1").settings["s1"] == 1


@pytest.mark.fault("ministack", reason="removes elements one after the other")
def test_elements_are_removed_by_their_old_places(store):
    store.put(trip(steps=[Step(tool="a"), Step(tool="b"), Step(tool="c")]))
    assert store.update(T1, steps=inside({0: unset(), 2: unset()})).steps == [Step("b")]


def test_parts_of_json_change_by_themselves(store):
    store.put(trip(anything={"a": {"b": [1, 2]}}))
    changed = store.update(T1, anything=inside(a=inside(b=inside({0: "x"}), c=None)))
    assert changed.anything == {"a": {"b": ["x", 2], "c": None}}


def test_parts_of_what_is_not_stored_cannot_change(store):
    store.put(trip())
    with pytest.raises(RequestError):
        store.update(T1, first=inside(done=True))
    with pytest.raises(RequestError):
        store.update(T1, notes=inside(k=inside({0: "x"})))
    assert store.get(Trip, user_id="ann", trip_id="t1") == trip()


@pytest.mark.on(*EMBEDDED_PAIRS)
@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"title": inside(x=1)}, "Trip.title has no parts"),
        ({"first": inside(colour=1)}, "Trip.first has no part 'colour'; it has tool"),
        ({"first": inside(done="yes")}, "Trip.first.done = 'yes'"),
        ({"first": inside(tool=unset())}, "Trip.first.tool has no default"),
        ({"steps": inside({-1: unset()})}, "places count from 0"),
        ({"steps": inside({"x": unset()})}, "places count from 0"),
        ({"settings": inside({"": 1})}, "a key is empty"),
        ({"settings": inside()}, "changes no part"),
        ({"anything": inside({-1: 1})}, "places count from 0"),
        ({"anything": inside({"": 1})}, "a key is empty"),
        ({"anything": inside({2.5: 1})}, "has no key 2.5"),
        ({"notes": inside(k=increment(1))}, "not list"),
        ({"trip_id": "t2"}, r"part of the primary key; use move\(\)"),
    ],
)
def test_a_part_that_cannot_change_is_refused(store, change, message):
    store.put(trip())
    with pytest.raises(RequestError, match=message):
        store.update(T1, **change)


def test_a_tuple_of_any_length_is_appended_to_as_a_list_is(open_store):
    store = open_store(Schema([Watch]))
    store.put(Watch(name="w", laps=("b",)))
    target = ref(Watch, name="w")
    store.update(target, laps=append("c", "d"), maybe=append(1))
    changed = store.update(target, laps=prepend("a"), maybe=prepend(0))
    assert changed == Watch(name="w", laps=("a", "b", "c", "d"), maybe=(0, 1))
    made = store.upsert(ref(Watch, name="x"), laps=append("a"), maybe=prepend(1))
    assert made == Watch(name="x", laps=("a",), maybe=(1,))
    with pytest.raises(RequestError, match=r"Watch\.place has as many places as its type says"):
        store.update(target, place=append(3))
    with pytest.raises(RequestError, match="it is int, not str"):
        store.update(target, laps=append(3))


DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("before", "by"),
    [(dt.timedelta.max, DAY), (dt.timedelta.max - DAY / 2, DAY), (dt.timedelta.min, -DAY)],
)
@pytest.mark.parametrize("name", ["spent", "left"])  # one of them is part of an index key
def test_a_duration_stays_one_that_python_has(open_store, name, before, by):
    store = open_store(Schema([Watch]))
    stored = store.put(Watch(name="w", **{name: before}))
    target = ref(Watch, name="w")
    with pytest.raises(RequestError, match=f"Watch.{name} is .* no timedelta holds"):
        store.update(target, **{name: increment(by)})
    with pytest.raises(RequestError, match="no timedelta holds"):
        store.update(stored, **{name: increment(by)})
    assert store.get(Watch, name="w") == stored
    assert getattr(store.update(target, **{name: increment(-by)}), name) == before - by
    with pytest.raises(ConditionFailed):
        store.update(ref(Watch, name="nobody"), **{name: increment(by)})


def test_a_transaction_says_which_duration_would_be_too_long(open_store):
    store = open_store(Schema([Watch]))
    store.put(Watch(name="w"))
    with pytest.raises(TransactionCanceled) as caught:
        store.transact(Create(Watch(name="x")), Update(ref(Watch, name="w"), left=increment(DAY)))
    assert [type(each) for each in caught.value.reasons] == [type(None), RequestError]


def test_only_what_is_missing_is_set(store):
    store.put(trip())
    assert store.update(T1, title=if_missing("new"), visits=if_missing(9)) == trip(title="new")
    assert store.update(T1, title=if_missing("late")).title == "new"


def test_a_none_that_is_stored_is_missing_too(store):
    stored = store.put(trip(guide=None))
    assert store.update(T1, guide=if_missing("bob")).guide == "bob"
    assert store.update(T1, guide=if_missing("carl")).guide == "bob"
    store.put(stored)
    assert store.update(stored, guide=if_missing("dora")).guide == "dora"
    assert store.upsert(ref(Trip, user_id="z", trip_id="z"), guide=if_missing("eve")).guide == "eve"


def test_index_attributes_follow_what_was_missing(store, settled):
    store.put(trip())
    store.update(T1, title=if_missing("new"))
    settled()
    assert store.query(Trip, status="open", title="new").count() == 1
    assert store.query(Trip, status="open", title=None).count() == 0


def test_an_upsert_changes_what_is_there_and_makes_what_is_not(store, settled):
    made = store.upsert(T1, visits=increment(2), tags=add("x"), steps=append(Step(tool="a")))
    assert made == trip(visits=2, tags={"x"}, steps=[Step(tool="a")])
    again = store.upsert(T1, visits=increment(2), title=if_missing("t"), steps=prepend(Step("b")))
    assert again == trip(visits=4, tags={"x"}, title="t", steps=[Step("b"), Step("a")])
    other = ref(Trip, user_id="bob", trip_id="t2")
    assert store.upsert(other, settings=inside(a=increment(1)), title=unset()).settings == {"a": 1}
    settled()
    assert store.query(Trip, status="open", title="t", visits=4).count() == 1


def test_an_upsert_may_say_what_else_depends_on_other_fields(store):
    made = store.upsert(ref(Memo, memo_id="m1"), text="a", slug="b")
    assert (made.slug, made.revision) == ("b", 1)
    with pytest.raises(RequestError, match=r"the default of Memo\.slug depends on other fields"):
        store.upsert(ref(Memo, memo_id="m1"), slug=unset())


def test_an_upsert_says_all_that_has_no_default(store):
    with pytest.raises(RequestError, match="Memo has no default for text"):
        store.upsert(ref(Memo, memo_id="m1"), slug="a")
    with pytest.raises(RequestError, match=r"upsert\(\) takes a ref"):
        store.upsert(trip(), visits=1)


def test_timestamps_are_of_the_first_and_the_last_write(store, settled):
    before = dt.datetime.now(dt.UTC)
    memo = Memo(memo_id="m1", text="x")
    assert memo.made_at == memo.changed_at == UNWRITTEN
    first = store.put(memo)
    assert before <= first.made_at == first.changed_at
    second = store.put(attrs.evolve(first, text="y"))
    assert second.made_at == first.made_at < second.changed_at
    third = store.update(ref(Memo, memo_id="m1"), text="z")
    assert (third.made_at, third.revision) == (first.made_at, 3)
    assert second.changed_at < third.changed_at
    assert store.get(Memo, memo_id="m1") == third
    settled()
    assert list(store.query(Memo)) == [third]
    with pytest.raises(RequestError, match="kept by the store itself"):
        store.update(third, changed_at=before)


def test_when_an_entity_was_made_is_no_updates_to_change_but_a_puts_to_bring(store):
    made = store.put(Memo(memo_id="m1", text="x"))
    for call in (
        lambda: store.update(made, made_at=UNWRITTEN),
        lambda: store.upsert(ref(Memo, memo_id="m1"), text="y", made_at=UNWRITTEN),
        lambda: store.move(made, memo_id="m2", made_at=UNWRITTEN),
    ):
        with pytest.raises(RequestError, match="kept by the store itself"):
            call()
    long_ago = made.made_at - dt.timedelta(days=1_000)
    imported = store.put(Memo(memo_id="m2", text="x", made_at=long_ago))
    assert imported.made_at == long_ago
    assert store.get(Memo, memo_id="m2") == imported


def test_an_upsert_keeps_timestamps_and_revisions(store):
    first = store.upsert(ref(Memo, memo_id="m1"), text="x")
    second = store.upsert(ref(Memo, memo_id="m1"), text="y")
    assert UNWRITTEN < first.made_at == second.made_at < second.changed_at
    assert (first.revision, second.revision) == (1, 2)


def test_a_move_is_one_transaction(store):
    store.put(trip(title="x"))
    with recorded(getattr(store, "target", store)) as sent:
        moved = store.move(T1, user_id="bob", visits=1)
    assert [each.request.operation for each in sent] == ["GetItem", "TransactWriteItems"]
    assert moved == trip(user_id="bob", title="x", visits=1)
    assert store.get(Trip, user_id="ann", trip_id="t1") is None
    assert store.get(Trip, user_id="bob", trip_id="t1") == moved


def test_a_move_replaces_nothing_and_loses_nothing(store):
    store.put(trip())
    store.put(trip(trip_id="t2"))
    with pytest.raises(AlreadyExists):
        store.move(T1, trip_id="t2")
    with pytest.raises(ConditionFailed):
        store.move(ref(Trip, user_id="no", trip_id="t1"), trip_id="t9")
    with pytest.raises(RequestError, match="changes the primary key of Trip: user_id, trip_id"):
        store.move(T1, title="x")
    with pytest.raises(RequestError, match="would stay where it is"):
        store.move(T1, trip_id="t1")
    with pytest.raises(RequestError, match="takes literals"):
        store.move(T1, trip_id="t3", visits=increment(1))
    memo = store.put(Memo(memo_id="m1", text="x"))
    store.put(memo)
    with pytest.raises(RevisionConflict):
        store.move(memo, memo_id="m2")
    assert store.move(ref(Memo, memo_id="m1"), memo_id="m2").revision == 3
