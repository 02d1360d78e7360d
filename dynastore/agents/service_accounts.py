"""Service accounts: machines that may call agents, each known by a token."""

from __future__ import annotations

import datetime as dt

from ..entities.declaring import entity
from ..entities.patterns import key
from ..entities.payload_fields import payload
from ..entities.uniques import unique


@entity("service_account")
class ServiceAccount:
    """A machine that may call agents. Of those that are not revoked each has a name of its own.

    Attributes:
        account_id: unique in its scope.
        name: what a list shows.
        active_name: the name, until it is revoked; then None.
        token_hash: of the token by which it is known.
        user_id: whose it is, or None.
        created_at: when it was made.
        valid_until: after which its token counts for nothing, or None.
        last_used_at: when its token was used last, or None.
        revoked_at: when it was revoked, or None.
        content: what a framework keeps of it besides, as it serialized it.
    """

    account_id: str
    name: str
    active_name: str | None
    token_hash: str
    user_id: str | None = None
    created_at: dt.datetime
    valid_until: dt.datetime | None = None
    last_used_at: dt.datetime | None = None
    revoked_at: dt.datetime | None = None
    content: bytes = payload(default=b"")

    # There are few, and they change rarely: one partition lists all of them as they are now.
    primary = key("SERVICE_ACCOUNTS", "A#{account_id}")
    one_active_name = unique("active_name")
    one_token = unique("token_hash")
