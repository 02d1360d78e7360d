"""Auth tokens: what Agno's contract asks of them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from ....agents.auth_tokens import AuthToken
from ....changes import if_missing
from ....entities.spec import Ref, ref
from ....operations.reading.reads import get
from ....operations.writing.upserts import upsert
from ....operations.writing.writes import write
from ....requests import Now, Steps
from ....writes import Delete
from ..calls import Calls
from ..columns import Columns
from ..texts import json_bytes, json_value, moment, seconds

COLUMNS = Columns(
    "auth tokens",
    required=("provider", "service", "token_data"),
    optional=("user_id", "granted_scopes", "id", "created_at", "updated_at"),
)


class AuthTokenCalls(Calls):
    """Tokens by which agents act for users at other services."""

    def get_auth_token(
        self, provider: str, user_id: str | None, service: str
    ) -> Steps[dict[str, Any] | None]:
        """The token of a user, or of all, for a service: one request."""
        key = dict(_ref(provider, user_id, service).values)
        found = yield from get(self.schema, AuthToken, key, consistent=True)
        return None if found is None else _row(found)

    def upsert_auth_token(self, token: dict[str, Any]) -> Steps[dict[str, Any] | None]:
        """Save a token in place of the one before: one request, or two for the first one.

        Its ``id`` and ``created_at`` stay those of the first one.

        Returns:
            The token as it is stored.
        """
        row = COLUMNS.row(token)
        now = yield from Now()
        target = _ref(row["provider"], row["user_id"], row["service"])
        stored = yield from upsert(self.schema, target, _changes(row, now))
        return _row(stored)

    def delete_auth_token(self, provider: str, user_id: str | None, service: str) -> Steps[bool]:
        """Delete a token; whether there was one. One request."""
        gone = yield from write(self.schema, Delete(_ref(provider, user_id, service)))
        return gone is not None


def _ref(provider: str, user_id: str | None, service: str) -> Ref[AuthToken]:
    return ref(AuthToken, provider=provider, user_id=user_id or "", service=service)


def _changes(row: Mapping[str, Any], now: dt.datetime) -> dict[str, Any]:
    created = row["created_at"]
    content = {name: row[name] for name in ("token_data", "granted_scopes")}
    return {
        "token_id": if_missing(str(uuid4())),
        "created_at": if_missing(now if created is None else moment(created)),
        "updated_at": now,
        "content": json_bytes(content),
    }


def _row(token: AuthToken) -> dict[str, Any]:
    return {
        "id": token.token_id,
        "provider": token.provider,
        "user_id": token.user_id,
        "service": token.service,
        **json_value(token.content),
        "created_at": seconds(token.created_at),
        "updated_at": seconds(token.updated_at),
    }
