"""Service accounts: each with a token of its own, and known to be revoked at once."""

from __future__ import annotations

import pytest

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.errors import AlreadyExists, NotUnique, RequestError
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb

from ..drivers import at_once
from ..engines import ADAPTER_PAIRS
from .made import BEGAN

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)


@pytest.fixture
def db(open_db):
    return open_db()


def account(number=0, **more):
    """An account; each number has an id, a name, a token and a time of its own."""
    return {
        "id": f"i{number}",
        "name": f"ci-{number}",
        "user_id": None,
        "token_hash": f"h{number}",
        "token_prefix": "agno_4f",
        "scopes": ["agents:run", "é"],
        "created_at": BEGAN + number,
        "expires_at": BEGAN + 1_000,
        "last_used_at": None,
        "revoked_at": None,
        "created_by": "ann",
        **more,
    }


def ids(found):
    return [each["id"] for each in found[0]]


def test_an_account_is_found_by_its_id_its_token_and_its_name_at_once(db, open_db):
    assert db.create_service_account(account()) == account()
    other = open_db().unsettled
    assert other.get_service_account("i0") == account()
    assert other.get_service_account_by_token_hash("h0") == account()
    assert other.get_service_account_by_name("ci-0") == account()
    assert other.get_service_account_by_token_hash("h1") is None


def test_ids_tokens_and_names_in_use_are_taken(db):
    db.create_service_account(account())
    with pytest.raises(AlreadyExists):
        db.create_service_account(account(1, id="i0"))
    for taken in ({"token_hash": "h0"}, {"name": "ci-0"}):
        with pytest.raises(NotUnique):
            db.create_service_account(account(1, **taken))
    assert db.get_service_account("i1") is None


def test_a_revoked_account_is_known_as_such_and_leaves_its_name_to_others(db, open_db):
    db.create_service_account(account())
    revoked = account(revoked_at=BEGAN + 5)
    assert db.update_service_account("i0", revoked_at=BEGAN + 5) == revoked
    other = open_db().unsettled
    assert other.get_service_account_by_token_hash("h0") == revoked
    assert other.get_service_account_by_name("ci-0") is None
    assert db.get_service_account_by_name("ci-0", include_revoked=True) == revoked
    db.create_service_account(account(1, name="ci-0"))
    assert db.get_service_account_by_name("ci-0")["id"] == "i1"
    assert db.get_service_account_by_name("ci-0", include_revoked=True)["id"] == "i1"


def test_only_what_changes_of_an_account_can_be_updated(db):
    db.create_service_account(account())
    for wrong in ({}, {"scopes": []}, {"revoked_at": None}):
        with pytest.raises(ValueError, match=r"update|modify|revocation"):
            db.update_service_account("i0", **wrong)
    used = {"last_used_at": BEGAN + 9}
    assert db.update_service_account("i0", return_record=False, **used) is None
    assert db.get_service_account("i0") == account(**used)
    assert db.update_service_account("unknown", **used) is None
    assert db.get_service_account("unknown") is None


def test_a_user_sees_the_own_accounts_and_those_of_nobody(db):
    for number, user in enumerate(("ann", "bob", None)):
        db.create_service_account(account(number, user_id=user))
    assert ids(db.get_service_accounts(user_id="ann")) == ["i2", "i0"]
    assert db.get_service_account("i1", user_id="ann") is None
    assert db.get_service_account("i2", user_id="ann") is not None


def test_lists_have_pages_orders_and_totals(db):
    for number in range(5):
        db.create_service_account(account(number, revoked_at=BEGAN if number == 3 else None))
    rows, total = db.get_service_accounts(limit=2, page=2)
    assert ([each["id"] for each in rows], total) == (["i2", "i1"], 5)
    found = db.get_service_accounts(include_revoked=False, sort_by="name", sort_order="asc")
    assert (ids(found), found[1]) == (["i0", "i1", "i2", "i4"], 4)


def test_a_list_shows_at_once_that_an_account_is_revoked(db):
    db.create_service_account(account())
    db.update_service_account("i0", revoked_at=BEGAN)
    assert ids(db.unsettled.get_service_accounts(include_revoked=False)) == []


def test_a_deleted_account_leaves_its_token_and_its_name_to_others(db):
    db.create_service_account(account())
    assert db.delete_service_account("i0") is True
    assert db.delete_service_account("i0") is False
    assert db.get_service_account_by_token_hash("h0") is None
    db.create_service_account(account(1, name="ci-0", token_hash="h0"))


@pytest.mark.fault(
    "moto", reason="checks and writes in two steps, between which threads interfere", strict=False
)
def test_only_one_of_racing_accounts_gets_a_name(db, open_store):
    store = open_store(agent_schema())

    def call(store, number):
        kind = DynastoreDb if isinstance(store, Store) else AsyncDynastoreDb
        return kind(store).create_service_account(account(number, name="ci"))

    outcomes = at_once(store, call, 8)
    assert sum(isinstance(each, NotUnique) for each in outcomes) == 7
    assert db.get_service_accounts()[1] == 1


def test_an_account_without_a_token_is_refused(db):
    with pytest.raises(RequestError, match="token_hash"):
        db.create_service_account(account(token_hash=None))
