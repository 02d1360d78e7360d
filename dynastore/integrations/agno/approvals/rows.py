"""Agno's approvals and ours: pure conversions. What lists choose by is in an approval's outline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ....agents.approvals import Approval, ApprovalOutline
from ....changes import inside
from ..kept_columns import KeptColumns

IDS = ("approval_id", "run_id")
OUTLINED = (
    *("source_type", "approval_type", "pause_type"),
    *("agent_id", "team_id", "workflow_id", "schedule_id"),
)
APPROVALS = KeptColumns(
    "approvals",
    names=(
        *("id", "run_id", "session_id", "status", "tool_name", "tool_args", "expires_at"),
        *("user_id", "schedule_run_id", "source_name", "requirements", "context"),
        *("resolution_data", "resolved_by", "resolved_at", "created_at", "updated_at"),
        "run_status",
    ),
    fields={"id": "approval_id"},
    times={"expires_at", "resolved_at", "created_at", "updated_at"},
    texts={"tool_args", "requirements", "context", "resolution_data"},
    needed=(*("id", "run_id", "session_id", "status", "source_type", "pause_type", "created_at"),),
)


def approval_of(row: Mapping[str, Any]) -> Approval:
    """A new approval.

    Raises:
        RequestError: a column is missing, or unknown.
    """
    APPROVALS.check(row)
    outlined, rest = _split(row)
    values = APPROVALS.values(rest)
    ids = {name: values[name] for name in IDS}
    return Approval(**values, outline=ApprovalOutline(**ids, **outlined))


def approval_changes(row: Mapping[str, Any]) -> dict[str, Any]:
    """What changes of an approval, as fields.

    Raises:
        RequestError: a column is unknown.
    """
    outlined, rest = _split(row)
    values = APPROVALS.values(rest)
    return {**values, "outline": inside(**outlined)} if outlined else values


def approval_row(approval: Approval) -> dict[str, Any]:
    """An approval as a row."""
    return {**APPROVALS.row(approval), **outlined_columns(approval.outline)}


def outlined_columns(outline: ApprovalOutline) -> dict[str, Any]:
    """The columns that an outline has."""
    return {name: getattr(outline, name) for name in OUTLINED}


def _split(row: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The columns of the outline, and the others."""
    outlined = {name: row[name] for name in OUTLINED if name in row}
    return outlined, {name: value for name, value in row.items() if name not in outlined}
