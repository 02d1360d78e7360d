"""Auth tokens: a user for each hundred sessions has one, and one more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynastore import Store
from dynastore.integrations.agno import DynastoreDb

from .measured import Measured, Topic


def token(number: int) -> dict[str, Any]:
    """The token of a user, by the user's number."""
    data = {"access_token": f"a{number}", "refresh_token": f"r{number}"}
    return {
        "provider": "google",
        "user_id": f"user-{number}",
        "service": "mail",
        "token_data": data,
    }


CALLS: Mapping[str, Measured] = {
    "get_auth_token": Measured(
        lambda db, _: db.get_auth_token("google", "user-1", "mail"), lambda _: 1
    ),
    "upsert_auth_token": Measured(lambda db, _: db.upsert_auth_token(token(1)), lambda _: 1),
    "upsert_auth_token, new": Measured(
        lambda db, size: db.upsert_auth_token(token(size)), lambda _: 2
    ),
    "delete_auth_token": Measured(
        lambda db, _: db.delete_auth_token("google", "user-1", "mail"), lambda _: 1
    ),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with the tokens of users for so many sessions."""
    db = DynastoreDb(store)
    for number in range(size // 100 + 1):
        db.upsert_auth_token(token(number))
    return db


TOPIC = Topic(filled, CALLS)
