"""Compactions of one session: as many as the size says, by hundreds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynastore import Store
from dynastore.integrations.agno import DynastoreDb

from .measured import BEGAN, Measured, Topic, text

EACH = 100  # sessions for one compaction


def row(number: int) -> dict[str, Any]:
    """A row, by its number."""
    return {
        "compaction_id": f"c{number}",
        "session_id": "s1",
        "run_id": f"r{number}",
        "summary": "They plan a trip.",
        "archived_messages": text(number),
        "created_at": BEGAN + number,
    }


CALLS: Mapping[str, Measured] = {
    "upsert_compaction": Measured(lambda db, size: db.upsert_compaction(row(size)), lambda _: 1),
    "get_compaction": Measured(lambda db, _: db.get_compaction("c0"), lambda _: 2),
    "get_compactions_for_session": Measured(
        lambda db, _: db.get_compactions_for_session("s1"), lambda _: 1
    ),
    "search_compactions": Measured(
        lambda db, _: db.search_compactions("s1", "monday"), lambda _: 1
    ),
    "delete_compactions_for_session": Measured(
        lambda db, _: db.delete_compactions_for_session("s1"),
        lambda size: 2 + (size // EACH + 1) // 25,
    ),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with a session that was folded so often."""
    db = DynastoreDb(store)
    for number in range(size // EACH):
        db.upsert_compaction(row(number))
    return db


TOPIC = Topic(filled, CALLS)
