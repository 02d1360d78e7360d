"""Tool results: what Agno's contract asks of them."""

from __future__ import annotations

from typing import Any

from ....agents.annexes.results import delete_results, due_results, keep_result, results_of
from ....agents.annexes.tool_results import ToolResult
from ....operations.reading.reads import get
from ....requests import Steps
from ..calls import Calls
from ..texts import moment
from .tool_result_rows import result_of, row_of


class ToolResultCalls(Calls):
    """Where results of tools are kept that are too long for a conversation."""

    def upsert_tool_result(self, row: dict[str, Any]) -> Steps[None]:
        """Save where a result is kept, in place of what there is under its id: one request."""
        yield from keep_result(self.schema, result_of(row))

    def get_tool_result(self, result_id: str) -> Steps[dict[str, Any] | None]:
        """A result by its id: one request."""
        found = yield from get(self.schema, ToolResult, {"result_id": result_id}, consistent=True)
        return None if found is None else row_of(found)

    def get_tool_results_for_session(
        self, session_id: str, limit: int | None = None
    ) -> Steps[list[dict[str, Any]]]:
        """The results of a session, newest first: two requests, and one more for each 100."""
        found = yield from results_of(self.schema, session_id, _count(limit))
        return [row_of(each) for each in found]

    def delete_tool_results(self, result_ids: list[str]) -> Steps[int]:
        """Delete results; how many there were. A request for each 100, and one for each 50 found."""
        return (yield from delete_results(self.schema, result_ids))

    def get_expired_tool_results(self, now: int) -> Steps[list[dict[str, Any]]]:
        """The results that have expired, the first ones first: one request, and one for each 100."""
        found = yield from due_results(self.schema, moment(now))
        return [row_of(each) for each in found]


def _count(limit: int | None) -> int | None:
    """How many are wanted; all with a limit below 0, as in SQL."""
    return None if limit is None or limit < 0 else limit
