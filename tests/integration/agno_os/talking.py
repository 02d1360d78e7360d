"""What is asked of sessions, of those who talk in them, and of figures."""

from __future__ import annotations

from agno.run.base import RunStatus

from ...conformance.agno.made import BEGAN, run, session
from .service import Service

DAY = 86_400


def config(ask: Service) -> None:
    for path in ("/config", "/health", "/info", "/agents", "/agents/support", "/teams"):
        ask("GET", path)
    ask("POST", "/databases/one/migrate")
    ask("POST", "/databases/all/migrate")
    ask("POST", "/databases/two/migrate")


def sessions(ask: Service) -> None:
    for number in range(5):
        name = f"Trip {number}" if number % 2 else None
        user = "ann" if number < 3 else "bob"
        ask.save("upsert_session", session(number, user, name=name, metadata={"n": number}))
        for turn in range(number):
            said = run(turn, of=f"agent-{number}", metrics=None)
            ask.save("upsert_run", said, f"agent-{number}", user, turn)
    ask.save("upsert_session", session(0, "ann", kind="team", component="desk"))
    ask.save("upsert_session", session(0, None, kind="workflow", component="w1"))
    for by in (None, "ann"):
        for params in (
            {},
            {"type": "team"},
            {"type": "workflow"},
            {"component_id": "a1"},
            {"session_name": "trip"},
            {"limit": 2, "page": 2},
            {"sort_by": "session_id", "sort_order": "asc"},
            {"sort_by": "nothing"},
            {"user_id": "ann"},
            {"limit": 0},
            {"page": 9},
        ):
            ask("GET", "/sessions", by=by, params={"type": "agent", **params})
        for number in (0, 4, 9):
            at = f"/sessions/agent-{number}"
            ask("GET", at, by=by)
            ask("GET", at, by=by, params={"type": "team"})
            ask("GET", f"{at}/runs", by=by)
            ask("GET", f"{at}/runs", by=by, params={"created_after": BEGAN + 5})
            ask("GET", f"{at}/runs", by=by, params={"created_before": BEGAN + 15, "type": "agent"})
            ask("GET", f"{at}/runs", by=by, params={"status": RunStatus.completed.value})
            ask("GET", f"{at}/run-previews", by=by)
            ask("GET", f"{at}/runs/agent-{number}-run-1", by=by)
            ask("GET", f"{at}/runs/none", by=by)
    for path in ("/sessions", "/sessions/agent-0", "/sessions/agent-4/runs"):
        ask("GET", path, by="eve", params={"type": "agent"})
    _change_sessions(ask)


def _change_sessions(ask: Service) -> None:
    new = {"session_id": "new", "session_name": "New", "session_state": {"a": 1}, "agent_id": "a1"}
    ask("POST", "/sessions", new, by="ann", params={"type": "agent"})
    ask("POST", "/sessions", {**new, "session_name": "Other"}, params={"type": "agent"})
    ask("POST", "/sessions", {**new, "session_id": "agent-4"}, by="ann", params={"type": "agent"})
    ask("POST", "/sessions", {"team_id": "desk"}, by="ann", params={"type": "team"})
    ask("POST", "/sessions", {"session_id": "w"}, by="bob", params={"type": "workflow"})
    ask("GET", "/sessions/new", by="ann")
    for at in ("new", "agent-4", "none"):
        ask("POST", f"/sessions/{at}/rename", {"session_name": "Ré"}, by="ann")
        ask("POST", f"/sessions/{at}/rename", {"session_name": "R"}, params={"type": "agent"})
        changes = {"session_state": {"b": [1.5, None]}, "metadata": {"m": "é"}}
        ask("PATCH", f"/sessions/{at}", changes, by="ann", params={"type": "agent"})
        ask("PATCH", f"/sessions/{at}", {"summary": {"summary": "short", "topics": ["t"]}})
        ask("PATCH", f"/sessions/{at}", {"session_name": ""})
        ask("GET", f"/sessions/{at}")
    ask("DELETE", "/sessions/agent-3", by="ann")
    ask("GET", "/sessions/agent-3", by="bob")
    ask("DELETE", "/sessions/agent-3", by="bob")
    ask("DELETE", "/sessions/agent-3", by="bob")
    ask("GET", "/sessions/agent-3/runs", by="bob")
    both = {"session_ids": ["agent-1", "agent-4"], "session_types": ["agent", "agent"]}
    ask("DELETE", "/sessions", both, by="ann")
    ask("DELETE", "/sessions", {"session_ids": ["agent-0"], "session_types": []})
    ask("GET", "/sessions", params={"type": "agent", "sort_by": "session_id"})


def agents(ask: Service) -> None:
    for kind, component in (("agents", "support"), ("teams", "desk")):
        for number in range(3):
            of = {"session_id": f"{kind}-s", "stream": "false"}
            data = {"message": f"question {number}", **of}
            told = ask("POST", f"/{kind}/{component}/runs", by="ann", data=data)
        at = f"/{kind}/{component}/runs/{told['run_id']}"
        for by in ("ann", "bob"):
            of = {"session_id": f"{kind}-s"}
            ask("GET", f"/{kind}/{component}/runs", by=by, params=of)
            ask("GET", at, by=by, params=of)
            ask("GET", f"{at}/checkpoints", by=by, params=of)
            ask("GET", f"/sessions/{kind}-s/runs", by=by, params={"type": kind[:-1]})
            ask("GET", f"/sessions/{kind}-s", by=by, params={"type": kind[:-1]})
            ask("POST", f"{at}/cancel", by=by, params=of)
            ask("POST", f"{at}/continue", by=by, data={**of, "stream": "false"})
        regenerated = {**of, "stream": "false", "regenerate": "true"}
        ask("POST", f"{at}/continue", by="ann", data=regenerated)
        ask("GET", f"/sessions/{kind}-s/runs", by="ann", params={"type": kind[:-1]})
        fork = ask("POST", f"/{kind}/{component}/sessions/{kind}-s/fork", by="ann")
        ask("GET", f"/sessions/{fork['session_id']}", by="ann", params={"type": kind[:-1]})
        ask("POST", f"/{kind}/{component}/sessions/{kind}-s/compact", by="ann")
        data = {"message": "mine", "session_id": f"{kind}-s", "stream": "false"}
        ask("POST", f"/{kind}/{component}/runs", by="bob", data=data)
        ask("GET", f"/sessions/{kind}-s/runs", by="ann", params={"type": kind[:-1]})


def metrics(ask: Service) -> None:
    for number in range(4):
        at = BEGAN + DAY * (number // 2)
        user = ("ann", "bob")[number % 2]
        kept = session(number, user, created_at=at)
        ask.save("upsert_session", kept)
        said = run(0, of=f"agent-{number}", model="m", model_provider="p")
        ask.save("upsert_run", said, f"agent-{number}", user, 0)
    ask("GET", "/metrics")
    ask("POST", "/metrics/refresh")
    for by in (None, "ann"):
        ask("GET", "/metrics", by=by)
        dates = {"starting_date": "2026-01-06", "ending_date": "2026-01-06"}
        ask("GET", "/metrics", by=by, params=dates)
        ask("GET", "/metrics", by=by, params={"user_id": "bob"})
        ask("POST", "/metrics/refresh", by=by)
    ask("GET", "/metrics", params={"starting_date": "never"})
    ask("GET", "/metrics/refresh/status")
    ask("POST", "/metrics/refresh", params={"background": True})
