"""Memories, in tables of several sizes: 20 users share them all; one is known of 50 more times."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agno.db.schemas.memory import UserMemory

from dynastore import Store
from dynastore.integrations.agno import DynastoreDb

from .measured import BEGAN, USERS, Measured, Topic, text

# Of an index in 1 MB: an entry has the topics too.
MEMORY_ENTRIES = 2_500
TEXT_CHARACTERS = 120


def memory(number: int, user_id: str | None = None) -> UserMemory:
    """A memory, by its number."""
    return UserMemory(
        memory_id=f"m{number}",
        memory=text(number)[:TEXT_CHARACTERS],
        topics=["travel", f"topic {number % 30}"],
        user_id=user_id or f"user-{number % USERS}",
        agent_id=f"agent-{number % 3}",
        created_at=BEGAN + 60 * number,
    )


def _pages(memories: int) -> int:
    return 1 + memories // MEMORY_ENTRIES


def _a_page(db: DynastoreDb, **options: Any) -> Any:
    return db.get_user_memories(
        limit=20, page=1, sort_by="updated_at", deserialize=False, **options
    )


CALLS: Mapping[str, Measured] = {
    "get_user_memories, of a user": Measured(
        lambda db, _: db.get_user_memories(user_id="user-1"), lambda _: 1
    ),
    "get_user_memories, page of 20 of a user by topic and text": Measured(
        lambda db, _: _a_page(db, user_id="user-1", topics=["travel"], search_content="THE"),
        lambda _: 1,
    ),
    "get_user_memories, page of 20 of all": Measured(
        lambda db, _: _a_page(db), lambda size: _pages(size) + 1
    ),
    "get_user_memory": Measured(
        lambda db, _: db.get_user_memory("m1", user_id="user-1"), lambda _: 1
    ),
    "get_user_memory, without its user": Measured(
        lambda db, _: db.get_user_memory("m2"), lambda _: 2
    ),
    "get_all_memory_topics": Measured(lambda db, _: db.get_all_memory_topics(), _pages),
    "get_all_memory_topics, of a user": Measured(
        lambda db, _: db.get_all_memory_topics(user_id="user-1"), lambda _: 1
    ),
    "get_user_memory_stats": Measured(
        lambda db, _: db.get_user_memory_stats(limit=20, page=1), _pages
    ),
    "upsert_user_memory, new": Measured(
        lambda db, size: db.upsert_user_memory(memory(size)), lambda _: 1
    ),
    "upsert_user_memory, known": Measured(
        lambda db, _: db.upsert_user_memory(memory(1)), lambda _: 1
    ),
    "upsert_user_memory, unknown": Measured(
        lambda db, _: db.upsert_user_memory(memory(3)), lambda _: 2
    ),
    "upsert_memories, 100": Measured(
        lambda db, _: db.upsert_memories([memory(n) for n in range(100)]), lambda _: 8
    ),
    "delete_user_memory": Measured(
        lambda db, _: db.delete_user_memory("m4", user_id="user-4"), lambda _: 1
    ),
    "delete_user_memories, 50 of a user": Measured(
        lambda db, _: db.delete_user_memories([f"m{-n}" for n in range(1, 51)], user_id="own"),
        lambda _: 50,
    ),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with so many memories, and 50 of one user more."""
    db = DynastoreDb(store)
    for first in range(0, size, 100):
        db.upsert_memories([memory(number) for number in range(first, first + 100)])
    db.upsert_memories([memory(-number, "own") for number in range(1, 51)])
    return DynastoreDb(store)


TOPIC = Topic(filled, CALLS)
