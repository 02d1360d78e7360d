"""Agno's databases: how they are made, what they refuse, and what they do when the service fails."""

from __future__ import annotations

import abc
import asyncio
import datetime as dt
import pickle
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from agno.db.base import AsyncBaseDb, BaseDb
from agno.db.schemas.evals import EvalRunRecord, EvalType
from agno.db.utils import is_unique_violation
from agno.run.agent import RunOutput
from agno.session import AgentSession

from dynastore import Schema, Store, entity, key, ref
from dynastore.agents import EvalRun, Knowledge, Run, Session, agent_schema
from dynastore.clients.sqlite import SqliteClient
from dynastore.errors import (
    AlreadyExists,
    NotSent,
    NotUnique,
    PartialFailure,
    RequestError,
    Throttled,
)
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.integrations.agno.calls import refusing
from dynastore.integrations.agno.paging import page_of
from dynastore.requests import Key
from dynastore.testing import memory_store, recorded

KINDS = [DynastoreDb, AsyncDynastoreDb]


class Overloaded(SqliteClient):
    """SQLite in memory that refuses some requests, as a table over its rate does.

    Attributes:
        refuses: tells which.
    """

    refuses: Callable[[Any], bool] = staticmethod(lambda _: False)

    def send(self, request: Any, /, **options: Any) -> Any:
        if self.refuses(request):
            raise Throttled("ProvisionedThroughputExceededException", "over its rate")
        return super().send(request, **options)


@pytest.fixture
def client():
    return Overloaded(":memory:")


@pytest.fixture
def db(client):
    store = Store(agent_schema(), client)
    store.create_table()
    return DynastoreDb(store)


def sessions(count: int, **more: Any) -> list[AgentSession]:
    return [
        AgentSession(session_id=f"s{n}", user_id="ann", agent_id="a1", created_at=n + 1, **more)
        for n in range(count)
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_a_database_is_made_of_a_url_a_store_or_its_twin(kind, tmp_path):
    url = f"sqlite:///{tmp_path / 'agent.db'}"
    store = memory_store()
    for given in (url, store, store.awaited()):
        assert isinstance(kind(given), BaseDb | AsyncBaseDb)
    with pytest.raises(RequestError, match="is no store"):
        kind(5)


@pytest.mark.parametrize("kind", KINDS)
def test_its_id_is_the_same_in_every_process_and_another_in_each_scope(kind):
    assert kind("sqlite:///agent.db").id == kind("sqlite:///agent.db").id
    assert kind("sqlite:///agent.db").id != kind("sqlite:///other.db").id
    store = memory_store()
    assert kind(store.scope("one")).id != kind(store).id
    assert kind(store, id="mine").id == "mine"


def test_a_schema_without_sessions_is_refused():
    @entity("note")
    class Note:
        note_id: str
        primary = key("NOTE#{note_id}", "~")

    with pytest.raises(RequestError, match="Session"):
        DynastoreDb(memory_store(Schema([Note])))


def test_what_agno_keeps_in_sql_only_says_so():
    with pytest.raises(NotImplementedError, match="in SQL only"):
        DynastoreDb(memory_store()).get_authz_policies()


def test_what_a_later_agno_asks_for_says_so_when_it_is_called():
    class Later(abc.ABC):
        @abc.abstractmethod
        def get_dreams(self): ...

    class Db(refusing(Later), Later):
        pass

    with pytest.raises(NotImplementedError, match=r"Db has no get_dreams\(\): .* update dynastore"):
        Db().get_dreams()


@pytest.mark.parametrize(
    ("kind", "contract"), [(DynastoreDb, BaseDb), (AsyncDynastoreDb, AsyncBaseDb)]
)
def test_nothing_is_left_open_of_the_contract_of_today(kind, contract):
    asked = contract.__abstractmethods__
    assert asked
    assert [name for name in asked if "_refused" in getattr(kind, name).__qualname__] == []


def test_a_throttled_read_is_an_error_and_no_short_history(db, client):
    db.upsert_sessions(sessions(1))
    db.upsert_run(RunOutput(run_id="r1", agent_id="a1", content="hi"), "s0", "ann", 0)
    client.refuses = lambda request: request.operation == "Query"
    for call in (lambda: db.get_session("s0"), db.get_sessions, lambda: db.get_runs("s0")):
        with pytest.raises(Throttled):
            call()


def test_a_bulk_call_says_what_was_saved_and_what_was_not(db, client):
    done: list[Any] = []

    def refuses(request: Any) -> bool:
        done.append(request)
        return len([each for each in done if each.operation == "TransactWriteItems"]) > 1

    client.refuses = refuses
    with pytest.raises(PartialFailure) as failure:
        db.upsert_sessions(sessions(250))
    saved = [ref(Session, session_id=f"s{n}") for n in range(250)]
    assert list(failure.value.done) == saved[:100]
    assert list(failure.value.failed) == saved[100:]
    kinds = [type(each) for each in failure.value.failed.values()]
    assert kinds == [Throttled] * 100 + [NotSent] * 50


def test_throttled_lists_of_documents_and_evals_are_errors(db, client):
    client.refuses = lambda request: request.operation == "Query"
    for call in (db.get_knowledge_contents, db.get_eval_runs):
        with pytest.raises(Throttled):
            call()


def test_a_bulk_delete_says_which_evals_were_deleted_and_which_not(db, client):
    records = [
        EvalRunRecord(run_id=f"e{n}", eval_type=EvalType.ACCURACY, eval_data={}) for n in range(3)
    ]
    for each in records:
        db.create_eval_run(each)
    client.refuses = lambda request: getattr(request, "key", None) == Key("E#e1", "~")
    with pytest.raises(PartialFailure) as failure:
        db.delete_eval_runs(["e0", "e1", "e2"])
    assert list(failure.value.done) == [ref(EvalRun, eval_id=each) for each in ("e0", "e2")]
    assert list(failure.value.failed) == [ref(EvalRun, eval_id="e1")]
    client.refuses = lambda _: False
    assert db.get_eval_runs() == [records[1]]


def test_no_call_describes_the_table():
    store = memory_store()
    store.create_table()
    db = DynastoreDb(store)
    with recorded(store) as sent:
        db.upsert_sessions(sessions(2))
        db.upsert_run(RunOutput(run_id="r1", agent_id="a1", content="hi"), "s0", "ann", 0)
        db.get_session("s0")
        db.get_sessions(user_id="ann")
        db.get_runs(user_id="ann")
        db.delete_session("s0")
    assert {each.request.operation for each in sent}.isdisjoint({"DescribeTable", "Scan"})


@pytest.mark.parametrize("page", [1, 0, -1, -2, None])
def test_below_the_first_page_there_is_none_and_it_is_given_instead(page):
    assert page_of(["a", "b", "c", "d", "e"], 2, page) == ["a", "b"]
    db = DynastoreDb(memory_store())
    for number in range(5):
        row = {"id": f"s{number}", "name": f"s{number}", "endpoint": "/", "cron_expr": "* * * * *"}
        db.create_schedule({**row, "created_at": number})
    found, total = db.get_schedules(limit=2, page=page)
    assert ([each["id"] for each in found], total) == (["s4", "s3"], 5)


LINK = {"link_kind": "member", "link_key": "k", "child_version": 1, "position": 0}


@pytest.mark.parametrize(
    ("name", "args", "says"),
    [
        ("append_transcript_entries", ("f", "p", "t", ["text"], "s1"), "'text' of a transcript"),
        ("search_learnings", (None,), "is no text"),
        ("upsert_learning", ("l1", "profile", {"tags": {"a"}}), "is no JSON"),
        ("upsert_session", (AgentSession(session_id="s1", created_at="2026-01-05"),), "no time"),
        ("upsert_config", ("c", {}, None, None, None, None, [LINK]), "child_component_id"),
        (
            "create_component_with_config",
            ("d", "team", None, {}, None, None, None, "draft", None, [LINK]),
            "child_component_id",
        ),
    ],
)
def test_what_cannot_be_kept_is_refused_with_a_sentence(name, args, says):
    db = DynastoreDb(memory_store())
    db.create_component_with_config("c", "team", None, {})
    with recorded(db.store) as sent, pytest.raises(RequestError, match=says):
        getattr(db, name)(*args)
    assert len(sent) == 0


@pytest.mark.parametrize(
    ("name", "args", "nothing"),
    [
        ("get_component", ("",), None),
        ("get_config", ("",), None),
        ("get_links", ("", 1), []),
        ("restore_component", ("",), False),
        ("delete_component", ("",), False),
        ("get_schedule", ("",), None),
        ("get_knowledge_content", ("",), None),
        ("get_auth_token", ("", "ann", "mail"), None),
        ("get_eval_run", ("",), None),
        ("get_tool_result", ("",), None),
        ("get_learning_by_id", ("",), None),
        ("get_service_account", ("",), None),
        ("get_session", ("",), None),
        ("get_run", ("",), None),
        ("get_approval", ("",), None),
        ("delete_session", ("",), False),
        ("delete_tool_results", ([""],), 0),
        ("delete_eval_runs", ([""],), None),
        ("get_transcript_entries", ("f", "", "t"), []),
    ],
)
def test_an_empty_id_is_that_of_nothing(name, args, nothing):
    assert getattr(DynastoreDb(memory_store()), name)(*args) == nothing


def test_an_empty_id_among_others_keeps_none_of_them():
    db = DynastoreDb(memory_store())
    for each in ("s1", "s2"):
        db.upsert_session(AgentSession(session_id=each, agent_id="a"))
    db.delete_sessions(session_ids=["s1", "", "s2"])
    assert db.get_sessions() == []


def test_what_another_framework_made_is_shown():
    store = memory_store()
    made = sessions(1)[0]
    DynastoreDb(store).upsert_session(made)
    began = store.get(Session, session_id="s0").created_at
    store.put(Session(session_id="s9", user_id="ann", title="Trip", created_at=began))
    said = [{"role": "user", "content": "hi"}]
    store.put(Run(session_id="s9", run_id="r9", created_at=began, messages=said))
    found = DynastoreDb(store).get_session("s9", deserialize=False)
    assert found["session_data"] == {"session_name": "Trip"}
    assert [each["messages"] for each in found["runs"]] == [said]


def test_documents_of_others_are_shown_and_evals_of_what_agno_does_not_evaluate_are_not():
    store = memory_store()
    began = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
    store.put(Knowledge(knowledge_id="k1", title="Policy", text="Be kind.", created_at=began))
    store.put(EvalRun(eval_id="e1", eval_type="task", passed=False, created_at=began))
    store.put(EvalRun(eval_id="e2", eval_type="accuracy", passed=True, created_at=began))
    db = DynastoreDb(store)
    assert [each.name for each in db.get_knowledge_contents()[0]] == ["Policy"]
    assert [each.run_id for each in db.get_eval_runs()] == ["e2"]
    assert db.get_eval_run("e1", deserialize=False)["eval_data"] == {}


def test_awaited_calls_are_those_that_block():
    store = memory_store()
    blocking, awaited = DynastoreDb(store), AsyncDynastoreDb(store.awaited())
    blocking.upsert_sessions(sessions(3))

    async def found() -> list[Any]:
        return [await awaited.get_session("s1"), await awaited.get_sessions(user_id="ann")]

    assert asyncio.run(found()) == [
        blocking.get_session("s1"),
        blocking.get_sessions(user_id="ann"),
    ]


@pytest.mark.parametrize("requests", range(5))
def test_wherever_a_delete_stops_the_session_is_whole_or_gone_and_can_be_deleted_again(
    db, client, requests
):
    db.upsert_sessions(sessions(1))
    for number in range(30):
        run = RunOutput(run_id=f"r{number}", agent_id="a1", content="hi", created_at=number + 1)
        db.upsert_run(run, "s0", "ann", number)
    sent: list[Any] = []

    def refuses(request: Any) -> bool:
        sent.append(request)
        return len(sent) > requests

    client.refuses = refuses
    with suppress(Throttled, PartialFailure):
        db.delete_session("s0", user_id="ann")
    client.refuses = lambda _: False
    other = DynastoreDb(db.store)
    found = other.get_session("s0")
    assert found is None or len(found.runs) == 30
    other.delete_sessions(["s0"])
    assert other.get_runs("s0") == []
    assert other.get_run("r7") is None


SCHEDULE = {
    "id": "s1",
    "name": "daily",
    "cron_expr": "0 5 * * *",
    "endpoint": "/agents/a1/runs",
    "created_at": 1_767_600_000,
}


@pytest.fixture
def taken():
    """The errors of a schedule whose id is taken, and of one whose name is."""
    db = DynastoreDb(memory_store())
    db.create_schedule(SCHEDULE)
    errors = []
    for again in (SCHEDULE, {**SCHEDULE, "id": "s2"}):
        with pytest.raises(AlreadyExists) as caught:
            db.create_schedule(again)
        errors.append(caught.value)
    return errors


def test_what_is_taken_is_an_error_that_agnos_service_knows(taken):
    for error, kind in zip(taken, (AlreadyExists, NotUnique), strict=True):
        assert is_unique_violation(error)
        assert isinstance(error, kind)
        again = pickle.loads(pickle.dumps(error))
        assert (type(again), str(again), again.key) == (type(error), str(error), error.key)
    assert taken[1].fields == ("owner", "name")
    assert str(taken[1]) == str(taken[1].__cause__)


def test_what_is_taken_is_told_by_the_id_that_was_given():
    db = DynastoreDb(memory_store())
    made = EvalRunRecord(run_id="e1", eval_type=EvalType.ACCURACY, eval_data={})
    db.create_eval_run(made)
    with pytest.raises(
        AlreadyExists, match=r"^there is EvalRun with eval_id 'e1' already; use anot"
    ):
        db.create_eval_run(made)


def test_an_id_that_is_too_long_is_told_by_its_name():
    db = DynastoreDb(memory_store())
    for call in (
        lambda: db.get_session("s" * 3_000),
        lambda: db.upsert_session(_named("s" * 3_000)),
    ):
        with pytest.raises(RequestError, match=r"3,002 bytes; .* Use shorter values of session_id"):
            call()


def _named(session_id: str) -> AgentSession:
    return AgentSession(session_id=session_id, user_id="ann", created_at=1)


def test_without_sqlalchemy_what_is_taken_is_an_error_all_the_same(monkeypatch):
    monkeypatch.setitem(sys.modules, "sqlalchemy.exc", None)
    monkeypatch.delitem(sys.modules, "dynastore.integrations.agno.taken", raising=False)
    db = DynastoreDb(memory_store())
    db.create_schedule(SCHEDULE)
    with pytest.raises(AlreadyExists) as caught:
        db.create_schedule(SCHEDULE)
    assert type(caught.value) is AlreadyExists
