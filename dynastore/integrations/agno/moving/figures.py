"""Figures of days. Those of a day that is not over are calculated here anew, from the sessions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from attrs import evolve, frozen

from ....agents.metrics.calculating import progress
from ....agents.metrics.entities import Metric, MetricProgress, month_of
from ....entities.spec import ref
from ....operations.reading.reads import get_many
from ....operations.writing.writes import transact
from ....requests import Steps
from ....schema.schema import Schema
from ....writes import Create, Put
from ..conversations.session_rows import COMPONENTS
from ..metrics.rows import NOBODY, rows_of
from ..texts import json_bytes, moment
from .old import Old, Row
from .topics import (
    TOGETHER,
    Found,
    Stored,
    aligned,
    as_read,
    batches,
    changed_at,
    decoded,
    tried,
    what,
)

FIXED = ("id", "date", "aggregation_period")  # what the day and the user say already


@frozen
class Figures:
    """The figures of a day and a user. A row has the day as a date."""

    name: str = "metrics"
    table: str = "metrics_table_name"

    def pages(self, old: Old) -> Iterator[Sequence[Row]]:
        """All figures: they are listed at once, and moved day by day."""
        found, _ = old.call("get_metrics")
        by_day: dict[dt.date, list[Row]] = {}
        for each in map(_row_in, found):
            by_day.setdefault(each["date"], []).append(each)
        days = [{"date": date, "rows": by_day[date]} for date in sorted(by_day)]
        yield from batches(days, TOGETHER)

    def here(self, schema: Schema, rows: Sequence[Row]) -> Steps[list[Any]]:
        """What is stored of some days: a request for each 100."""
        dates = [each["date"] for each in rows]
        refs = [ref(Metric, month=month_of(each), date=each) for each in dates]
        return (yield from get_many(schema, refs, consistent=True))

    def compared(self, row: Row, stored: Metric | None) -> list[Found]:
        """What is the same here of a day, and what is not."""
        here = {} if stored is None else _by_user(stored)
        return [Found(self.name, _ident(each), _what(each, here)) for each in row["rows"]]

    def aligned(self, row: Row, stored: Metric | None, seconds: float) -> Row:
        """A day with the times of what is stored, as far as these are no further away than that."""
        here = {} if stored is None else _by_user(stored)
        rows = [aligned(each, here.get(each["user_id"]), seconds) for each in row["rows"]]
        return {**row, "rows": rows}

    def save(self, schema: Schema, pairs: Sequence[tuple[Row, Metric | None]]) -> Steps[list[str]]:
        """Write days, and that they are calculated: two requests each, one after the other."""
        found = []
        for row, stored in pairs:
            found.append((yield from tried(_save(schema, row, stored))))
        return found


def _save(schema: Schema, row: Row, stored: Metric | None) -> Steps[None]:
    here = {} if stored is None else _by_user(stored)
    rows = {name: each.row for name, each in here.items()}
    for each in row["rows"]:
        mine = rows.get(each["user_id"])
        if mine is None or changed_at(mine) <= changed_at(each):
            rows[each["user_id"]] = each
    metric = _metric(row["date"], [rows[name] for name in sorted(rows)])
    before = yield from progress(schema)
    day = metric.date + dt.timedelta(days=1) if metric.completed else metric.date
    at: Any = metric.calculated_at
    new = MetricProgress(first=metric.date, since=day, calculated_at=at)
    if stored is None:
        written: Any = Create(metric)
    else:
        written = Put(metric, when=as_read(stored, ("calculated_at",)))
    yield from transact(schema, [written, _progressed(new, before)])


def _progressed(new: Any, before: MetricProgress | None) -> Any:
    """How far figures are calculated then. What was calculated here counts."""
    if before is None:
        return Create(new)
    first, since = min(new.first, before.first), max(new.since, before.since)
    last = max(new.calculated_at, before.calculated_at)
    later = evolve(new, first=first, since=since, calculated_at=last)
    return Put(later, when=as_read(before, ("first", "since", "calculated_at")))


def _row_in(given: Row) -> Row:
    row = decoded(given, ("token_metrics", "model_metrics"))
    date = row["date"]
    day = date.date() if isinstance(date, dt.datetime) else date
    if isinstance(day, str):
        day = dt.datetime.fromisoformat(day).date()
    return {**row, "date": day, "user_id": row.get("user_id") or NOBODY}


def _what(row: Row, here: Mapping[str, Stored]) -> str:
    stored = here.get(row["user_id"])
    if stored is not None and not row.get("completed"):
        return ""
    return what(row, stored, ("id",))


def _by_user(metric: Metric) -> dict[str, Stored]:
    return {each["user_id"]: Stored(each, metric) for each in rows_of(metric)}


def _ident(row: Row) -> str:
    return f"{row['date']}/{row['user_id']}"


def _metric(date: dt.date, rows: Sequence[Row]) -> Metric:
    counts = {of: sum(_count(each, of) for each in rows) for of in ("sessions", "runs")}
    content = [{name: each[name] for name in each if name not in FIXED} for each in rows]
    return Metric(
        month=month_of(date),
        date=date,
        session_count=counts["sessions"],
        run_count=counts["runs"],
        content=json_bytes(content),
        completed=all(each.get("completed") for each in rows),
        calculated_at=moment(max(map(changed_at, rows))),
    )


def _count(row: Row, of: str) -> int:
    return sum(row.get(f"{kind}_{of}_count") or 0 for kind in COMPONENTS)
