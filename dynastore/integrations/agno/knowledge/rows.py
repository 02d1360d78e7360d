"""Agno's knowledge rows and our documents: pure conversions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agno.db.schemas.knowledge import KnowledgeRow

from ....agents.knowledge.entities import Knowledge
from ..texts import json_bytes, json_value, moment, seconds

# Agno's column -> our field, where the value is the same.
FIELDS = {
    "id": "knowledge_id",
    "name": "title",
    "description": "description",
    "type": "kind",
    "size": "size_bytes",
    "linked_to": "linked_to",
    "user_id": "user_id",
    "access_count": "access_count",
    "status": "status",
    "status_message": "status_message",
    "external_id": "external_id",
}
TIMES = ("created_at", "updated_at")
SORTED = (*FIELDS, *TIMES)


def document_of(row: KnowledgeRow) -> Knowledge:
    """The document that a row is where there is none yet."""
    values = {field: getattr(row, name) for name, field in FIELDS.items()}
    times = {name: _moment(getattr(row, name)) for name in TIMES}
    return Knowledge(**values, **times, content=_content(row.metadata))


def changes_of(new: Knowledge) -> dict[str, Any]:
    """What a row changes where there is one: what it leaves out stays."""
    fields = (*FIELDS.values(), *TIMES, "content")
    values = {name: getattr(new, name) for name in fields if name != "knowledge_id"}
    return {name: value for name, value in values.items() if value not in {None, b""}}


def row_of(found: Knowledge) -> KnowledgeRow:
    """A row as Agno's SQL databases give it."""
    values: dict[str, Any] = {name: getattr(found, field) for name, field in FIELDS.items()}
    values |= {name: seconds(getattr(found, name)) for name in TIMES}
    return KnowledgeRow(**values, metadata=json_value(found.content) if found.content else None)


def is_readable(user_id: str | None, owner: str | None) -> bool:
    """Whether a user reads what is an owner's: one's own, and what is everybody's. None reads all."""
    return user_id is None or owner is None or owner == user_id


def column(entry: Mapping[str, Any], name: str) -> Any:
    """The value of a column of Agno's, of an index entry."""
    return entry[FIELDS.get(name, name)]


def _content(metadata: Any) -> bytes:
    return b"" if metadata is None else json_bytes(metadata)


def _moment(at: int | None) -> Any:
    return None if at is None else moment(at)
