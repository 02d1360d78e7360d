"""Agno's service accounts and ours: pure conversions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....agents.service_accounts import ServiceAccount
from ..columns import Columns
from ..texts import json_bytes, json_value, moment, seconds

COLUMNS = Columns(
    "service accounts",
    required=("id", "name", "token_hash", "token_prefix", "scopes", "created_at"),
    optional=("user_id", "expires_at", "last_used_at", "revoked_at", "created_by"),
)
KEPT = ("token_prefix", "scopes", "created_by")  # that no list filters or sorts by

# Agno's column -> our field; each may be None.
FIELDS = {
    "expires_at": "valid_until",
    "last_used_at": "last_used_at",
    "revoked_at": "revoked_at",
}


def account_of(given: Mapping[str, Any]) -> ServiceAccount:
    """An account as it is stored.

    Raises:
        RequestError: a column lacks its value, or there is no such column.
    """
    row = COLUMNS.row(given)
    moments = {field: row[name] for name, field in FIELDS.items()}
    return ServiceAccount(
        account_id=row["id"],
        name=row["name"],
        active_name=row["name"] if row["revoked_at"] is None else None,
        token_hash=row["token_hash"],
        user_id=row["user_id"],
        created_at=moment(row["created_at"]),
        content=json_bytes({name: row[name] for name in KEPT}),
        **{name: None if at is None else moment(at) for name, at in moments.items()},
    )


def row_of(account: ServiceAccount) -> dict[str, Any]:
    """A row as Agno's SQL databases give it."""
    return {
        "id": account.account_id,
        "name": account.name,
        "token_hash": account.token_hash,
        "user_id": account.user_id,
        **json_value(account.content),
        "created_at": seconds(account.created_at),
        **{name: seconds(getattr(account, field)) for name, field in FIELDS.items()},
    }


def changes_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What an update changes; a name is free for others once its account is revoked."""
    changes: dict[str, Any] = {
        FIELDS[name]: None if at is None else moment(at) for name, at in given.items()
    }
    return {**changes, "active_name": None} if "revoked_at" in changes else changes


def column(account: ServiceAccount, name: str) -> Any:
    """The value of a column of Agno's, by which lists are sorted."""
    return getattr(account, FIELDS.get(name, name))
