"""Agno's tool results and ours: pure conversions. A row is kept as one JSON text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....agents.annexes.tool_results import ToolResult
from ..columns import Columns
from ..texts import json_bytes, json_value, moment

COLUMNS = Columns(
    "tool results",
    required=(
        *("result_id", "namespace", "path", "session_id", "run_id", "tool_call_id", "tool_name"),
        *("args_hash", "content_type", "size_bytes", "line_count", "preview", "created_at"),
    ),
    optional=("user_id", "expires_at"),
)


def result_of(given: Mapping[str, Any]) -> ToolResult:
    """A tool result as it is stored.

    Raises:
        RequestError: a column lacks its value, or there is no such column.
    """
    row = COLUMNS.row(given)
    due = row["expires_at"]
    return ToolResult(
        result_id=row["result_id"],
        session_id=row["session_id"],
        created_at=moment(row["created_at"]),
        due_at=None if due is None else moment(due),
        content=json_bytes(row),
    )


def row_of(result: ToolResult) -> dict[str, Any]:
    """A row as Agno's SQL databases give it."""
    row: dict[str, Any] = json_value(result.content)
    return row
