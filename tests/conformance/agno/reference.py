"""Agno's SqliteDb, which answers of ours are compared with."""

from __future__ import annotations

import sqlite3
from functools import cache

from agno.db.sqlite import SqliteDb
from agno.db.utils import json_serializer
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool


def empty_reference() -> SqliteDb:
    """One in memory, of its own, that has its tables and nothing in them."""
    # On one connection it looks at a table once, and not at each call.
    engine = create_engine(
        "sqlite://", creator=_copied, poolclass=StaticPool, json_serializer=json_serializer
    )
    return SqliteDb(db_engine=engine)


def _copied() -> sqlite3.Connection:
    copied = sqlite3.connect(":memory:", check_same_thread=False)
    copied.deserialize(_tables())
    return copied


@cache
def _tables() -> bytes:
    """A database with the tables: making them takes 0.1 s, and examples are many."""
    with sqlite3.connect(":memory:", check_same_thread=False) as made:
        engine = create_engine("sqlite://", creator=lambda: made, poolclass=StaticPool)
        SqliteDb(db_engine=engine)._create_all_tables()
        found = made.serialize()
    engine.dispose()
    return found
