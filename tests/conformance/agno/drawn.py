"""Calls of Agno's contract, drawn by hypothesis: few users, sessions and runs, so that they meet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agno.db.base import SessionType
from agno.run.base import RunStatus
from attrs import field, frozen
from hypothesis import strategies as st

from .made import BEGAN, run, session

USERS = ("ann", "bob", None)
COMPONENTS = ("a1", "a2", None)
KINDS = ("agent", "agent", "team", "workflow")
NAMES = ("Trip to ROME", "trip 2", "Budget", None)
NUMBERS = range(2)
STATUSES = (
    *(RunStatus.pending, RunStatus.running, RunStatus.completed),
    *(RunStatus.error, RunStatus.paused),
)


@frozen
class Call:
    """A call of one method.

    Attributes:
        name: of the method.
        args: by position.
        named: by name.
    """

    name: str
    args: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(factory=dict)


kinds = st.sampled_from(KINDS)
users = st.sampled_from(USERS)
numbers = st.sampled_from(NUMBERS)
session_ids = st.builds("{}-{}".format, kinds, numbers)
run_ids = st.builds("{}-run-{}".format, session_ids, numbers)
json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)


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


def chosen(**options: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Arguments by name, each of them or not."""
    return st.fixed_dictionaries({}, optional=options)


pages = st.none() | st.tuples(st.integers(0, 4), st.none() | st.integers(1, 3))
orders = st.sampled_from((None, "asc", "desc"))
deserialized = st.booleans()
types = st.sampled_from([*SessionType, None])


@st.composite
def paged(draw: Any, options: st.SearchStrategy[dict[str, Any]], columns: Any) -> dict[str, Any]:
    """Filters, with a page and an order."""
    found = dict(draw(options))
    page = draw(pages)
    if page is not None:
        found["limit"], found["page"] = page
    found["sort_by"], found["sort_order"] = draw(st.sampled_from(columns)), draw(orders)
    return found


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


def call(name: str, *args: Any, **named: Any) -> st.SearchStrategy[Call]:
    """A call whose arguments are drawn."""
    return st.builds(Call, st.just(name), st.tuples(*args), st.fixed_dictionaries(named))


saves = call("upsert_session", sessions(), deserialize=deserialized) | runs()
begun = st.lists(
    sessions().map(lambda each: Call("upsert_session", (each,))),
    min_size=2,
    max_size=6,
    unique_by=lambda each: each.args[0].session_id,
)
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
