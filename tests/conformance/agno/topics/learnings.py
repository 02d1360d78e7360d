"""Learnings, and where answers of theirs may differ:

- Among learnings of one second SqliteDb has no order. Here: by their ids.
- ``get_learning`` that fits several: SqliteDb gives any. Here: the one that Agno keeps under an id made
  of the arguments, else the latest.
- ``search_learnings``: for letters that are not ASCII SqliteDb finds too much, because it stores escapes
  of them. Here it finds them, in capitals or not.
"""

from __future__ import annotations

from typing import Any

from agno.learn.utils import build_learning_id
from hypothesis import strategies as st

from ..answers import plain, text
from ..drawn import COMPONENTS, Call, call, chosen, users
from ..drawn import json as json_values
from .topic import Topic

TYPES = ("user_profile", "session_context", "entity_memory", "decision_log")
TEXTS = ("Sarah Chen", "sarah_chen", "multi-tenant", 'says "hi"', "100% of it", "back\\slash")
QUERIES = (
    "sarah chen",
    "SARAH__CHEN",
    "multi tenant",
    '"hi"',
    "100%",
    "\\",
    "%",
    " _",
    "zzz",
    "ha-",
)
COLUMNS = (None, "updated_at", "created_at", "learning_id", "user_id", "entity_id", "nothing")

types = st.sampled_from(TYPES)
sessions = st.sampled_from(("s1", "s2", None))
namespaces = st.sampled_from(("user", "global", None))
things = st.sampled_from(("rome", "berlin", None))
kinds = st.sampled_from(("city", None))
components = st.sampled_from(COMPONENTS)
ids = st.builds("learning-{}".format, st.integers(0, 3)) | st.sampled_from(
    ("user_profile_ann", "session_context_s1", "entity_global_city_rome")
)
contents = st.builds(
    lambda said, more: {"said": said, **more},
    st.sampled_from(TEXTS),
    st.dictionaries(st.text(max_size=5), json_values, max_size=2),
)
metadata = st.none() | st.dictionaries(st.text(max_size=5), json_values, max_size=2)
identity = {
    "user_id": users,
    "session_id": sessions,
    "namespace": namespaces,
    "entity_id": things,
    "entity_type": kinds,
    "agent_id": components,
    "team_id": components,
}
filters = chosen(learning_type=types, **identity)


@st.composite
def saves(draw: Any) -> Call:
    """The saving of a learning: under any id, or under the one that Agno makes."""
    of = draw(chosen(**identity))
    kind = draw(types)
    made = {name: each for name, each in of.items() if name not in {"agent_id", "team_id"}}
    learning_id = build_learning_id(kind, **made) if draw(st.booleans()) else None
    named = {**of, "metadata": draw(metadata)}
    return Call("upsert_learning", (learning_id or draw(ids), kind, draw(contents)), named)


def _limited(options: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    limits = chosen(limit=st.sampled_from((None, 0, 1, 2, 20)))
    return st.builds(lambda first, more: {**first, **more}, options, limits)


begun = st.lists(saves(), min_size=2, max_size=6)
calls = st.one_of(
    saves(),
    saves(),
    call("update_learning", ids, contents, metadata),
    call("delete_learning", ids),
    call("get_learning_by_id", ids),
    st.builds(Call, st.just("get_learning"), st.tuples(types), chosen(**identity)),
    st.builds(Call, st.just("get_learnings"), st.just(()), _limited(filters)),
    st.builds(
        Call, st.just("search_learnings"), st.tuples(st.sampled_from(QUERIES)), _limited(filters)
    ),
    st.builds(
        Call,
        st.just("list_learnings"),
        st.just(()),
        chosen(
            learning_type=types,
            include_global=st.booleans(),
            limit=st.sampled_from((0, 1, 2, 20)),
            page=st.sampled_from((1, 2)),
            sort_by=st.sampled_from(COLUMNS),
            sort_order=st.sampled_from((None, "asc", "desc")),
            **identity,
        ),
    ),
    st.builds(
        Call,
        st.just("get_learnings_user_stats"),
        st.just(()),
        chosen(
            learning_type=types,
            user_id=users,
            limit=st.just(2),
            sort_by=st.just("user_id"),
            sort_order=st.sampled_from((None, "asc", "desc")),
        ),
    ),
    st.builds(
        Call,
        st.just("delete_user_learnings"),
        st.tuples(st.sampled_from(("ann", "bob"))),
        chosen(learning_type=types),
    ),
)


def comparable(call: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both."""
    found = plain(answer)
    if call.name == "get_learnings_user_stats":
        rows, total = found
        is_sorted = call.named.get("sort_by") == "user_id"
        users = [each["user_id"] for each in rows]
        if is_sorted or "limit" not in call.named:
            return total, users if is_sorted else sorted(users)
        return total, len(users)
    if call.name == "list_learnings":
        rows, total = found
        whole = total <= call.named.get("limit", 100) and call.named.get("page", 1) == 1
        by = call.named.get("sort_by") or "updated_at"
        shown = [each.get(by) for each in rows]
        return total, shown, sorted(map(text, rows)) if whole else len(rows)
    if call.name in {"get_learnings", "search_learnings"}:
        whole = call.named.get("limit") in {None, 20}
        return sorted(map(text, found)) if whole else len(found)
    return found


def differs(call: Call, reference: Any) -> bool:
    """Whether a call is one whose answers may differ; see the table."""
    if call.name != "get_learning":
        return False
    return len(reference.get_learnings(learning_type=call.args[0], **call.named)) > 1


TOPIC = Topic("learnings", begun, calls, comparable, differs)
