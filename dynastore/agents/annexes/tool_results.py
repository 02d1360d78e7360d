"""Tool results: what tools gave that is too long for a conversation, and is kept elsewhere."""

from __future__ import annotations

import datetime as dt

from ...entities.declaring import entity
from ...entities.patterns import gsi, key
from ...entities.payload_fields import payload
from ...terms import exists


@entity("tool_result")
class ToolResult:
    """Where one result is kept, and how it begins.

    It does not expire by itself: whoever deletes it deletes what it tells of, too.

    Attributes:
        result_id: unique in its scope; it stays with its session.
        session_id: the session it belongs to; see `Annexed`.
        created_at: when it was kept.
        due_at: after which it is to be deleted, or None.
        content: what a framework keeps of it, as it serialized it.
    """

    result_id: str
    session_id: str
    created_at: dt.datetime
    due_at: dt.datetime | None = None
    content: bytes = payload(default=b"", split=False)  # no part is left by a batch that deletes

    primary = key("TR#{result_id}", "~")
    due = gsi(
        *(3, "TOOL_RESULTS#DUE", "{due_at?}", "{result_id}"),
        when={"due_at": exists()},
        include=(),
    )
