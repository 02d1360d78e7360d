"""What users of Agno's own DynamoDB storage meet today, and must not meet here: eval runs."""

from __future__ import annotations

from random import Random

import pytest
from agno.db.schemas.evals import EvalFilterType, EvalType

from dynastore.agents import EvalRun, agent_schema
from dynastore.errors import AlreadyExists
from dynastore.requests import Scan
from dynastore.testing import recorded

from ..engines import ADAPTER_PAIRS
from .made import eval_run

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)


@pytest.fixture
def db(open_db):
    return open_db()


@pytest.fixture
def store(open_store):
    return open_store(agent_schema())


def ids(found):
    """The numbers of eval runs, in their order."""
    return [int(each.run_id.removeprefix("e")) for each in found]


def test_every_column_round_trips(db, open_db):
    record = eval_run(
        eval_data={"avg_score": 8.5, "results": [1, None, {"é": "\ud800"}]},
        eval_input={"input": "2 + 2", "expected_output": ""},
        name="Sums",
        team_id="t1",
        workflow_id="w1",
        model_id="m1",
        model_provider="OpenAI",
        evaluated_component_name="Calculator",
    )
    assert db.create_eval_run(record) is record
    assert open_db().get_eval_run("e0") == record
    assert db.get_eval_runs() == [record]
    row = db.get_eval_run("e0", deserialize=False)
    assert row == record.model_dump() | {
        "user_id": None,
        "created_at": row["created_at"],
        "updated_at": row["created_at"],
    }
    assert db.get_eval_runs(deserialize=False) == ([row], 1)


def test_an_eval_run_is_made_once(db):
    db.create_eval_run(eval_run(name="first"))
    with pytest.raises(AlreadyExists):
        db.create_eval_run(eval_run(name="second"))
    assert db.get_eval_run("e0").name == "first"


def test_every_filter_is_applied(db):
    db.create_eval_run(eval_run(0, model_id="m1"))
    db.create_eval_run(eval_run(1, team_id="t1", eval_type=EvalType.RELIABILITY))
    db.create_eval_run(eval_run(2, agent_id=None, team_id="t1"))
    db.create_eval_run(eval_run(3, agent_id="a2", workflow_id="w1", model_id="m1"))
    for number in (0, 2):
        db.update_eval_run_user_id(f"e{number}", "ann")

    def found(**options):
        return ids(db.get_eval_runs(sort_by="run_id", sort_order="asc", **options))

    assert found(agent_id="a1") == [0, 1]
    assert found(team_id="t1") == [1, 2]
    assert found(workflow_id="w1", model_id="m1") == [3]
    assert found(agent_id="a1", model_id="m1") == [0]
    assert found(agent_id="a1", eval_type=[EvalType.RELIABILITY, EvalType.PERFORMANCE]) == [1]
    assert found(eval_type=[]) == [0, 1, 2, 3]
    assert found(filter_type=EvalFilterType.TEAM) == [1, 2]
    assert found(filter_type="agent", user_id="ann") == [0]
    assert found(team_id="t1", user_id="ann") == [2]
    assert found(agent_id="a1", user_id="bob") == []


def test_lists_honour_pages_and_orders(db):
    for number in range(5):
        db.create_eval_run(eval_run(number, name=f"n{number % 2}"))
    db.rename_eval_run("e1", "z")

    def page(**options):
        rows, total = db.get_eval_runs(deserialize=False, **options)
        assert total == 5
        return [int(each["run_id"].removeprefix("e")) for each in rows]

    assert page(limit=2) == [4, 3]  # the newest first
    assert page(limit=2, page=3) == [0]
    assert page(limit=2, page=4) == []
    assert page(limit=3, page=1, sort_by="name", sort_order="desc") == [1, 3, 0]
    assert page(limit=1, sort_by="updated_at", sort_order="desc") == [1]
    with pytest.raises(ValueError, match="without `limit`"):
        db.get_eval_runs(page=2)


def test_what_is_another_users_is_neither_read_nor_written(db):
    for number, user in enumerate(("ann", "bob", None)):
        db.create_eval_run(eval_run(number, name="old"))
        if user is not None:
            db.update_eval_run_user_id(f"e{number}", user)
    for number in (1, 2):
        assert db.get_eval_run(f"e{number}", user_id="ann") is None
        assert db.rename_eval_run(f"e{number}", "new", user_id="ann") is None
    db.delete_eval_runs(["e0", "e1", "e2", "e9"], user_id="ann")
    assert sorted(each.run_id for each in db.get_eval_runs()) == ["e1", "e2"]
    assert {each.name for each in db.get_eval_runs()} == {"old"}


def test_what_is_not_there_is_not_made_by_a_change(db):
    assert db.rename_eval_run("e0", "new") is None
    db.update_eval_run_user_id("e0", "ann")
    db.delete_eval_runs(["e0"])
    assert db.get_eval_run("e0") is None
    assert db.get_eval_runs(deserialize=False) == ([], 0)


def test_an_index_entry_of_before_shows_nothing_of_another_user(db, settled):
    db.create_eval_run(eval_run())
    db.update_eval_run_user_id("e0", "ann")
    settled()
    db.update_eval_run_user_id("e0", "bob")
    assert db.unsettled.get_eval_runs(user_id="ann") == []


@pytest.mark.scans
def test_an_eval_run_is_of_any_size_and_leaves_nothing(db, open_db, store):
    noise = Random(1).randbytes(450_000).hex()  # does not fit an item, compressed or not
    record = eval_run(eval_data={"answer": noise})
    db.create_eval_run(record)
    assert db.rename_eval_run("e0", "large").eval_data == record.eval_data
    assert open_db().get_eval_runs()[0].eval_data == record.eval_data
    db.delete_eval_runs(["e0"])
    assert store.run(_items(store)) == 0


def _items(store):
    page = yield from Scan(store.schema.table.name)
    return len(page.items)


def test_an_evaluation_without_agno_is_listed_by_whether_it_passed(db, store):
    db.create_eval_run(eval_run())
    made = store.get(EvalRun, eval_id="e0")
    assert (made.component, made.passed, made.outline.agent_id) == ("a1", None, "a1")
    assert store.query(EvalRun, passed=False).page().entities == []


def test_an_eval_run_takes_a_request_for_each_call(db):
    def sent_by(call, *given, **named):
        with recorded(db.store) as sent:
            getattr(db, call)(*given, **named)
        return [each.request.operation for each in sent]

    assert sent_by("create_eval_run", eval_run()) == ["PutItem"]
    assert sent_by("update_eval_run_user_id", "e0", "ann") == ["UpdateItem"]
    assert sent_by("rename_eval_run", "e0", "n", user_id="ann") == ["UpdateItem"]
    assert sent_by("get_eval_run", "e0", user_id="ann") == ["GetItem"]
    assert sent_by("get_eval_runs", user_id="ann", agent_id="a1") == ["Query", "BatchGetItem"]
    assert sent_by("delete_eval_runs", ["e0"], user_id="ann") == ["DeleteItem"]
