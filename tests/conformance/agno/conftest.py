"""Agno's databases on every engine, blocking and awaited, with the same calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from dynastore.agents import agent_schema
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb

from ..drivers import Awaited

# What these find by an index has to be in it.
BY_INDEX = {
    *("get_sessions", "get_runs", "get_run", "delete_run", "delete_runs"),
    *("get_user_memory", "get_user_memories", "get_all_memory_topics", "get_user_memory_stats"),
    *("delete_user_memory", "delete_user_memories", "clear_memories"),
    *("calculate_metrics", "get_metrics", "get_knowledge_contents", "get_eval_runs"),
    *("get_trace", "get_traces", "get_trace_stats", "get_span", "get_spans", "get_span_stats"),
    *("get_learning", "get_learnings", "search_learnings", "list_learnings"),
    *("get_learnings_user_stats", "delete_user_learnings"),
    *("get_expired_tool_results", "get_compaction", "list_transcript_sessions"),
    *("get_schedules", "claim_due_schedule", "disable_schedules_for_target", "delete_schedule"),
    *("get_schedule_runs", "get_latest_schedule_runs", "delete_schedule_runs"),
    *("get_approvals", "get_pending_approval_count"),
    *("list_components", "delete_component"),
}


class Waiting:
    """A database whose calls are waited for, and find in indexes what was written before."""

    def __init__(
        self, db: Any, settled: Callable[[], None], runner: asyncio.Runner | None = None
    ) -> None:
        self.db = db
        self._settled = settled
        self._runner = runner

    @property
    def unsettled(self) -> Waiting:
        """The database, whose indexes may lag."""
        return Waiting(self.db, lambda: None, self._runner)

    def __getattr__(self, name: str) -> Any:
        found = getattr(self.db, name)
        if not callable(found):
            return found

        def call(*args: Any, **named: Any) -> Any:
            if name in BY_INDEX:
                self._settled()
            answer = found(*args, **named)
            return self._runner.run(answer) if asyncio.iscoroutine(answer) else answer

        return call


@pytest.fixture
def open_db(open_store: Callable[..., Any], settled: Callable[[], None]) -> Callable[..., Any]:
    """Opens a database on the test's table; opened again, it is as in another process."""

    def open_db(*, scope: str | None = None, **options: Any) -> Any:
        store = open_store(agent_schema(), **options)
        if scope is not None:
            store = store.scope(scope)
        if isinstance(store, Awaited):
            return Waiting(AsyncDynastoreDb(store.target), settled, store.runner)
        return Waiting(DynastoreDb(store), settled)

    return open_db
