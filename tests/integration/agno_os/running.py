"""What is asked of schedules, approvals and service accounts."""

from __future__ import annotations

from ...conformance.agno.made import BEGAN
from .service import Service


def schedules(ask: Service) -> None:
    body = {"name": "daily", "cron_expr": "0 5 * * *", "endpoint": "/agents/support/runs"}
    new = ask("POST", "/schedules", {**body, "payload": {"message": "é"}}, by="ann")
    ask("POST", "/schedules", body, by="ann")
    ask("POST", "/schedules", body, by="bob")
    other = ask(
        "POST", "/schedules", {**body, "name": "hourly", "cron_expr": "0 * * * *"}, by="ann"
    )
    ask("POST", "/schedules", {**body, "name": "bad", "cron_expr": "never"}, by="ann")
    ask("POST", "/schedules", {**body, "name": "asked", "cron_expr": ""})
    at = f"/schedules/{new['id']}"
    for by in ("ann", "bob", None):
        ask("GET", at, by=by)
        ask("POST", f"{at}/disable", by=by)
        ask("GET", "/schedules", by=by, params={"enabled": False})
        ask("POST", f"{at}/enable", by=by)
        ask("PATCH", at, {"description": f"by {by}", "timeout_seconds": 9}, by=by)
        ask("PATCH", at, {"name": "hourly"}, by=by)  # it is another's
        ask("PATCH", at, {"cron_expr": "1 * * * *", "payload": None}, by=by)
        ask("PATCH", at, {}, by=by)
        ask("GET", f"{at}/runs", by=by)
    _run_schedule(ask, new["id"])
    ask("PATCH", at, {"name": "weekly"}, by="ann")
    ask("POST", "/schedules", body, by="ann")
    for by in ("bob", "ann", None):
        ask("DELETE", at, by=by)
        ask("DELETE", f"/schedules/{other['id']}", by=by)
        ask("GET", at, by=by)


def _run_schedule(ask: Service, schedule_id: str) -> None:
    for number in range(3):
        ran = {"id": f"r{number}", "schedule_id": schedule_id, "attempt": 1, "status": "success"}
        times = {"created_at": BEGAN + number, "triggered_at": BEGAN, "completed_at": None}
        ask.save("create_schedule_run", {**ran, **times})
    ask.save("update_schedule_run", "r1", status="failed", error="é")
    for by in ("ann", "bob"):
        ask("GET", f"/schedules/{schedule_id}/runs", by=by)
        ask("GET", f"/schedules/{schedule_id}/runs", by=by, params={"limit": 2, "page": 2})
        ask("GET", f"/schedules/{schedule_id}/runs/r1", by=by)
        ask("GET", f"/schedules/{schedule_id}/runs/none", by=by)


def approvals(ask: Service) -> None:
    for number in range(5):
        ask.save(
            "create_approval",
            {
                "id": f"ap{number}",
                "run_id": f"r{number}",
                "session_id": "s1",
                "status": "pending",
                "source_type": ("agent", "team")[number % 2],
                "approval_type": ("required", "audit")[number % 2],
                "pause_type": "confirmation",
                "tool_name": "pay",
                "tool_args": {"amount": 1.5},
                "user_id": ("ann", "bob")[number % 2],
                "agent_id": "a1",
                "source_name": "Support",
                "context": {"é": [None]},
                "created_at": BEGAN + number,
                "updated_at": BEGAN + number,
            },
        )
    for by in (None, "ann"):
        for params in (
            {},
            {"status": "pending"},
            {"source_type": "team"},
            {"approval_type": "audit"},
            {"pause_type": "confirmation"},
            {"agent_id": "a1"},
            {"team_id": "desk"},
            {"user_id": "bob"},
            {"run_id": "r2"},
            {"limit": 2, "page": 2},
            {"status": "other"},
        ):
            ask("GET", "/approvals", by=by, params=params)
        ask("GET", "/approvals/count", by=by)
        for number in (0, 1, 9):
            at = f"/approvals/ap{number}"
            ask("GET", at, by=by)
            ask("GET", f"{at}/status", by=by)
            decided = {"status": "approved", "resolution_data": {"note": "é"}}
            ask("POST", f"{at}/resolve", decided, by=by)
            ask("POST", f"{at}/resolve", {"status": "rejected"}, by=by)
            ask("GET", at, by=by)
    ask("GET", "/approvals/count")
    for by in ("ann", None, None):
        ask("DELETE", "/approvals/ap0", by=by)
    ask("GET", "/approvals")


def service_accounts(ask: Service) -> None:
    one = ask("POST", "/service-accounts", {"name": "ci", "expires_in_days": 5})
    ask("POST", "/service-accounts", {"name": "ci"})
    ask("POST", "/service-accounts", {"name": "cd", "never_expires": True}, by="ann")
    ask("POST", "/service-accounts", {"name": "no", "scopes": ["agents:nothing"]})
    by_name = {"sort_by": "name", "sort_order": "asc"}
    for by in (None, "ann"):
        ask("GET", "/service-accounts", by=by, params=by_name)
        ask("GET", "/service-accounts", by=by, params={**by_name, "limit": 1, "page": 2})
    at = f"/service-accounts/{one['id']}"
    for by in ("ann", None, None):
        ask("DELETE", at, by=by)
    ask("DELETE", "/service-accounts/none")
    ask("POST", "/service-accounts", {"name": "ci"})
    ask("GET", "/service-accounts", params={"include_revoked": False, **by_name})
