"""Agno's eval runs and ours: pure conversions, and which of them a list is of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from typing import Any

from agno.db.schemas.evals import EvalFilterType, EvalRunRecord, EvalType
from attrs import frozen

from ....agents.evals import EvalOutline, EvalRun
from ..current import given_values
from ..texts import json_bytes, json_value, seconds

# Agno's column -> our field, where the value is the same.
FIELDS = {
    "run_id": "eval_id",
    "eval_type": "eval_type",
    "name": "title",
    "evaluated_component_name": "component_name",
    "model_provider": "model_provider",
    "user_id": "user_id",
}
COMPONENTS = ("agent_id", "team_id", "workflow_id")
OUTLINED = (*COMPONENTS, "model_id")
TIMES = ("created_at", "updated_at")
SORTED = (*FIELDS, *OUTLINED, *TIMES)


def eval_of(record: EvalRunRecord, now: dt.datetime) -> EvalRun:
    """The eval run that a record is. An agent comes before its team, where there are both."""
    components = [getattr(record, name) for name in COMPONENTS]
    return EvalRun(
        eval_id=record.run_id,
        eval_type=record.eval_type.value,
        title=record.name,
        component=next((each for each in components if each is not None), None),
        component_name=record.evaluated_component_name,
        model_provider=record.model_provider,
        outline=EvalOutline(**{name: getattr(record, name) for name in OUTLINED}),
        content=json_bytes({"eval_data": record.eval_data, "eval_input": record.eval_input}),
        created_at=now,
        updated_at=now,
    )


def row_of(run: EvalRun) -> dict[str, Any]:
    """A row as Agno's SQL databases give it."""
    data = json_value(run.content) if run.content else {"eval_data": {}, "eval_input": None}
    return {
        **{name: getattr(run, ours) for name, ours in FIELDS.items()},
        **{name: getattr(run.outline, name) for name in OUTLINED},
        **data,
        **{name: seconds(getattr(run, name)) for name in TIMES},
    }


def given(run: EvalRun, deserialize: bool | None) -> Any:
    """An eval run as Agno's object, or as a row."""
    return EvalRunRecord.model_validate(row_of(run)) if deserialize else row_of(run)


def column(entry: Mapping[str, Any], name: str) -> Any:
    """The value of a column of Agno's, of an index entry."""
    if name in OUTLINED:
        return getattr(entry["outline"], name)
    return entry[FIELDS.get(name, name)]


@frozen
class SoughtEvals:
    """Which eval runs a list is of.

    Attributes:
        user_id: whose; None for anybody's.
        outlined: what their outlines must have; None for anything.
        kind: of what: of an agent, a team or a workflow; None for any.
        types: what was evaluated; None, or none, for anything that Agno evaluates: its records
            refuse what others do.
    """

    user_id: str | None
    outlined: Mapping[str, str | None]
    kind: EvalFilterType | None
    types: Collection[EvalType] | None

    @property
    def where(self) -> dict[str, Any]:
        """What is asked of an index.

        An agent is the component of all its evals; a team is not of those that have an agent too.
        """
        return given_values(user_id=self.user_id, component=self.outlined["agent_id"])

    def has(self, run: Mapping[str, Any]) -> bool:
        """Whether an eval run is one of them, by its owner, type and outline."""
        outline = run["outline"]
        return (
            self.user_id in {None, run["user_id"]}
            and all(each in {None, getattr(outline, name)} for name, each in self.outlined.items())
            and (self.kind is None or getattr(outline, _column_of(self.kind)) is not None)
            and run["eval_type"] in (self.types or [*EvalType])
        )


def _column_of(kind: EvalFilterType) -> str:
    return f"{EvalFilterType(kind).value}_id"
