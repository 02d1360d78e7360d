"""Eval runs, in tables of several sizes: of agents and a team, and of 20 users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from agno.db.schemas.evals import EvalFilterType, EvalRunRecord, EvalType

from dynastore import Store
from dynastore.integrations.agno import DynastoreDb

from .measured import USERS, Measured, Topic, pages, text

AGENTS = 10
TYPES = (*EvalType,)


def eval_run(number: int) -> EvalRunRecord:
    """An eval run, by its number: every fifth is of a team."""
    whose = {"agent_id": f"agent-{number % AGENTS}"} if number % 5 else {"team_id": "team-1"}
    return EvalRunRecord(
        run_id=f"e{number}",
        eval_type=TYPES[number % len(TYPES)],
        eval_data={"avg_score": 8.5, "results": [{"output": text(number)}]},
        eval_input={"input": "Which flights leave on monday?", "num_iterations": 1},
        name=f"Flights {number}",
        model_id=f"m{number % 3}",
        model_provider="OpenAI",
        **whose,
    )


def _a_page(db: DynastoreDb, page: int = 1, **options: Any) -> Any:
    return db.get_eval_runs(limit=20, page=page, deserialize=False, **options)


def _list(size: int) -> int:
    return pages(size) + 1


CALLS: Mapping[str, Measured] = {
    "get_eval_run": Measured(lambda db, _: db.get_eval_run("e1"), lambda _: 1),
    "an agent's evals, page of 20": Measured(
        lambda db, _: _a_page(db, agent_id="agent-1"), lambda _: 2
    ),
    "an agent's evals of two types and a model": Measured(
        lambda db, _: _a_page(db, agent_id="agent-1", model_id="m1", eval_type=[*TYPES[:2]]),
        lambda _: 2,
    ),
    "all evals, page 1": Measured(lambda db, _: _a_page(db), _list),
    "all evals by name, page 5": Measured(lambda db, _: _a_page(db, 5, sort_by="name"), _list),
    "a user's evals": Measured(lambda db, _: _a_page(db, user_id="user-1"), _list),
    "evals of teams": Measured(
        lambda db, _: _a_page(db, filter_type=EvalFilterType.TEAM, team_id="team-1"), _list
    ),
    "create_eval_run": Measured(lambda db, size: db.create_eval_run(eval_run(size)), lambda _: 1),
    "rename_eval_run": Measured(lambda db, _: db.rename_eval_run("e1", "other"), lambda _: 1),
    "update_eval_run_user_id": Measured(
        lambda db, _: db.update_eval_run_user_id("e1", "user-2"), lambda _: 1
    ),
    "delete_eval_runs, 10 of a user": Measured(
        lambda db, _: db.delete_eval_runs([f"e{n * USERS}" for n in range(10)], user_id="user-0"),
        lambda _: 10,
    ),
}


def filled(store: Store, size: int) -> DynastoreDb:
    """A database with so many eval runs, each a user's."""
    db = DynastoreDb(store)
    for number in range(size):
        db.create_eval_run(eval_run(number))
        db.update_eval_run_user_id(f"e{number}", f"user-{number % USERS}")
    return db


TOPIC = Topic(filled, CALLS)
