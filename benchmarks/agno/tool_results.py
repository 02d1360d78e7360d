"""Tool results: a session has as many as the size says, half of which have expired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynastore import Store
from dynastore.agents.annexes.results import entry_of
from dynastore.integrations.agno import DynastoreDb
from dynastore.integrations.agno.annexes.tool_result_rows import result_of

from .measured import BEGAN, Measured, Topic, pages

BATCH = 100  # items of a request that reads by key


def row(number: int) -> dict[str, Any]:
    """A row, by its number."""
    return {
        "result_id": f"res_{number}",
        "namespace": "offload/s1",
        "path": f"results/r1/res_{number}.txt",
        "session_id": "s1",
        "run_id": "r1",
        "tool_call_id": f"call-{number}",
        "tool_name": "search",
        "args_hash": "4f2c",
        "content_type": "text",
        "size_bytes": 50_000,
        "line_count": 900,
        "preview": "the first lines of what a tool gave " * 20,
        "user_id": "user-1",
        "created_at": BEGAN + number,
        "expires_at": BEGAN + number % 2,
    }


def _delete(db: DynastoreDb, _: int) -> Any:
    return db.delete_tool_results([f"res_{number}" for number in range(50)])


CALLS: Mapping[str, Measured] = {
    "upsert_tool_result": Measured(lambda db, _: db.upsert_tool_result(row(1)), lambda _: 1),
    "get_tool_result": Measured(lambda db, _: db.get_tool_result("res_1"), lambda _: 1),
    "get_tool_results_for_session, 20": Measured(
        lambda db, _: db.get_tool_results_for_session("s1", 20), lambda size: pages(size) + 1
    ),
    "get_expired_tool_results, half of them": Measured(
        lambda db, _: db.get_expired_tool_results(BEGAN),
        lambda size: pages(size) + size // 2 // BATCH + 1,
    ),
    "delete_tool_results, 50": Measured(_delete, lambda _: 2),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with a session of so many results."""
    db = DynastoreDb(store)
    db.upsert_tool_result(row(0))
    results = [result_of(row(number)) for number in range(size)]
    db.store.put_many([*results, *map(entry_of, results)])
    return db


TOPIC = Topic(filled, CALLS)
