"""Sessions: what Agno's contract asks of them."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from agno.db.base import SessionType
from agno.db.utils import (
    HISTORY_SKIP_STATUSES,
    deserialize_session,
    deserialize_sessions,
    owner_key,
    validate_pagination,
)
from agno.session import Session
from attrs import evolve

from ....agents.conversations.claiming import reassign, retitle
from ....agents.conversations.clearing import delete_session, delete_sessions
from ....agents.conversations.entities import Run
from ....agents.conversations.entities import Session as Header
from ....agents.conversations.listing import entries
from ....agents.conversations.loading import Latest, Loaded, load, load_many
from ....agents.conversations.saving import save, save_many
from ....requests import Now, Steps
from ..calls import Calls
from ..paging import in_order, page_of
from ..texts import moment
from .session_rows import given_runs, header_of, loaded_row, models_of, row_of
from .sought import COLUMNS, Sought, column

ACTIVE = ("PENDING", "RUNNING", "PAUSED")


class SessionCalls(Calls):
    """Sessions of agents, teams and workflows."""

    def get_session(
        self,
        session_id: str,
        session_type: SessionType | None = None,
        user_id: str | None = None,
        deserialize: bool | None = True,
        runs_limit: int | None = None,
    ) -> Steps[Any]:
        """A session with its runs, or the last of them: one request for each 1 MB of them.

        Args:
            session_id: its id.
            session_type: as what it is given back; by default as what it is.
            user_id: whose it must be.
            deserialize: whether to give a session object, and not a dict.
            runs_limit: how many runs, of those that are part of the history: the ones that began
                last, by their places. One that has a later place and began before these is not met.
        """
        found = yield from load(self.schema, self.recent, session_id, _latest(runs_limit))
        if found is None or (user_id is not None and found.session.user_id != user_id):
            return None
        row = loaded_row(found)
        return deserialize_session(session_type, row) if deserialize else row

    def get_sessions(
        self,
        session_type: SessionType | None = None,
        user_id: str | None = None,
        component_id: str | None = None,
        session_name: str | None = None,
        start_timestamp: int | None = None,
        end_timestamp: int | None = None,
        limit: int | None = None,
        page: int | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
        deserialize: bool | None = True,
        include_runs: bool = True,
    ) -> Steps[Any]:
        """A page of sessions: one request for each 3,700 that there are, and one for each on the page.

        They are found by an index, which may lag by a second; what is given back is current.

        Args:
            session_type: of an agent, a team or a workflow.
            user_id: whose.
            component_id: id of the agent, team or workflow.
            session_name: what their names have in them, in capitals or not.
            start_timestamp: when they began at the earliest, in seconds since 1970.
            end_timestamp: when they began at the latest.
            limit: how many at most.
            page: which page of so many, from 1.
            sort_by: a column.
            sort_order: ``asc``, or else descending.
            deserialize: whether to give session objects, and not dicts and how many there are.
            include_runs: whether to give their runs too.
        """
        validate_pagination(limit, page)
        kind = None if session_type is None else session_type.value
        sought = Sought(kind, user_id, component_id, session_name, start_timestamp, end_timestamp)
        found = yield from entries(self.schema, sought.where, updated=sort_by == "updated_at")
        named = filter(sought.has_name, found)
        ordered = in_order(named, column, sort_by, sort_order, known=COLUMNS, otherwise=_began)
        rows = yield from self._rows(sought, page_of(ordered, limit, page), runs=include_runs)
        return deserialize_sessions(session_type, rows) if deserialize else (rows, len(ordered))

    def _rows(
        self, sought: Sought, chosen: Sequence[dict[str, Any]], *, runs: bool
    ) -> Steps[list[dict[str, Any]]]:
        ids = [each["session_id"] for each in chosen]
        found = yield from load_many(self.schema, self.recent, ids, runs=runs)
        current = [each for each in found if each is not None and sought.has(each.session)]
        return [loaded_row(each) if runs else row_of(each.session, None) for each in current]

    def upsert_session(self, session: Session, deserialize: bool | None = True) -> Steps[Any]:
        """Save a session, without its runs: one request. None if it is another user's."""
        new = header_of(session, (yield from Now()))
        saved = yield from save(self.schema, self.recent, new, models_of(session))
        return None if saved is None else _given(saved, session, deserialize)

    def upsert_sessions(
        self,
        sessions: list[Session],
        deserialize: bool | None = True,
        preserve_updated_at: bool = False,
    ) -> Steps[list[Any]]:
        """Save sessions, without their runs: two requests for each 100.

        Args:
            sessions: those of other users are not saved, and not given back.
            deserialize: whether to give session objects, and not dicts.
            preserve_updated_at: whether they were updated when they say so, and not now.
        """
        now = yield from Now()
        headers: list[Header] = []
        for each in sessions:
            header: Any = header_of(each, now)
            at = _moment(each.updated_at) if preserve_updated_at else now
            headers.append(evolve(header, updated_at=at))
        saved = yield from save_many(self.schema, self.recent, headers)
        submitted = {(each.session_id, owner_key(each.user_id)): each for each in sessions}
        stored = {each.session_id: each for each in saved if each is not None}
        return [
            _given(each, submitted[each.session_id, each.user_id], deserialize)
            for each in stored.values()
        ]

    def rename_session(
        self,
        session_id: str,
        session_type: SessionType | None,
        session_name: str,
        user_id: str | None = None,
        deserialize: bool | None = True,
    ) -> Steps[Any]:
        """Give a session another name, and nothing else: two requests. None if there is none."""
        found = yield from load(self.schema, self.recent, session_id)
        if found is None or (user_id is not None and found.session.user_id != user_id):
            return None
        renamed = yield from retitle(self.schema, found.session, session_name)
        if renamed is None:
            return None
        row = loaded_row(Loaded(renamed, found.runs))
        session = deserialize_session(session_type, row)
        return session if deserialize else {**row, "runs": given_runs(session)}

    def delete_session(self, session_id: str, user_id: str | None = None) -> Steps[bool]:
        """Delete a session and all that belongs to it, if it is the user's; whether there was one."""
        return (yield from delete_session(self.schema, self.recent, session_id, user_id))

    def delete_sessions(self, session_ids: list[str], user_id: str | None = None) -> Steps[None]:
        """Delete sessions and what belongs to them, if they are the user's: a request each, and a few."""
        yield from delete_sessions(self.schema, self.recent, session_ids, user_id)

    def reassign_session_owner(
        self, session_id: str, *, previous_user_id: str, user_id: str | None
    ) -> Steps[bool]:
        """Give a session to another user, if it is *previous_user_id*'s and none of its runs goes on."""
        owners = (previous_user_id, user_id)
        return (yield from reassign(self.schema, self.recent, session_id, owners, _is_active))


def _given(saved: Header, session: Session, deserialize: bool | None) -> Any:
    """What is given back of a session that was saved: with the runs of the object."""
    if not deserialize:
        return row_of(saved, given_runs(session))
    given: Any = deserialize_session(None, row_of(saved, None))
    given.runs = session.runs
    return given


def _latest(runs_limit: int | None) -> Latest | None:
    if runs_limit is None:
        return None
    return Latest(runs_limit if runs_limit >= 0 else sys.maxsize, _is_history)


def _is_history(run: Run) -> bool:
    return run.parent_run_id is None and run.status not in HISTORY_SKIP_STATUSES


def _is_active(run: Run) -> bool:
    return run.status in ACTIVE


def _began(entry: dict[str, Any]) -> tuple[Any, ...]:
    return entry["created_at"], entry["session_id"]


def _moment(at: int | None) -> Any:
    return None if at is None else moment(at)
