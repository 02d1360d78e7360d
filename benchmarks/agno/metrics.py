"""Figures of days, by how many sessions began: one each minute, until yesterday, and ten today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from attrs import frozen

from dynastore import Store
from dynastore.integrations.agno import DynastoreDb

from .measured import Measured, Topic, pages
from .sessions import run, session

TODAY = 10  # sessions that began today
FIRST_REQUESTS, AGAIN_REQUESTS = 6, 4
SESSIONS = 100  # headers in one request


@frozen
class Turn:
    """A turn as Agno saves it: the session with its run, then the run.

    Attributes:
        number: of the session.
        began: when it did, in seconds since 1970.
    """

    number: int
    began: int

    def save(self, db: DynastoreDb) -> None:
        """Save it."""
        each, made = session(self.number), run(self.number, 0)
        made.model, made.model_provider = "gpt-4o", "OpenAI"
        each.created_at, each.runs = self.began, [made]
        db.upsert_session(each)
        db.upsert_run(made, each.session_id, each.user_id, 0)


CALLS: Mapping[str, Measured] = {
    "calculate_metrics, the first time": Measured(
        lambda db, _: db.calculate_metrics(),
        lambda size: FIRST_REQUESTS + pages(size) + size // SESSIONS,
    ),
    "calculate_metrics, again": Measured(
        lambda db, _: db.calculate_metrics(), lambda _: AGAIN_REQUESTS
    ),
    "calculate_metrics, after a run without its session": Measured(
        lambda db, _: (
            db.upsert_run(run(0, 1), "s0", "user-0", 1),
            db.calculate_metrics(),
        ),
        lambda _: AGAIN_REQUESTS + 3,  # which session is there, the run, and the session's runs
    ),
    "get_metrics, of a month": Measured(
        lambda db, _: db.get_metrics(starting_date=_today().date()), lambda _: 2
    ),
}


def _today() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with so many sessions before today, and some today."""
    db = DynastoreDb(store)
    today = int(_today().timestamp())
    for number in range(TODAY):
        Turn(number, today).save(db)
    for number in range(size):
        # Not yesterday: that day is over a minute later.
        Turn(TODAY + number, today - 86_400 - 60 * (number + 1)).save(db)
    return DynastoreDb(store)


TOPIC = Topic(filled, CALLS)
