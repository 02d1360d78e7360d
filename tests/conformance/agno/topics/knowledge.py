"""Knowledge, and where answers about it may differ:

- Without ``sort_by``, and among equal values, SqliteDb has no order. Here: by when they were added, then ids.
- ``sort_by``: SqliteDb multiplies the column by 1 or -1, which sorts no text, puts what has no value
  first both ways, and raises AttributeError for what is no column. Here: as in all other lists.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from agno.db.schemas.knowledge import KnowledgeRow
from hypothesis import strategies as st

from ..answers import Raised, plain, text
from ..drawn import Call, call, chosen, json, paged, users
from ..made import BEGAN
from .topic import Topic

NUMBERS = ("created_at", "updated_at", "size", "access_count")

ids = st.builds("k{}".format, st.integers(0, 4))
bases = st.sampled_from(("docs", "faq", "", None))
texts = st.sampled_from(("", "é", "x" * 2_000))
numbers = st.none() | st.integers(0, 2**40)
times = st.none() | st.integers(BEGAN, BEGAN + 3)

rows = st.builds(
    KnowledgeRow,
    id=ids,
    name=st.text(max_size=5),
    description=texts,
    metadata=st.none() | st.dictionaries(st.text(max_size=5), json, max_size=2),
    type=st.sampled_from(("pdf", None)),
    size=numbers,
    linked_to=bases,
    access_count=numbers,
    status=st.sampled_from(("processing", "completed", None)),
    status_message=st.none() | texts,
    user_id=users,
    created_at=times,
    updated_at=times,
    external_id=st.none() | st.text(max_size=5),
)
lists = paged(chosen(linked_to=bases, user_id=users), (None, *NUMBERS))

saves = call("upsert_knowledge_content", rows)
begun = st.lists(saves, min_size=2, max_size=6)
calls = st.one_of(
    saves,
    saves,
    st.builds(Call, st.just("get_knowledge_contents"), st.just(()), lists),
    st.builds(Call, st.just("get_knowledge_contents"), st.just(()), lists),
    st.builds(Call, st.just("get_knowledge_content"), st.tuples(ids), chosen(user_id=users)),
    st.builds(Call, st.just("delete_knowledge_content"), st.tuples(ids), chosen(user_id=users)),
)


def comparable(call: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both."""
    if isinstance(answer, Raised) or call.name != "get_knowledge_contents":
        return _plain(answer)
    found, total = answer
    return total, _listed(call, [_plain(each) for each in found])


def _plain(answer: Any) -> Any:
    return plain(answer.model_dump() if isinstance(answer, KnowledgeRow) else answer)


def _listed(call: Call, found: Sequence[dict[str, Any]]) -> Any:
    """Rows in their order, as far as that is said: by a column, of which many may have the same."""
    by = call.named["sort_by"]
    if call.named.get("limit") is not None:
        return len(found)
    values = [each[by] for each in found if each[by] is not None] if by else []
    return sorted(map(text, found)), values


TOPIC = Topic("knowledge", begun, calls, comparable)
