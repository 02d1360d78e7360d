"""Compactions: what Agno's contract asks of them, which only that of its blocking databases does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....agents.annexes.compacting import (
    compaction_by_id,
    compactions_of,
    delete_compactions,
    keep_compaction,
)
from ....requests import Now, Steps
from ..calls import Calls
from ..paging import page_of
from .compaction_rows import compaction_of, has_any, row_of


class CompactionCalls(Calls):
    """What long conversations were folded into."""

    def upsert_compaction(self, row: dict[str, Any]) -> Steps[None]:
        """Save a compaction, of any size: one request. One that is there already stays as it is."""
        yield from keep_compaction(self.schema, compaction_of(row, (yield from Now())))

    def get_compaction(self, compaction_id: str) -> Steps[dict[str, Any] | None]:
        """A compaction by its id: two requests, the first on an index."""
        found = yield from compaction_by_id(self.schema, compaction_id)
        return None if found is None else row_of(found)

    def get_compactions_for_session(
        self, session_id: str, limit: int | None = None
    ) -> Steps[list[dict[str, Any]]]:
        """The compactions of a session, newest first: one request for each 1 MB of all of them."""
        found = yield from compactions_of(self.schema, session_id)
        return [row_of(each) for each in page_of(found, limit, 1)]

    def delete_compactions_for_session(self, session_id: str) -> Steps[int]:
        """Delete the compactions of a session; how many there were."""
        return (yield from delete_compactions(self.schema, session_id))

    def search_compactions(
        self, session_id: str, query: str | Sequence[str], limit: int = 10
    ) -> Steps[list[dict[str, Any]]]:
        """The compactions of a session that folded one of some terms, newest first.

        All of the session's are read: one request for each 1 MB.

        Args:
            session_id: the session.
            query: a term, or several, in capitals or not.
            limit: how many at most.
        """
        terms = [each for each in ([query] if isinstance(query, str) else query) if each]
        if not terms:
            return []
        found = yield from compactions_of(self.schema, session_id)
        rows = [row for row in map(row_of, found) if has_any(row, terms)]
        return [*page_of(rows, limit, 1)]
