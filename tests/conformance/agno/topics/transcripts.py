"""Transcripts of external agents, and the sessions that they go with.

| where answers differ | here | SqliteDb |
|---|---|---|
| the order of `list_transcript_sessions` | by their ids | not said |
| `delete_session` of one that is not there | what belonged to it goes | it stays |
"""

from __future__ import annotations

import time
from typing import Any

from hypothesis import strategies as st

from ..answers import RECENT_SECONDS, plain, text
from ..drawn import Call, call, chosen, json, users
from ..made import session
from .topic import Topic

SUBPATHS = (None, "", "sub/a", "sub/b é")

owners = st.sampled_from(("agent-0", "agent-1"))
projects = st.sampled_from(("p1", "p#2"))
names = st.sampled_from(("t1", "t2"))
uuids = st.sampled_from(("u1", "u2", "u3", "u4", "", None))
entries = st.lists(st.fixed_dictionaries({"message": json}, optional={"uuid": uuids}), max_size=4)
of_project = {"framework": st.just("claude"), "project_key": projects}
of_session = {**of_project, "session_id": names}

saved = st.builds(
    lambda number, user: Call("upsert_session", (session(number, user),)), st.integers(0, 1), users
)
appends = call(
    "append_transcript_entries",
    **of_session,
    entries=entries,
    agno_session_id=owners,
    subpath=st.sampled_from(SUBPATHS),
)
begun = st.builds(list.__add__, st.lists(saved, max_size=2), st.lists(appends, max_size=6))
calls = st.one_of(
    appends,
    call("get_transcript_entries", **of_session, subpath=st.sampled_from(SUBPATHS)),
    call("list_transcript_sessions", **of_project),
    call("list_transcript_subpaths", **of_session),
    call("delete_transcript", **of_session, subpath=st.sampled_from(SUBPATHS)),
    st.builds(Call, st.just("delete_session"), st.tuples(owners), chosen(user_id=users)),
    st.builds(
        Call,
        st.just("delete_sessions"),
        st.tuples(st.lists(owners, max_size=2)),
        chosen(user_id=users),
    ),
)


def comparable(call: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both: of when something was appended, that it was now."""
    if call.name != "list_transcript_sessions":
        return plain(answer)
    now = time.time() * 1_000
    rows = [{**each, "mtime": abs(each["mtime"] - now) < RECENT_SECONDS * 1_000} for each in answer]
    return sorted(rows, key=text)


def differs(call: Call, reference: Any) -> bool:
    """Whether a call is one whose answers may differ; see the table."""
    return call.name == "delete_session" and reference.get_session(call.args[0]) is None


TOPIC = Topic("transcripts", begun, calls, comparable, differs)
