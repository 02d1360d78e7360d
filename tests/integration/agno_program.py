"""A program for tests: an agent that goes on with its conversations until all turns are stored.

    python -m tests.integration.agno_program sqlite:///agent.db awaited

It prints a line for each turn that it was told is over, and is killed now and then.
"""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from agno.agent import Agent

from dynastore import Store
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb

from .agno_model import ScriptedModel

TURNS = 20
SESSIONS = 3


def agent(db: Any) -> Agent:
    return Agent(
        id="support",
        model=ScriptedModel(),
        db=db,
        add_history_to_context=True,
        num_history_runs=TURNS,
        telemetry=False,
    )


def turns_of(where: str) -> list[int]:
    """How many turns each session has."""
    with Store.connect(where) as store:
        db = DynastoreDb(store)
        return [db.get_runs(f"s{n}", deserialize=False)[1] for n in range(SESSIONS)]


def next_turn(where: str) -> tuple[int, dict[str, Any]] | None:
    turn = sum(turns_of(where))
    if turn >= TURNS:
        return None
    return turn, {"session_id": f"s{turn % SESSIONS}", "user_id": "ann"}


def blocking(where: str) -> None:
    working = agent(DynastoreDb(where))
    while (turn := next_turn(where)) is not None:
        number, whose = turn
        told(number, working.run(f"question {number}", **whose))


async def awaited(where: str) -> None:
    working = agent(AsyncDynastoreDb(where))
    while (turn := next_turn(where)) is not None:
        number, whose = turn
        told(number, await working.arun(f"question {number}", **whose))
    await working.db.close()


def told(number: int, answer: Any) -> None:
    print(f"{number} {answer.session_id} {answer.content}", flush=True)


if __name__ == "__main__":
    _, where, mode = sys.argv
    if mode == "awaited":
        asyncio.run(awaited(where))
    else:
        blocking(where)
