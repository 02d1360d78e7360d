"""Many writes at once, on every engine."""

from __future__ import annotations

import datetime as dt

import pytest

from dynastore import Schema, entity, gsi, key, ref, unique, updated, version
from dynastore.errors import NotUnique, PartialFailure, RequestError, RevisionConflict


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


@entity("mail", expires="expires_at")
class Mail:
    """Something that is soon forgotten."""

    room: str
    mail_id: str
    expires_at: dt.datetime | None = None

    primary = key("ROOM#{room}", "MAIL#{mail_id}")


@pytest.fixture
def store(open_store):
    return open_store(Schema([Post, Page, Member, Mail]))


def posts(count, **changes):
    return [Post(**{"room": "r1", "post_id": f"{n:03}", **changes}) for n in range(count)]


def test_what_was_put_is_stored_and_in_its_indexes(store, settled):
    some = posts(60, topic="tea", labels=frozenset({"a", "b"}))
    assert store.put_many(some) == some
    settled()
    assert list(store.query(Post, room="r1")) == some
    assert list(store.query(Post, topic="tea")) == some


@pytest.mark.parametrize("form", [list, iter])
def test_many_are_given_one_lifetime(store, form):
    mails = [Mail(room="r1", mail_id=f"{number:03}") for number in range(30)]
    before = dt.datetime.now(dt.UTC)
    store.put_many(form(mails), lifetime=dt.timedelta(days=1))
    found = list(store.query(Mail, room="r1"))
    assert len(found) == 30
    assert all(each.expires_at >= before + dt.timedelta(days=1) for each in found)


def test_what_does_not_expire_takes_no_lifetime_and_nothing_is_written(store):
    mail = Mail(room="r1", mail_id="m")
    with pytest.raises(RequestError, match="Post does not expire, so it takes no lifetime"):
        store.put_many([mail, *posts(1)], lifetime=dt.timedelta(days=1))
    assert store.get(Mail, room="r1", mail_id="m") is None


def test_an_async_iterator_is_refused_with_what_to_write_instead(store):
    async def many():
        yield Mail(room="r1", mail_id="m")

    for call in (store.put_many, store.delete_many):
        with pytest.raises(RequestError, match=r"\[each async for each in many\(\)\]"):
            call(many())


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
    assert store.delete_many([missing, missing]) == 2
    assert store.delete_many(iter([missing, missing])) == 2
    assert store.delete_many([]) == 0
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
