"""Approvals, and where answers of theirs may differ:

- An approval whose id is taken: SqliteDb raises SQLAlchemy's IntegrityError. Here: AlreadyExists.
- Among those of one second SqliteDb has no order. Here: by id.
- An approval's id and its run never change: `update_approval` refuses them with RequestError.
"""

from __future__ import annotations

from typing import Any

from agno.run.base import RunStatus
from hypothesis import strategies as st

from ..answers import plain, text
from ..drawn import COMPONENTS, Call, call, chosen, json, users
from ..made import BEGAN
from .topic import Topic

STATUSES = ("pending", "approved", "rejected")

approval_ids = st.builds("a{}".format, st.integers(0, 5))
run_ids = st.sampled_from(("r1", "r2"))
statuses = st.sampled_from(STATUSES)
bodies = st.none() | st.dictionaries(st.text(max_size=3), json, max_size=2)
components = st.sampled_from(COMPONENTS)
filters = {
    "source_type": st.sampled_from(("agent", "team")),
    "approval_type": st.sampled_from(("required", "audit")),
    "pause_type": st.sampled_from(("confirmation", "user_input")),
    "agent_id": components,
    "team_id": components,
    "workflow_id": components,
    "schedule_id": st.sampled_from(("s1", None)),
}
answers = {
    "status": statuses,
    "resolution_data": bodies,
    "resolved_by": st.none() | st.just("ann"),
    "resolved_at": st.none() | st.integers(BEGAN, BEGAN + 9),
    "approval_type": st.none() | filters["approval_type"],
}


@st.composite
def made(draw: Any) -> Call:
    """The making of an approval."""
    row = {
        "id": draw(approval_ids),
        "run_id": draw(run_ids),
        "session_id": "session",
        "status": draw(st.sampled_from(("pending", *STATUSES))),
        "source_type": draw(filters["source_type"]),
        "pause_type": draw(filters["pause_type"]),
        "user_id": draw(users),
        **draw(
            chosen(
                created_at=st.integers(BEGAN, BEGAN + 9),
                expires_at=st.none() | st.just(BEGAN),
                tool_args=bodies,
                requirements=st.none() | st.lists(json, max_size=2),
                context=bodies,
                **{
                    name: each for name, each in filters.items() if name.endswith(("_id", "l_type"))
                },
            )
        ),
    }
    return Call("create_approval", (row,))


def named(name: str, /, *args: Any, **options: Any) -> st.SearchStrategy[Call]:
    """A call with some of its arguments by name."""
    return st.builds(Call, st.just(name), st.tuples(*args), chosen(**options))


pages = st.fixed_dictionaries({}, optional={"limit": st.integers(0, 3), "page": st.integers(1, 3)})
listed = chosen(status=statuses, user_id=users, run_id=run_ids, **filters)

begun = st.lists(made(), min_size=2, max_size=4, unique_by=lambda each: each.args[0]["id"])
calls = st.one_of(
    made(),
    call("get_approval", approval_ids),
    st.builds(Call, st.just("get_approvals"), st.just(()), st.builds(dict.__or__, listed, pages)),
    named("get_approvals", status=statuses, user_id=users),
    named("update_approval", approval_ids, expected_status=statuses, **answers),
    named("update_approval", approval_ids, **filters),
    call("delete_approval", approval_ids),
    named("get_pending_approval_count", user_id=users),
    call("update_approval_run_status", run_ids, st.sampled_from(list(RunStatus))),
)


def comparable(call: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both: a list as far as its order is said."""
    found = plain(answer)
    if call.name != "get_approvals":
        return found
    rows, total = found
    whole = sorted(map(text, rows)) if call.named.get("limit") is None else len(rows)
    return total, whole, [each["created_at"] for each in rows]


def differs(call: Call, reference: Any) -> bool:
    """Whether a call is one whose answers may differ; see above."""
    if call.name != "create_approval":
        return False
    (row,) = call.args
    return reference.get_approval(row["id"]) is not None


TOPIC = Topic("approvals", begun, calls, comparable, differs)
