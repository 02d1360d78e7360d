"""A program for tests: an agent that goes on with its conversations until all turns are stored.

    python -m tests.integration.agno_program sqlite:///agent.db journal awaited

The agent learns something of its user in every turn; now and then a document is added to its knowledge,
and a turn is evaluated. Into the journal goes a line of JSON for each thing that the program was told is
saved, before it does the next. It is killed now and then.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, TextIO

from agno.agent import Agent
from agno.eval.reliability import ReliabilityEval
from agno.knowledge.knowledge import Knowledge

from dynastore import Store
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb

from .agno_model import ScriptedModel
from .agno_shelf import Shelf

TURNS = 100
SESSIONS = 5
EVERY = 5  # after so many turns there is a document and an eval
USER = "ann"


def agent(db: Any, *, learns: bool = False) -> Agent:
    return Agent(
        id="support",
        model=ScriptedModel(),
        db=db,
        add_history_to_context=True,
        num_history_runs=TURNS,
        update_memory_on_run=learns,
        telemetry=False,
    )


def turns_of(where: str) -> list[int]:
    """How many turns each session has."""
    with Store.connect(where) as store:
        db = DynastoreDb(store)
        return [db.get_runs(f"s{n}", deserialize=False)[1] for n in range(SESSIONS)]


def turn(number: int) -> dict[str, Any]:
    """What is asked in a turn, where, and by whom."""
    asked = {"input": f"question {number}", "session_id": f"s{number % SESSIONS}"}
    return {**asked, "user_id": USER}


def document(number: int) -> dict[str, str]:
    """What is added to the agent's knowledge after a turn."""
    return {"name": f"document {number}", "text_content": f"what was said in turn {number}"}


def judged(db: Any, answer: Any, number: int) -> ReliabilityEval:
    """An eval of a turn: it must have called no tool."""
    about = {"agent_response": answer, "expected_tool_calls": []}
    shown = {"show_spinner": False, "telemetry": False}
    return ReliabilityEval(db=db, name=f"eval {number}", **about, **shown)


def blocking(where: str, told: Telling) -> None:
    db = DynastoreDb(where)
    working, knowledge = agent(db, learns=True), Knowledge(contents_db=db, vector_db=Shelf())
    for number in range(sum(turns_of(where)), TURNS):
        answer = working.run(**turn(number))
        told.turn(answer, number)
        if number % EVERY == 0:
            knowledge.insert(**document(number))
            told("document", f"document {number}")
            judged(db, answer, number).run()
            told("eval", f"eval {number}")
    db.close()


async def awaited(where: str, told: Telling) -> None:
    db = AsyncDynastoreDb(where)
    working, knowledge = agent(db, learns=True), Knowledge(contents_db=db, vector_db=Shelf())
    for number in range(sum(turns_of(where)), TURNS):
        answer = await working.arun(**turn(number))
        told.turn(answer, number)
        if number % EVERY == 0:
            await knowledge.ainsert(**document(number))
            told("document", f"document {number}")
            await judged(db, answer, number).arun()
            told("eval", f"eval {number}")
    await db.close()


class Telling:
    """Writes what is saved into a journal, a line at a time."""

    def __init__(self, journal: TextIO) -> None:
        self.journal = journal

    def __call__(self, *line: str) -> None:
        self.journal.write(json.dumps(line) + "\n")
        self.journal.flush()

    def turn(self, answer: Any, number: int) -> None:
        self("turn", answer.session_id, answer.content)
        self("memory", turn(number)["input"])


if __name__ == "__main__":
    _, where, path, mode = sys.argv
    with Path(path).open("a") as journal:
        if mode == "awaited":
            asyncio.run(awaited(where, Telling(journal)))
        else:
            blocking(where, Telling(journal))
