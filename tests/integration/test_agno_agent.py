"""A real agent of Agno's with an offline model: 100 turns over 5 sessions, killed and restarted."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import settings

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from agno.agent import Agent
from agno.run.base import RunStatus
from agno.team import Team

from dynastore.agents import Run, Session
from dynastore.integrations.agno import DynastoreDb
from dynastore.testing import memory_store, recorded

from .agno_model import ScriptedModel
from .agno_program import SESSIONS, TURNS, USER, agent

# In make test, in make fuzz: kills, and how many lines of the journal are between them.
KILLS, LINES = (3, 60) if settings.default.max_examples <= 100 else (25, 8)
MODES = ("blocking", "awaited")  # one after the other, on the same table


@pytest.mark.hypothesis  # so that make fuzz runs it
def test_an_agent_that_is_killed_loses_nothing_that_it_was_told_is_saved(tmp_path):
    where, journal = f"sqlite:///{tmp_path / 'agent.db'}", tmp_path / "journal"
    chance = Random()
    for number in range(KILLS):
        program = _started(where, journal, MODES[number % 2])
        _wait_for(journal, program, _lines(journal) + chance.randint(1, LINES))
        time.sleep(chance.uniform(0, 0.05))  # somewhere in the next step
        program.kill()
        assert program.wait() == -signal.SIGKILL, "it had ended by itself"
    assert _started(where, journal, MODES[KILLS % 2]).wait() == 0
    told = [json.loads(line) for line in journal.read_text().splitlines()]
    db = DynastoreDb(where)
    _check_turns(db, [line[1:] for line in told if line[0] == "turn"])
    for kind, kept in (
        ("memory", [each.memory for each in db.get_user_memories(user_id=USER)]),
        ("document", [each.name for each in db.get_knowledge_contents()[0]]),
        ("eval", [each.name for each in db.get_eval_runs()]),
    ):
        names = [line[1] for line in told if line[0] == kind]
        assert names, "nothing was saved"
        assert set(names) <= set(kept)
        assert set(kept) <= set(_possible(kind)), "nobody saved it"
    assert {each.status for each in db.get_knowledge_contents()[0]} <= {"completed", "processing"}
    db.close()


def _started(where: str, journal: Path, mode: str) -> subprocess.Popen[bytes]:
    journal.touch()
    command = [sys.executable, "-m", "tests.integration.agno_program", where, str(journal), mode]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL)


def _lines(journal: Path) -> int:
    return journal.read_bytes().count(b"\n")


def _wait_for(journal: Path, program: subprocess.Popen[bytes], lines: int) -> None:
    """Wait until the journal has so many lines."""
    deadline = time.monotonic() + 180  # on a busy machine
    while _lines(journal) < lines:
        assert program.poll() is None, "it ended by itself"
        assert time.monotonic() < deadline, f"no {lines} lines in {journal}"
        time.sleep(0.001)


def _possible(kind: str) -> list[str]:
    """The names of all that may be kept of a kind."""
    word = {"memory": "question"}.get(kind, kind)
    return [f"{word} {number}" for number in range(TURNS)]


def _check_turns(db: Any, told: list[list[str]]) -> None:
    """All turns are kept, those that were told too, and each saw all those before it."""
    kept = {f"s{n}": db.get_session(f"s{n}", user_id=USER).runs for n in range(SESSIONS)}
    assert sum(map(len, kept.values())) == TURNS
    for session_id, content in told:
        assert content in [run.content for run in kept[session_id]]
    for place, runs in enumerate(kept.values()):
        assert [run.content for run in runs] == [
            f"turn {turn}: question {place + SESSIONS * (turn - 1)}"
            for turn in range(1, len(runs) + 1)
        ]
        assert all(run.status is RunStatus.completed for run in runs)


def test_a_sessions_part_of_a_turn_is_three_requests_at_turn_100_as_at_turn_2():
    store = memory_store()
    store.create_table()
    working = agent(DynastoreDb(store))
    turns = []
    for number in range(TURNS):
        with recorded(store) as sent:
            working.run(f"question {number}", session_id="s0", user_id=USER)
        *session, approvals = [(each.request.operation, each.units) for each in sent]
        assert approvals == ("Query", 1)  # whether the run has approvals, which then are to say so
        turns.append(session)
    assert [name for name, _ in turns[0]] == ["Query", "PutItem", "PutItem"]
    for turn in turns[1:]:
        assert [name for name, _ in turn] == ["Query", "UpdateItem", "PutItem"]
        assert sum(units for name, units in turn if name != "Query") <= 5


@pytest.mark.parametrize("kind", ["agent", "team"])
def test_the_sessions_header_counts_the_runs_that_agno_saves(kind):
    store = memory_store()
    for number in range(3):  # each turn may be in another process
        db = DynastoreDb(store)
        model = ScriptedModel()
        alone = Agent(name="one", model=model, db=db, telemetry=False)
        who = (
            Team(members=[alone], model=model, db=db, telemetry=False) if kind == "team" else alone
        )
        who.run(f"question {number}", session_id="s1", user_id="ann")
    assert store.get(Session, session_id="s1").tally == {"scripted:nobody": 3}
    assert {run.untallied_at for run in store.query(Run, session_id="s1")} == {None}
    with recorded(store) as sent:
        (row,) = DynastoreDb(store).calculate_metrics()
    assert len(sent) == 5
    assert row[f"{kind}_runs_count"] == 3
    assert row["model_metrics"] == [
        {"model_id": "scripted", "model_provider": "nobody", "count": 3}
    ]
