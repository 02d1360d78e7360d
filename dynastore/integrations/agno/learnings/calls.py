"""Learnings: what Agno's contract asks of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agno.db.utils import validate_pagination

from ....agents.learnings.entities import Learning
from ....agents.learnings.keeping import (
    change,
    delete,
    delete_owned,
    keep,
    learning_by_id,
    summaries,
    whole,
)
from ....agents.learnings.summaries import LearningSummary, stored_summary
from ....errors import RequestError, shown
from ....requests import Now, Steps
from ....schema.schema import Schema
from ..calls import Calls
from ..current import given_values
from ..paging import in_order, page_of
from ..texts import seconds
from .rows import COLUMNS, Sought, content_of, finder, newest, row_of


class LearningCalls(Calls):
    """What agents learned of users, of sessions, of things and of their own decisions."""

    def get_learning(
        self,
        learning_type: str,
        user_id: str | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
        session_id: str | None = None,
        namespace: str | None = None,
        entity_id: str | None = None,
        entity_type: str | None = None,
    ) -> Steps[dict[str, Any] | None]:
        """What is known of something, as ``{"content": …}``: one request for what Agno saves itself.

        What is not found by the id that Agno makes of the arguments is found by an index, the latest of
        several, by two requests; it may lag by a second.
        """
        sought = Sought.by(
            *(learning_type, user_id, agent_id, team_id),
            *(session_id, namespace, entity_id, entity_type),
        )
        found = yield from _known(self.schema, sought)
        if found is None:
            latest = yield from _listed(self.schema, sought, limit=1)
            found = latest[0] if latest else None
        return None if found is None else {"content": row_of(found)["content"]}

    def upsert_learning(
        self,
        id: str,  # noqa: A002 (the contract's)
        learning_type: str,
        content: dict[str, Any],
        user_id: str | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
        session_id: str | None = None,
        namespace: str | None = None,
        entity_id: str | None = None,
        entity_type: str | None = None,
        metadata: dict[str, Any] | None = None,
    ) -> Steps[None]:
        """Save what is known: one request where something was, two where not.

        Of a learning that is there, only content and metadata change.
        """
        now = seconds((yield from Now())) or 0
        summary = LearningSummary(
            learning_id=id,
            learning_type=learning_type,
            namespace=namespace,
            user_id=user_id,
            session_id=session_id,
            agent_id=agent_id,
            team_id=team_id,
            entity_id=entity_id,
            entity_type=entity_type,
            created_at=now,
            updated_at=now,
        )
        yield from keep(self.schema, summary, content_of(content, metadata))

    def delete_learning(self, id: str) -> Steps[bool]:  # noqa: A002 (the contract's)
        """Delete a learning; whether there was one. One request."""
        return (yield from delete(self.schema, id))

    def update_learning(
        self,
        id: str,  # noqa: A002 (the contract's)
        content: dict[str, Any],
        metadata: dict[str, Any] | None = None,
    ) -> Steps[bool]:
        """Change what is known, if there is such a learning; whether there is. One request."""
        now = seconds((yield from Now())) or 0
        return (yield from change(self.schema, id, content_of(content, metadata), now))

    def delete_user_learnings(self, user_id: str, learning_type: str | None = None) -> Steps[int]:
        """Delete the learnings of a user, or those of a type; how many there were. A request each."""
        return (yield from delete_owned(self.schema, user_id, learning_type))

    def get_learnings(
        self,
        learning_type: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
        session_id: str | None = None,
        namespace: str | None = None,
        entity_id: str | None = None,
        entity_type: str | None = None,
        limit: int | None = None,
    ) -> Steps[list[dict[str, Any]]]:
        """Learnings as rows, the latest first: two requests for up to 100 of them.

        They are found by an index, which may lag by a second; what is given back is current.
        """
        sought = Sought.by(
            *(learning_type, user_id, agent_id, team_id),
            *(session_id, namespace, entity_id, entity_type),
        )
        found = yield from _listed(self.schema, sought, limit=limit)
        return [*map(row_of, found)]

    def search_learnings(
        self,
        query: str,
        learning_type: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
        workflow_id: str | None = None,
        session_id: str | None = None,
        namespace: str | None = None,
        entity_id: str | None = None,
        entity_type: str | None = None,
        limit: int | None = None,
    ) -> Steps[list[dict[str, Any]]]:
        """Learnings whose content has a text, the latest first, in capitals or not.

        Each that fits the filters is read: one request for each 100.

        Raises:
            RequestError: the text is none.
        """
        if not isinstance(query, str):
            raise RequestError(f"{shown(query)} is no text; to list learnings use get_learnings")
        has_text = finder(query)
        if has_text is None:
            return []
        sought = Sought.by(
            *(learning_type, user_id, agent_id, team_id),
            *(session_id, namespace, entity_id, entity_type),
            workflow_id=workflow_id,
        )
        rows = map(row_of, (yield from _listed(self.schema, sought)))
        return [*page_of([each for each in rows if has_text(each["content"])], limit, 1)]

    def get_learning_by_id(self, id: str) -> Steps[dict[str, Any] | None]:  # noqa: A002 (the contract's)
        """A learning as a row: one request."""
        found = yield from learning_by_id(self.schema, id)
        return None if found is None else row_of(found)

    def list_learnings(
        self,
        learning_type: str | None = None,
        user_id: str | None = None,
        agent_id: str | None = None,
        team_id: str | None = None,
        session_id: str | None = None,
        namespace: str | None = None,
        entity_id: str | None = None,
        entity_type: str | None = None,
        include_global: bool = False,
        limit: int = 100,
        page: int = 1,
        sort_by: str | None = None,
        sort_order: str | None = None,
    ) -> Steps[tuple[list[dict[str, Any]], int]]:
        """A page of learnings as rows, and how many there are: two requests for up to 3,500 of them.

        They are found by an index, which may lag by a second; what is given back is current.

        Args:
            learning_type: such as ``user_profile``.
            user_id: of which user.
            agent_id: of which agent.
            team_id: of which team.
            session_id: about which session.
            namespace: in which namespace.
            entity_id: about which thing.
            entity_type: about what kind of things.
            include_global: whether those of no user are meant too, where a user is given.
            limit: how many at most.
            page: which page of so many, from 1.
            sort_by: a column, ``updated_at`` by default.
            sort_order: ``asc``, or else descending.
        """
        sought = Sought.by(
            *(learning_type, user_id, agent_id, team_id),
            *(session_id, namespace, entity_id, entity_type),
            shared=include_global,
        )
        found = yield from _entries(self.schema, sought)
        ordered = in_order(
            found, getattr, sort_by or "updated_at", sort_order, known=COLUMNS, otherwise=newest
        )
        rows = yield from whole(self.schema, page_of(ordered, limit, page), sought.has)
        return [*map(row_of, rows)], len(ordered)

    def get_learnings_user_stats(
        self,
        learning_type: str | None = None,
        limit: int | None = None,
        page: int | None = None,
        user_id: str | None = None,
        sort_by: str | None = None,
        sort_order: str | None = None,
    ) -> Steps[tuple[list[dict[str, Any]], int]]:
        """The users of whom something was learned, and how many they are: a request for each 3,500 learnings.

        Args:
            learning_type: such as ``user_profile``.
            limit: how many users at most; None for all.
            page: which page of so many, from 1.
            user_id: the only user.
            sort_by: ``user_id`` or ``last_learning_updated_at``, which is the default.
            sort_order: ``asc``, or else descending.
        """
        validate_pagination(limit, page)
        sought = Sought(given_values(learning_type=learning_type, user_id=user_id))
        last: dict[str, int] = {}
        for each in (yield from _entries(self.schema, sought)):
            if each.user_id is not None:
                last[each.user_id] = max(each.updated_at, last.get(each.user_id, each.updated_at))
        rows: list[dict[str, Any]]
        rows = [{"user_id": of, "last_learning_updated_at": at} for of, at in sorted(last.items())]
        by = "user_id" if sort_by == "user_id" else "last_learning_updated_at"
        rows.sort(key=lambda row: row[by], reverse=sort_order != "asc")
        return [*page_of(rows, limit, page)], len(rows)


def _entries(schema: Schema, sought: Sought) -> Steps[list[LearningSummary]]:
    found = yield from summaries(schema, sought.where)
    return sorted(filter(sought.has, found), key=newest)


def _listed(
    schema: Schema, sought: Sought, *, limit: int | None = None
) -> Steps[Sequence[Learning]]:
    found = yield from _entries(schema, sought)
    return (yield from whole(schema, page_of(found, limit, 1), sought.has))


def _known(schema: Schema, sought: Sought) -> Steps[Learning | None]:
    """The learning under the id that Agno makes of what is sought, if it is what is sought."""
    from agno.learn.utils import build_learning_id  # it brings what agents learn with

    names = ("learning_type", "user_id", "session_id", "entity_id", "entity_type", "namespace")
    learning_id = build_learning_id(**{n: sought.equal[n] for n in names if n in sought.equal})
    if learning_id is None:
        return None
    found = yield from learning_by_id(schema, learning_id)
    return found if found is not None and sought.has(stored_summary(found)) else None
