"""Memories, and where answers of theirs may differ:

- Without ``sort_by``, and among equal values, SqliteDb has no order. Here: by when they were learned,
  then ids.
- A memory's id is unique for its user. In SqliteDb it is for all users, and whoever saves a memory with
  another user's id changes that user's. Here it is another memory.
- ``topics`` are searched exactly, and texts as they are written: SqliteDb searches their JSON, with
  ``%`` and ``_`` as wildcards, topics in capitals or not, and never finds an é.
- Totals are exact. SqliteDb says 0 on a page that is empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any

from agno.db.schemas.memory import UserMemory
from hypothesis import strategies as st

from ..answers import Raised, plain, sorted_by, text
from ..drawn import COMPONENTS, Call, chosen, deserialized, paged, pages, users
from ..made import BEGAN
from .topic import Topic

TOPICS = ("food", "food and drink", "work")
TEXTS = ("Likes TEA", "drinks tea, no sugar", "has a dog", "")
COLUMNS = (None, "created_at", "updated_at", "memory_id", "memory", "topics", "agent_id", "nothing")


def _id(user_id: str | None, number: int) -> str:
    return f"{user_id}-{number}"


numbers = st.integers(0, 2)
ids = st.builds(_id, users, numbers)
topics = st.lists(st.sampled_from(TOPICS), max_size=2, unique=True)


@st.composite
def memories(draw: Any) -> UserMemory:
    """A memory object, whose id has the user in it."""
    user = draw(users)
    number = draw(numbers)
    return UserMemory(
        memory=draw(st.sampled_from(TEXTS) | st.text(max_size=5)),
        memory_id=_id(user, number),
        topics=draw(st.none() | topics),
        user_id=user,
        input=draw(st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)),
        feedback=draw(st.sampled_from((None, "good"))),
        agent_id=draw(st.sampled_from(COMPONENTS)),
        team_id=draw(st.sampled_from(COMPONENTS)),
        created_at=BEGAN + 60 * number,
        updated_at=draw(st.none() | st.integers(BEGAN, BEGAN + 100)),
    )


lists = paged(
    chosen(
        user_id=users,
        agent_id=st.sampled_from(COMPONENTS),
        team_id=st.sampled_from(COMPONENTS),
        topics=topics,
        search_content=st.sampled_from(("tea", "TEA,", "dog", "zzz")),
        deserialize=deserialized,
    ),
    COLUMNS,
)


@st.composite
def stats(draw: Any) -> dict[str, Any]:
    """Arguments of the statistics."""
    found = dict(draw(chosen(user_id=users)))
    page = draw(pages)
    return found if page is None else {**found, "limit": page[0], "page": page[1]}


def _named(name: str, named: st.SearchStrategy[dict[str, Any]], *args: Any) -> Any:
    return st.builds(Call, st.just(name), st.tuples(*args), named)


saves = _named("upsert_user_memory", chosen(deserialize=deserialized), memories())
bulks = _named(
    "upsert_memories",
    chosen(deserialize=deserialized, preserve_updated_at=st.booleans()),
    st.lists(memories(), max_size=4),
)
begun = st.lists(
    st.builds(Call, st.just("upsert_user_memory"), st.tuples(memories())), min_size=2, max_size=8
)
calls = st.one_of(
    *(saves, saves, bulks),
    *[_named("get_user_memories", lists)] * 4,
    _named("get_user_memory", chosen(user_id=users, deserialize=deserialized), ids),
    _named("get_all_memory_topics", chosen(user_id=users)),
    _named("get_user_memory_stats", stats()),
    _named("delete_user_memory", chosen(user_id=users), ids),
    _named("delete_user_memories", chosen(user_id=users), st.lists(ids, max_size=3)),
    st.builds(Call, st.just("clear_memories")),
)


def comparable(call: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both."""
    if isinstance(answer, Raised):
        return answer
    found = _rows(answer)
    if call.name == "get_all_memory_topics":
        return sorted(found)
    if call.name == "upsert_memories":
        return sorted(found, key=text)
    if call.name not in {"get_user_memories", "get_user_memory_stats"}:
        return found
    rows, total = found if isinstance(answer, tuple) else (found, None)
    total = total if rows else None
    if call.name == "get_user_memory_stats":
        return _ordered(rows, "updated_at", call), total
    return _ordered(rows, call.named.get("sort_by"), call), total


def _ordered(rows: list[dict[str, Any]], by: str | None, call: Call) -> Any:
    """Rows in their order, as far as that is said: by a column, of which many may have the same."""
    if by == "memory_id":
        return rows
    whole = sorted(map(text, rows)) if call.named.get("limit") is None else len(rows)
    return whole, [sorted_by(by, each) for each in rows]


def _rows(answer: Any) -> Any:
    """An answer with memories as plain dicts."""
    if isinstance(answer, list | tuple):
        return [_rows(each) for each in answer]
    if is_dataclass(answer) and not isinstance(answer, type):
        return plain(asdict(answer))
    if not isinstance(answer, Mapping):
        return answer
    # In statistics too the moments of just now are all alike.
    return plain({name.removeprefix("last_memory_"): value for name, value in answer.items()})


TOPIC = Topic("memories", begun, calls, comparable)
