"""Documents, in tables of several sizes.

There are ten knowledge bases, and 20 users share the documents of each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agno.db.schemas.knowledge import KnowledgeRow

from dynastore import Store
from dynastore.integrations.agno import DynastoreDb

from .measured import BEGAN, USERS, Measured, Topic, pages

BASES = 10


def document(number: int, **more: Any) -> KnowledgeRow:
    """A document, by its number."""
    return KnowledgeRow(
        id=f"k{number}",
        name=f"handbook-{number}.pdf",
        description="What a member has to know",
        metadata={"chapter": number, "_agno": {"source_type": "file"}},
        type="application/pdf",
        size=1_000 + number,
        linked_to=f"base-{number % BASES}",
        user_id=f"user-{number % USERS}",
        created_at=BEGAN + number,
        updated_at=BEGAN + number,
        **{"status": "completed", **more},
    )


def _a_page(db: DynastoreDb, page: int = 1, **options: Any) -> Any:
    order = {"sort_by": "created_at", "sort_order": "desc"} | options
    return db.get_knowledge_contents(limit=20, page=page, **order)


def _list(size: int) -> int:
    return pages(size) + 1


CALLS: Mapping[str, Measured] = {
    "get_knowledge_content": Measured(
        lambda db, _: db.get_knowledge_content("k1", user_id="user-1"), lambda _: 1
    ),
    "a base's documents, page of 20": Measured(
        lambda db, _: _a_page(db, linked_to="base-1"), lambda _: 2
    ),
    "a base's documents of a user": Measured(
        lambda db, _: _a_page(db, linked_to="base-1", user_id="user-1"), lambda _: 2
    ),
    "all documents, page 5": Measured(lambda db, _: _a_page(db, 5), _list),
    "all documents by name, page 1": Measured(lambda db, _: _a_page(db, sort_by="name"), _list),
    "a user's documents": Measured(lambda db, _: _a_page(db, user_id="user-1"), _list),
    "upsert_knowledge_content": Measured(
        lambda db, _: db.upsert_knowledge_content(document(1, status="failed")), lambda _: 1
    ),
    "upsert_knowledge_content, new": Measured(
        lambda db, size: db.upsert_knowledge_content(document(size)), lambda _: 1
    ),
    "delete_knowledge_content": Measured(
        lambda db, _: db.delete_knowledge_content("k1", user_id="user-1"), lambda _: 1
    ),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with so many documents."""
    db = DynastoreDb(store)
    for number in range(size):
        db.upsert_knowledge_content(document(number))
    return DynastoreDb(store)


TOPIC = Topic(filled, CALLS)
