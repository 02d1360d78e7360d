"""Which sessions a list is of, as conditions on ours."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from ....agents.conversations.entities import Session
from ....terms import between, since, until
from ..current import given_values
from ..texts import moment
from .session_rows import COMPONENTS

COLUMNS = (
    *("session_id", "session_type", "user_id", "created_at", "updated_at"),
    *COMPONENTS.values(),
)


@frozen
class Sought:
    """Which sessions a list is of; None for any.

    Attributes:
        kind: of an agent, a team or a workflow.
        user_id: whose.
        component: id of the agent, team or workflow.
        name: what their names have in them, in capitals or not.
        first: when they began at the earliest, in seconds since 1970.
        last: when they began at the latest.
    """

    kind: str | None = None
    user_id: str | None = None
    component: str | None = None
    name: str | None = None
    first: int | None = None
    last: int | None = None

    @property
    def where(self) -> dict[str, Any]:
        """What is asked of an index."""
        found = given_values(kind=self.kind, user_id=self.user_id, component=self.component)
        if self.first is not None and self.last is not None:
            found["created_at"] = between(moment(self.first), moment(self.last))
        elif self.first is not None:
            found["created_at"] = since(moment(self.first))
        elif self.last is not None:
            found["created_at"] = until(moment(self.last))
        return found

    def has_name(self, entry: dict[str, Any]) -> bool:
        """Whether an index entry has the name."""
        return self._names(entry["title"])

    def has(self, session: Session) -> bool:
        """Whether a session is still one of them: an index may tell of what was."""
        asked = (self.kind, self.user_id, self.component)
        found = (session.kind, session.user_id, session.component)
        matches = all(
            wanted is None or wanted == is_ for wanted, is_ in zip(asked, found, strict=True)
        )
        return matches and self._names(session.title)

    def _names(self, title: str | None) -> bool:
        return not self.name or (title is not None and self.name.casefold() in title.casefold())


def column(entry: dict[str, Any], name: str) -> Any:
    """The value of a column of Agno's, of an index entry."""
    if name == "session_type":
        return entry["kind"]
    if name in COMPONENTS.values():
        return entry["component"] if COMPONENTS.get(entry["kind"]) == name else None
    return entry[name]
