"""Sessions with their runs. The header comes last: where it is, all of the session is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from agno.db.utils import build_single_run_row
from attrs import define, evolve, field, frozen

from ....agents.conversations.entities import Session
from ....agents.conversations.loading import model_of, whole_runs
from ....agents.conversations.recent import Known, Recent
from ....agents.conversations.saving import HEADER, as_read, create_run
from ....entities.spec import ref
from ....operations.interleaved import all_of
from ....operations.reading.reads import get_many
from ....operations.writing.writes import write
from ....requests import Steps
from ....schema.schema import Schema
from ....writes import Create, Put
from ..conversations.run_rows import run_of, run_row
from ..conversations.session_rows import COMPONENTS, DATA, NAME, row_of
from ..texts import json_bytes, moment
from .old import Lacking, Old, Row
from .topics import (
    TOGETHER,
    Found,
    Stored,
    aligned,
    batches,
    changed_at,
    column,
    decoded,
    made_of,
    reason,
    tried,
    what,
)
from .topics import as_read as unchanged

RUNS = "runs"
DATA_OF_RUN = "run_data"
# The incarnation of sessions that move in. Their runs have it before there is a header, and are seen with
# that only; where moving them broke off, the next call finds them by it.
MOVED = "moved"
SESSION = "session_id"


@frozen
class Conversation:
    """What is here of a session.

    Attributes:
        header: its header, or None.
        runs: its runs, by id.
    """

    header: Stored | None
    runs: Mapping[str, Stored]


@define
class Conversations:
    """Sessions and their runs, and runs of sessions that are gone.

    A row has the ``session_id``, the ``header``, which is None of a session that is gone, and the rows
    of its ``runs``.

    Attributes:
        recent: what was written last.
        known: the sessions that the old database lists.
        run_count: how many runs these have in its table of runs.
    """

    recent: Recent = field(factory=Recent)
    known: set[str] = field(factory=set)
    run_count: int = 0
    name: str = "sessions"
    table: str = "session_table_name"

    def pages(self, old: Old) -> Iterator[Sequence[Row]]:
        """All sessions with their runs, and then the runs that have none."""
        self.known, self.run_count = set(), 0
        for page in old.pages("get_sessions", column(SESSION), by=SESSION):
            for some in batches(page, TOGETHER):
                yield [self._whole(old, each) for each in some]
        if old.has_table("runs_table_name"):
            yield from self._orphans(old)

    def _whole(self, old: Old, given: Row) -> Row:
        """A session with all its runs: those of the table, and those only in the session itself."""
        header = dated(decoded(given, DATA))
        merged = header.pop(RUNS, None) or []
        self.known.add(header[SESSION])
        try:
            named = {"session_id": header[SESSION], "deserialize": False}
            rows, _ = old.call("get_runs", **named)
        except Lacking:
            rows = []
        self.run_count += len(rows)
        # Some give the data of a run for its row; then its place is that in the session.
        runs = {each["run_id"]: _run_row(each) for each in rows if DATA_OF_RUN in each}
        for place, data in enumerate(merged):
            if data.get("run_id") not in runs:
                runs[data.get("run_id")] = _embedded(data, header, place)
        return {SESSION: header[SESSION], "header": header, RUNS: runs}

    def _orphans(self, old: Old) -> Iterator[Sequence[Row]]:
        try:
            _, total = old.call("get_runs", limit=1, page=1, deserialize=False)
            if total <= self.run_count:
                return
            for page in old.pages("get_runs", column("run_id"), by="run_id", is_topic=False):
                rows = [_run_row(each) for each in page if each[SESSION] not in self.known]
                for some in batches(rows, TOGETHER):
                    yield _by_session(some)
        except Lacking:
            return

    def here(self, schema: Schema, rows: Sequence[Row]) -> Steps[list[Any]]:
        """What is stored of sessions: a request for each, and one for each 100."""
        ids = [each[SESSION] for each in rows]
        headers = yield from get_many(schema, [_ref(each) for each in ids], consistent=True)
        runs = yield from all_of(whole_runs(schema, each, awaited=MOVED) for each in ids)
        return [
            Conversation(
                None if header is None else Stored(row_of(header, None), header),
                {each.run_id: Stored(run_row(each), each) for each in some},
            )
            for header, some in zip(headers, runs, strict=True)
        ]

    def compared(self, row: Row, stored: Conversation) -> list[Found]:
        """What is the same here of a session and of its runs, and what is not."""
        found = [
            Found(RUNS, f"{row[SESSION]}/{name}", what(each, stored.runs.get(name)))
            for name, each in row[RUNS].items()
        ]
        if row["header"] is None:
            return found
        differs = what(row["header"], stored.header, (RUNS,))
        return [Found(self.name, row[SESSION], differs), *found]

    def aligned(self, row: Row, stored: Conversation, seconds: float) -> Row:
        """A session with the times of what is stored, as far as these are no further away than that."""
        header = None if row["header"] is None else aligned(row["header"], stored.header, seconds)
        runs = {
            name: aligned(each, stored.runs.get(name), seconds) for name, each in row[RUNS].items()
        }
        return {**row, "header": header, RUNS: runs}

    def save(self, schema: Schema, pairs: Sequence[tuple[Row, Conversation]]) -> Steps[list[str]]:
        """Write what is missing or older here: a request for each run, and then the header."""
        return (yield from all_of(self._save(schema, *each) for each in pairs))

    def _save(self, schema: Schema, row: Row, stored: Conversation) -> Steps[str]:
        failed, models = "", {}
        self.recent.keep_session(row[SESSION], Known(_incarnation(row, stored)))
        for name, given in row[RUNS].items():
            made = made_of(_stored_run, given)
            if isinstance(made, str):
                failed = made
                continue
            lost = yield from self._save_run(schema, row, name, made, stored)
            if lost:
                failed = lost
                continue
            models[name] = model_of(made[0])
        if row["header"] is None:
            return failed
        tally = dict(Counter(models.values()))
        return (yield from _save_header(schema, row["header"], stored.header, tally)) or failed

    def _save_run(
        self, schema: Schema, row: Row, name: str, made: Any, stored: Conversation
    ) -> Steps[str]:
        """Write a run if it is missing or older here; what is in its way, or ""."""
        run, repeated = made
        given, before = row[RUNS][name], stored.runs.get(name)
        if before is None:
            is_new = stored.header is None and row["header"] is not None
            untallied_at = None if is_new else run.updated_at or run.created_at
            marked = evolve(run, incarnation=_incarnation(row, stored), untallied_at=untallied_at)
            return (yield from tried(create_run(schema, self.recent, marked, repeated)))
        if what(given, before) and not reason(given, before.row):
            return (yield from tried(_replace(schema, run, before.entity)))
        return ""


def _incarnation(row: Row, stored: Conversation) -> str:
    """Of the session that is here, or comes after its runs; of those that never get one it is ""."""
    if stored.header is not None:
        return str(stored.header.entity.incarnation)
    return "" if row["header"] is None else MOVED


def _save_header(
    schema: Schema, row: Row, stored: Stored | None, tally: Mapping[str, int]
) -> Steps[str]:
    header = made_of(header_in, row)
    if isinstance(header, str):
        return header
    if stored is None:
        made = evolve(header, tally=tally, incarnation=MOVED)
        return (yield from tried(write(schema, Create(made))))
    if not what(row, stored, (RUNS,)) or reason(row, stored.row):
        return ""
    changes = {name: getattr(header, name) for name in (*HEADER, "updated_at")}
    before: Any = stored.entity
    kept = evolve(before, **changes, tally=None, edition=before.edition + 1)
    return (yield from tried(write(schema, Put(kept, when=as_read(before)))))


def _replace(schema: Schema, run: Any, before: Any) -> Steps[Any]:
    at = before.untallied_at
    new: Any = run
    place = {"created_at": before.created_at, "incarnation": before.incarnation}
    kept = evolve(new, **place, untallied_at=at or before.updated_at)
    yield from write(schema, Put(kept, when=unchanged(before, ("updated_at", "status"))))


def header_in(row: Row) -> Session:
    """The header that a row is."""
    kind = row["session_type"]
    data = {name: row[name] for name in DATA if row.get(name) is not None}
    session_data = data.get("session_data")
    title = session_data.get(NAME) if isinstance(session_data, dict) else None
    if isinstance(session_data, dict) and isinstance(title, str):
        data["session_data"] = {k: value for k, value in session_data.items() if k != NAME}
    updated_at = row.get("updated_at")
    return Session(
        session_id=row[SESSION],
        user_id=row.get("user_id"),
        kind=kind,
        component=row.get(COMPONENTS.get(kind, "")),
        title=title if isinstance(title, str) else None,
        created_at=moment(row["created_at"]),
        updated_at=None if updated_at is None else moment(updated_at),
        content=json_bytes(data),
    )


def dated(row: Row) -> Row:
    """A row that says when it began: at the latest when it was changed, or in 1970."""
    began = row.get("created_at")
    return {**row, "created_at": int(changed_at(row) if began is None else began)}


def _run_row(given: Row) -> Row:
    """The row of a run, of which some databases give only the data."""
    if DATA_OF_RUN in given:
        return dated(decoded(given, (DATA_OF_RUN,)))
    row = build_single_run_row(given, given[SESSION], given.get("user_id"))
    began = given.get("created_at") or 0
    return {**row, "created_at": began, "updated_at": began}


def _embedded(data: Row, header: Row, place: int) -> Row:
    """The row of a run that is only in its session, as those of Agno 2 are."""
    row = build_single_run_row(data, header[SESSION], header.get("user_id"), place)
    began = data.get("created_at") or header["created_at"]
    return {**row, "created_at": began, "updated_at": header.get("updated_at") or began}


def _stored_run(row: Row) -> tuple[Any, tuple[int, int] | None]:
    """A run as it is stored, and where it repeats others."""
    began = moment(row["created_at"])
    owner, place = row.get("user_id"), row.get("run_index")
    run: Any
    run, _, repeated = run_of(row["run_data"], row[SESSION], owner, place, began)
    updated_at = row.get("updated_at")
    kept: Any = evolve(
        run,
        kind=row.get("run_type") or run.kind,
        created_at=began,
        updated_at=None if updated_at is None else moment(updated_at),
    )
    return kept, repeated if place else None


def _by_session(rows: Sequence[Row]) -> list[Row]:
    found: dict[str, Row] = {}
    for each in rows:
        row = found.setdefault(each[SESSION], {SESSION: each[SESSION], "header": None, RUNS: {}})
        row[RUNS][each["run_id"]] = each
    return [*found.values()]


def _ref(session_id: str) -> Any:
    return ref(Session, session_id=session_id)
