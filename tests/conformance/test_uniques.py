"""Unique constraints, on every engine."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest

from dynastore import (
    Create,
    Delete,
    Put,
    Schema,
    Update,
    entity,
    if_missing,
    increment,
    key,
    ref,
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
    TokenUsed,
    TransactionCanceled,
)
from dynastore.operations.reading.uniquely import get_unique
from dynastore.requests import GetItem, Key
from dynastore.telemetry.recording import recorded

from .drivers import at_once
from .engines import PAIRS

pytestmark = pytest.mark.on(*PAIRS)

RACE = "checks and writes in two steps, between which threads interfere"
TOMORROW = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
YESTERDAY = TOMORROW - dt.timedelta(days=2)


@entity("user", expires="expires_at")
class User:
    """Somebody."""

    user_id: str
    email: str | None = None
    tenant: str = "t1"
    name: str = "?"
    visits: int = 0
    expires_at: dt.datetime | None = None

    primary = key("USER#{user_id}", "~")
    one_email = unique("email")
    one_name_each = unique("tenant", "name")


@entity("page")
class Page:
    """A page with a path, and a revision."""

    page_id: str
    path: str
    revision: int = version()

    primary = key("PAGE#{page_id}", "~")
    one_path = unique("path")


@entity("page")
class OldPage:
    """A page before its path had to be unique."""

    page_id: str
    path: str

    primary = key("PAGE#{page_id}", "~")


def user(user_id, email=None, **more):
    return User(**{"user_id": user_id, "email": email, "name": user_id, **more})


@pytest.fixture
def store(open_store):
    return open_store(Schema([User, Page]))


def guard(store, value):
    """The guard of an email, or None."""
    client = getattr(store, "target", store).client
    request = GetItem(store.schema.table.name, Key(f"UNIQUE#user#one_email#{value}", "~"), True)
    answer = client.send(request)
    return store.runner.run(answer) if hasattr(store, "runner") else answer


def test_a_value_is_taken_once(store):
    store.create(user("ann", "a@x"))
    with pytest.raises(NotUnique) as caught:
        store.create(user("bob", "a@x"))
    assert (caught.value.entity, caught.value.fields) == ("User", ("email",))
    assert str(caught.value.key) == "USER#ann ~"
    assert store.get(User, user_id="bob") is None
    store.create(user("bob", "b@x"))


def test_the_guard_names_its_owner(store):
    store.create(user("ann", "a@x", expires_at=TOMORROW))
    found = guard(store, "a@x")
    assert found["OWNER"] == {"L": [{"S": "USER#ann"}, {"S": "~"}]}
    assert found["TYPE"] == {"S": "~unique"}
    assert "TTL" in found


def test_an_entity_is_found_by_its_unique_value_in_two_reads(store):
    ann = store.create(user("ann", "a@x"))
    with recorded(getattr(store, "target", store)) as sent:
        assert store.get_unique(User, email="a@x") == ann
    assert [each.request.operation for each in sent] == ["GetItem", "GetItem"]
    assert store.get_unique(User, tenant="t1", name="ann") == ann
    assert store.get_unique(User, email="b@x") is None
    assert store.scope("other").get_unique(User, email="a@x") is None
    team = store.scope("team")
    bob = team.create(user("bob", "a@x"))
    assert team.consistent().get_unique(User, email="a@x") == bob


def test_a_unique_value_finds_who_has_it_now(store):
    store.create(user("ann", "a@x"))
    store.update(ref(User, user_id="ann"), email="new@x")
    assert store.get_unique(User, email="a@x") is None
    assert store.get_unique(User, email="new@x").user_id == "ann"
    store.create(user("bob", "a@x"))
    assert store.get_unique(User, email="a@x").user_id == "bob"
    store.delete(ref(User, user_id="bob"))
    assert store.get_unique(User, email="a@x") is None


def test_who_is_expired_or_lost_the_value_is_not_found_by_it(open_store, store):
    store.put(user("ann", "a@x", expires_at=YESTERDAY))
    assert store.get_unique(User, email="a@x") is None
    store.create(Page(page_id="p1", path="/"))
    open_store(Schema([OldPage]), create=False).put(OldPage(page_id="p1", path="/moved"))
    assert store.get_unique(Page, path="/") is None  # its guard is out of date
    assert store.get_unique(Page, path="/moved") is None  # written without a guard


def test_a_value_that_moves_between_the_two_reads_is_looked_for_again(store):
    store.create(user("ann", "a@x"))
    steps = get_unique(store.schema, User, {"email": "a@x"})
    reads = []

    def meanwhile():
        asked, answer = next(steps), None
        while True:
            reads.append(getattr(asked, "consistent", None))
            answer = store.run(iter(asked))
            if len(reads) == 2:
                store.transact(
                    Update(ref(User, user_id="ann"), email=None), Create(user("bob", "a@x"))
                )
            asked = steps.send(answer)

    with pytest.raises(StopIteration) as ended:
        meanwhile()
    assert ended.value.value.user_id == "bob"
    assert reads == [None, False, False, True, True]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda store: store.get_unique(User, user_id="ann"), "it has email; tenant and name"),
        (lambda store: store.get_unique(User, name="x"), "not the fields of a unique"),
        (lambda store: store.get_unique(User, email=None), "None is no value that is unique"),
        (lambda store: store.get_unique(OldPage, path="/"), "OldPage is not in this schema"),
        (lambda store: store.get_unique(User, mail="x"), "Did you mean email"),
        (lambda store: store.get(User, email="a@x"), r"get_unique\(\) finds it by email"),
    ],
)
def test_what_is_no_unique_value_is_refused(store, call, says):
    with pytest.raises(RequestError, match=says):
        call(store)


def test_none_is_no_value(store):
    store.create(user("ann"))
    store.create(user("bob"))


def test_values_are_unique_together(store):
    store.create(user("ann", name="x", tenant="t1"))
    store.create(user("bob", name="x", tenant="t2"))
    with pytest.raises(NotUnique, match="tenant and name of User must be unique"):
        store.create(user("carl", name="x", tenant="t1"))


def test_a_put_of_an_unchanged_value_is_one_request(store):
    ann = store.create(user("ann", "a@x"))
    with recorded(getattr(store, "target", store)) as sent:
        store.put(User(user_id="ann", email="a@x", name="ann", visits=3))
    assert [each.request.operation for each in sent] == ["PutItem"]
    assert ann.visits == 0


def test_a_put_gives_up_the_old_value_and_takes_the_new(store):
    store.put(user("ann", "a@x"))
    store.put(user("ann", "b@x"))
    assert guard(store, "a@x") is None
    store.put(user("bob", "a@x"))
    with pytest.raises(NotUnique):
        store.put(user("bob", "b@x"))
    assert store.get(User, user_id="bob").email == "a@x"


def test_an_update_gives_up_the_old_value_and_takes_the_new(store):
    store.create(user("ann", "a@x"))
    changed = store.update(ref(User, user_id="ann"), email="b@x", visits=1)
    assert changed == user("ann", "b@x", visits=1)
    assert guard(store, "a@x") is None
    store.create(user("bob", "a@x"))
    with pytest.raises(NotUnique):
        store.update(ref(User, user_id="bob"), email="b@x")
    store.update(changed, email=unset())
    assert store.update(ref(User, user_id="bob"), email="b@x").email == "b@x"


def test_an_update_of_other_fields_is_one_request(store):
    store.create(user("ann", "a@x"))
    with recorded(getattr(store, "target", store)) as sent:
        store.update(ref(User, user_id="ann"), visits=1)
    assert [each.request.operation for each in sent] == ["UpdateItem"]


def test_a_stale_entity_at_hand_does_not_lose_a_guard(store):
    stale = store.create(user("ann", "a@x"))
    store.update(ref(User, user_id="ann"), email="b@x")
    assert store.update(stale, email="c@x").email == "c@x"
    assert guard(store, "a@x") is None
    assert guard(store, "b@x") is None
    store.put(stale)
    assert guard(store, "c@x") is None
    assert guard(store, "a@x") is not None


def test_a_delete_gives_the_value_up(store):
    ann = store.create(user("ann", "a@x"))
    assert store.delete(ann) == ann
    assert guard(store, "a@x") is None
    store.create(user("bob", "a@x"))
    assert store.delete(ref(User, user_id="bob"), when={"visits": 0}) == user("bob", "a@x")
    assert store.delete(ref(User, user_id="bob")) is None
    with pytest.raises(ConditionFailed):
        store.delete(ref(User, user_id="bob"), when={"visits": 0})


def test_a_guard_past_its_expiry_counts_as_absent(store):
    store.create(user("ann", "a@x", expires_at=YESTERDAY))
    store.create(user("bob", "a@x"))
    assert store.get(User, user_id="bob").email == "a@x"


def test_a_guard_lives_as_long_as_its_entity(store):
    ann = store.create(user("ann", "a@x", expires_at=YESTERDAY + dt.timedelta(days=9)))
    before = guard(store, "a@x")["TTL"]
    store.update(ann, expires_at=ann.expires_at + dt.timedelta(days=1))
    assert int(guard(store, "a@x")["TTL"]["N"]) == int(before["N"]) + 86_400
    store.update(ref(User, user_id="ann"), expires_at=None)
    assert "TTL" not in guard(store, "a@x")


def test_a_transaction_passes_a_value_on(store):
    ann = store.create(user("ann", "a@x"))
    store.create(user("bob", "b@x"))
    store.transact(Update(ann, email="c@x"), Update(ref(User, user_id="bob"), email="a@x"))
    assert guard(store, "a@x")["OWNER"]["L"][0] == {"S": "USER#bob"}
    assert guard(store, "b@x") is None
    store.transact(Delete(ref(User, user_id="bob")), Create(user("carl", "a@x")))
    assert guard(store, "a@x")["OWNER"]["L"][0] == {"S": "USER#carl"}


@pytest.mark.fault("moto", reason="ignores the token")
def test_a_token_makes_a_repetition_harmless_that_finds_other_values(store):
    """The first try goes by a guess, which is right only once the put is done."""
    store.create(user("ann", "a@x"))
    store.create(user("bob"))
    token = uuid4().hex
    writes = Put(user("ann", "b@x")), Update(ref(User, user_id="bob"), visits=increment(1))
    store.transact(*writes, token=token)
    with pytest.raises(TokenUsed):
        store.transact(*writes, token=token)
    assert store.get(User, user_id="bob").visits == 1


def test_entities_of_one_value_from_before_the_constraint_give_it_up_together(open_store):
    before = open_store(Schema([OldPage]))
    for page_id in "abc":
        before.put(OldPage(page_id=page_id, path="/"))
    store = open_store(Schema([User, Page]))
    a, b, c = (ref(Page, page_id=page_id) for page_id in "abc")
    store.update(b, path="/b")
    store.update(b, path="/")  # which is b's now
    store.transact(Delete(a), Update(b, path="/b"))
    first = store.create(Page(page_id="d", path="/"))
    store.transact(Delete(first), Update(c, path="/c"), Create(Page(page_id="e", path="/")))
    assert [page.path for page in store.get_many([b, c])] == ["/b", "/c"]
    with pytest.raises(NotUnique):
        store.update(c, path="/")


def test_a_transaction_that_takes_a_value_twice_is_refused(store):
    twice = (
        "email of User must be unique, and the writes of USER#ann ~ and USER#bob ~ give the same"
    )
    with pytest.raises(RequestError, match=twice):
        store.transact(Create(user("ann", "a@x")), Create(user("bob", "a@x")))
    store.create(user("carl", "c@x"))
    with pytest.raises(TransactionCanceled) as caught:
        store.transact(Put(user("ann")), Create(user("bob", "c@x")))
    assert [type(each) for each in caught.value.reasons] == [type(None), NotUnique]


def test_revisions_and_unique_values_are_kept_together(store):
    page = store.put(Page(page_id="p1", path="/"))
    moved = store.put(Page(page_id="p1", path="/home", revision=page.revision))
    assert moved.revision == 2
    with pytest.raises(RevisionConflict):
        store.put(Page(page_id="p1", path="/late", revision=1))
    with pytest.raises(RevisionConflict):
        store.put(Page(page_id="p1", path="/new"))
    with pytest.raises(AlreadyExists):
        store.create(Page(page_id="p1", path="/again"))
    store.put(Page(page_id="p2", path="/"))
    assert store.update(moved, path="/there").revision == 3


def test_upserts_and_moves_keep_values_unique(store):
    store.create(user("ann", "a@x"))
    with pytest.raises(NotUnique):
        store.upsert(ref(User, user_id="bob"), email="a@x", name="bob")
    made = store.upsert(ref(User, user_id="bob"), email=if_missing("b@x"), name="bob")
    assert made == user("bob", "b@x")
    moved = store.move(made, user_id="robert")
    assert moved == user("robert", "b@x", name="bob")
    assert guard(store, "b@x")["OWNER"]["L"][0] == {"S": "USER#robert"}
    assert store.get(User, user_id="bob") is None


@pytest.mark.fault("moto", reason=RACE, strict=False)
def test_of_writers_that_race_for_a_value_one_gets_it(store):
    def claim(own, number):
        return own.put(user(f"u{number}", "a@x"))

    outcomes = at_once(store, claim, 8)
    assert sum(isinstance(each, User) for each in outcomes) == 1
    assert sum(isinstance(each, NotUnique) for each in outcomes) == 7


def test_a_value_that_a_put_gives_up_unseen_passes_on_in_one_transaction(store):
    store.create(user("ann", "a@x"))
    store.transact(Put(user("ann")), Create(user("bob", "a@x")))
    assert guard(store, "a@x")["OWNER"]["L"][0] == {"S": "USER#bob"}
