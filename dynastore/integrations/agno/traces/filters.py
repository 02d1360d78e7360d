"""Which traces a list is of: filters, all of which are applied, and Agno's filter expressions.

An expression is of three values, as in SQL: what compares with nothing is neither true nor false.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Literal, TypeAlias

from agno.db.filter_converter import DATETIME_COLUMNS, MAX_FILTER_DEPTH, TRACE_COLUMNS
from agno.utils.dttm import parse_datetime_utc
from attrs import field, frozen

from ....agents.traces.summaries import TraceSummary
from ....terms import since
from .rows import columns_of

Test: TypeAlias = Callable[[Mapping[str, Any]], bool | None]
"""Tells of a row whether it is as an expression says; None where nothing can be told."""

KEYED = ("user_id", "session_id")  # what has an index entry of its own
NUMBER = "duration_ms"  # the column that is no text


@frozen
class Sought:
    """Which traces a list is of.

    Attributes:
        equal: column -> what it must be.
        first: the earliest time, or None.
        last: the latest time, or None.
        began: the column that *first* is about.
        ended: the column that *last* is about.
        test: an expression, or None.
    """

    equal: Mapping[str, str] = field(factory=dict)
    first: dt.datetime | None = None
    last: dt.datetime | None = None
    began: Literal["start_time", "created_at"] = "start_time"
    ended: Literal["end_time", "created_at"] = "end_time"
    test: Test | None = None

    @property
    def where(self) -> dict[str, Any]:
        """What is asked of an index."""
        found: dict[str, Any] = {n: self.equal[n] for n in KEYED if n in self.equal}
        if self.first is not None and self.began == "start_time":
            found["start_time"] = since(self.first)
        return found

    def has(self, trace: TraceSummary) -> bool:
        """Whether a trace is one of them."""
        if any(getattr(trace, name) != wanted for name, wanted in self.equal.items()):
            return False
        if self.first is not None and getattr(trace, self.began) < self.first:
            return False
        if self.last is not None and getattr(trace, self.ended) > self.last:
            return False
        return self.test is None or self.test(columns_of(trace)) is True


def given(*, user_id: str | None, **columns: str | None) -> dict[str, str]:
    """The filters that are given: an empty one is none, but a user is always one."""
    found = {name: each for name, each in columns.items() if each}
    return found if user_id is None else {**found, "user_id": user_id}


def condition_of(expression: Any, depth: int = 0) -> Test:
    """The test that a filter expression says, as a dict.

    Raises:
        ValueError: it is no such expression, or is about a column that traces do not have.
    """
    if depth > MAX_FILTER_DEPTH:
        raise ValueError(f"a filter expression is {MAX_FILTER_DEPTH} levels deep at most")
    if not isinstance(expression, dict) or "op" not in expression:
        raise ValueError(f"a filter expression is a dict with an 'op', not {expression!r}")
    match expression["op"]:
        case "AND" | "OR" | "NOT" as op:
            return _joined(op, expression, depth + 1)
        case "IN":
            return _one_of(expression)
        case str() as op if op in COMPARING:
            name, value = _column(expression), _value(expression, expression.get("value"))
            return _compared(name, COMPARING[op], value)
        case str() as op if op in SEARCHING:
            name, value = _column(expression), _value(expression, expression.get("value"))
            return _compared(name, SEARCHING[op], value, searching=True)
    raise ValueError(f"a filter expression has no operator {expression['op']!r}")


def _contains(text: str, part: str) -> bool:
    return part in text


def _starts(text: str, part: str) -> bool:
    return text.startswith(part)


COMPARING = {"EQ": eq, "NEQ": ne, "GT": gt, "GTE": ge, "LT": lt, "LTE": le}
SEARCHING = {"CONTAINS": _contains, "STARTSWITH": _starts}


def _column(expression: Mapping[str, Any]) -> str:
    name = expression.get("key")
    if not isinstance(name, str) or name not in TRACE_COLUMNS:
        known = ", ".join(sorted(TRACE_COLUMNS))
        raise ValueError(f"a filter's key is a column of traces, not {name!r}: {known}")
    return name


def _value(expression: Mapping[str, Any], value: Any) -> Any:
    """What a column is compared with, as the column has it: text, or a number."""
    if not isinstance(value, str | int | float | dt.datetime):
        raise ValueError(f"a filter compares with a text or a number, not {value!r}: {expression}")
    name = _column(expression)
    if name == NUMBER and expression["op"] not in SEARCHING:
        return float(value) if isinstance(value, str) else value
    if name in DATETIME_COLUMNS:
        return _time(value)
    return str(value)


def _time(value: Any) -> str:
    """A time in UTC, or what is none as it is: a part of one may be searched for."""
    try:
        return str(parse_datetime_utc(value).isoformat())
    except (TypeError, ValueError):
        return str(value)


def _compared(
    name: str, holds: Callable[[Any, Any], bool], value: Any, *, searching: bool = False
) -> Test:
    sought = str(value).lower() if searching else value

    def test(row: Mapping[str, Any]) -> bool | None:
        found = row[name]
        if found is None:
            return None
        return holds(str(found).lower() if searching else found, sought)

    return test


def _one_of(expression: Mapping[str, Any]) -> Test:
    name, values = _column(expression), expression.get("values")
    if not isinstance(values, list | tuple | set):
        raise ValueError(f"IN has a list of values: {expression}")
    wanted = {_value(expression, each) for each in values}

    def test(row: Mapping[str, Any]) -> bool | None:
        if not wanted:
            return False
        return None if row[name] is None else row[name] in wanted

    return test


def _joined(op: str, expression: Mapping[str, Any], depth: int) -> Test:
    if op == "NOT":
        return _not(condition_of(expression.get("condition"), depth))
    parts = expression.get("conditions")
    if not isinstance(parts, list | tuple) or not parts:
        raise ValueError(f"{op} has a list of conditions, one at least: {expression}")
    tests = [condition_of(each, depth) for each in parts]
    return _all(tests) if op == "AND" else _not(_all([*map(_not, tests)]))


def _all(tests: Sequence[Test]) -> Test:
    def test(row: Mapping[str, Any]) -> bool | None:
        found = [each(row) for each in tests]
        if False in found:
            return False
        return None if None in found else True

    return test


def _not(inner: Test) -> Test:
    def test(row: Mapping[str, Any]) -> bool | None:
        found = inner(row)
        return None if found is None else not found

    return test
