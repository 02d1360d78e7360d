"""Schedules and their runs, and where answers of theirs may differ:

- A schedule whose id or name is taken, a run whose id is taken or whose schedule is not there:
  SqliteDb raises SQLAlchemy's IntegrityError. Here: AlreadyExists, NotUnique, ConditionFailed.
- ``claim_due_schedule`` where several have been due equally long: SqliteDb has no order. Here: by id.
- ``delete_schedule`` with another user than the schedule's: SqliteDb deletes that user's runs of it.
  Here the runs of a schedule stay as long as it does.
- ``update_schedule_run`` with nothing to change: SqliteDb's statement fails, and it answers None. Here:
  the row.
"""

from __future__ import annotations

import time
from typing import Any

from hypothesis import strategies as st

from ..answers import plain
from ..drawn import Call, call, chosen, json, users
from ..made import BEGAN
from .topic import Topic

LATER = 4_000_000_000  # in the year 2096
NAMES = ("daily", "weekly", "é")
ENDPOINTS = ("/agents/a1/runs", "/agents/a1/runs/", "/teams/a1/runs", "/agents/a2/runs", "/config")
STATUSES = ("running", "success", "failed")

numbers = st.integers(0, 3)
schedule_ids = st.builds("s{}".format, numbers)
run_ids = st.builds("r{}".format, st.integers(0, 5))
workers = st.sampled_from(("w1", "w2"))
texts = st.none() | st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
bodies = st.none() | st.dictionaries(st.text(max_size=3), json, max_size=2)
due_times = st.none() | st.integers(BEGAN, BEGAN + 50) | st.just(LATER)
kinds = st.sampled_from(("agent", "team"))
components = st.sampled_from(("a1", "a2"))

changeable = {
    "description": texts,
    "endpoint": st.sampled_from(ENDPOINTS),
    "payload": bodies,
    "cron_expr": st.sampled_from(("", "* * * * *")),
    "timeout_seconds": st.integers(1, 9),
    "enabled": st.booleans(),
    "next_run_at": due_times,
    "disabled_reason": texts,
}
provenance = {"managed_by": texts, "target_type": kinds, "target_id": components}


@st.composite
def schedules(draw: Any) -> Call:
    """The making of a schedule; each number has an id and a moment of its own."""
    number = draw(numbers)
    row = {
        "id": f"s{number}",
        "name": draw(st.sampled_from(NAMES)),
        "user_id": draw(users),
        "method": "POST",
        "endpoint": draw(changeable["endpoint"]),
        "cron_expr": draw(changeable["cron_expr"]),
        "timezone": "UTC",
        "timeout_seconds": 60,
        "max_retries": 0,
        "retry_delay_seconds": 60,
        "enabled": draw(st.sampled_from((True, True, False))),
        "next_run_at": draw(due_times),
        "created_at": BEGAN + draw(st.integers(0, 2)),
        **draw(chosen(description=texts, payload=bodies, **provenance)),
    }
    return Call("create_schedule", (row,))


@st.composite
def runs(draw: Any) -> Call:
    """The making of a run; each has an id and a moment of its own."""
    run_id = draw(run_ids)
    row = {
        "id": run_id,
        "schedule_id": draw(schedule_ids),
        "attempt": 1,
        "status": draw(st.sampled_from(STATUSES)),
        "triggered_at": draw(st.none() | st.integers(BEGAN, BEGAN + 1)),
        "user_id": draw(users),
        "created_at": BEGAN + int(run_id[1:]),
        **draw(chosen(**ended)),
    }
    return Call("create_schedule_run", (row,))


ended = {
    "completed_at": st.none() | st.integers(BEGAN, BEGAN + 5),
    "error": texts,
    "input": bodies,
    "output": bodies,
    "requirements": st.none() | st.lists(json, max_size=2),
}
pages = st.fixed_dictionaries({}, optional={"limit": st.integers(0, 3), "page": st.integers(1, 3)})


def named(name: str, /, *args: Any, **options: Any) -> st.SearchStrategy[Call]:
    """A call with some of its arguments by name."""
    return st.builds(Call, st.just(name), st.tuples(*args), chosen(**options))


def listed(name: str, /, *args: Any, **options: Any) -> st.SearchStrategy[Call]:
    """A call that gives a page."""
    asked = st.builds(dict.__or__, chosen(**options), pages)
    return st.builds(Call, st.just(name), st.tuples(*args), asked)


made = st.lists(schedules(), min_size=1, max_size=3, unique_by=lambda each: each.args[0]["id"])
begun = st.builds(list.__add__, made, st.lists(runs(), max_size=3))
calls = st.one_of(
    schedules(),
    runs(),
    named("get_schedule", schedule_ids, user_id=users),
    named("get_schedule_by_name", st.sampled_from(NAMES), user_id=users),
    listed("get_schedules", enabled=st.booleans(), user_id=users),
    named("update_schedule", schedule_ids, user_id=users, **changeable),
    named("update_schedule", schedule_ids, name=st.sampled_from(NAMES)),
    call("update_schedule", schedule_ids, locked_by=workers),
    named("delete_schedule", schedule_ids, user_id=users),
    call("disable_schedules_for_target", kinds, components, reason=texts),
    named("stamp_schedule_provenance", schedule_ids, **provenance),
    call("stamp_schedule_provenance", schedule_ids, user_id=users),
    named("claim_due_schedule", workers, lock_grace_seconds=st.sampled_from((300, 0))),
    named("claim_due_schedule", workers),
    named(
        "release_schedule",
        schedule_ids,
        next_run_at=st.just(LATER) | st.integers(BEGAN, BEGAN + 50),
        worker_id=workers,
        locked_at=st.just(BEGAN),
    ),
    named("release_schedule", schedule_ids, next_run_at=due_times, worker_id=workers),
    named("update_schedule_run", run_ids, status=st.sampled_from(STATUSES), **ended),
    named("get_schedule_run", run_ids, user_id=users),
    call("get_latest_schedule_runs", st.lists(schedule_ids, max_size=3)),
    listed("get_schedule_runs", schedule_ids, user_id=users),
    call("delete_schedule_runs", schedule_ids, before=st.integers(BEGAN, BEGAN + 6)),
)


def comparable(_: Call, answer: Any) -> Any:
    """What of an answer has to be the same in both: a claim of just now is as of now."""
    return _claimed_now(plain(answer))


def _claimed_now(found: Any) -> Any:
    if isinstance(found, list):
        return [_claimed_now(each) for each in found]
    if isinstance(found, dict) and found.get("locked_at"):
        return {**found, "locked_at": "now"}
    return found


def differs(call: Call, reference: Any) -> bool:
    """Whether a call is one whose answers may differ; see above."""
    match call.name:
        case "create_schedule":
            (row,) = call.args
            return (
                reference.get_schedule(row["id"]) is not None
                or reference.get_schedule_by_name(row["name"], row["user_id"]) is not None
            )
        case "update_schedule":
            return _takes_a_name(call, reference)
        case "create_schedule_run":
            (row,) = call.args
            return (
                reference.get_schedule_run(row["id"]) is not None
                or reference.get_schedule(row["schedule_id"]) is None
            )
        case "update_schedule_run":
            return not call.named
        case "claim_due_schedule":
            return _several_are_first(reference)
        case "delete_schedule":
            user_id = call.named.get("user_id")
            found = reference.get_schedule(*call.args)
            return user_id is not None and found is not None and found["user_id"] != user_id
    return False


def _takes_a_name(call: Call, reference: Any) -> bool:
    found = reference.get_schedule(*call.args)
    if found is None or "name" not in call.named:
        return False
    other = reference.get_schedule_by_name(call.named["name"], found["user_id"])
    return other is not None and other["id"] != found["id"]


def _several_are_first(reference: Any) -> bool:
    rows, _ = reference.get_schedules(enabled=True)
    now = time.time()
    due = [each["next_run_at"] for each in rows if (each["next_run_at"] or LATER) <= now]
    return len(set(due)) < len(due)


TOPIC = Topic("schedules", begun, calls, comparable, differs)
