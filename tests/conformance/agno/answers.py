"""Answers of two databases, so that they can be compared, and where they may differ.

- Without ``sort_by``, and among equal values, SqliteDb has no order. Here: by when they began, then ids.
- ``session_name``: SqliteDb searches the JSON of ``session_data``, with ``%`` and ``_`` as wildcards,
  and never finds an é. Here: the name.
- ``upsert_run`` of a session that is not there: SqliteDb raises IntegrityError. Here it is saved, so
  that a turn may save its run first.
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

import json
import time
from collections.abc import Callable, Sequence
from typing import Any

from attrs import frozen

from .drawn import Call

RECENT_SECONDS = 3_600  # what was written by a test


@frozen
class Raised:
    """An error, as an answer."""

    kind: type[BaseException]


def answered(db: Any, call: Call) -> Any:
    """What a call gives, or the error that callers are told of."""
    try:
        return getattr(db, call.name)(*call.args, **call.named)
    except ValueError as error:
        return Raised(type(error))


def plain(answer: Any) -> Any:
    """An answer as plain values, whose moments of just now are all alike."""
    if isinstance(answer, list | tuple):
        return [plain(each) for each in answer]
    if isinstance(answer, dict):
        return {name: _moment(name, plain(value)) for name, value in answer.items()}
    if hasattr(answer, "to_dict"):
        return {"": type(answer).__name__, **plain(answer.to_dict())}
    return answer


def _moment(name: str, value: Any) -> Any:
    is_time = name in {"created_at", "updated_at"} and isinstance(value, int)
    return "now" if is_time and abs(value - time.time()) < RECENT_SECONDS else value


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
        return sorted(found, key=_text)
    return total, _listed(call, found)


def _listed(call: Call, rows: Sequence[dict[str, Any]]) -> Any:
    """Rows in their order, as far as that is said: by a column, of which many may have the same."""
    by = call.named.get("sort_by")
    limit = call.named.get("limit")
    if by in {"created_at", "session_id"} and call.name == "get_sessions":
        return _told_by(by, rows) if by == "created_at" else rows
    if by == "run_id":
        return rows
    whole = sorted(map(_text, rows)) if limit is None else len(rows)
    return whole, [each.get(by) for each in rows]


def _text(row: Any) -> str:
    """A row as text, whatever the order of its columns."""
    return json.dumps(row, sort_keys=True, default=repr)


def _told_by(by: str, rows: Sequence[dict[str, Any]]) -> Any:
    return [each.get(by) for each in rows]


def differs(call: Call, reference: Any) -> bool:
    """Whether a call is one whose answers may differ; see the table."""
    rules: dict[str, Callable[[], bool]] = {
        "upsert_run": lambda: reference.get_session(call.named["session_id"]) is None,
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


def _has_strangers(reference: Any, user_id: str) -> bool:
    """Whether a user has runs in sessions of others."""
    rows, _ = reference.get_runs(user_id=user_id, deserialize=False)
    ids = {each["session_id"] for each in rows}
    return any(reference.get_session(each, user_id=user_id) is None for each in ids)
