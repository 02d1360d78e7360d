"""Service accounts: one for each ten sessions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynastore import Store
from dynastore.integrations.agno import DynastoreDb

from .measured import BEGAN, Measured, Topic, pages

EACH = 10  # sessions for one account


def account(number: int) -> dict[str, Any]:
    """An account, by its number."""
    return {
        "id": f"i{number}",
        "name": f"ci-{number}",
        "token_hash": f"h{number}",
        "token_prefix": "agno_4f",
        "scopes": ["agents:run"],
        "created_at": BEGAN + number,
    }


def _revoke(db: DynastoreDb, _: int) -> Any:
    return db.update_service_account("i1", revoked_at=BEGAN)


CALLS: Mapping[str, Measured] = {
    "get_service_account": Measured(lambda db, _: db.get_service_account("i1"), lambda _: 1),
    "get_service_account_by_token_hash": Measured(
        lambda db, _: db.get_service_account_by_token_hash("h1"), lambda _: 2
    ),
    "get_service_account_by_name": Measured(
        lambda db, _: db.get_service_account_by_name("ci-1"), lambda _: 2
    ),
    "get_service_accounts, page 1": Measured(
        lambda db, _: db.get_service_accounts(), lambda size: pages(size // EACH)
    ),
    "update_service_account, used": Measured(
        lambda db, _: db.update_service_account("i1", last_used_at=BEGAN), lambda _: 1
    ),
    "update_service_account, revoked": Measured(_revoke, lambda _: 3),
    "create_service_account": Measured(
        lambda db, size: db.create_service_account(account(size)), lambda _: 1
    ),
    "delete_service_account": Measured(lambda db, _: db.delete_service_account("i2"), lambda _: 2),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with the accounts for so many sessions."""
    db = DynastoreDb(store)
    for number in range(size // EACH):
        db.create_service_account(account(number))
    return db


TOPIC = Topic(filled, CALLS)
