"""Evaluations of what agents did."""

from __future__ import annotations

import datetime as dt

from attrs import frozen

from ..entities.declaring import entity
from ..entities.patterns import gsi, key
from ..entities.payload_fields import payload

# What lists choose by and show: an index that many entities share carries few fields.
LISTED = ("eval_id", "eval_type", "title", "component", "user_id", "outline", "created_at")


@frozen(kw_only=True)
class EvalOutline:
    """What lists choose by and show of an evaluation, and no key has.

    Attributes:
        score: from 0 to 1, or None for one that is not of a single figure.
        agent_id: the agent that was evaluated, where a framework tells, or None.
        team_id: the team, or None.
        workflow_id: the workflow, or None.
        model_id: the model that it ran on, or None.
    """

    score: float | None = None
    agent_id: str | None = None
    team_id: str | None = None
    workflow_id: str | None = None
    model_id: str | None = None


@entity("eval")
class EvalRun:
    """One evaluation.

    Attributes:
        eval_id: unique in its scope.
        eval_type: what was evaluated, such as ``task``.
        title: what a list shows, or None.
        component: the agent, team or workflow that was evaluated, by which it is listed, or None.
        component_name: what people call that, or None.
        model_provider: who offers the model that it ran on, or None.
        user_id: whose it is, or None.
        session_id: the session it is about, or None.
        passed: whether the score is good enough, or None where nobody says so.
        outline: the score, and what else lists choose by.
        content: what a framework keeps of it besides, as it serialized it.
        created_at: when; lists are sorted by it.
        updated_at: when it was last changed, or None where that is not known.
    """

    eval_id: str
    eval_type: str
    title: str | None = None
    component: str | None = None
    component_name: str | None = None
    model_provider: str | None = None
    user_id: str | None = None
    session_id: str | None = None
    passed: bool | None = None
    outline: EvalOutline = EvalOutline()
    content: bytes = payload(default=b"")
    created_at: dt.datetime
    updated_at: dt.datetime | None = None

    primary = key("E#{eval_id}", "~")
    by_component = gsi(
        *(2, "COMPONENT#{component}", "EVAL", "{eval_type}", "{created_at}#{eval_id}"),
        include=LISTED,
    )
    directory = gsi(3, "EVALS", "{passed?}", "{created_at}", "{eval_id}", include=LISTED)
