"""Updates, conditions and revisions, on every engine."""

from __future__ import annotations

import datetime as dt
from typing import Literal

import pytest

from dynastore import (
    Check,
    Put,
    Schema,
    Update,
    add,
    all_of,
    any_of,
    append,
    before,
    begins_with,
    between,
    discard,
    entity,
    field,
    gsi,
    increment,
    key,
    not_,
    one_of,
    prepend,
    ref,
    since,
    unset,
    version,
)
from dynastore.errors import (
    AlreadyExists,
    ConditionFailed,
    MalformedItem,
    RequestError,
    RevisionConflict,
    TransactionCanceled,
    UnknownType,
)

from .drivers import at_once
from .engines import EMBEDDED_PAIRS

MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)


@entity("task")
class Task:
    """Something an agent has to do."""

    owner: str
    task_id: str
    status: Literal["open", "done"] = "open"
    team: str | None = None
    priority: int = 0
    due_at: dt.datetime = MONDAY
    title: str | None = None
    log: list[str] = field(factory=list)
    labels: set[str] = field(factory=set)
    effort: float = 1.5

    primary = key("OWNER#{owner}", "TASK#{task_id}")
    by_team = gsi(1, "TEAM#{team}", "TASK", "{status}", "{priority}", "{due_at}")
    open_ones = gsi(2, "OPEN", "{priority}#{owner}", when={"status": "open"})


@entity("draft")
class Draft:
    """A text that several people edit."""

    owner: str
    draft_id: str
    text: str = ""
    revision: int = version()

    primary = key("OWNER#{owner}", "DRAFT#{draft_id}")


@entity("draft")
class NumberedDraft:
    """A draft as it was when its text was a number, under the same key."""

    owner: str
    draft_id: str
    text: int = 0

    primary = key("OWNER#{owner}", "DRAFT#{draft_id}")


@entity("task")
class OldTask:
    """A task as it was when it had several titles."""

    owner: str
    task_id: str
    team: str
    title: list[str]

    primary = key("OWNER#{owner}", "TASK#{task_id}")


@entity("page")
class Page:
    """What was under the keys of drafts before there were any."""

    owner: str
    draft_id: str
    text: str = ""

    primary = key("OWNER#{owner}", "DRAFT#{draft_id}")


T1 = ref(Task, owner="ann", task_id="t1")
D1 = ref(Draft, owner="ann", draft_id="d1")


@pytest.fixture
def store(open_store):
    return open_store(Schema([Task, Draft]))


@pytest.fixture
def older(open_store, store):
    """Opens a store on the same table, of a program that knew another class."""
    store.create_table()
    return lambda cls: open_store(Schema([cls]), create=False)


def task(**changes):
    return Task(**{"owner": "ann", "task_id": "t1", **changes})


def test_an_update_returns_what_is_stored_now(store):
    store.put(task(title="old", log=["made"], labels={"a"}))
    changed = store.update(
        T1,
        priority=increment(3),
        log=append("seen", "read"),
        title=unset(),
        labels=set(),
        effort=0.1,
    )
    assert changed == task(priority=3, log=["made", "seen", "read"], effort=0.1)
    assert store.get(Task, owner="ann", task_id="t1") == changed


def test_increments_and_appends_start_from_the_default(store):
    store.put(task())
    assert store.update(T1, effort=increment(1.25), priority=increment(-2)).effort == 2.75
    assert store.update(T1, log=append("x")).log == ["x"]


def test_values_are_prepended_in_their_order(store):
    store.put(task(log=["made"]))
    assert store.update(T1, log=prepend("a", "b")).log == ["a", "b", "made"]


def test_members_come_and_go_one_by_one(store):
    store.put(task(labels={"a"}))
    assert store.update(T1, labels=add("b", "a")).labels == {"a", "b"}
    assert store.update(T1, labels=discard("a", "z")).labels == {"b"}
    assert store.update(T1, labels=discard("b"), priority=increment(1)).labels == set()
    assert store.update(T1, labels=discard("b")).labels == set()
    assert store.update(T1, labels=add("c"), log=append("x"), title="new").labels == {"c"}


@pytest.mark.fault(
    "moto",
    reason="checks and writes in two steps, between which threads interfere",
    strict=False,
)
def test_members_that_many_add_all_stay(store):
    store.put(task())
    at_once(store, lambda each, number: each.update(T1, labels=add(f"l{number}")), 5)
    assert store.get(Task, owner="ann", task_id="t1").labels == {f"l{n}" for n in range(5)}


@pytest.mark.on(*EMBEDDED_PAIRS)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"labels": add()}, "name the members"),
        ({"log": add("x")}, "Task.log is no set"),
        ({"labels": prepend("x")}, "labels"),
        ({"labels": add(1)}, "labels"),
        ({"labels": discard([])}, "labels"),
    ],
)
def test_what_cannot_be_a_member_is_refused(store, change, says):
    stored = store.put(task(labels={"a"}))
    with pytest.raises(RequestError, match=says):
        store.update(T1, **change)
    assert store.get(Task, owner="ann", task_id="t1") == stored


def test_an_update_without_a_read_keeps_every_index_right(store, settled):
    store.put(task(team="core"))
    store.update(T1, status="done")
    settled()
    assert store.query(Task, team="core", status="open").count() == 0
    assert store.query(Task, team="core", status="done").count() == 1
    assert store.query(Task, status="open").count() == 0
    store.update(T1, team=None)
    settled()
    assert store.query(Task, team="core").count() == 0


def test_an_item_enters_a_sparse_index_again(store, settled):
    store.put(task(status="done", priority=7))
    store.update(T1, status="open")
    settled()
    assert [each.priority for each in store.query(Task, status="open")] == [7]


def test_an_increment_of_a_sorted_field_moves_the_entry(store, settled):
    store.put(task(team="core", priority=9))
    store.update(T1, priority=increment(1))
    settled()
    assert store.query(Task, team="core", status="open", priority=10).count() == 1
    assert [each.priority for each in store.query(Task, status="open", priority=since(10))] == [10]


def test_an_update_of_nothing_makes_nothing(store):
    with pytest.raises(ConditionFailed, match=r"is not stored, or has expired\. Make it"):
        store.update(T1, priority=1)
    with pytest.raises(ConditionFailed, match=r"is not stored, or has expired\. Make it"):
        store.update(T1, priority=increment(1))
    assert store.get(Task, owner="ann", task_id="t1") is None


@pytest.mark.parametrize(
    ("when", "holds"),
    [
        ({"status": "open"}, True),
        ({"status": "done"}, False),
        ({"title": None}, True),
        ({"team": None}, False),
        ({"priority": since(5)}, True),
        ({"priority": before(5)}, False),
        ({"priority": between(1, 5)}, True),
        ({"team": begins_with("co")}, True),
        ({"team": begins_with("x")}, False),
        ({"labels": {"b", "a"}}, True),
        ({"log": []}, True),
        ({"effort": 1.5, "status": "open"}, True),
        ({"effort": 1.5, "status": "done"}, False),
    ],
)
def test_a_condition_decides_over_the_write(store, when, holds):
    stored = store.put(task(team="core", priority=5, labels={"a", "b"}))
    if holds:
        assert store.update(T1, when=when, title="new").title == "new"
        assert store.delete(T1, when={**when, "title": "new"})
        return
    for write in (
        lambda: store.update(T1, when=when, title="new"),
        lambda: store.put(task(title="new"), when=when),
        lambda: store.delete(T1, when=when),
    ):
        with pytest.raises(ConditionFailed) as failed:
            write()
        assert failed.value.stored == stored
    assert store.get(Task, owner="ann", task_id="t1") == stored


@pytest.mark.on(*EMBEDDED_PAIRS)
@pytest.mark.parametrize("when", ["open", ["status"], {1: "open"}, 5, object()])
def test_a_condition_that_is_none_is_refused(store, when):
    store.put(task())
    with pytest.raises(RequestError, match="when= says what fields are"):
        store.update(T1, title="x", when=when)
    with pytest.raises(RequestError, match="when= says what fields are"):
        store.delete(T1, when=when)


def test_what_cannot_be_read_is_the_reason_of_its_write_alone(store, older):
    older(NumberedDraft).put(NumberedDraft(owner="ann", draft_id="d1", text=5))
    writes = Put(task()), Update(D1, text="x", when={"revision": 3})
    with pytest.raises(TransactionCanceled) as caught:
        store.transact(*writes)
    first, second = caught.value.reasons
    assert first is None
    assert isinstance(second, MalformedItem)
    assert store.get(Task, owner="ann", task_id="t1") is None
    assert store.update(D1, text="repaired").text == "repaired"


def test_what_is_malformed_is_mended_by_an_update_that_has_to_read_it(store, older):
    older(OldTask).put(OldTask(owner="ann", task_id="t1", team="a", title=["x"]))
    assert store.update(T1, team="b", priority=increment(1), title=None) == task(
        team="b", priority=1
    )


def test_no_update_alters_what_is_of_another_class(store, older):
    pages = older(Page)
    page = pages.put(Page(owner="ann", draft_id="d1", text="page"))
    with pytest.raises(UnknownType):
        store.update(D1, text="draft")
    with pytest.raises(TransactionCanceled) as caught:
        store.transact(Put(task()), Check(D1))
    assert isinstance(caught.value.reasons[1], UnknownType)
    assert pages.get(Page, owner="ann", draft_id="d1") == page


def test_delete_returns_what_was_there(store):
    stored = store.put(task())
    assert store.delete(T1) == stored
    assert store.delete(T1) is None


def test_create_never_replaces(store):
    first = store.create(task(title="first"))
    with pytest.raises(AlreadyExists, match="OWNER#ann TASK#t1"):
        store.create(task(title="second"))
    assert store.get(Task, owner="ann", task_id="t1") == first


def test_an_entity_that_was_never_read_replaces_none_that_has_a_revision(store):
    stored = store.put(Draft(owner="ann", draft_id="d1", text="a"))
    with pytest.raises(RevisionConflict, match="given as a new one, at revision 0, and revision 1"):
        store.put(Draft(owner="ann", draft_id="d1", text="b"))
    assert store.get(Draft, owner="ann", draft_id="d1") == stored


def test_a_revision_counts_writes_and_refuses_stale_ones(store):
    first = store.put(Draft(owner="ann", draft_id="d1", text="a"))
    assert first.revision == 1
    second = store.update(first, text="b")
    assert second.revision == 2
    for stale_write in (
        lambda: store.put(first),
        lambda: store.update(first, text="c"),
        lambda: store.delete(first),
        lambda: store.put(Draft(owner="ann", draft_id="d1")),
    ):
        with pytest.raises(RevisionConflict) as conflict:
            stale_write()
        assert conflict.value.stored == 2
    assert store.update(D1, text="d").revision == 3
    assert store.get(Draft, owner="ann", draft_id="d1").text == "d"


def test_a_write_of_what_is_gone_says_so(store):
    first = store.put(Draft(owner="ann", draft_id="d1"))
    store.delete(first)
    with pytest.raises(RevisionConflict, match="it is gone"):
        store.put(first)


def test_get_many_answers_in_order(store):
    for number in range(120):
        store.put(task(task_id=f"t{number}", priority=number))
    wanted = [ref(Task, owner="ann", task_id=f"t{n}") for n in (119, 500, 3, 3, *range(101))]
    found = store.get_many(wanted)
    assert [each and each.priority for each in found] == [119, None, 3, 3, *range(101)]
    assert store.get_many([]) == []


def test_a_collection_is_one_query_of_several_types(store):
    store.put(task())
    store.put(Draft(owner="ann", draft_id="d1"))
    store.put(task(owner="bob"))
    found = list(store.collection(Draft, Task, owner="ann"))
    assert [type(each) for each in found] == [Draft, Task]
    assert store.collection(Draft, Task, owner="ann").newest_first().first() == task()


def test_a_scope_sees_its_own_only(store, settled):
    team = store.scope("qa").scope("nightly")
    team.put(task(team="core", title="scoped"))
    settled()
    assert store.get(Task, owner="ann", task_id="t1") is None
    assert store.query(Task, team="core").count() == 0
    assert team.query(Task, team="core").first().title == "scoped"
    assert store.scope("qa#@nightly").query(Task, team="core").count() == 0


def test_strong_reads_are_for_the_primary_key(store):
    store.put(task())
    assert store.query(Task, owner="ann").consistent().count() == 1
    assert store.consistent().get(Task, owner="ann", task_id="t1")
    with pytest.raises(Exception, match="eventually consistent"):
        store.query(Task, status="open").consistent()


@pytest.mark.fault(
    "moto", reason="checks and writes in two steps, between which threads interfere", strict=False
)
def test_writers_that_race_all_count_and_leave_one_index_entry(store, settled):
    store.put(task(team="core"))
    outcomes = at_once(store, lambda each, _: each.update(T1, priority=increment(1)), 8)
    settled()
    assert sorted(each.priority for each in outcomes) == list(range(1, 9))
    assert [each.priority for each in store.query(Task, team="core")] == [8]
    assert [each.priority for each in store.query(Task, status="open")] == [8]


@pytest.mark.parametrize("when", [{"status": one_of()}, {"priority": between(2, 1)}])
def test_a_condition_that_nothing_can_fulfil_writes_nothing(store, when):
    stored = store.put(task(title="old"))
    for write in (
        lambda: store.put(task(title="new"), when=when),
        lambda: store.update(T1, when=when, title="new"),
        lambda: store.delete(T1, when=when),
    ):
        with pytest.raises(ConditionFailed) as failed:
            write()
        assert failed.value.stored == stored
    assert store.get(Task, owner="ann", task_id="t1") == stored


def test_conditions_may_be_alternatives(store):
    store.put(task(title="old", priority=3))
    either = any_of(title="new", priority=since(3))
    assert store.update(T1, when=either, title="new").title == "new"
    with pytest.raises(ConditionFailed):
        store.delete(T1, when=not_(either))
    assert store.delete(T1, when=all_of(either, status="open")) is not None
