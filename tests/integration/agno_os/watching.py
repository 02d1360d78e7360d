"""What is asked of evals and traces."""

from __future__ import annotations

import datetime as dt
from typing import Any

from agno.tracing.schemas import Span, Trace

from ...conformance.agno.made import BEGAN, eval_run
from .service import Service


def evals(ask: Service) -> None:
    for number in range(5):
        more: dict[str, Any] = {"eval_input": {"n": number}, "name": f"eval {4 - number}"}
        if number % 2:
            more |= {"agent_id": None, "team_id": "desk", "model_id": "m", "model_provider": "p"}
        ask.save("create_eval_run", eval_run(number, **more))
        ask.save("update_eval_run_user_id", f"e{number}", ("ann", "bob")[number % 2])
    for by in (None, "ann"):
        for params in (
            {"sort_by": "name"},
            {"sort_by": "name", "sort_order": "asc"},
            {"sort_by": "name", "limit": 2, "page": 2},
            {"sort_by": "name", "agent_id": "a1"},
            {"sort_by": "name", "team_id": "desk"},
            {"sort_by": "name", "model_id": "m"},
            {"sort_by": "name", "type": "team"},
            {"sort_by": "name", "eval_types": "accuracy,performance"},
            {"eval_types": "none"},
        ):
            ask("GET", "/eval-runs", by=by, params=params)
        for number in (0, 1, 9):
            ask("GET", f"/eval-runs/e{number}", by=by)
            ask("PATCH", f"/eval-runs/e{number}", {"name": f"by {by} {number}"}, by=by)
    about = {"agent_id": "support", "input": "question", "name": "mine"}
    tools = {"eval_type": "reliability", "expected_tool_calls": ["multiply"]}
    for more in (tools, {"eval_type": "accuracy"}, {"eval_type": "reliability"}):
        new = ask("POST", "/eval-runs", {**about, **more}, by="ann")
        if "id" in new:
            ask("GET", f"/eval-runs/{new['id']}", by="ann")
            ask("GET", f"/eval-runs/{new['id']}", by="bob")
    ask("DELETE", "/eval-runs", {"eval_run_ids": ["e0", "e1"]}, by="ann")
    ask("DELETE", "/eval-runs", {"eval_run_ids": ["e3", "none"]})
    ask("GET", "/eval-runs", params={"sort_by": "name", "team_id": "desk"})
    ask("GET", "/eval-runs", params={"sort_by": "name", "agent_id": "a1"})


def traces(ask: Service) -> None:
    begin = dt.datetime.fromtimestamp(BEGAN, dt.UTC)
    for number in range(6):
        start = begin + dt.timedelta(minutes=number)
        of = {"session_id": f"s{number // 2}", "user_id": ("ann", "bob")[number % 2]}
        if number == 4:
            of["session_id"] = None
        times = {"start_time": start, "end_time": start + dt.timedelta(seconds=2)}
        ask.save(
            "upsert_trace",
            Trace(
                trace_id=f"t{number}",
                name=f"Support.run {number}",
                status="ERROR" if number == 3 else "OK",
                duration_ms=2_000,
                total_spans=0,
                error_count=0,
                run_id=f"run-{number}",
                agent_id="a1" if number < 3 else None,
                team_id="desk" if number == 3 else None,
                workflow_id=None,
                created_at=start,
                **of,
                **times,
            ),
        )
        ask.save("create_spans", [_span(number, each, times) for each in range(3)])
    for by in (None, "ann"):
        for params in (
            {},
            {"run_id": "run-1"},
            {"session_id": "s1"},
            {"agent_id": "a1"},
            {"team_id": "desk"},
            {"status": "ERROR"},
            {"user_id": "bob"},
            {"limit": 2, "page": 2},
            {"start_time": "2026-01-05T08:02:00Z", "end_time": "2026-01-05T08:04:00Z"},
        ):
            ask("GET", "/traces", by=by, params=params)
            if "run_id" not in params and "status" not in params:
                ask("GET", "/trace_session_stats", by=by, params=params)
        for number in (0, 1, 9):
            ask("GET", f"/traces/t{number}", by=by)
            ask("GET", f"/traces/t{number}", by=by, params={"span_id": f"t{number}-1"})
            ask("GET", f"/traces/t{number}", by=by, params={"run_id": f"run-{number}"})
        _search_traces(ask, by)
    ask("GET", "/traces/filter-schema")


def _span(number: int, place: int, times: dict[str, dt.datetime]) -> Span:
    kind = ("AGENT", "LLM", "TOOL")[place]
    return Span(
        span_id=f"t{number}-{place}",
        trace_id=f"t{number}",
        parent_span_id=f"t{number}-0" if place else None,
        name=("Support.run", "invoke", "search")[place],
        span_kind="INTERNAL",
        status_code="ERROR" if (number, place) == (3, 2) else "OK",
        status_message=None,
        start_time=times["start_time"] + dt.timedelta(milliseconds=place),
        end_time=times["end_time"],
        duration_ms=2_000 - place,
        attributes={"openinference.span.kind": kind, "input.value": "é?", "output.value": "!"},
        created_at=times["start_time"] + dt.timedelta(milliseconds=place),
    )


def _search_traces(ask: Service, by: str | None) -> None:
    ok = {"op": "EQ", "key": "status", "value": "OK"}
    late = {"op": "GTE", "key": "start_time", "value": "2026-01-05T08:02:00Z"}
    for sought in (
        None,
        ok,
        late,
        {"op": "AND", "conditions": [ok, late]},
        {"op": "NOT", "condition": ok},
        {"op": "IN", "key": "session_id", "values": ["s0", "s1"]},
        {"op": "CONTAINS", "key": "name", "value": "RUN 2"},
        {"op": "STARTSWITH", "key": "user_id", "value": "a"},
        {"op": "GT", "key": "duration_ms", "value": 1_999},
        {"op": "LIKE", "key": "name", "value": 1},
    ):
        for group in ("run", "session"):
            body = {"filter": sought, "group_by": group, "limit": 3}
            ask("POST", "/traces/search", body, by=by)
