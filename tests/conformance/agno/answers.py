"""Answers of two databases, so that they can be compared."""

from __future__ import annotations

import json
import time
from typing import Any

from attrs import frozen
from sqlalchemy.exc import IntegrityError

from dynastore.errors import AlreadyExists

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
    except (AlreadyExists, IntegrityError):
        return Raised(AlreadyExists)


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


def sorted_by(column: str | None, row: dict[str, Any]) -> Any:
    """What a row is sorted by: when it was made, where it was never changed, as SqliteDb does."""
    value = None if column is None else row.get(column)
    return row.get("created_at") if value is None and column == "updated_at" else value


def text(row: Any) -> str:
    """A row as text, whatever the order of its columns."""
    return json.dumps(row, sort_keys=True, default=repr)
