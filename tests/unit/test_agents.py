"""The ready-made entities: every list that an agent asks for is a key condition."""

from __future__ import annotations

import datetime as dt

import pytest

from dynastore import before, between, since, until
from dynastore.agents import (
    Approval,
    Checkpoint,
    EvalRun,
    Knowledge,
    Learning,
    Memory,
    Metric,
    Run,
    Schedule,
    ScheduleRun,
    Session,
    Span,
    Thread,
    Trace,
    agent_schema,
    month_of,
)

MONDAY = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
SCHEMA = agent_schema()

LISTS = [
    (Session, {"user_id": "ann"}, "by_user"),
    (Session, {"user_id": "ann", "created_at": since(MONDAY)}, "by_user"),
    (Session, {"component": "support", "created_at": since(MONDAY)}, "by_component"),
    (Session, {"created_at": between(MONDAY, MONDAY)}, "directory"),
    (Run, {"session_id": "s1"}, "primary"),
    (Run, {"untallied_at": since(MONDAY)}, "untallied"),
    (Run, {"session_id": "s1", "created_at": since(MONDAY)}, "primary"),
    (Memory, {"user_id": "ann"}, "primary"),
    (Memory, {"created_at": since(MONDAY)}, "directory"),
    (Memory, {"memory_id": "m1"}, "by_id"),
    (Metric, {"month": "2026-01"}, "primary"),
    (EvalRun, {"passed": False, "created_at": since(MONDAY)}, "directory"),
    (EvalRun, {"component": "support", "eval_type": "task"}, "by_component"),
    (EvalRun, {}, "directory"),
    (Knowledge, {}, "directory"),
    (Knowledge, {"linked_to": "library", "created_at": since(MONDAY)}, "by_base"),
    (Checkpoint, {"thread_id": "t1", "namespace": ""}, "primary"),
    (Checkpoint, {"run_id": "r1"}, "by_run"),
    (Run, {"run_id": "r1"}, "by_id"),
    (Thread, {"component": "support", "created_at": since(MONDAY)}, "by_component"),
    (Thread, {"created_at": since(MONDAY)}, "directory"),
    (Schedule, {"user_id": "ann", "enabled": True}, "by_user"),
    (Schedule, {"enabled": True, "kind": "agent", "component": "a1"}, "directory"),
    (Schedule, {"enabled": True, "next_run_at": until(MONDAY)}, "due"),
    (Schedule, {"endpoint": "/agents/a1/runs"}, "by_endpoint"),
    (ScheduleRun, {"schedule_id": "s1", "triggered_at": since(MONDAY)}, "by_schedule"),
    (ScheduleRun, {"schedule_id": "s1", "completed_at": before(MONDAY)}, "completed"),
    (Approval, {"status": "pending"}, "directory"),
    (Approval, {"user_id": "ann", "status": "pending"}, "by_user"),
    (Approval, {"run_id": "r1"}, "primary"),
    (Trace, {"user_id": "ann", "start_time": since(MONDAY)}, "by_user"),
    (Trace, {"session_id": "s1", "start_time": since(MONDAY)}, "by_session"),
    (Trace, {"start_time": since(MONDAY)}, "directory"),
    (Trace, {"run_id": "r1"}, "by_run"),
    (Span, {"trace_id": "t1"}, "primary"),
    (Span, {"start_time": since(MONDAY)}, "directory"),
    (Span, {"span_id": "s1"}, "by_id"),
    (Learning, {"user_id": "ann", "learning_type": "user_profile"}, "by_user"),
    (Learning, {"learning_type": "user_profile"}, "by_type"),
    (Learning, {}, "directory"),
]


@pytest.mark.parametrize(("entity", "where", "pattern"), LISTS)
def test_a_list_is_a_key_condition_without_a_filter(entity, where, pattern):
    plan = SCHEMA.plan(entity, where)
    assert plan.pattern == pattern
    assert not plan.filters
    is_shared = (
        pattern == "by_user" and entity is Session
    )  # with threads: one list of conversations
    assert bool(plan.paths[0].tags) == is_shared


def test_conversations_of_all_frameworks_are_one_query():
    plan = SCHEMA.plan_collection([Session, Thread], {"user_id": "ann"})
    assert [f"{name} {test}" for name, test in plan.key] == [
        "GSI1H = 'U#ann'",
        "GSI1R1 = 'CONVERSATION'",
    ]
    assert len(plan.paths) == 1


def test_a_session_and_its_runs_are_one_partition_with_the_header_last():
    plan = SCHEMA.plan_collection([Session, Run], {"session_id": "s1"})
    assert [f"{name} {test}" for name, test in plan.key] == ["PK = 'S#s1'"]
    header = Session(session_id="s1", created_at=MONDAY, updated_at=MONDAY)
    run = Run(session_id="s1", run_id="r1", created_at=MONDAY, run_index=0)
    keys = [SCHEMA.codec(type(each)).encode(each, "")["SK"]["S"] for each in (run, header)]
    assert keys == sorted(keys)


def test_runs_sort_by_time():
    runs = [
        Run(session_id="s1", run_id=f"r{hour}", created_at=MONDAY + dt.timedelta(hours=hour))
        for hour in (0, 2, 10)
    ]
    keys = [SCHEMA.codec(Run).encode(run, "")["SK"]["S"] for run in runs]
    assert keys == sorted(keys)


def test_a_month_is_that_of_its_days():
    assert month_of(dt.date(2026, 3, 9)) == "2026-03"
