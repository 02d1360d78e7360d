"""Agno's HTTP service answers on our databases as on Agno's own.

Asked is all of its routers that reads or writes the database, by an administrator and by users who see
what is theirs. Left out, because no database answers it: what fetches documents from elsewhere, calls
a model by its name, or streams. What may differ:

- ``/memory_topics``: SqliteDb gives them in any order. Here they are sorted.
- Whoever changes a memory names its user: under another one's name it is another memory.
- ``/user_memory_stats``: the total of SqliteDb is 0 on a page that is empty.
- ``/knowledge/content?sort_by=``: SqliteDb sorts by no text, and answers 500 for what is no column.
- ``/traces/search`` by what is no column: SqliteDb logs an error and finds nothing. Here: 400.
- What a database says of a wrong call: the status is the same, 400, and the words are others.
- Among equal times, SqliteDb has no order. Here it is that of the ids.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from agno.db.base import AsyncBaseDb
from agno.db.sqlite import SqliteDb

from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.testing import memory_store

from .agno_os import BLOCKING_SCRIPTS, SCRIPTS
from .agno_os.service import DB_ID, serving

BAD_REQUEST = 400


def blocking() -> DynastoreDb:
    return DynastoreDb(memory_store(), id=DB_ID)


def awaited() -> AsyncDynastoreDb:
    return AsyncDynastoreDb(memory_store().awaited(), id=DB_ID)


def answers(db: Any) -> list[Any]:
    """What the service answered to all that it was asked."""
    scripts = SCRIPTS if isinstance(db, AsyncBaseDb) else (*SCRIPTS, *BLOCKING_SCRIPTS)
    with serving(db) as service:
        for script in scripts:
            script(service)
    return service.answers


def different(ours: list[Any], theirs: list[Any]) -> Iterator[str]:
    """Where answers differ."""
    for here, there in zip(ours, theirs[: len(ours)], strict=True):
        assert here[0] == there[0]
        if comparable(*here) != comparable(*there):
            yield f"{here[0]}\n  here: {here[1:]}\n  SqliteDb: {there[1:]}"


def comparable(asked: str, status: int, said: Any) -> Any:
    """An answer without what may differ in it."""
    if "/memory_topics" in asked:
        return status, sorted(said)
    return status, None if status == BAD_REQUEST else said


@pytest.fixture
def _quiet() -> Iterator[None]:
    """Agno logs each refusal, to be shown in colours."""
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.usefixtures("_quiet")
def test_the_service_answers_as_on_agnos_sqlite_database(tmp_path):
    theirs = answers(SqliteDb(db_file=str(tmp_path / "theirs.db"), id=DB_ID))
    for db in (blocking(), awaited()):
        if found := [*different(answers(db), theirs)]:
            pytest.fail("\n".join(found))
