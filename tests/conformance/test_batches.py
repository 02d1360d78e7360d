"""Many writes at once, on every engine."""

from __future__ import annotations

import datetime as dt

import pytest

from dynastore import Schema, entity, gsi, key, ref, unique, updated, version
from dynastore.errors import NotUnique, PartialFailure, RevisionConflict


@entity("post")
class Post:
    """Something that was said."""

    room: str
    post_id: str
    topic: str | None = None
    blob: bytes = b"\x00\xff"
    labels: frozenset[str] = frozenset()

    primary = key("ROOM#{room}", "POST#{post_id}")
    by_topic = gsi(1, "TOPIC#{topic}", "{post_id}")


@entity("page")
class Page:
    """A page that several people edit."""

    room: str
    page_id: str
    revision: int = version()

    primary = key("ROOM#{room}", "PAGE#{page_id}")


@entity("member")
class Member:
    """Somebody with an address of their own."""

    room: str
    name: str
    email: str | None = None
    updated_at: dt.datetime = updated()

    primary = key("ROOM#{room}", "MEMBER#{name}")
    one_email = unique("email")


@pytest.fixture
def store(open_store):
    return open_store(Schema([Post, Page, Member]))


def posts(count, **changes):
    return [Post(**{"room": "r1", "post_id": f"{n:03}", **changes}) for n in range(count)]


def test_what_was_put_is_stored_and_in_its_indexes(store, settled):
    some = posts(60, topic="tea", labels=frozenset({"a", "b"}))
    assert store.put_many(some) == some
    settled()
    assert list(store.query(Post, room="r1")) == some
    assert list(store.query(Post, topic="tea")) == some


def test_puts_replace_and_leave_indexes(store, settled):
    store.put_many(posts(30, topic="tea"))
    store.put_many(iter(posts(26)))
    settled()
    assert store.query(Post, topic="tea").count() == 4
    assert store.query(Post, room="r1").count() == 30


def test_entities_and_refs_are_deleted(store, settled):
    some = posts(60, topic="tea")
    store.put_many(some)
    missing = ref(Post, room="r1", post_id="nowhere")
    store.delete_many([*some[:30], *(ref(Post, room="r1", post_id=f"{n:03}") for n in (30, 31))])
    store.delete_many([missing, missing])
    settled()
    assert list(store.query(Post, topic="tea")) == some[32:]


def test_a_revision_is_kept_among_others(store):
    pages = store.put_many([Page(room="r1", page_id=str(n)) for n in range(4)])
    stale = pages[1]
    store.put(stale)
    with pytest.raises(PartialFailure) as failure:
        store.put_many([*posts(3), *pages])
    assert [*failure.value.failed] == [ref(Page, room="r1", page_id="1")]
    assert isinstance(failure.value.failed[ref(Page, room="r1", page_id="1")], RevisionConflict)
    assert len(failure.value.done) == 6
    assert [each.revision for each in store.query(Page, room="r1")] == [2, 2, 2, 2]


def test_a_batch_stays_in_its_scope(store):
    team = store.scope("qa")
    team.put_many(posts(30))
    store.put_many(posts(2))
    team.delete_many(posts(5))
    assert store.query(Post, room="r1").count() == 2
    assert team.query(Post, room="r1").count() == 25


def test_the_last_of_a_key_wins(store):
    old, new = posts(1, topic="old")[0], posts(1, topic="new")[0]
    assert store.put_many([old, *posts(30)[1:], new])[0] == new
    assert store.get(Post, room="r1", post_id="000") == new


def member(name, email):
    return Member(room="r1", name=name, email=email)


@pytest.mark.fault(
    "moto",
    reason="transactions at the same time lose each other's writes",
    strict=False,
)
def test_unique_values_stay_unique(store):
    stored = store.put_many([member("ann", "a@x"), member("bob", "b@x"), *posts(30)])
    assert stored[0].updated_at > dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    with pytest.raises(PartialFailure) as failure:
        store.put_many([*posts(3, topic="tea"), member("eve", "a@x"), member("joe", "j@x")])
    ((target, error),) = failure.value.failed.items()
    assert target == ref(Member, room="r1", name="eve")
    assert isinstance(error, NotUnique)
    store.delete_many([ref(Member, room="r1", name="ann"), *posts(3)])
    assert store.put_many([member("eve", "a@x")])[0].email == "a@x"
    assert [each.name for each in store.query(Member, room="r1")] == ["bob", "eve", "joe"]
