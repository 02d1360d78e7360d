"""Compactions, and the sessions that they go with. Only Agno's blocking databases have them.

| where answers differ | here | SqliteDb |
|---|---|---|
| an id is in two sessions | both have one, as ids are random | the second one is not saved |
| a term with `%` or `_` | is found as it is | they stand for any text |
| capitals of other letters than a to z | are found in capitals or not | only as they are |
| `delete_session` of one that is not there | what belonged to it goes | it stays |
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ..drawn import Call, call, chosen, users
from ..made import BEGAN, session
from .topic import Topic

SESSIONS = tuple(f"agent-{number}" for number in range(3))
TEXTS = (None, "", "A trip to ROME", "budget: 3,000", "rome\n\nand a budget")
TERMS = ("rome", "ROME", "budget", "", "zzz")

session_ids = st.sampled_from(SESSIONS)
compaction_ids = st.builds("{}-c-{}".format, session_ids, st.integers(0, 3))


@st.composite
def rows(draw: Any) -> dict[str, Any]:
    """A row; what its id says stays with it."""
    compaction_id = draw(compaction_ids)
    return {
        "compaction_id": compaction_id,
        "session_id": compaction_id.partition("-c-")[0],
        "created_at": draw(st.integers(BEGAN, BEGAN + 2)),
        **draw(
            chosen(
                run_id=st.sampled_from(("r1", None)),
                user_id=users,
                first_kept_message_id=st.sampled_from(("m1", None)),
                summary=st.none() | st.text(max_size=5),
                archived_messages=st.sampled_from(TEXTS),
                messages_compacted=st.integers(0, 9),
                tokens_before=st.integers(0, 2**60),
                tokens_after=st.none() | st.integers(0, 9),
            )
        ),
    }


terms = st.sampled_from(TERMS)
saved = st.builds(
    lambda number, user: Call("upsert_session", (session(number, user),)), st.integers(0, 2), users
)
saves = call("upsert_compaction", rows())
begun = st.builds(list.__add__, st.lists(saved, max_size=3), st.lists(saves, max_size=6))
calls = st.one_of(
    saves,
    call("get_compaction", compaction_ids),
    st.builds(
        Call,
        st.just("get_compactions_for_session"),
        st.tuples(session_ids),
        chosen(limit=st.none() | st.integers(-1, 3)),
    ),
    st.builds(
        Call,
        st.just("search_compactions"),
        st.tuples(session_ids, terms | st.lists(terms, max_size=3)),
        chosen(limit=st.integers(-1, 3)),
    ),
    call("delete_compactions_for_session", session_ids),
    st.builds(Call, st.just("delete_session"), st.tuples(session_ids), chosen(user_id=users)),
    st.builds(
        Call,
        st.just("delete_sessions"),
        st.tuples(st.lists(session_ids, max_size=3)),
        chosen(user_id=users),
    ),
)


def differs(call: Call, reference: Any) -> bool:
    """Whether a call is one whose answers may differ; see the table."""
    return call.name == "delete_session" and reference.get_session(call.args[0]) is None


TOPIC = Topic("compactions", begun, calls, differs=differs, awaited=False)
