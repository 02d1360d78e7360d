"""Scopes: which there are, and what is found across them, on every engine."""

from __future__ import annotations

import datetime as dt

import pytest

from dynastore import InScope, Schema, between, entity, gsi, key
from dynastore.errors import NoAccessPattern, RequestError
from dynastore.testing import recorded

from .drivers import Awaited

MONDAY = dt.datetime(2026, 11, 16, tzinfo=dt.UTC)
FIRST_HOUR = between(MONDAY, MONDAY + dt.timedelta(hours=1))


@entity("visit")
class Visit:
    user_id: str
    visit_id: str
    at: dt.datetime = MONDAY
    kind: str = "web"

    primary = key("USER#{user_id}", "VISIT#{visit_id}")
    by_kind = gsi(1, "KIND#{kind}", "{at}", "{visit_id}")
    of_day = gsi(2, "VISITS#{at:day}", "{at}", "{visit_id}", across_scopes=True, include=("kind",))


@entity("bare")
class Bare:
    name: str

    primary = key("BARE#{name}", "~")


SCHEMA = Schema([Visit])
HOSTILE = ["a", "a#b", "a@b", "@a", "a*", "*", "?", "${aws:username}", "é", "a$", "#", "~", "scope"]


@pytest.fixture
def store(open_store):
    return open_store(SCHEMA)


def names(store):
    found = store.scopes()
    return list(found)


def visit(number, **more):
    return Visit(user_id="ann", visit_id=f"v{number}", **more)


def test_scopes_are_listed_from_their_first_write_on(store, settled):
    assert names(store) == []
    one = store.scope("one")
    assert list(one.query(Visit, user_id="ann")) == []  # no write
    settled()
    assert names(store) == []
    one.put(visit(1))
    store.scope("two").put(visit(2))
    settled()
    assert names(store) == ["one", "two"]


def test_names_of_any_text_are_listed_as_they_are(store, settled):
    for name in HOSTILE:
        store.scope(name).put(visit(1))
    settled()
    assert sorted(names(store)) == sorted(HOSTILE)


def test_nested_scopes_are_listed_by_the_scope_that_they_are_in(store, settled):
    tenant = store.scope("tenant")
    tenant.scope("qa").put(visit(1))
    tenant.scope("dev").put(visit(2))
    settled()
    assert names(store) == ["tenant"]
    assert names(tenant) == ["dev", "qa"]
    assert names(tenant.scope("qa")) == []


def test_a_scope_is_registered_once(store, open_store, settled):
    target = store.target if isinstance(store, Awaited) else store
    scoped = store.scope("one")
    with recorded(target) as sent:
        scoped.put(visit(1))
        scoped.put(visit(2))
        store.scope("one").put(visit(3))
    assert len(sent) == 4
    open_store(SCHEMA).scope("one").put(visit(4))  # as in another process
    settled()
    assert names(store) == ["one"]


def test_pages_of_scopes_follow_each_other(store, settled):
    for number in range(7):
        store.scope(f"s{number}").put(visit(number))
    settled()
    first = store.scopes().page(limit=3)
    assert (first.entities, first.cursor) == (["s0", "s1", "s2"], "s2")
    second = store.scopes().page(limit=4, cursor=first.cursor)
    assert (second.entities, second.cursor) == (["s3", "s4", "s5", "s6"], None)
    with pytest.raises(RequestError, match="at least 1"):
        store.scopes().page(limit=0)


def test_a_table_without_an_index_has_no_list_of_scopes(open_store):
    store = open_store(Schema([Bare]).named("bare-scopes"))
    store.scope("one").put(Bare(name="x"))
    with pytest.raises(RequestError, match="scopes are listed by an index"):
        names(store)


def test_what_is_in_all_scopes_is_found_across_them_with_the_scopes_name(store, settled):
    for number, name in enumerate(HOSTILE):
        store.scope(name).put(visit(number))
    store.put(visit(99))  # in no scope
    settled()
    found = store.across_scopes().query(Visit, at=MONDAY)
    assert sorted(found, key=lambda each: each.scope) == sorted(
        (InScope(name, visit(number)) for number, name in enumerate(HOSTILE)),
        key=lambda each: each.scope,
    )


def test_across_a_scope_is_what_is_in_those_inside_of_it(store, settled):
    for tenant in ("one", "two"):
        store.scope(tenant).put(visit(0))
        store.scope(tenant).scope("qa").put(visit(1))
    settled()
    across = list(store.across_scopes().query(Visit, at=MONDAY))
    assert [(each.scope, each.entity.visit_id) for each in across] == [("one", "v0"), ("two", "v0")]
    inside = store.scope("one").across_scopes().query(Visit, at=MONDAY)
    assert [(each.scope, each.entity.visit_id) for each in inside] == [("qa", "v1")]


def test_pages_fields_and_orders_are_those_of_any_query(store, settled):
    for number in range(5):
        later = MONDAY + dt.timedelta(minutes=number)
        store.scope(f"s{number % 2}").put(visit(number, at=later, kind="app" if number else "web"))
    settled()
    query = store.across_scopes().query(Visit, at=FIRST_HOUR, kind="app").newest_first()
    page = query.select("visit_id").page(limit=2)
    assert [(each.scope, each.entity) for each in page.entities] == [
        ("s0", {"visit_id": "v4"}),
        ("s1", {"visit_id": "v3"}),
    ]
    rest = query.select("visit_id").page(cursor=page.cursor)
    assert [each.entity["visit_id"] for each in rest.entities] == ["v2", "v1"]
    assert query.count() == 4


def test_a_scope_never_uses_a_pattern_across_scopes_and_across_no_other(store, open_store):
    with pytest.raises(NoAccessPattern):
        store.scope("one").query(Visit, at=FIRST_HOUR)
    with pytest.raises(NoAccessPattern, match="across_scopes=True"):
        store.across_scopes().query(Visit, kind="web")
    plain = open_store(Schema([Bare]).named("bare-across"))
    with pytest.raises(
        NoAccessPattern, match=r"no access pattern of Bare is for .* across_scopes=True"
    ):
        plain.across_scopes().query(Bare, name="x")
    with pytest.raises(RequestError, match="eventually consistent"):
        store.consistent().across_scopes().query(Visit, at=FIRST_HOUR)


def test_changes_and_moves_keep_the_entry_across_scopes(store, settled):
    scoped = store.scope("one")
    scoped.put(visit(1))
    target = scoped.get(Visit, user_id="ann", visit_id="v1")
    scoped.update(target, at=MONDAY + dt.timedelta(days=1))
    settled()
    assert store.across_scopes().query(Visit, at=FIRST_HOUR).count() == 0
    tuesday = MONDAY + dt.timedelta(days=1)
    assert [each.scope for each in store.across_scopes().query(Visit, at=tuesday)] == ["one"]
    scoped.delete(scoped.get(Visit, user_id="ann", visit_id="v1"))
    settled()
    assert store.across_scopes().query(Visit, at=tuesday).count() == 0
