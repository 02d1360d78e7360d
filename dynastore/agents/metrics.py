"""What agents did on a day."""

from __future__ import annotations

import datetime as dt

from ..entity import entity
from ..patterns import key


@entity("metric")
class Metric:
    """The figures of one day.

    Attributes:
        month: ``yyyy-mm``; a month is one partition.
        date: the day, in UTC.
        session_count: sessions that began on this day.
        run_count: runs of this day.
        message_count: messages of these runs.
        completed: whether the day is over, so that the figures no longer change.
    """

    month: str
    date: dt.date
    session_count: int = 0
    run_count: int = 0
    message_count: int = 0
    completed: bool = False

    primary = key("MET#{month}", "D#{date}")


def month_of(date: dt.date) -> str:
    """The month of a day, as `Metric.month` has it.

    >>> month_of(dt.date(2026, 3, 9))
    '2026-03'
    """
    return f"{date:%Y-%m}"
