"""Agno's learnings and ours: pure conversions, and which of them a list or a search is of."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Self

from agno.db.utils import learning_search_patterns
from attrs import field, frozen

from ....agents.learnings.entities import Learning
from ....agents.learnings.summaries import LearningSummary, stored_summary
from ..current import given_values
from ..texts import json_bytes, json_value

COLUMNS = (
    *("learning_id", "learning_type", "namespace", "user_id", "agent_id", "team_id"),
    *("session_id", "entity_id", "entity_type", "created_at", "updated_at"),
)
KEYED = ("user_id", "learning_type", "session_id")  # what an index tells by itself
SEPARATORS = re.compile(
    r"[\s_\-]+"
)  # "sarah chen" is "sarah_chen", and "multi-tenant" "multi tenant"


@frozen
class Sought:
    """Which learnings a list is of.

    Attributes:
        equal: column -> what it must be.
        shared: whether those of no user are meant too, where a user is given.
    """

    equal: Mapping[str, str] = field(factory=dict)
    shared: bool = False

    @classmethod
    def by(
        cls,
        learning_type: str | None,
        user_id: str | None,
        agent_id: str | None,
        team_id: str | None,
        session_id: str | None,
        namespace: str | None,
        entity_id: str | None,
        entity_type: str | None,
        *,
        workflow_id: str | None = None,
        shared: bool = False,
    ) -> Self:
        """Those of a list by the filters of Agno's contract, in its order; None for any."""
        about = {"session_id": session_id, "entity_id": entity_id, "entity_type": entity_type}
        by = {"agent_id": agent_id, "team_id": team_id, "workflow_id": workflow_id}
        of = {"learning_type": learning_type, "user_id": user_id, "namespace": namespace}
        return cls(given_values(**of, **about, **by), shared)

    @property
    def where(self) -> dict[str, Any]:
        """What is asked of an index."""
        names = [name for name in KEYED if not (self.shared and name == "user_id")]
        return {name: self.equal[name] for name in names if name in self.equal}

    def has(self, learning: LearningSummary) -> bool:
        """Whether a learning is one of them."""
        return all(self._is(learning, name, wanted) for name, wanted in self.equal.items())

    def _is(self, learning: LearningSummary, name: str, wanted: str) -> bool:
        found = getattr(learning, name, None)  # nothing that Agno saves is of a workflow
        return found == wanted or (self.shared and name == "user_id" and found is None)


def content_of(content: Any, metadata: Any) -> bytes:
    """What is known, as it is stored."""
    return json_bytes([content, metadata])


def row_of(learning: Learning) -> dict[str, Any]:
    """A row as Agno's SQL databases give it."""
    summary = stored_summary(learning)
    content, metadata = json_value(learning.content)
    columns = {name: getattr(summary, name) for name in COLUMNS}
    return {**columns, "workflow_id": None, "content": content, "metadata": metadata}


def finder(query: str) -> Callable[[Any], bool] | None:
    """What tells whether a content has a text, in capitals or not; None if the text is nothing.

    Any one character stands where the text has spaces, hyphens or underscores.
    """
    if not learning_search_patterns(query):
        return None
    sought = query.strip()
    forms = {sought, json.dumps(sought, ensure_ascii=False)[1:-1]}
    patterns = [".".join(map(re.escape, SEPARATORS.split(each.casefold()))) for each in forms]
    found = re.compile("|".join(patterns), re.DOTALL)
    return lambda content: (
        found.search(json.dumps(content, ensure_ascii=False).casefold()) is not None
    )


def newest(learning: LearningSummary) -> tuple[int, str]:
    """Sorts those first that changed last, then by id."""
    return -learning.updated_at, learning.learning_id
