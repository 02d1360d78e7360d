"""A real agent of Agno's with an offline model: 20 turns over 3 sessions, killed and restarted."""

from __future__ import annotations

import subprocess
import sys
from random import Random

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from agno.agent import Agent
from agno.run.base import RunStatus
from agno.team import Team

from dynastore.agents import Run, Session
from dynastore.integrations.agno import DynastoreDb
from dynastore.testing import memory_store, recorded

from .agno_model import ScriptedModel
from .agno_program import SESSIONS, TURNS, agent

KILLS = 3


@pytest.mark.parametrize("mode", ["blocking", "awaited"])
def test_an_agent_that_is_killed_loses_no_turn_that_it_was_told_is_over(tmp_path, mode):
    where = f"sqlite:///{tmp_path / 'agent.db'}"
    chance = Random(mode)
    told: list[str] = []
    for _ in range(KILLS):
        told += _killed(where, mode, after=chance.randint(1, 5))
    told += _killed(where, mode, after=None)
    db = DynastoreDb(where)
    kept = {f"s{n}": db.get_session(f"s{n}", user_id="ann").runs for n in range(SESSIONS)}
    db.close()
    assert sum(map(len, kept.values())) == TURNS
    for line in told:
        number, session_id, content = line.split(" ", 2)
        assert content.endswith(f"question {number}")
        assert content in [run.content for run in kept[session_id]]
    for runs in kept.values():  # each turn saw all those before it
        assert [run.content.split(":")[0] for run in runs] == [
            f"turn {place}" for place in range(1, len(runs) + 1)
        ]
        assert all(run.status is RunStatus.completed for run in runs)


def _killed(where: str, mode: str, *, after: int | None) -> list[str]:
    """The turns that the program was told are over, before it was killed after so many of them."""
    command = [sys.executable, "-m", "tests.integration.agno_program", where, mode]
    program = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    with program:
        assert program.stdout is not None
        told = []
        for line in program.stdout:
            told.append(line.strip())
            if len(told) == after:
                program.kill()
    assert after is None or program.returncode != 0
    assert after is not None or program.returncode == 0
    return told


def test_a_turn_is_three_requests_and_the_same_at_turn_20_as_at_turn_2():
    store = memory_store()
    store.create_table()
    working = agent(DynastoreDb(store))
    assert isinstance(working.model, ScriptedModel)
    turns = []
    for number in range(TURNS):
        with recorded(store) as sent:
            working.run(f"question {number}", session_id="s0", user_id="ann")
        turns.append([(each.request.operation, each.units) for each in sent])
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
