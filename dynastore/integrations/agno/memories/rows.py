"""Agno's memories and ours: pure conversions.

Texts and topics are kept as such where they can be; what is not, such as half of a surrogate pair, and
what else Agno keeps of a memory, is one JSON text.
"""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

from agno.db.schemas.memory import UserMemory
from agno.db.utils import owner_key

from ....agents.memories.entities import NOBODY, Memory, MemoryOutline
from ..current import given_values
from ..texts import json_bytes, json_value, moment, seconds

JSON = ("memory", "topics")  # columns that Agno sorts by as JSON
APART = ("input", "feedback")
# What an index does not have of a memory.
UNLISTED = ("memory", *APART)
MARK = "\0"  # before an empty user id, which would be nobody's, and before one that begins so
COLUMNS = (
    *("memory_id", "memory", "input", "agent_id", "team_id"),
    *("user_id", "topics", "feedback", "created_at", "updated_at"),
)


def user_of(user_id: str | None) -> str:
    r"""The user of a memory as it is stored: nobody is none, and an empty id is a user's like any other.

    >>> user_of(None), user_of("ann"), user_of("")
    ('', 'ann', '\x00')
    """
    user = owner_key(user_id)
    if user is None:
        return NOBODY
    return f"{MARK}{user}" if user == NOBODY or user.startswith(MARK) else user


def user_in(stored: str) -> str | None:
    """The user that `user_of` gave; None for nobody."""
    return None if stored == NOBODY else stored.removeprefix(MARK)


def memory_of(given: UserMemory, changed_at: dt.datetime | None) -> Memory:
    """A memory as it is stored when it is new."""
    apart = given_values(**{name: getattr(given, name) for name in APART})
    for name in JSON:
        if not _is_kept(getattr(given, name)):
            apart[name] = getattr(given, name)
    text = given.memory if isinstance(given.memory, str) else json.dumps(given.memory)
    content = json_bytes(apart) if apart else b""
    return Memory(
        user_id=user_of(given.user_id),
        memory_id=str(given.memory_id),
        text=_clean(text),
        outline=MemoryOutline(
            topics=_topics(given.topics),
            agent_id=given.agent_id,
            team_id=given.team_id,
            content_bytes=len(content) + len(_clean(text).encode()),
            changed_at=changed_at,
        ),
        content=content,
        created_at=moment(given.created_at or 0),
    )


def _is_kept(value: Any) -> bool:
    """Whether a text, or a list of texts, is stored as it is."""
    if isinstance(value, list):
        return all(isinstance(each, str) and _is_kept(each) for each in value)
    return value is None or (isinstance(value, str) and _clean(value) == value)


def _topics(value: Any) -> list[str] | None:
    if not isinstance(value, list):
        return None
    return [_clean(each) for each in value if isinstance(each, str)]


def _clean(text: str) -> str:
    return text.encode(errors="replace").decode()


def row_of(memory: Memory) -> dict[str, Any]:
    """A row as Agno's SQL databases give it."""
    known = {
        "memory_id": memory.memory_id,
        "memory": memory.text,
        "agent_id": memory.outline.agent_id,
        "team_id": memory.outline.team_id,
        "user_id": user_in(memory.user_id),
        "topics": memory.outline.topics,
        "created_at": seconds(memory.created_at),
        "updated_at": seconds(memory.outline.changed_at),
    }
    apart = json_value(memory.content) if memory.content else {}
    return dict.fromkeys(COLUMNS) | known | apart


def given_memory(memory: Memory) -> UserMemory:
    """A memory as Agno's object."""
    return UserMemory.from_dict(row_of(memory))


def column(row: dict[str, Any], name: str) -> Any:
    """The value of a column to sort by."""
    return json.dumps(row[name]) if name in JSON else row[name]
