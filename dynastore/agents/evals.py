"""Evaluations of what agents did."""

from __future__ import annotations

import datetime as dt

from ..entity import entity
from ..patterns import gsi, key

FIELDS = ("eval_id", "component", "eval_type", "session_id", "score", "passed", "created_at")


@entity("eval")
class EvalRun:
    """One evaluation.

    Attributes:
        eval_id: unique in its scope.
        component: the agent, team or workflow that was evaluated, or None.
        eval_type: what was evaluated, such as ``task``.
        session_id: the session it is about, or None.
        score: from 0 to 1.
        passed: whether the score is good enough.
        created_at: when; lists are sorted by it.
    """

    eval_id: str
    component: str | None = None
    eval_type: str
    session_id: str | None = None
    score: float
    passed: bool
    created_at: dt.datetime

    primary = key("E#{eval_id}", "~")
    by_component = gsi(
        *(2, "COMPONENT#{component}", "EVAL", "{eval_type}", "{created_at}#{eval_id}"),
        include=FIELDS,
    )
    failures = gsi(
        *(3, "EVALS#FAILED", "{created_at}", "{eval_id}"), when={"passed": False}, include=FIELDS
    )
