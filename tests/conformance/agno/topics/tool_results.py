"""Tool results, and the sessions that they go with.

| where answers differ | here | SqliteDb |
|---|---|---|
| a result is saved again for another session | an error: its id is made of its session | it moves |
| two results name one path | both are kept, as a path is made of its result's id | an error |
| a row lacks columns that may be None | they are None | they stay as they were |
| `delete_session` of one that is not there | what belonged to it goes | it stays |
| the order of the expired ones | the first ones first | not said |
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ..answers import plain, text
from ..drawn import Call, call, chosen, users
from ..made import BEGAN, session
from .topic import Topic

SESSIONS = tuple(f"agent-{number}" for number in range(3))

session_ids = st.sampled_from(SESSIONS)
result_ids = st.builds("{}-res-{}".format, session_ids, st.integers(0, 3))
moments = st.integers(BEGAN, BEGAN + 5)


@st.composite
def rows(draw: Any) -> dict[str, Any]:
    """A row; what its id says stays with it."""
    result_id = draw(result_ids)
    return {
        "result_id": result_id,
        "namespace": "offload",
        "path": f"results/{result_id}.txt",
        "session_id": result_id.partition("-res-")[0],
        "run_id": draw(st.sampled_from(("r1", "r2"))),
        "tool_call_id": "call",
        "tool_name": draw(st.text(max_size=5)),
        "args_hash": "4f",
        "content_type": "text",
        "size_bytes": draw(st.integers(0, 2**60)),
        "line_count": 3,
        "preview": draw(st.text(max_size=5)),
        "user_id": draw(users),
        "created_at": draw(moments),
        "expires_at": draw(st.none() | moments),
    }


saved = st.builds(
    lambda number, user: Call("upsert_session", (session(number, user),)), st.integers(0, 2), users
)
saves = call("upsert_tool_result", rows())
begun = st.builds(list.__add__, st.lists(saved, max_size=3), st.lists(saves, max_size=6))
calls = st.one_of(
    saves,
    call("get_tool_result", result_ids),
    st.builds(
        Call,
        st.just("get_tool_results_for_session"),
        st.tuples(session_ids),
        chosen(limit=st.none() | st.integers(-1, 3)),
    ),
    call("delete_tool_results", st.lists(result_ids, max_size=4)),
    call("get_expired_tool_results", moments),
    st.builds(Call, st.just("delete_session"), st.tuples(session_ids), chosen(user_id=users)),
    st.builds(
        Call,
        st.just("delete_sessions"),
        st.tuples(st.lists(session_ids, max_size=3)),
        chosen(user_id=users),
    ),
)


def comparable(call: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both."""
    found = plain(answer)
    return sorted(found, key=text) if call.name == "get_expired_tool_results" else found


def differs(call: Call, reference: Any) -> bool:
    """Whether a call is one whose answers may differ; see the table."""
    return call.name == "delete_session" and reference.get_session(call.args[0]) is None


TOPIC = Topic("tool results", begun, calls, comparable, differs)
