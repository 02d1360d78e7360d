"""Auth tokens: one for each user and service, the last one that was saved."""

from __future__ import annotations

import pytest

from dynastore.errors import RequestError

from ..engines import ADAPTER_PAIRS
from .made import BEGAN

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)


@pytest.fixture
def db(open_db):
    return open_db()


def token(user_id="ann", service="mail", **more):
    data = {"access": "a", "expiry": 1.5, "deep": [{"é": None}]}
    return {
        "provider": "google",
        "user_id": user_id,
        "service": service,
        "token_data": data,
        "granted_scopes": ["read"],
        **more,
    }


def test_a_token_is_read_as_it_was_saved_at_once(db, open_db):
    stored = db.upsert_auth_token(token())
    found = open_db().unsettled.get_auth_token("google", "ann", "mail")
    assert found == stored
    assert {**found, **token()} == found


def test_the_next_token_replaces_the_last_one_and_keeps_its_id(db):
    first = db.upsert_auth_token(token(created_at=BEGAN))
    db.upsert_auth_token(token(token_data={"access": "b"}, granted_scopes=None))
    found = db.get_auth_token("google", "ann", "mail")
    assert (found["token_data"], found["granted_scopes"]) == ({"access": "b"}, None)
    assert (found["id"], found["created_at"]) == (first["id"], BEGAN)


def test_users_services_and_providers_have_tokens_of_their_own(db):
    db.upsert_auth_token(token())
    for key in (("google", "bob", "mail"), ("google", "ann", "drive"), ("xai", "ann", "mail")):
        assert db.get_auth_token(*key) is None
        assert db.delete_auth_token(*key) is False
    assert db.delete_auth_token("google", "ann", "mail") is True
    assert db.get_auth_token("google", "ann", "mail") is None


def test_nobody_is_the_user_of_a_token_for_all(db):
    db.upsert_auth_token(token(user_id=None))
    assert db.get_auth_token("google", "", "mail") == db.get_auth_token("google", None, "mail")
    assert db.get_auth_token("google", None, "mail")["user_id"] == ""


def test_a_token_is_of_any_size(db):
    large = {"access": "".join(map(chr, range(20_000))) * 40}
    db.upsert_auth_token(token(token_data=large))
    assert db.get_auth_token("google", "ann", "mail")["token_data"] == large


def test_a_token_without_its_data_is_refused(db):
    with pytest.raises(RequestError, match="token_data"):
        db.upsert_auth_token(token(token_data=None))
