"""Figures of days as Agno has them: pure calculations.

A row is of one day and one user, or of the sessions that are nobody's; the rows of a day are one JSON
text.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from ....agents.conversations.entities import Session as Header
from ....agents.conversations.loading import NO_MODEL
from ....agents.metrics.calculating import is_over
from ....agents.metrics.entities import Metric, month_of
from ..conversations.session_rows import COMPONENTS, data_in
from ..texts import json_bytes, json_value, seconds

NOBODY = ""  # the user of the row of sessions that are nobody's
TOKENS = (
    *("input_tokens", "output_tokens", "total_tokens"),
    *("audio_total_tokens", "audio_input_tokens", "audio_output_tokens"),
    *("cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
)
Models = Mapping[str, int]
"""Model and its provider, with ``:`` between them -> how many runs; of those without one: ``-``."""


def metrics_of(
    found: Iterable[tuple[Header, Models]], before: Iterable[Metric], now: dt.datetime
) -> list[Metric]:
    """The figures of the days on which sessions began.

    Args:
        found: the sessions, with how many runs each has on which model.
        before: what was calculated of these days before: users whose sessions are gone keep theirs.
        now: when this is.
    """
    by_day: dict[dt.date, dict[str, list[tuple[Header, Models]]]] = {}
    for header, models in found:
        if header.kind in COMPONENTS:
            day = by_day.setdefault(header.created_at.date(), {})
            day.setdefault(header.user_id or NOBODY, []).append((header, models))
    stored = {each.date: each for each in before}
    return [_metric(date, by_day[date], stored.get(date), now) for date in sorted(by_day)]


def _metric(
    date: dt.date,
    by_user: Mapping[str, list[tuple[Header, Models]]],
    before: Metric | None,
    now: dt.datetime,
) -> Metric:
    rows = {} if before is None else {each["user_id"]: each for each in _kept(before)}
    completed, at = is_over(date, now), seconds(now)
    for user, sessions in by_user.items():
        since = rows[user]["created_at"] if user in rows else at
        row = _row(user, sessions)
        rows[user] = {**row, "created_at": since, "updated_at": at, "completed": completed}
    sessions = [each for some in by_user.values() for each in some]
    return Metric(
        month=month_of(date),
        date=date,
        session_count=len(sessions),
        run_count=sum(sum(models.values()) for _, models in sessions),
        content=json_bytes([rows[user] for user in sorted(rows)]),
        completed=completed,
        calculated_at=now,
    )


def _row(user: str, sessions: Iterable[tuple[Header, Models]]) -> dict[str, Any]:
    """The figures of a user's sessions of a day."""
    counts = dict.fromkeys(
        [f"{kind}_{of}_count" for of in ("sessions", "runs") for kind in COMPONENTS], 0
    )
    tokens = dict.fromkeys(TOKENS, 0)
    models: Counter[str] = Counter()
    for header, runs in sessions:
        counts[f"{header.kind}_sessions_count"] += 1
        counts[f"{header.kind}_runs_count"] += sum(runs.values())
        models.update(runs)
        for name, value in _tokens(header).items():
            tokens[name] += value
    return {
        "user_id": user,
        "users_count": 1 if user else 0,
        **counts,
        "token_metrics": tokens,
        "model_metrics": [
            _model(each, models[each]) for each in sorted(models) if each != NO_MODEL
        ],
    }


def _tokens(header: Header) -> dict[str, Any]:
    found = (data_in(header)["session_data"] or {}).get("session_metrics") or {}
    return {name: found.get(name) or 0 for name in TOKENS}


def _model(text: str, count: int) -> dict[str, Any]:
    model_id, _, provider = text.rpartition(":")
    return {"model_id": model_id, "model_provider": provider, "count": count}


def _kept(metric: Metric) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json_value(metric.content) if metric.content else []
    return rows


def rows_of(metric: Metric) -> list[dict[str, Any]]:
    """The rows of a day as Agno's SQL databases keep them, by user."""
    fixed = {"date": metric.date, "aggregation_period": "daily"}
    return [
        {"id": f"{metric.date}_{each['user_id']}_daily", **each, **fixed} for each in _kept(metric)
    ]


def calculated_rows(metrics: Iterable[Metric], sessions: Iterable[Header]) -> list[dict[str, Any]]:
    """The rows that were calculated of sessions, without those of users whose sessions are gone."""
    users = {(each.created_at.date(), each.user_id or NOBODY) for each in sessions}
    rows = (row for each in metrics for row in rows_of(each))
    return [row for row in rows if (row["date"], row["user_id"]) in users]


def given_row(row: dict[str, Any]) -> dict[str, Any]:
    """A row as Agno gives it: nobody is None."""
    return {**row, "user_id": row["user_id"] or None}
