"""Tokens by which agents act for users at other services."""

from __future__ import annotations

import datetime as dt

from ..entities.declaring import entity
from ..entities.patterns import key
from ..entities.payload_fields import payload


@entity("auth_token")
class AuthToken:
    """The token of a user, of one provider and for one of its services.

    Attributes:
        provider: who gave it.
        user_id: whose it is; empty for all users.
        service: what it is for.
        token_id: made with the first token, and kept with the next ones.
        created_at: when the first token was saved.
        updated_at: when this one was.
        content: what a framework keeps of it, as it serialized it. Whoever saves a token encrypts it.
    """

    provider: str
    user_id: str = ""
    service: str
    token_id: str
    created_at: dt.datetime
    updated_at: dt.datetime
    content: bytes = payload(default=b"")

    primary = key("AT#{provider}#{user_id}#{service}", "~")
