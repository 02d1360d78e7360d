"""What Agno's service keeps: schedules and their runs, approvals, accounts, and annexes of sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ....agents.annexes.compacting import keep_compaction
from ....agents.annexes.compactions import Compaction
from ....agents.annexes.results import keep_result
from ..accounts import service_account_rows
from ..annexes import compaction_rows, tool_result_rows
from ..approvals.rows import APPROVALS as APPROVAL_COLUMNS
from ..approvals.rows import OUTLINED, approval_of, approval_row
from ..schedules.rows import RUNS, SCHEDULES, run_of, schedule_of
from ..texts import moment
from .conversations import SESSION
from .old import Old, Row
from .topics import Rows, column, decoded

ID = column("id")
LOCKS = ("locked_by", "locked_at")  # the claim of a worker of the old database


def _schedules(old: Old) -> Iterator[list[Any]]:
    return old.pages("get_schedules", ID, by="id")


def _schedule_in(given: Row) -> Row:
    return {**decoded(given, SCHEDULES.texts), **dict.fromkeys(LOCKS)}


def _schedule_runs(old: Old) -> Iterator[list[Any]]:
    for page in old.pages("get_schedules", ID, by="id", is_topic=False):
        for schedule in page:
            of = {"schedule_id": schedule["id"], "is_topic": False}
            yield from old.pages("get_schedule_runs", ID, by="id", **of)


def _schedule_run_in(given: Row) -> Row:
    return decoded(given, ("input", "output", "requirements"))


def _approvals(old: Old) -> Iterator[list[Any]]:
    return old.pages("get_approvals", ID, by="id")


def _approval_in(given: Row) -> Row:
    row = decoded(given, APPROVAL_COLUMNS.texts)
    return {**dict.fromkeys((*APPROVAL_COLUMNS.names, *OUTLINED)), **row}


def _accounts(old: Old) -> Iterator[list[Any]]:
    return old.pages("get_service_accounts", ID, by="created_at", include_revoked=True)


def _account_in(given: Row) -> Row:
    return decoded(given, ("scopes",))


def _sessions(old: Old) -> Iterator[str]:
    """The sessions that the old database lists."""
    options = {"include_runs": False, "is_topic": False}
    for page in old.pages("get_sessions", column(SESSION), by=SESSION, **options):
        yield from (each[SESSION] for each in page)


def _tool_results(old: Old) -> Iterator[list[Any]]:
    for session_id in _sessions(old):
        yield old.call("get_tool_results_for_session", session_id)


def _compactions(old: Old) -> Iterator[list[Any]]:
    for session_id in _sessions(old):
        yield old.call("get_compactions_for_session", session_id)


def _compaction(row: Row) -> Compaction:
    return compaction_rows.compaction_of(row, moment(row["created_at"]))


SCHEDULE_ROWS = Rows(
    name="schedules",
    table="schedules_table_name",
    listed=_schedules,
    row_in=_schedule_in,
    entity_of=schedule_of,
    key=("schedule_id",),
    row_of=SCHEDULES.row,
    guard=("updated_at", "locked_by"),
    ident=("id",),
    ignored=LOCKS,
)
SCHEDULE_RUNS = Rows(
    name="schedule runs",
    table="schedule_runs_table_name",
    listed=_schedule_runs,
    row_in=_schedule_run_in,
    entity_of=run_of,
    key=("schedule_run_id",),
    row_of=RUNS.row,
    guard=("status", "completed_at"),
    ident=("id",),
)
APPROVALS = Rows(
    name="approvals",
    table="approvals_table_name",
    listed=_approvals,
    row_in=_approval_in,
    entity_of=approval_of,
    key=("run_id", "approval_id"),
    row_of=approval_row,
    guard=("updated_at", "status"),
    ident=("id",),
)
ACCOUNTS = Rows(
    name="service accounts",
    table="service_accounts_table_name",
    listed=_accounts,
    row_in=_account_in,
    entity_of=service_account_rows.account_of,
    key=("account_id",),
    row_of=service_account_rows.row_of,
    guard=("revoked_at", "last_used_at"),
    ident=("id",),
)
TOOL_RESULTS = Rows(
    name="tool results",
    table="tool_results_table_name",
    listed=_tool_results,
    entity_of=tool_result_rows.result_of,
    key=("result_id",),
    row_of=tool_result_rows.row_of,
    guard=(),
    ident=("session_id", "result_id"),
    write_new=keep_result,
)
COMPACTIONS = Rows(
    name="compactions",
    table="compactions_table_name",
    listed=_compactions,
    entity_of=_compaction,
    key=("session_id", "compaction_id"),
    row_of=compaction_rows.row_of,
    guard=(),
    ident=("session_id", "compaction_id"),
    write_new=keep_compaction,
)
