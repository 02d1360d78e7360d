"""Agno's sessions and ours: pure conversions.

The name of a session, which lists are searched by, is the title of its header; all else that Agno
keeps of it is one JSON text.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from agno.db.base import SessionType
from agno.session import AgentSession, Session, TeamSession

from ....agents.conversations.entities import Session as Header
from ....agents.conversations.loading import NO_MODEL, Loaded
from ..texts import json_bytes, json_value, moment, seconds
from .run_rows import data_of, model_in

NAME = "session_name"
# A name is in the entries of lists, and in an item of 400 KB with all else. One that is longer, or is no
# text that can be stored, stays in the JSON, where no search finds it.
LONGEST_NAME_BYTES = 10_000
COMPONENTS = {"agent": "agent_id", "team": "team_id", "workflow": "workflow_id"}
DATA = ("session_data", "agent_data", "team_data", "workflow_data", "metadata", "summary")


def kind_of(session: Session) -> str:
    """Of whom a session is: of an agent, a team or a workflow."""
    if isinstance(session, AgentSession):
        return SessionType.AGENT.value
    return (
        SessionType.TEAM.value if isinstance(session, TeamSession) else SessionType.WORKFLOW.value
    )


def header_of(session: Session, now: dt.datetime) -> Header:
    """The header of a session, as it is when it is new: it was updated when it began."""
    values = session.to_dict(include_runs=False)
    kind = kind_of(session)
    kept = {"session_data", f"{kind}_data", "metadata", "summary"}
    data = {name: values[name] for name in DATA if name in kept and values.get(name) is not None}
    title, data = _split(data)
    began = values.get("created_at")
    created_at = moment(began) if began else now
    return Header(
        session_id=values["session_id"],
        user_id=values.get("user_id"),
        kind=kind,
        component=values.get(COMPONENTS[kind]),
        title=title,
        created_at=created_at,
        updated_at=created_at,
        content=json_bytes(data),
    )


def _split(data: dict[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """The name that a session's data has, and the data without it."""
    found = data.get("session_data")
    if not isinstance(found, dict) or not _is_title(found.get(NAME)):
        return None, data
    rest = {name: value for name, value in found.items() if name != NAME}
    return found[NAME], {**data, "session_data": rest}


def _is_title(name: Any) -> bool:
    if not isinstance(name, str):
        return False
    try:
        return len(name.encode()) <= LONGEST_NAME_BYTES
    except UnicodeEncodeError:  # it has half of a surrogate pair
        return False


def data_in(header: Header) -> dict[str, Any]:
    """What Agno keeps of a session as JSON, by column; nothing of one that another framework keeps."""
    data = dict.fromkeys(DATA) | _kept(header.content)
    if header.title is not None:
        data["session_data"] = {**(data["session_data"] or {}), NAME: header.title}
    return data


def _kept(content: bytes) -> dict[str, Any]:
    try:
        found = json_value(content)
    except ValueError:  # it is no JSON, or no text
        return {}
    return found if isinstance(found, dict) else {}


def row_of(header: Header, runs: list[dict[str, Any]] | None) -> dict[str, Any]:
    """A row as Agno's SQL databases give it, with the data of its runs."""
    component = dict.fromkeys(COMPONENTS.values())
    if header.kind in COMPONENTS:
        component[COMPONENTS[header.kind]] = header.component
    return {
        "session_id": header.session_id,
        "session_type": header.kind,
        **component,
        "user_id": header.user_id,
        **data_in(header),
        "created_at": seconds(header.created_at),
        "updated_at": seconds(header.updated_at),
        "runs": runs,
    }


def loaded_row(found: Loaded) -> dict[str, Any]:
    """The row of a session that was read with its runs."""
    return row_of(found.session, [data_of(each) for each in found.runs])


def models_of(session: Session) -> dict[str, str]:
    """Of the runs that a session object has, by id, what they ran on."""
    found = ((_of(each, "run_id"), _model_of(each)) for each in session.runs or ())
    return {run_id: model for run_id, model in found if run_id}


def _model_of(run: Any) -> str:
    names = ("model", "model_provider")
    return model_in({name: _of(run, name) for name in names}) or NO_MODEL


def _of(run: Any, name: str) -> Any:
    return run.get(name) if isinstance(run, dict) else getattr(run, name, None)


def given_runs(session: Session) -> list[dict[str, Any]]:
    """The data of the runs that a session object has."""
    return list(_as_dicts(session.runs or ()))


def _as_dicts(runs: Iterable[Any]) -> Iterable[dict[str, Any]]:
    return (each if isinstance(each, dict) else each.to_dict() for each in runs)
