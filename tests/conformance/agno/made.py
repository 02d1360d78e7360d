"""Sessions, runs and other rows of Agno's, as tests need them."""

from __future__ import annotations

from typing import Any

from agno.db.schemas.evals import EvalRunRecord, EvalType
from agno.db.schemas.knowledge import KnowledgeRow
from agno.models.message import Message
from agno.run.agent import RunOutput
from agno.run.base import RunStatus
from agno.run.team import TeamRunOutput
from agno.run.workflow import WorkflowRunOutput
from agno.session import AgentSession, TeamSession, WorkflowSession

BEGAN = 1_767_600_000  # seconds since 1970

SESSIONS = {"agent": AgentSession, "team": TeamSession, "workflow": WorkflowSession}
RUNS = {"agent": RunOutput, "team": TeamRunOutput, "workflow": WorkflowRunOutput}


def session(
    number: int = 0,
    user_id: str | None = "ann",
    *,
    kind: str = "agent",
    component: str | None = "a1",
    name: Any = None,
    **more: Any,
) -> Any:
    """A session; each number has an id and a beginning of its own."""
    data = {"session_state": {"turn": number}}
    if name is not None:
        data["session_name"] = name
    return SESSIONS[kind](
        session_id=f"{kind}-{number}",
        user_id=user_id,
        session_data=more.pop("session_data", data),
        created_at=more.pop("created_at", BEGAN + 60 * number),
        **{f"{kind}_id": component},
        **more,
    )


def run(
    number: int = 0,
    *,
    of: str = "agent-0",
    kind: str = "agent",
    said: Any = "hi",
    status: RunStatus = RunStatus.completed,
    **more: Any,
) -> Any:
    """A run of a session; each number has an id and a beginning of its own."""
    messages = [Message(id=f"m{number}", role="user", content=f"{said}?", created_at=BEGAN)]
    common = {"content": said, "status": status, "created_at": BEGAN + 10 * number, **more}
    if kind != "workflow":
        system = Message(id="s", role="system", content=more_system(kind), created_at=BEGAN)
        common["messages"] = [system, *messages]
    return RUNS[kind](run_id=f"{of}-run-{number}", session_id=of, **{f"{kind}_id": "a1"}, **common)


def more_system(kind: str) -> str:
    """A system message that is worth keeping once: it is in every run of a kind."""
    return f'You are the "{kind}" of é. ' * 60


def contents(found: Any) -> list[Any]:
    """What the runs of a session say."""
    return [each.content for each in found.runs or ()]


def document(number: int = 0, user_id: str | None = "ann", **more: Any) -> Any:
    """A knowledge row; each number has an id and a beginning of its own."""
    values = {"name": f"file {number}", "description": "", "created_at": BEGAN + 60 * number}
    return KnowledgeRow(id=f"k{number}", user_id=user_id, **{**values, **more})


def eval_run(number: int = 0, **more: Any) -> Any:
    """An eval run; each number has an id of its own."""
    values = {"eval_type": EvalType.ACCURACY, "eval_data": {"score": number}, "agent_id": "a1"}
    return EvalRunRecord(run_id=f"e{number}", **{**values, **more})
