"""Transcripts: a project has as many sessions as the size says, each with 10 entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dynastore import Store
from dynastore.agents.transcripts.appending import Entry, append
from dynastore.agents.transcripts.known import Place, Transcripts
from dynastore.integrations.agno import DynastoreDb

from .measured import Measured, Topic, pages, text

PROJECT = {"framework": "claude", "project_key": "p1"}
PLACE = {**PROJECT, "session_id": "t1"}


def entry(number: int) -> dict[str, Any]:
    """An entry, by its number."""
    return {"uuid": f"u{number}", "type": "assistant", "message": text(number)}


def _append(db: DynastoreDb, numbers: range, **place: str) -> Any:
    given = [entry(number) for number in numbers]
    where = {**PLACE, **place}
    return db.append_transcript_entries(**where, entries=given, agno_session_id="s1")


CALLS: Mapping[str, Measured] = {
    "append_transcript_entries, not read before": Measured(
        lambda db, _: _append(db, range(8, 12)), lambda _: 3
    ),
    "append_transcript_entries": Measured(lambda db, _: _append(db, range(12, 16)), lambda _: 1),
    "append_transcript_entries, none new": Measured(
        lambda db, _: _append(db, range(12, 16)), lambda _: 2
    ),
    "get_transcript_entries": Measured(
        lambda db, _: db.get_transcript_entries(**PLACE), lambda _: 2
    ),
    "list_transcript_sessions": Measured(
        lambda db, _: db.list_transcript_sessions(**PROJECT), lambda size: pages(size) + 1
    ),
    "list_transcript_subpaths": Measured(
        lambda db, _: db.list_transcript_subpaths(**PLACE), lambda _: 1
    ),
    "delete_transcript": Measured(lambda db, _: db.delete_transcript(**PLACE), lambda _: 4),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with so many sessions' transcripts, of which this process knows none."""
    known = Transcripts()
    entries = [Entry(f"u{number}", text(number).encode()) for number in range(10)]
    for number in range(size):
        place = Place(**PROJECT, session_id=f"t{number}")
        some = entries if number != 1 else []
        store.run(append(store.schema, known, place, some, f"s{number}"))
    db = DynastoreDb(store)
    _append(db, range(10))
    return DynastoreDb(store)


TOPIC = Topic(filled, CALLS)
