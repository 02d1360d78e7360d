"""Terms as filters of a query and as conditions of a write: the same ones hold on every engine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dynastore import (
    Ref,
    Schema,
    after,
    all_of,
    any_of,
    before,
    begins_with,
    between,
    contains,
    entity,
    exists,
    field,
    key,
    missing,
    not_,
    one_of,
    ref,
    since,
    size,
)
from dynastore.errors import ConditionFailed

from .engines import PAIRS

pytestmark = pytest.mark.on(*PAIRS)


@entity("page")
class Page:
    """A page of a notebook, with every way in which nothing can be stored."""

    owner: str
    page_id: str
    title: str | None = None  # None is not stored
    mood: str | None = "calm"  # None is stored as NULL
    labels: set[str] = field(factory=set)  # an empty set is not stored
    stars: set[int] | None = None  # None is stored as NULL, an empty set is not stored
    lines: list[str] = field(factory=list)
    facts: dict[str, int] = field(factory=dict)
    visits: int = 0
    raw: bytes = b""
    seen: bool = False

    primary = key("OWNER#{owner}", "PAGE#{page_id}")


def page(page_id: str, **changes: Any) -> Page:
    return Page(owner="ann", page_id=page_id, **changes)


# Nothing, something, more, and what is None, empty or negative.
PAGES = [
    page("a"),
    page("b", title="Re: tea", labels={"x", "y"}, stars=set(), lines=["one"], visits=5),
    page("c", title="tea", mood="glad", labels={"x"}, stars={1, 2}, lines=["one", "two"], visits=3),
    page("d", title="", mood=None, labels={"y"}, stars={2}, facts={"one": 1}, visits=-1, raw=b"\0"),
]

SIZE_OF_NOTHING = pytest.mark.fault("moto", reason="fails at size() of what is not stored")
NULL_OF_NOTHING = pytest.mark.fault("moto", reason="takes what is not stored for equal to NULL")

# A term for each field, and the pages of which it holds.
TERMS: list[Any] = [
    ({"title": contains("tea")}, "bc"),
    ({"title": contains(":")}, "b"),
    ({"title": not_(contains("Re"))}, "acd"),
    ({"labels": contains("x")}, "bc"),
    ({"labels": not_(contains("x"))}, "ad"),
    ({"stars": contains(2)}, "cd"),
    ({"stars": contains(12)}, ""),
    ({"lines": contains("one")}, "bc"),
    ({"lines": contains("on")}, ""),
    ({"labels": size(0)}, "a", SIZE_OF_NOTHING),
    ({"labels": size(before(2))}, "acd", SIZE_OF_NOTHING),
    ({"labels": size(since(1))}, "bcd", SIZE_OF_NOTHING),
    ({"labels": not_(size(0))}, "bcd", SIZE_OF_NOTHING),
    ({"lines": size(between(1, 2))}, "bc"),
    ({"lines": size(0)}, "ad"),
    ({"facts": size(1)}, "d"),
    ({"raw": size(1)}, "d"),
    ({"title": exists()}, "bcd"),
    ({"title": missing()}, "a"),
    ({"title": None}, "a"),
    ({"title": not_(missing())}, "bcd"),
    ({"mood": missing()}, "d"),
    ({"mood": exists()}, "abc"),
    ({"labels": set()}, "a"),
    ({"labels": not_(set())}, "bcd"),
    ({"labels": {"y", "x"}}, "b"),
    ({"labels": one_of(set(), {"y"})}, "ad"),
    ({"stars": None}, "a", NULL_OF_NOTHING),
    ({"stars": exists()}, "bcd", NULL_OF_NOTHING),
    ({"stars": set()}, "b"),
    ({"stars": one_of(None, set())}, "ab"),
    ({"stars": not_(one_of(None, {2}))}, "bc", NULL_OF_NOTHING),
    ({"title": one_of(None, "tea")}, "ac"),
    ({"title": not_(one_of(None, "tea"))}, "bd"),
    ({"mood": one_of(None, "glad")}, "cd"),
    ({"mood": not_("calm")}, "cd"),
    ({"title": not_("tea")}, "abd"),
    ({"title": any_of(None, begins_with("Re:"))}, "ab"),
    ({"title": not_(any_of(None, begins_with("Re:")))}, "cd"),
    ({"visits": all_of(since(0), before(5))}, "ac"),
    ({"visits": not_(all_of(since(0), before(5)))}, "bd"),
    ({"visits": not_(between(0, 4))}, "bd"),
    ({"visits": any_of(before(0), all_of(since(3), not_(5)))}, "cd"),
    ({"title": exists(), "labels": contains("x"), "visits": not_(one_of(5, 7))}, "c"),
]

# Whether characters or bytes are counted makes no difference to these.
SIZES_OF_TEXT: list[Any] = [
    ({"title": size(0)}, "d", SIZE_OF_NOTHING),
    ({"title": size(after(0))}, "bc", SIZE_OF_NOTHING),
]

# Terms of several fields, which queries take.
COMBINED: list[Any] = [
    (any_of(visits=5, mood=None), "bd"),
    (any_of(title=None, labels=contains("y")), "abd"),
    (all_of(title=exists(), lines=size(0)), "d"),
    (all_of(any_of(visits=before(0), title=None), any_of(mood="calm", labels=set())), "a"),
    (any_of(all_of(visits=since(3), mood="calm"), all_of(visits=before(0), mood=None)), "bd"),
    (all_of(any_of(all_of(title="tea", visits=3), mood=None), labels=contains("y")), "d"),
    (not_(any_of(title="tea", visits=5)), "ad"),
    (not_(any_of(title=None, labels=contains("x"))), "d"),
    (not_(all_of(title=exists(), labels=contains("x"))), "ad"),
    (not_(any_of(all_of(mood="calm", visits=5), not_(title=exists()))), "cd"),
    (not_(title="tea", mood="glad"), "abd"),
]


def cases(listed: list[Any]) -> list[Any]:
    """Parameters of a test: a term, the pages of which it holds, and faults of engines."""
    return [
        pytest.param(term, holds, marks=marks, id=f"{number}-{holds}")
        for number, (term, holds, *marks) in enumerate(listed)
    ]


@pytest.fixture
def store(open_store):
    store = open_store(Schema([Page]))
    for each in PAGES:
        store.put(each)
    return store


def ids(pages: Any) -> str:
    return "".join(each.page_id for each in pages)


@pytest.mark.parametrize(("where", "holds"), cases(TERMS))
def test_a_term_filters_at_the_server(store, where, holds):
    found = store.query(Page, owner="ann", **where)
    assert found.plan.paths[0].checks == ()
    assert ids(found) == holds
    assert found.count() == len(holds)


@pytest.mark.parametrize(("where", "holds"), [case[:2] for case in SIZES_OF_TEXT])
def test_a_size_of_a_text_filters_at_the_client(store, where, holds):
    found = store.query(Page, owner="ann", **where)
    assert found.plan.paths[0].filters == ()
    assert ids(found) == holds
    assert found.count() == len(holds)


@pytest.mark.parametrize(("combined", "holds"), cases(COMBINED))
def test_terms_of_several_fields_filter_at_the_server(store, combined, holds):
    found = store.query(Page, combined, owner="ann")
    assert found.plan.paths[0].checks == ()
    assert ids(found) == holds
    assert found.count() == len(holds)


def allowed(write: Callable[[Ref[Page]], Any]) -> str:
    """The pages that a write is allowed to change."""
    changed = ""
    for stored in PAGES:
        try:
            write(ref(Page, owner="ann", page_id=stored.page_id))
        except ConditionFailed:
            continue
        changed += stored.page_id
    return changed


@pytest.mark.parametrize(("when", "holds"), cases(TERMS + SIZES_OF_TEXT))
def test_a_term_decides_over_a_write(store, when, holds):
    assert allowed(lambda target: store.update(target, when=when, seen=True)) == holds
    assert ids(store.query(Page, owner="ann", seen=True)) == holds
    assert allowed(lambda target: store.delete(target, when=when)) == holds
    assert ids(store.query(Page, owner="ann")) == "".join(sorted({*"abcd"} - {*holds}))
