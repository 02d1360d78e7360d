"""What agents did, day by day: a month is one partition.

MET#2026-01   D#2026-01-05   the figures of a day
METRICS#daily ~              how far they were calculated
"""

from __future__ import annotations

import datetime as dt

from ...entities.declaring import entity
from ...entities.patterns import key
from ...entities.payload_fields import payload


@entity("metric")
class Metric:
    """The figures of one day.

    Attributes:
        month: ``yyyy-mm``; a month is one partition.
        date: the day, in UTC.
        session_count: sessions that began on this day.
        run_count: runs of these sessions.
        message_count: messages of these runs.
        content: figures that a framework keeps besides, as it serialized them.
        completed: whether the day was over, so that the figures no longer change.
        calculated_at: when, or None where that is not known.
    """

    month: str
    date: dt.date
    session_count: int = 0
    run_count: int = 0
    message_count: int = 0
    content: bytes = payload(default=b"")
    completed: bool = False
    calculated_at: dt.datetime | None = None

    primary = key("MET#{month}", "D#{date}")


@entity("metric-progress")
class MetricProgress:
    """How far figures of days were calculated.

    Attributes:
        period: what a figure is of; ``daily``.
        first: the first day that has figures.
        since: the first day whose figures are still to be calculated.
        calculated_at: when they were.
    """

    period: str = "daily"
    first: dt.date
    since: dt.date
    calculated_at: dt.datetime

    primary = key("METRICS#{period}", "~")


def month_of(date: dt.date) -> str:
    """The month of a day, as `Metric.month` has it.

    >>> month_of(dt.date(2026, 3, 9))
    '2026-03'
    """
    return f"{date:%Y-%m}"
