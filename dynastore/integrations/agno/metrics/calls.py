"""Metrics: what Agno's contract asks of them."""

from __future__ import annotations

import datetime as dt
from typing import Any

from ....agents.conversations.recent import Recent
from ....agents.conversations.tallying import tallied
from ....agents.metrics.calculating import days, due, progress, save_days
from ....agents.metrics.entities import MetricProgress
from ....requests import Now, Steps
from ....schema.schema import Schema
from ..calls import Calls
from ..texts import seconds
from .rows import calculated_rows, given_row, metrics_of, rows_of

# Figures are calculated before they are read, at most this often by one database object.
REFRESHED_SECONDS = 60


class MetricCalls(Calls):
    """Figures of days."""

    def calculate_metrics(self) -> Steps[list[dict[str, Any]] | None]:
        """Calculate the figures of the days that are due: those since the last one that was over.

        Five requests, and one for each 100 sessions that began on these days and each 25 days; one more
        for each session that has runs which were saved without it.

        Returns:
            The rows that were calculated, or None if there are no sessions.
        """
        now = yield from Now()
        return (yield from _calculate(self.schema, self.recent, now))

    def get_metrics(
        self,
        starting_date: dt.date | None = None,
        ending_date: dt.date | None = None,
        user_id: str | None = None,
    ) -> Steps[tuple[list[dict[str, Any]], int | None]]:
        """The figures of some days, and when the last were calculated: a request a month, and one.

        They are calculated first, if this database has not done so for a minute.

        Args:
            starting_date: the first day; by default the first that there is.
            ending_date: the last day; by default today.
            user_id: only of this user, ``""`` for nobody. Then all months are read, for the time of
                the last calculation.
        """
        now = yield from Now()
        if now.timestamp() - self.recent.metered_at >= REFRESHED_SECONDS:
            yield from _calculate(self.schema, self.recent, now)
        known = yield from progress(self.schema)
        if known is None:
            return [], None
        asked = (starting_date, ending_date) if user_id is None else (None, None)
        found = yield from days(self.schema, *_range(known, *asked, now.date()))
        rows = [row for each in found for row in rows_of(each) if user_id in {None, row["user_id"]}]
        shown = [row for row in rows if _is_between(row["date"], starting_date, ending_date)]
        if not shown:
            return [], None
        last = seconds(known.calculated_at) if user_id is None else max(map(_updated, rows))
        return [given_row(row) for row in shown], last


def _calculate(
    schema: Schema, recent: Recent, now: dt.datetime
) -> Steps[list[dict[str, Any]] | None]:
    recent.metered_at = now.timestamp()
    asked = yield from due(schema, recent, now.date())
    if not asked.sessions:
        return None if asked.before is None else []
    found = yield from tallied(schema, asked.sessions)
    metrics = metrics_of(found, asked.stored, now)
    if metrics:
        yield from save_days(schema, recent, metrics, asked)
    return calculated_rows(metrics, asked.sessions)


def _range(
    known: MetricProgress, first: dt.date | None, last: dt.date | None, today: dt.date
) -> tuple[dt.date, dt.date]:
    """The days to read of those that are asked for: there are none before the first one."""
    return max(first or known.first, known.first), min(last or today, today)


def _updated(row: dict[str, Any]) -> int:
    at: int = row["updated_at"]
    return at


def _is_between(date: dt.date, first: dt.date | None, last: dt.date | None) -> bool:
    return (not first or first <= date) and (not last or date <= last)
