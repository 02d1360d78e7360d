"""A real agent of Agno's with an offline model: 20 turns over 3 sessions, killed and restarted."""

from __future__ import annotations

import subprocess
import sys
from random import Random

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from agno.run.base import RunStatus

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
