"""Summaries: what lists show of learnings, and the outline that an index carries of each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import frozen

from .entities import LISTED, Learning

UPDATED_AT = 8  # its place in an outline, of which nothing else ever changes


@frozen(kw_only=True)
class LearningSummary:
    """A learning without what is known.

    Attributes:
        learning_id: its id.
        learning_type: such as ``user_profile`` or ``session_context``.
        namespace: who shares it, such as ``user`` or ``global``, or None.
        user_id: of whom or for whom it was learned, or None for all.
        session_id: the session that it is about, or None.
        agent_id: the agent that learned it, or None.
        team_id: the team that learned it, or None.
        entity_id: the thing that it is about, or None.
        entity_type: what kind of thing that is, or None.
        created_at: when it was learned, in seconds since 1970.
        updated_at: when it was learned or last changed, in seconds since 1970.
    """

    learning_id: str
    learning_type: str
    namespace: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    agent_id: str | None = None
    team_id: str | None = None
    entity_id: str | None = None
    entity_type: str | None = None
    created_at: int
    updated_at: int


def learning_of(summary: LearningSummary, content: bytes) -> Learning:
    """The learning that stores a summary, and what is known."""
    of = [summary.learning_id, summary.learning_type, summary.namespace]
    by = [summary.agent_id, summary.team_id]
    about = [summary.entity_id, summary.entity_type]
    return Learning(
        learning_id=summary.learning_id,
        learning_type=summary.learning_type,
        user_id=summary.user_id,
        session_id=summary.session_id,
        outline=[*of, *by, *about, summary.created_at, summary.updated_at],
        content=content,
    )


def summary_of(entry: Mapping[str, Any]) -> LearningSummary:
    """The summary of an index entry: the values of `learnings.LISTED`, by name."""
    learning_id, learning_type, namespace, agent_id, team_id, *rest = entry["outline"]
    entity_id, entity_type, created_at, updated_at = rest
    return LearningSummary(
        learning_id=learning_id,
        learning_type=learning_type,
        namespace=namespace,
        user_id=entry["user_id"],
        session_id=entry["session_id"],
        agent_id=agent_id,
        team_id=team_id,
        entity_id=entity_id,
        entity_type=entity_type,
        created_at=created_at,
        updated_at=updated_at,
    )


def stored_summary(learning: Learning) -> LearningSummary:
    """The summary that a learning stores."""
    return summary_of({name: getattr(learning, name) for name in LISTED})
