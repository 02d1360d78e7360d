"""Agno's runs and ours: pure conversions. All that Agno keeps of a run is one JSON text."""

from __future__ import annotations

import datetime as dt
from typing import Any

from agno.db.utils import build_single_run_row, deserialize_run

from ....agents.conversations.entities import Run
from ..texts import json_bytes, json_value, moment, seconds

COLUMNS = (
    *("run_id", "session_id", "agent_id", "team_id", "workflow_id", "user_id"),
    *("parent_run_id", "status", "run_index"),
)

# A system message as it is stored apart, from the second run of a session on. A shorter one saves no
# write unit once it is compressed; a longer one might not fit an item.
SHORTEST_BYTES = 1_024
LONGEST_BYTES = 100_000


def run_of(
    run: Any, session_id: str, user_id: str | None, run_index: int | None, now: dt.datetime
) -> tuple[Run, bool, tuple[int, int] | None]:
    """A run as it is stored, whether it says itself when it began, and where it repeats others.

    Raises:
        ValueError: it has no id.
    """
    row = build_single_run_row(run, session_id, user_id, run_index)
    began = row["run_data"].get("created_at")
    content = json_bytes(row["run_data"])
    stored = Run(
        **{name: row[name] for name in COLUMNS},
        kind=row["run_type"],
        model=model_in(row["run_data"]),
        created_at=moment(began) if began else now.replace(microsecond=0),
        updated_at=now,
        content=content,
        content_bytes=len(content),
    )
    return stored, bool(began), _repeated(row["run_data"], content)


def model_in(data: dict[str, Any]) -> str | None:
    """The model of a run's data and its provider, with ``:`` between them; None without a model."""
    model = data.get("model")
    return f"{model}:{data.get('model_provider')}" if model else None


def _repeated(data: dict[str, Any], content: bytes) -> tuple[int, int] | None:
    """From where to where in a run's content its system message is, which most runs have alike.

    Without the quotes around it: what is left is JSON too.
    """
    messages = [each for each in data.get("messages") or () if isinstance(each, dict)]
    texts = [each.get("content") for each in messages if each.get("role") == "system"]
    if not texts or not isinstance(texts[0], str):
        return None
    text = json_bytes(texts[0])[1:-1]
    start = content.find(text)
    is_worth_it = start >= 0 and SHORTEST_BYTES <= len(text) <= LONGEST_BYTES
    return (start, start + len(text)) if is_worth_it else None


def data_of(run: Run) -> dict[str, Any]:
    """The data of a run; of one that another framework made, what they have in common."""
    if run.content:
        data: dict[str, Any] = json_value(run.content)
        return data
    common = ("run_id", "session_id", "agent_id", "team_id", "user_id", "status", "messages")
    known = {name: getattr(run, name) for name in common}
    return {**known, "created_at": seconds(run.created_at)}


def run_row(run: Run) -> dict[str, Any]:
    """A row as Agno's SQL databases give it."""
    return {
        **{name: getattr(run, name) for name in COLUMNS},
        "run_type": run.kind,
        "run_data": data_of(run),
        "created_at": seconds(run.created_at),
        "updated_at": seconds(run.updated_at),
    }


def given_run(run: Run) -> Any:
    """A run as Agno's object."""
    return deserialize_run(run.kind, data_of(run))
