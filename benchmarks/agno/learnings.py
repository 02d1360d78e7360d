"""Learnings, in tables of several sizes: 20 users share them, 1 KB each."""

from __future__ import annotations

from collections.abc import Mapping

from dynastore import Store
from dynastore.agents.learnings.summaries import LearningSummary, learning_of
from dynastore.integrations.agno import DynastoreDb
from dynastore.integrations.agno.learnings.rows import content_of

from .measured import BEGAN, USERS, Measured, Topic, pages, text

CONTENT_CHARACTERS = 1_000
SPARE = 50  # of one user more


def _content(number: int) -> dict[str, str]:
    return {"text": text(number)[:CONTENT_CHARACTERS]}


def _save(db: DynastoreDb, number: int) -> None:
    db.upsert_learning(f"decision-{number}", "decision_log", _content(number), user_id="user-1")


CALLS: Mapping[str, Measured] = {
    "get_learning of a user": Measured(
        lambda db, _: db.get_learning("user_profile", user_id="user-1"), lambda _: 1
    ),
    "get_learning_by_id": Measured(lambda db, _: db.get_learning_by_id("decision-1"), lambda _: 1),
    "upsert_learning": Measured(lambda db, _: _save(db, 1), lambda _: 1),
    "upsert_learning, new": Measured(_save, lambda _: 2),
    "get_learnings of a user, 20": Measured(
        lambda db, _: db.get_learnings(user_id="user-1", limit=20), lambda _: 2
    ),
    "list_learnings, page of 20": Measured(
        lambda db, _: db.list_learnings(limit=20), lambda size: pages(size) + 1
    ),
    "list_learnings of a user and nobody": Measured(
        lambda db, _: db.list_learnings(user_id="user-1", include_global=True, limit=20),
        lambda size: pages(size) + 1,
    ),
    "search_learnings of a user": Measured(
        lambda db, _: db.search_learnings("flight", user_id="user-1"),
        lambda size: 2 + size // USERS // 100,
    ),
    "get_learnings_user_stats": Measured(lambda db, _: db.get_learnings_user_stats(), pages),
    "delete_user_learnings, 50": Measured(
        lambda db, _: db.delete_user_learnings("own"), lambda _: 1 + SPARE
    ),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with so many learnings, and 50 of one user more."""
    db = DynastoreDb(store)
    users = [f"user-{number % USERS}" for number in range(size)] + ["own"] * SPARE
    db.store.put_many(
        [
            learning_of(
                LearningSummary(
                    learning_id=f"decision-{number}" if user != "own" else f"own-{number}",
                    learning_type="decision_log",
                    user_id=user,
                    agent_id=f"agent-{number % 3}",
                    created_at=BEGAN + number,
                    updated_at=BEGAN + number,
                ),
                content_of(_content(number), None),
            )
            for number, user in enumerate(users)
        ]
    )
    db.upsert_learning("user_profile_user-1", "user_profile", {"name": "Ann"}, user_id="user-1")
    return db


TOPIC = Topic(filled, CALLS)
