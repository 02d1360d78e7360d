"""Comparing: two answers to the same call, by what they say and not by how."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import frozen

from ..moving.topics import plain

IDS = (
    *("span_id", "trace_id", "memory_id", "learning_id", "result_id", "compaction_id"),
    *("run_id", "session_id", "id"),
)
CLOCKS = 60.0  # seconds by which both may say another time of the same write
FORMS = ("to_dict", "model_dump")  # by which Agno's objects become dicts


def form(answer: Any) -> Any:
    """An answer as JSON, in which all that an object says is told."""
    if isinstance(answer, Mapping):
        return {str(name): form(value) for name, value in answer.items() if value is not None}
    if isinstance(answer, list | tuple | set):
        return [form(each) for each in answer]
    for name in FORMS:
        if hasattr(answer, name):
            return form(getattr(answer, name)())
    return _decoded(plain(answer))


def _decoded(value: Any) -> Any:
    """A value; of a text that is JSON of a list or a dict, what it says."""
    if not isinstance(value, str) or not value.startswith(("{", "[")):
        return value
    try:
        return form(json.loads(value))
    except ValueError:
        return value


@frozen
class Comparison:
    """Two answers.

    Attributes:
        is_page: whether each may have chosen others of what there is.
    """

    is_page: bool = False

    def differing(self, one: Any, other: Any, at: str = "") -> Iterator[str]:
        """Where two forms differ."""
        if isinstance(one, dict) and isinstance(other, dict):
            for name in sorted({*one, *other}):
                place = f"{at}.{name}" if at else name
                yield from self.differing(one.get(name), other.get(name), place)
        elif isinstance(one, list) and isinstance(other, list):
            yield from self._lists(one, other, at)
        elif (one or None) != (other or None) and not _is_about_then(one, other, at):
            yield at or "the answer"

    def _lists(self, one: Sequence[Any], other: Sequence[Any], at: str) -> Iterator[str]:
        """Lists of what has ids, in any order; others, place by place."""
        mine, theirs = _by_id(one), _by_id(other)
        if mine is None or theirs is None:
            if len(one) != len(other):
                yield f"{at or 'the answer'}: {len(one)} and {len(other)}"
                return
            for number, pair in enumerate(zip(one, other, strict=True)):
                yield from self.differing(*pair, f"{at}[{number}]")
            return
        for ident in sorted({*mine, *theirs}):
            place = f"{at}[{ident}]"
            if ident in mine and ident in theirs:
                yield from self.differing(mine[ident], theirs[ident], place)
            elif not self.is_page:
                yield f"{place} is in one only"


def _by_id(rows: Sequence[Any]) -> dict[str, Any] | None:
    """Rows by their ids; None if one has none, or two have the same."""
    if not all(isinstance(each, dict) for each in rows):
        return None
    ids = [next((str(each[name]) for name in IDS if name in each), None) for each in rows]
    if None in ids or len({*ids}) < len(ids):
        return None
    return dict(zip(map(str, ids), rows, strict=True))


def _is_about_then(one: Any, other: Any, at: str) -> bool:
    """Whether both are times of the same write, which each database takes from its own clock."""
    if not at.endswith("_at"):
        return False
    times = [_seconds(one), _seconds(other)]
    known = [each for each in times if each is not None]
    return len(known) == len(times) and abs(known[0] - known[1]) <= CLOCKS


def _seconds(value: Any) -> float | None:
    """A time in seconds since 1970; None if it is none."""
    if not isinstance(value, str):
        return value if isinstance(value, int | float) else None
    try:
        return dt.datetime.fromisoformat(value).timestamp()
    except ValueError:
        return None
