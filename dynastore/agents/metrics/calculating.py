"""Metering: the figures of days, calculated once a day is over, and anew until then.

What is written of a day that is not over is the calculation that began last: two processes that
calculate at once leave what one of them would have. A day that is over has the same figures in both.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from attrs import frozen

from ...entities.spec import Ref, ref
from ...errors import ConflictError, TransactionCanceled
from ...operations.interleaved import all_of
from ...operations.reading.reads import get, get_many, read_all
from ...operations.writing.batches import put_many
from ...operations.writing.writes import transact
from ...planner import Ask
from ...requests import Steps
from ...schema.schema import Schema
from ...terms import between, until
from ...writes import Create, Put
from ..conversations.entities import Session
from ..conversations.recent import Recent
from .entities import Metric, MetricProgress, month_of

# An index may lag by a second: a day is over when all that began on it can be found.
SETTLED = dt.timedelta(minutes=1)


def is_over(date: dt.date, now: dt.datetime) -> bool:
    """Whether no session can begin on a day any more."""
    return midnight(date + dt.timedelta(days=1)) + SETTLED < now


def midnight(date: dt.date) -> dt.datetime:
    """When a day begins, in UTC."""
    return dt.datetime.combine(date, dt.time(), dt.UTC)


@frozen
class Due:
    """What is to be calculated.

    Attributes:
        before: how far figures were calculated; None if they never were.
        sessions: those that began on the days that are due.
        stored: the figures of these days, as far as there are any.
        over: the figures of days that another process has calculated since, which stay.
    """

    before: MetricProgress | None
    sessions: Sequence[Session]
    stored: Sequence[Metric]
    over: Sequence[Metric] = ()


def progress(schema: Schema) -> Steps[MetricProgress | None]:
    """How far figures were calculated; None if they never were. One request."""
    return (yield from get(schema, MetricProgress, {"period": "daily"}, consistent=True))


def due(schema: Schema, recent: Recent, today: dt.date) -> Steps[Due]:
    """What is to be calculated: a request for each 3,700 sessions, and one for each 100, and one.

    Args:
        schema: where it is.
        recent: how far figures were calculated, so that this is not asked again.
        today: the last day that is due.
    """
    before = recent.metered or (yield from progress(schema))
    end = midnight(today + dt.timedelta(days=1)) - dt.timedelta(microseconds=1)
    first = None if before is None else midnight(min(before.since, today))
    where = {"created_at": until(end) if first is None else between(first, end)}
    plan = schema.plan(Session, where, (), Ask(selected=("session_id", "created_at")))
    entries = yield from read_all(schema, plan)
    dates = dict.fromkeys(each["created_at"].date() for each in entries)
    refs: list[Ref[Any]] = [ref(Session, session_id=each["session_id"]) for each in entries]
    refs += [ref(Metric, month=month_of(each), date=each) for each in dates]
    found = yield from get_many(schema, refs, consistent=True)
    sessions = [each for each in found if isinstance(each, Session)]
    asked = _due(before, sessions, [each for each in found if isinstance(each, Metric)])
    if asked.over:
        recent.metered = None  # another process has come further
    return asked


def _due(
    before: MetricProgress | None, sessions: Sequence[Session], found: Sequence[Metric]
) -> Due:
    """What is to be calculated, without the days that turn out to be over and calculated."""
    over = [each for each in found if each.completed]
    dates = {each.date for each in over}
    left = [each for each in sessions if each.created_at.date() not in dates]
    return Due(before, left, [each for each in found if not each.completed], over)


def days(schema: Schema, first: dt.date, last: dt.date) -> Steps[list[Metric]]:
    """The figures of some days, in their order: a request for each month."""
    asks = (_days_in(schema, month, first, last) for month in _months(first, last))
    found = yield from all_of(asks)
    return [each for some in found for each in some]


def _days_in(schema: Schema, month: str, first: dt.date, last: dt.date) -> Steps[list[Metric]]:
    where = {"month": month, "date": between(first, last)}
    return (yield from read_all(schema, schema.plan(Metric, where, (), Ask(consistent=True))))


def _months(first: dt.date, last: dt.date) -> list[str]:
    places = range(first.year * 12 + first.month - 1, last.year * 12 + last.month)
    return [month_of(dt.date(place // 12, place % 12 + 1, 1)) for place in places]


def save_days(schema: Schema, recent: Recent, metrics: Sequence[Metric], due: Due) -> Steps[None]:
    """Write the figures of days, and how far they were calculated: a request, and one for 25 days.

    Args:
        schema: where to.
        recent: then remembers how far they were calculated.
        metrics: of one calculation, by day; at least one.
        due: of what they were calculated.

    Raises:
        PartialFailure: some were not written; those are calculated again the next time.
    """
    yield from put_many(schema, [each for each in metrics if each.completed])
    after = _progress(metrics, due)
    known = {each.date for each in due.stored}
    last = [
        _over(each, each.date in known, completed=False) for each in metrics if not each.completed
    ]
    written = _over(after, due.before is not None, since=until(after.since))
    recent.metered = None
    try:
        yield from transact(schema, [*last, written])
    except TransactionCanceled as canceled:
        if not all(isinstance(each, ConflictError | None) for each in canceled.reasons):
            raise
        return  # another calculation began later, and its figures stay
    recent.metered = after


def _over(entity: Any, is_known: bool, **when: Any) -> Create[Any] | Put[Any]:
    """What writes an entity over one that was calculated before, or where there was none."""
    if not is_known:
        return Create(entity)
    return Put(entity, when={**when, "calculated_at": until(entity.calculated_at)})


def _progress(metrics: Sequence[Metric], due: Due) -> MetricProgress:
    """How far figures are calculated then: until the first day after the last one that is over.

    That is the next one with figures; where there is none, it may still get some.
    """
    at = metrics[0].calculated_at
    assert at is not None, "they were calculated"
    found = sorted([*due.over, *metrics], key=lambda each: each.date)
    first, since = found[0].date, found[0].date
    for each in found:
        if each.completed:
            since = each.date + dt.timedelta(days=1)
    rest = [each.date for each in found if each.date >= since]
    since = min(rest, default=since)
    if due.before is not None:
        first, since = min(first, due.before.first), max(since, due.before.since)
    return MetricProgress(first=first, since=since, calculated_at=at)
