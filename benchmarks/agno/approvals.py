"""Approvals, in tables of several sizes: 20 users share them, a tenth of them is pending."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agno.run.base import RunStatus

from dynastore import Store
from dynastore.integrations.agno import DynastoreDb
from dynastore.integrations.agno.approvals.rows import approval_of

from .measured import BEGAN, USERS, Measured, Topic, text

PENDING = 10  # one approval of so many
ENTRIES = 2_000  # of an index in 1 MB: an approval is listed by more than other things are
OF_RUN = 2  # approvals of a run


def approval(number: int) -> dict[str, Any]:
    """An approval, by its number."""
    return {
        "id": f"approval-{number}",
        "run_id": f"run-{number // OF_RUN}",
        "session_id": f"session-{number // 9}",
        "status": "approved" if number % PENDING else "pending",
        "source_type": "agent",
        "approval_type": "required",
        "pause_type": "confirmation",
        "tool_name": "send_mail",
        "tool_args": {"to": "ann@example.com", "text": text(number)[:500]},
        "agent_id": f"agent-{number % 3}",
        "user_id": f"user-{number % USERS}",
        "created_at": BEGAN + number,
    }


def _pages(entries: int) -> int:
    return 1 + entries // ENTRIES


def _decide(db: DynastoreDb, _: int) -> Any:
    return db.update_approval("approval-10", expected_status="pending", status="approved")


CALLS: Mapping[str, Measured] = {
    "create_approval": Measured(lambda db, size: db.create_approval(approval(size)), lambda _: 1),
    "get_approval": Measured(lambda db, _: db.get_approval("approval-1"), lambda _: 2),
    "approvals of a run": Measured(lambda db, _: db.get_approvals(run_id="run-1"), lambda _: 1),
    "pending approvals, page of 20": Measured(
        lambda db, _: db.get_approvals(status="pending", limit=20),
        lambda size: 1 + _pages(size // PENDING),
    ),
    "an agent's approvals, page of 20": Measured(
        lambda db, _: db.get_approvals(agent_id="agent-1", limit=20),
        lambda size: 1 + _pages(size),
    ),
    "a user's approvals, page of 20": Measured(
        lambda db, _: db.get_approvals(user_id="user-1", limit=20), lambda _: 2
    ),
    "get_pending_approval_count": Measured(
        lambda db, _: db.get_pending_approval_count(), lambda size: _pages(size // PENDING)
    ),
    "update_approval": Measured(_decide, lambda _: 3),
    "update_approval_run_status": Measured(
        lambda db, _: db.update_approval_run_status("run-1", RunStatus.completed),
        lambda _: 1 + OF_RUN,
    ),
    "delete_approval": Measured(lambda db, _: db.delete_approval("approval-20"), lambda _: 4),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with so many approvals."""
    store.put_many([approval_of(approval(number)) for number in range(size)])
    return DynastoreDb(store)


TOPIC = Topic(filled, CALLS)
