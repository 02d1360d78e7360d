"""Agno's own databases, with something of each topic in them."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any
from uuid import uuid4

import boto3
from agno.db.base import ComponentType
from agno.db.dynamo import DynamoDb
from agno.db.schemas.memory import UserMemory
from agno.db.sqlite import SqliteDb
from agno.tracing.schemas import Span, Trace

from tests.conformance.agno.made import BEGAN, document, eval_run, run, session

SESSIONS, RUNS_EACH = 7, 3
START = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)
USERS = ("ann", "bob", None)
KINDS = ("agent", "team", "workflow")


def dynamo_db(**options: Any) -> DynamoDb:
    """Agno's DynamoDb, of boto3's environment."""
    return DynamoDb(db_client=boto3.client("dynamodb", **options))


def sqlite_db(path: Any) -> SqliteDb:
    """Agno's SqliteDb."""
    return SqliteDb(db_file=str(path))


def fill(db: Any) -> dict[str, int]:
    """Write something of each topic that all databases have; how many rows of each."""
    kinds = itertools.cycle(KINDS)
    for number in range(SESSIONS):
        talk(db, number, next(kinds), USERS[number % len(USERS)])
    for number in range(5):
        user = ("ann", "bob")[number % 2]
        db.upsert_user_memory(memory(number, user))
        db.upsert_knowledge_content(document(number, user, metadata={"n": [number]}, size=7))
        db.create_eval_run(eval_run(number, name="accurate?", model_id="m"))
    for number in range(3):
        db.upsert_trace(trace(number))
        db.create_spans([span(number, at) for at in range(4)])
    return {
        **dict.fromkeys(("memories", "knowledge", "evals"), 5),
        "sessions": SESSIONS,
        "runs": SESSIONS * RUNS_EACH,
        "traces": 3,
        "spans": 12,
    }


def talk(db: Any, number: int, kind: str = "agent", user: str | None = "ann") -> None:
    """Write a session with its runs."""
    made = session(number, user, kind=kind, name=f"talk {number} é", metadata={"tags": ["a"]})
    db.upsert_session(made)
    for place in range(RUNS_EACH):
        turn = run(place, of=made.session_id, kind=kind, said=f"{number}.{place}")
        db.upsert_run(turn, made.session_id, user, place)


def memory(number: int, user: str = "ann", **more: Any) -> UserMemory:
    """What is known of a user."""
    known = {"topics": ["food", "é"], "agent_id": "a1", "input": "?", "created_at": BEGAN + number}
    return UserMemory(f"likes {number}", f"m{number}", user_id=user, **{**known, **more})


def trace(number: int) -> Trace:
    """What is told of a trace."""
    start = START + dt.timedelta(minutes=number)
    return Trace(
        trace_id=f"t{number}",
        name="Agent.run",
        status="OK",
        start_time=start,
        end_time=start + dt.timedelta(seconds=2),
        duration_ms=2_000,
        total_spans=0,
        error_count=0,
        run_id="r1",
        session_id="agent-0",
        user_id="ann",
        agent_id="a1",
        team_id=None,
        workflow_id=None,
        created_at=start,
    )


def span(number: int, at: int) -> Span:
    """A step of a trace."""
    start = START + dt.timedelta(minutes=number, seconds=at)
    return Span(
        span_id=f"t{number}-{at}",
        trace_id=f"t{number}",
        parent_span_id=None if at == 0 else f"t{number}-0",
        name="child",
        span_kind="INTERNAL",
        status_code="ERROR" if at == 3 else "OK",
        status_message=None,
        start_time=start,
        end_time=start + dt.timedelta(milliseconds=500),
        duration_ms=500,
        attributes={"n": at, "said": "é" * at},
        created_at=start,
    )


def fill_service(db: Any) -> dict[str, int]:
    """Write what only Agno's SQL databases have; how many rows of each topic."""
    learned = {"learning_type": "user_profile", "user_id": "ann", "namespace": "user"}
    for number in range(3):
        db.upsert_learning(f"l{number}", content={"likes": [number]}, **learned)
        db.create_schedule(schedule(number))
        for attempt in range(2):
            db.create_schedule_run(schedule_run(number, attempt))
        db.create_approval(approval(number))
        db.create_service_account(account(number))
        db.upsert_tool_result(tool_result(number))
        db.upsert_compaction(compaction(number))
    names = ("learnings", "schedules", "approvals", "service accounts", "tool results")
    return {**dict.fromkeys((*names, "compactions"), 3), "schedule runs": 6}


def schedule(number: int) -> dict[str, Any]:
    """A row of Agno's."""
    return {
        "id": f"s{number}",
        "name": f"daily {number}",
        "method": "POST",
        "endpoint": "/agents/a1/runs",
        "payload": {"message": "go"},
        "cron_expr": "0 0 * * *",
        "timezone": "UTC",
        "timeout_seconds": 60,
        "max_retries": 0,
        "retry_delay_seconds": 1,
        "enabled": True,
        "next_run_at": BEGAN,
        "user_id": "ann",
        "created_at": BEGAN + number,
        "updated_at": BEGAN + number,
    }


def schedule_run(number: int, attempt: int) -> dict[str, Any]:
    """A row of Agno's."""
    return {
        "id": f"s{number}-{attempt}",
        "schedule_id": f"s{number}",
        "attempt": attempt,
        "triggered_at": BEGAN,
        "completed_at": BEGAN + 5,
        "status": "success",
        "output": {"said": "done"},
        "created_at": BEGAN + attempt,
    }


def approval(number: int) -> dict[str, Any]:
    """A row of Agno's."""
    return {
        "id": f"a{number}",
        "run_id": f"r{number}",
        "session_id": "agent-0",
        "status": "pending",
        "source_type": "agent",
        "approval_type": "required",
        "pause_type": "confirmation",
        "tool_name": "pay",
        "tool_args": {"sum": number},
        "agent_id": "a1",
        "created_at": BEGAN + number,
        "updated_at": BEGAN + number,
    }


def account(number: int) -> dict[str, Any]:
    """A row of Agno's."""
    return {
        "id": f"x{number}",
        "name": f"machine {number}",
        "token_hash": uuid4().hex,
        "token_prefix": "agno_",
        "scopes": ["agents:run"],
        "created_at": BEGAN + number,
    }


def tool_result(number: int) -> dict[str, Any]:
    """A row of Agno's."""
    ids = {"session_id": f"{KINDS[number]}-{number}", "run_id": "r1", "tool_call_id": "c1"}
    return {
        **ids,
        "result_id": f"tr{number}",
        "namespace": "n",
        "path": f"p{number}",
        "tool_name": "t",
        "args_hash": "h",
        "content_type": "text/plain",
        "size_bytes": 9,
        "line_count": 1,
        "preview": "…",
        "created_at": BEGAN + number,
    }


def compaction(number: int) -> dict[str, Any]:
    """A row of Agno's."""
    return {
        "compaction_id": f"c{number}",
        "session_id": f"{KINDS[number]}-{number}",
        "run_id": "r1",
        "summary": "short",
        "archived_messages": "[]",
        "messages_compacted": 2,
        "created_at": BEGAN + number,
    }


COMPONENTS, VERSIONS = 6, 8  # that `fill_components` writes


def fill_components(db: Any) -> None:
    """Write agents, and teams of them: published, drafts, deleted and archived."""
    agent, team = ComponentType.AGENT, ComponentType.TEAM
    named = {"description": "knows é", "metadata": {"tags": ["a"]}, "user_id": "ann"}
    first = {"label": "first", "stage": "published", "notes": "good"}
    db.create_component_with_config("cook", agent, "Cook", {"model": "m", "n": 1}, **named, **first)
    db.upsert_config("cook", {"model": "m", "n": 2}, stage="published")
    db.upsert_config("cook", {"model": "m", "n": 3}, label="next", notes="try it")
    db.upsert_config("cook", {"n": 4})
    db.delete_config("cook", 4)
    db.set_current_version("cook", 1)
    db.create_component_with_config("idea", agent, "Idea", {})
    links = [link("cook", 1), link("idea", 0, kind="reference"), link("by-code", 2, kind="tool")]
    db.create_component_with_config("brigade", team, "Brigade", {"m": ["cook"]}, links=links)
    db.create_component_with_config("a-team", team, "A", {}, links=[link("brigade", 0)])
    db.upsert_component("bare", agent, "Bare")
    db.create_component_with_config("gone", team, "Gone", {"n": 5}, links=[link("cook", 0)])
    db.delete_component("gone")


def link(child: str, position: int, *, kind: str = "member") -> dict[str, Any]:
    """A row of Agno's, to the first version of another component."""
    return {
        "link_kind": kind,
        "link_key": f"{kind} {position}",
        "child_component_id": child,
        "child_version": 1,
        "position": position,
        "meta": {"role": [child]},
    }
