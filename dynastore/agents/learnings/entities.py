"""What agents learned: of users, of sessions, of things, and of their own decisions."""

from __future__ import annotations

from typing import Any

from ...entities.declaring import entity
from ...entities.patterns import gsi, key
from ...entities.payload_fields import payload

LISTED = ("user_id", "session_id", "outline")


@entity("learning")
class Learning:
    """One thing that was learned. What it is about never changes; what is known of it does.

    Attributes:
        learning_id: unique in its scope.
        learning_type: such as ``user_profile`` or ``session_context``.
        user_id: of whom or for whom it was learned, or None for all.
        session_id: the session that it is about, or None.
        outline: what else lists filter, sort and show; see `learning.summaries`.
        content: what is known, as a framework serialized it.
    """

    learning_id: str
    learning_type: str
    user_id: str | None = None
    session_id: str | None = None
    outline: list[Any]
    content: bytes = payload()

    primary = key("L#{learning_id}", "~")
    by_user = gsi(1, "U#{user_id}", "LEARNING", "{learning_type}", include=LISTED)
    by_type = gsi(2, "LEARNINGS#{learning_type}", "LEARNING", include=LISTED)
    directory = gsi(3, "LEARNINGS", "{learning_type}", include=LISTED)
