"""Agno's HTTP service answers on our databases as on Agno's own.

Asked is all of its routers that reads or writes the database, by an administrator and by users who see
what is theirs. Left out, because no database answers it: what fetches documents from elsewhere, calls
a model by its name, or streams. What may differ:

- ``/memory_topics``: SqliteDb gives them in any order. Here they are sorted.
- Whoever changes a memory names its user: under another one's name it is another memory.
- ``/user_memory_stats``: the total of SqliteDb is 0 on a page that is empty.
- ``/knowledge/content?sort_by=``: SqliteDb sorts by no text, and answers 500 for what is no column.
- ``/traces/search`` by what is no column: SqliteDb logs an error and finds nothing. Here: 400.
- ``/components``: they are read and written by tests of their own.
- Among equal times, SqliteDb has no order. Here it is that of the ids.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from agno.db.sqlite import SqliteDb

from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.testing import memory_store

from .agno_os import SCRIPTS
from .agno_os.service import DB_ID, serving


def blocking() -> DynastoreDb:
    return DynastoreDb(memory_store(), id=DB_ID)


def awaited() -> AsyncDynastoreDb:
    return AsyncDynastoreDb(memory_store().awaited(), id=DB_ID)


def answers(db: Any) -> list[Any]:
    """What the service answered to all that it was asked."""
    with serving(db) as service:
        for script in SCRIPTS:
            script(service)
    return service.answers


def different(ours: list[Any], theirs: list[Any]) -> Iterator[str]:
    """Where answers differ."""
    for here, there in zip(map(ordered, ours), map(ordered, theirs), strict=True):
        assert here[0] == there[0]
        if here != there:
            yield f"{here[0]}\n  here: {here[1:]}\n  SqliteDb: {there[1:]}"


def ordered(answer: Any) -> Any:
    """An answer, sorted where SqliteDb has no order."""
    asked, status, said = answer
    return (asked, status, sorted(said)) if "/memory_topics" in asked else answer


def test_the_service_answers_as_on_agnos_sqlite_database(tmp_path):
    theirs = answers(SqliteDb(db_file=str(tmp_path / "theirs.db"), id=DB_ID))
    for db in (blocking(), awaited()):
        if found := [*different(answers(db), theirs)]:
            pytest.fail("\n".join(found))
