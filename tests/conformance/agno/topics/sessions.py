"""Sessions and runs, and where answers of theirs may differ:

- Without ``sort_by``, and among equal values, SqliteDb has no order. Here: by when they began, then ids.
- ``session_name``: SqliteDb searches the JSON of ``session_data``, with ``%`` and ``_`` as wildcards,
  and never finds an é. Here: the name.
- ``upsert_run`` of a session that is not there: SqliteDb raises IntegrityError. Here it is saved, so
  that a turn may save its run first.
- ``upsert_run`` of a user into a session of another's: SqliteDb saves it, and it is in the other's next
  prompt. Here it raises ConditionFailed.
- ``delete_sessions`` with a user: SqliteDb deletes that user's runs in sessions of others. Here the
  runs of a session stay as long as it does.
- ``get_runs`` of a user, without a session: SqliteDb finds their runs in anybody's sessions. Here: in
  their own, because runs have no index entry by user.
- A run id in two sessions: in SqliteDb the first session keeps it. Here they are two runs, because a
  run's key has its session.
- A session saved as one of another kind: in SqliteDb it then has two components. Here its kind stays.
- ``rename_session`` while a turn is saved: SqliteDb may lose the turn's state. Here only the name is
  written.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from agno.db.base import SessionType
from agno.run.base import RunStatus
from hypothesis import strategies as st

from ..answers import Raised, plain, sorted_by, text
from ..drawn import (
    COMPONENTS,
    Call,
    call,
    chosen,
    deserialized,
    json,
    paged,
    users,
)
from ..made import BEGAN, run, session
from .topic import Topic

KINDS = ("agent", "agent", "team", "workflow")
NAMES = ("Trip to ROME", "trip 2", "Budget", None)
NUMBERS = range(2)
STATUSES = (
    *(RunStatus.pending, RunStatus.running, RunStatus.completed),
    *(RunStatus.error, RunStatus.paused),
)


kinds = st.sampled_from(KINDS)
numbers = st.sampled_from(NUMBERS)
session_ids = st.builds("{}-{}".format, kinds, numbers)
run_ids = st.builds("{}-run-{}".format, session_ids, numbers)


@st.composite
def sessions(draw: Any) -> Any:
    """A session object."""
    kind = draw(kinds)
    more = {"metadata": draw(st.none() | st.dictionaries(st.text(max_size=5), json, max_size=2))}
    if draw(st.booleans()):
        more[f"{kind}_data"] = {"name": draw(st.text(max_size=5))}
    return session(
        draw(numbers),
        draw(users),
        kind=kind,
        component=draw(st.sampled_from(COMPONENTS)),
        name=draw(st.sampled_from(NAMES)),
        **more,
    )


@st.composite
def runs(draw: Any) -> Call:
    """The saving of a run, as an object or as a dict."""
    of = draw(session_ids)
    kind, number = of.split("-")[0], draw(numbers)
    parent = draw(st.sampled_from((None, None, f"{of}-run-0")))
    made = run(
        number,
        of=of,
        kind=kind,
        said=draw(st.text(max_size=5) | st.none()),
        status=draw(st.sampled_from(STATUSES)),
        parent_run_id=parent,
    )
    return Call(
        "upsert_run",
        (made.to_dict() if draw(st.booleans()) else made,),
        {
            "session_id": of,
            "user_id": draw(users),
            # Its place in the session is its number: SqliteDb sorts by it, we by time as well.
            "run_index": number,
        },
    )


types = st.sampled_from([*SessionType, None])
SESSION_COLUMNS = (None, "created_at", "session_id", "user_id", "updated_at", "agent_id", "nothing")
RUN_COLUMNS = (None, "created_at", "run_id", "status", "run_index", "session_id", "run_type")
NAMES_SOUGHT = ("trip", "ROME", "budget", "zzz")

lists_of_sessions = paged(
    chosen(
        session_type=types,
        user_id=users,
        component_id=st.sampled_from(COMPONENTS),
        session_name=st.sampled_from(NAMES_SOUGHT),
        start_timestamp=st.integers(BEGAN - 60, BEGAN + 240),
        end_timestamp=st.integers(BEGAN - 60, BEGAN + 240),
        deserialize=deserialized,
        include_runs=st.booleans(),
    ),
    SESSION_COLUMNS,
)
lists_of_runs = paged(
    chosen(
        session_id=session_ids,
        user_id=users,
        agent_id=st.sampled_from(COMPONENTS),
        team_id=st.sampled_from(COMPONENTS),
        status=st.sampled_from([*STATUSES, "COMPLETED"]),
        deserialize=deserialized,
    ),
    RUN_COLUMNS,
)


saves = call("upsert_session", sessions(), deserialize=deserialized) | runs()
saved = st.lists(
    sessions().map(lambda each: Call("upsert_session", (each,))),
    min_size=2,
    max_size=6,
    unique_by=lambda each: each.args[0].session_id,
)
begun = st.builds(list.__add__, saved, st.lists(runs(), max_size=8))
calls = st.one_of(
    saves,
    saves,
    st.builds(
        Call,
        st.just("upsert_sessions"),
        st.tuples(st.lists(sessions(), max_size=4, unique_by=lambda each: each.session_id)),
        chosen(deserialize=deserialized, preserve_updated_at=st.booleans()),
    ),
    st.builds(
        Call,
        st.just("get_session"),
        st.tuples(session_ids),
        chosen(user_id=users, deserialize=deserialized),
    ),
    st.builds(
        lambda session_id, limit: Call(
            "get_session", (session_id,), {"runs_limit": limit, "deserialize": False}
        ),
        session_ids,
        st.integers(-1, 4),
    ),
    st.builds(Call, st.just("get_sessions"), st.just(()), lists_of_sessions),
    st.builds(
        Call,
        st.just("rename_session"),
        st.tuples(session_ids, st.none(), st.sampled_from(("Trip 3", "other"))),
        chosen(user_id=users, deserialize=deserialized),
    ),
    st.builds(Call, st.just("delete_session"), st.tuples(session_ids), chosen(user_id=users)),
    st.builds(
        Call,
        st.just("delete_sessions"),
        st.tuples(st.lists(session_ids, max_size=3)),
        chosen(user_id=users),
    ),
    call(
        "reassign_session_owner",
        session_ids,
        previous_user_id=st.sampled_from(("ann", "bob")),
        user_id=users,
    ),
    call("get_run", run_ids, deserialize=deserialized),
    st.builds(Call, st.just("get_runs"), st.just(()), lists_of_runs),
    call("delete_run", run_ids),
    call("delete_runs", st.lists(run_ids, max_size=3)),
    st.builds(
        lambda run_id, named: Call(
            "cancel_pending_run", (run_id,), {"session_id": run_id.partition("-run-")[0], **named}
        ),
        run_ids,
        st.fixed_dictionaries(
            {"reason": st.just("stale"), "user_id": users},
            optional={"expected_status": st.sampled_from(("PENDING", "RUNNING", "COMPLETED"))},
        ),
    ),
)


def comparable(call: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both."""
    found = plain(answer)
    if isinstance(answer, Raised) or call.name not in {
        "get_sessions",
        "get_runs",
        "upsert_sessions",
    }:
        return found
    total = None
    if isinstance(answer, tuple):
        found, total = found
    if call.name == "upsert_sessions":
        return sorted(found, key=text)
    return total, _listed(call, found)


def _listed(call: Call, rows: Sequence[dict[str, Any]]) -> Any:
    """Rows in their order, as far as that is said: by a column, of which many may have the same."""
    by = call.named.get("sort_by")
    limit = call.named.get("limit")
    if by in {"created_at", "session_id"} and call.name == "get_sessions":
        return _told_by(by, rows) if by == "created_at" else rows
    if by == "run_id":
        return rows
    whole = sorted(map(text, rows)) if limit is None else len(rows)
    return whole, [sorted_by(by, each) for each in rows]


def _told_by(by: str, rows: Sequence[dict[str, Any]]) -> Any:
    return [each.get(by) for each in rows]


def differs(call: Call, reference: Any) -> bool:
    """Whether a call is one whose answers may differ; see the table."""
    rules: dict[str, Callable[[], bool]] = {
        "upsert_run": lambda: not takes(reference, call.named["session_id"], call.named["user_id"]),
        "delete_sessions": lambda: (
            call.named.get("user_id") is not None
            and _has_strangers(reference, call.named["user_id"])
        ),
        "get_runs": lambda: (
            call.named.get("session_id") is None
            and call.named.get("user_id") is not None
            and _has_strangers(reference, call.named["user_id"])
        ),
    }
    rule = rules.get(call.name)
    return rule is not None and rule()


def takes(reference: Any, session_id: str, user_id: str | None) -> bool:
    """Whether a session is there, and is nobody's or the user's, if there is one."""
    found = reference.get_session(session_id)
    return found is not None and (user_id is None or found.user_id in {None, user_id})


def _has_strangers(reference: Any, user_id: str) -> bool:
    """Whether a user has runs in sessions of others."""
    rows, _ = reference.get_runs(user_id=user_id, deserialize=False)
    ids = {each["session_id"] for each in rows}
    return any(reference.get_session(each, user_id=user_id) is None for each in ids)


TOPIC = Topic("sessions", begun, calls, comparable, differs)
