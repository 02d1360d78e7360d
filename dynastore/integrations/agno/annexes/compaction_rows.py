"""Agno's compactions and ours: pure conversions. A row is kept as one JSON text."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from ....agents.annexes.compactions import Compaction
from ..columns import Columns
from ..texts import json_bytes, json_value, moment

COLUMNS = Columns(
    "compactions",
    required=("compaction_id", "session_id", "created_at"),
    optional=(
        *("run_id", "user_id", "first_kept_message_id", "summary", "archived_messages"),
        *("messages_compacted", "tokens_before", "tokens_after"),
    ),
)


def compaction_of(given: Mapping[str, Any], now: dt.datetime) -> Compaction:
    """A compaction as it is stored.

    Raises:
        RequestError: a column lacks its value, or there is no such column.
    """
    row = COLUMNS.row(given)
    content = json_bytes(row)
    return Compaction(
        session_id=row["session_id"],
        compaction_id=row["compaction_id"],
        created_at=moment(row["created_at"]),
        saved_at=now,
        content=content,
        content_bytes=len(content),
    )


def row_of(compaction: Compaction) -> dict[str, Any]:
    """A row as Agno's SQL databases give it."""
    row: dict[str, Any] = json_value(compaction.content)
    return row


def has_any(row: Mapping[str, Any], terms: Sequence[str]) -> bool:
    """Whether the messages that were folded have one of some terms, in capitals or not."""
    archived = (row["archived_messages"] or "").casefold()
    return any(each.casefold() in archived for each in terms)
