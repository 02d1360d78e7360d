"""Compactions: what a long conversation was folded into, and what was folded."""

from __future__ import annotations

import datetime as dt

from ...entities.declaring import entity
from ...entities.patterns import gsi, key
from ...entities.payload_fields import payload


@entity("compaction")
class Compaction:
    """One fold of a session, made by one run. It is written once, and never changes.

    Attributes:
        session_id: the session it belongs to; see `Annex`.
        compaction_id: unique in its session.
        created_at: when it was made; lists are sorted by it.
        saved_at: when it was written; sorts those made in the same second.
        content: what a framework keeps of it, as it serialized it.
        content_bytes: how long that is.
    """

    session_id: str
    compaction_id: str
    created_at: dt.datetime
    saved_at: dt.datetime
    content: bytes = payload(default=b"")
    content_bytes: int = 0

    primary = key("AX#{session_id}", "C#{compaction_id}")
    by_id = gsi(4, "ID#{compaction_id}", "COMPACTION", include=())
