"""What another of Agno's databases has moves in: all of it, exactly, however often it is interrupted."""

from __future__ import annotations

import json
import sys
from collections import Counter
from functools import wraps
from itertools import count

import pytest
from moto import mock_aws
from typer.testing import CliRunner

pytest.importorskip("agno", reason="needs the extra dynastore[test]")
pytest.importorskip("sqlalchemy", reason="needs the extra dynastore[test]")

from agno.db.base import SessionType
from agno.db.in_memory import InMemoryDb
from sqlalchemy import text

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.agents.conversations import saving
from dynastore.agents.conversations.entities import Session
from dynastore.cli.app import app
from dynastore.errors import RequestError, ServiceError, Throttled
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.integrations.agno.moving import topics
from dynastore.integrations.agno.moving.left import LEFT
from dynastore.integrations.agno.moving.migration import TOPICS, Count, Migration
from dynastore.testing import recorded
from tests.conformance.agno.made import BEGAN, contents, run, session

from .old_agno import (
    SESSIONS,
    dynamo_db,
    fill,
    fill_service,
    memory,
    schedule,
    span,
    sqlite_db,
    talk,
    trace,
)


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        yield


@pytest.fixture(params=["sqlite", "dynamo"])
def old(request, tmp_path, aws):
    return sqlite_db(tmp_path / "old.db") if request.param == "sqlite" else dynamo_db()


@pytest.fixture
def sqlite(tmp_path):
    return sqlite_db(tmp_path / "old.db")


@pytest.fixture
def where(tmp_path):
    return f"sqlite:///{tmp_path / 'new.db'}"


def moved(old, where, **options):
    return Migration(old, where, **options).run()


def counts(done):
    return {name: each.rows for name, each in done.counts.items() if each.rows}


def is_equal(done):
    return all(each.equal == each.rows for each in done.counts.values()) and not done.differences


def talks(db):
    """All sessions as Agno's objects say them, but for when they were read."""
    found = db.get_sessions(deserialize=True)
    return {each.session_id: each.to_dict() for each in found}


def test_all_is_as_it_was(old, where):
    written = fill(old)
    done = moved(old, where)
    assert counts(done) == written
    assert done.total.written == done.total.rows
    assert not done.differences
    new = DynastoreDb(where)
    assert talks(new) == talks(old)
    assert len(talks(new)) == SESSIONS
    for user in ("ann", "bob"):
        assert {each.memory_id: each for each in new.get_user_memories(user_id=user)} == {
            each.memory_id: each for each in old.get_user_memories(user_id=user)
        }
    for number in range(5):
        assert new.get_knowledge_content(f"k{number}") == old.get_knowledge_content(f"k{number}")
        assert new.get_eval_run(f"e{number}") == old.get_eval_run(f"e{number}")
    for number in range(3):
        mine, theirs = new.get_trace(f"t{number}"), old.get_trace(f"t{number}")
        assert mine == theirs
        assert (mine.total_spans, mine.error_count) == (4, 1)
        by_id = {each.span_id: each for each in old.get_spans(trace_id=f"t{number}")}
        assert {each.span_id: each for each in new.get_spans(trace_id=f"t{number}")} == by_id


def test_what_only_sql_has_is_as_it_was(sqlite, where):
    written = fill(sqlite) | fill_service(sqlite)
    done = moved(sqlite, where)
    assert counts(done) == written
    assert not done.differences
    new = DynastoreDb(where)
    assert new.get_learning_by_id("l1") == sqlite.get_learning_by_id("l1")
    assert new.get_schedule("s1") == sqlite.get_schedule("s1")
    assert new.get_schedule_runs("s1") == sqlite.get_schedule_runs("s1")
    assert new.get_approvals() == sqlite.get_approvals()
    assert new.get_service_account("x1") == sqlite.get_service_account("x1")
    assert new.get_tool_result("tr1") == sqlite.get_tool_result("tr1")
    assert new.get_compaction("c1") == sqlite.get_compaction("c1")


def test_a_second_call_finds_all_of_it_and_writes_nothing(old, where):
    fill(old)
    moved(old, where)
    again = moved(old, where)
    assert again.total.written == 0
    assert is_equal(again)
    assert is_equal(moved(old, where, mode="verify"))


def test_figures_of_days_are_kept_and_those_to_come_are_calculated(old, where):
    fill(old)
    old.calculate_metrics()
    before, _ = old.get_metrics()
    done = moved(old, where)
    assert done.counts["metrics"].rows == len(before) == 3
    assert is_equal(moved(old, where, mode="verify"))
    new = DynastoreDb(where)
    after, _ = new.get_metrics()
    sums = [sum(each["agent_runs_count"] for each in rows) for rows in (before, after)]
    assert sums[0] == sums[1] > 0
    assert is_equal(moved(old, where, mode="verify"))


def test_runs_are_counted_with_their_sessions(sqlite, where):
    fill(sqlite)
    moved(sqlite, where, topics=["sessions"])
    store = Store.connect(where, agent_schema())
    assert all(each.tally == {"-": 3} for each in store.query(Session))
    rows, _ = DynastoreDb(where).get_metrics()
    kinds = ("agent", "team", "workflow")
    assert sum(row[f"{kind}_runs_count"] for row in rows for kind in kinds) == 21


def test_the_table_may_be_dynamodbs(old):
    written = fill(old)
    store = Store.connect("agent-state", agent_schema())
    store.create_table()
    assert counts(moved(old, store)) == written
    assert is_equal(moved(old, store, mode="verify"))


def test_a_session_takes_a_request_for_each_run_and_what_they_repeat(sqlite, where):
    for number in range(10):
        talk(sqlite, number)
    store = Store.connect(where, agent_schema())
    store.get(Session, session_id="none")  # makes the table
    with recorded(store) as sent:
        moved(sqlite, store, topics=["sessions"])
    kinds = Counter(type(each.request).__name__ for each in sent)
    assert kinds == {"PutItem": 10 * (3 + 1 + 1), "Query": 2 * 10, "BatchGetItem": 2}


def test_a_dry_run_writes_nothing(old, where):
    written = fill(old)
    done = moved(old, where, mode="dry-run")
    assert counts(done) == written
    assert (done.total.written, done.total.differing) == (done.total.rows, 0)
    assert DynastoreDb(where).get_sessions() == []


def test_verifying_tells_each_row_that_differs(old, where):
    fill(old)
    moved(old, where)
    new = DynastoreDb(where)
    new.delete_run("agent-0-run-1")
    new.rename_session("team-1", SessionType.TEAM, "another")
    new.upsert_user_memory(memory(2, topics=["drinks"]))
    new.delete_knowledge_content("k3")
    new.rename_eval_run("e4", "wrong")
    done = moved(old, where, mode="verify")
    told = {f"{each.topic} {each.id}": each.what for each in done.differences}
    assert set(told) == {
        *("runs agent-0/agent-0-run-1", "sessions team-1", "memories ann/m2"),
        *("knowledge k3", "evals e4"),
    }
    assert told["runs agent-0/agent-0-run-1"] == told["knowledge k3"] == "it is missing here"
    assert "session_data" in told["sessions team-1"]
    assert done.total.differing == 5
    assert done.counts["memories"] == Count(rows=5, equal=4, differing=1)


def test_what_changed_in_the_old_database_since_is_written(sqlite, where):
    talk(sqlite, 0)
    talk(sqlite, 1)
    moved(sqlite, where)
    longer = run(3, of="agent-0", said="later")
    sqlite.upsert_run(longer, "agent-0", "ann", 3)
    sqlite.upsert_run(run(1, of="agent-1", said="changed"), "agent-1", "ann", 1)
    sqlite.rename_session("agent-1", SessionType.AGENT, "renamed")
    done = moved(sqlite, where)
    assert (done.counts["runs"].written, done.counts["sessions"].written) == (2, 1)
    assert not done.differences
    assert talks(DynastoreDb(where)) == talks(sqlite)


def test_what_changed_here_since_stays_and_is_told(sqlite, where):
    talk(sqlite, 0)
    moved(sqlite, where)
    new = DynastoreDb(where)
    new.rename_session("agent-0", SessionType.AGENT, "newer")
    done = moved(sqlite, where)
    (told,) = done.differences
    assert "changed here since" in str(told)
    assert new.get_session("agent-0").session_data["session_name"] == "newer"


def test_a_run_that_was_lost_here_comes_back_though_its_session_is_newer(sqlite, where):
    talk(sqlite, 0)
    moved(sqlite, where)
    new = DynastoreDb(where)
    new.delete_run("agent-0-run-1")
    new.rename_session("agent-0", SessionType.AGENT, "newer")
    moved(sqlite, where)
    assert contents(new.get_session("agent-0")) == ["0.0", "0.1", "0.2"]


def test_a_session_that_is_another_users_here_stays(sqlite, where):
    talk(sqlite, 0, user="ann")
    DynastoreDb(where).upsert_session(session(0, "eve"))
    done = moved(sqlite, where)
    assert "another user's" in str(done.differences[0])
    assert DynastoreDb(where).get_session("agent-0").user_id == "eve"


@pytest.mark.parametrize("writes", [0, 1, 4, 9, 15, 22])
def test_a_call_that_was_killed_is_made_again(sqlite, where, monkeypatch, writes):
    written = fill(sqlite)
    left = iter(range(writes))
    real = (topics.write, saving.write)

    def write_until_killed(*args):
        if next(left, None) is None:
            raise Killed
        return real[0](*args)

    with monkeypatch.context() as patch:
        for module in (topics, saving, sys.modules[f"{topics.__package__}.conversations"]):
            patch.setattr(module, "write", write_until_killed)
        with pytest.raises(Killed):
            moved(sqlite, where)
    new = DynastoreDb(where)
    for found in new.get_sessions():
        assert len(found.runs) == 3  # a session that is here is here with all of it
    for name in talks(sqlite).keys() - talks(new).keys():
        assert new.get_runs(name) == []  # and of others nothing is shown
    done = moved(sqlite, where)
    assert counts(done) == written
    assert not done.differences
    assert talks(DynastoreDb(where)) == talks(sqlite)
    assert is_equal(moved(sqlite, where, mode="verify"))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
def test_pages_of_any_size_give_each_row_once(sqlite, where, size):
    written = fill(sqlite) | fill_service(sqlite)
    done = moved(sqlite, where, page_size=size)
    assert counts(done) == written
    assert done.total.written == done.total.rows


def test_rows_that_pages_left_out_are_read_at_once(sqlite, where, monkeypatch):
    fill(sqlite)
    real = type(sqlite).get_traces

    @wraps(real)
    def overlapping(self, *args, **named):
        rows, total = real(self, *args, **named)
        return (rows, total) if named["limit"] > 2 else (rows[:1] * len(rows), total)

    monkeypatch.setattr(type(sqlite), "get_traces", overlapping)
    done = moved(sqlite, where, page_size=2, topics=["traces"])
    assert done.counts["traces"] == Count(rows=3, written=3)


def test_a_list_that_is_shorter_than_it_says_is_told(sqlite, where, monkeypatch):
    fill(sqlite)
    real = type(sqlite).get_traces

    @wraps(real)
    def short(self, *args, **named):
        rows, total = real(self, *args, **named)
        return rows[1:], total

    monkeypatch.setattr(type(sqlite), "get_traces", short)
    done = moved(sqlite, where, topics=["traces"])
    (told,) = done.differences
    assert str(told) == "traces: get_traces() says that there are 3, and gives 2"


@pytest.mark.parametrize("topic", ["traces", "spans", "sessions", "memories"])
def test_a_read_that_fails_is_an_error_and_no_short_answer(where, aws, topic):
    old = dynamo_db()
    fill(old)
    tables = {"traces": "agno_traces", "spans": "agno_spans", "sessions": "agno_runs"}

    def fail(model, params, **_):
        wanted = tables.get(topic, "agno_memories")
        body = json.loads(params["body"])
        if body["TableName"] == wanted and model.name in {"Scan", "Query"}:
            return (type("Refused", (), {"status_code": 400})(), REFUSED)
        return None

    old.client.meta.events.register("before-call.dynamodb", fail)
    with pytest.raises(ServiceError) as raised:
        moved(old, where, topics=[topic])
    assert isinstance(raised.value, Throttled) or "ProvisionedThroughput" in str(raised.value)


REFUSED = {
    "Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow down"},
    "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "r"},
}


def test_spans_that_came_before_their_trace_do_not_hide_the_traces(where, aws):
    old = dynamo_db()
    old.upsert_trace(trace(1))
    old.create_span(span(1, 0))
    old.create_span(span(2, 0))
    assert old.get_traces() == ([], 0)  # of the trace that is only counted it makes nothing of all
    done = moved(old, where)
    assert counts(done) == {"traces": 1, "spans": 2}
    new = DynastoreDb(where)
    assert new.get_trace("t1").total_spans == 1
    assert new.get_span("t2-0").name == "child"


def test_what_a_delete_left_of_a_session_that_moved_is_not_in_the_next(sqlite, where):
    talk(sqlite, 0)
    moved(sqlite, where)
    with Store.connect(where, agent_schema()) as store:
        store.delete(store.get(Session, session_id="agent-0"))  # and died
    new = DynastoreDb(where)
    new.upsert_session(session(0, "bob"))
    assert contents(new.get_session("agent-0")) == []
    assert new.get_runs("agent-0") == []
    new.delete_session("agent-0", user_id="bob")
    moved(sqlite, where)
    assert contents(DynastoreDb(where).get_session("agent-0")) == ["0.0", "0.1", "0.2"]


def test_runs_without_a_session_move_too(old, where):
    talk(old, 0)
    turn = run(0, of="gone", said="alone")
    if "sqlite" in type(old).__module__:
        with old.Session() as opened, opened.begin():
            opened.execute(text("PRAGMA foreign_keys = OFF"))
    old.upsert_run(turn, "gone", "ann", 0)
    done = moved(old, where)
    assert done.counts["runs"] == Count(rows=4, written=4)
    assert DynastoreDb(where).get_run("gone-run-0").content == "alone"


def test_runs_inside_of_sessions_move_as_those_of_agno_2(where, aws):
    old = dynamo_db()
    talk(old, 0)
    embedded = [{**run(at, of="agent-0", said=f"old {at}").to_dict()} for at in (7, 8)]
    old.client.update_item(
        TableName="agno_sessions",
        Key={"session_id": {"S": "agent-0"}},
        UpdateExpression="SET runs = :runs",
        ExpressionAttributeValues={":runs": {"S": json.dumps(embedded)}},
    )
    done = moved(old, where)
    assert done.counts["runs"] == Count(rows=5, written=5)
    found = contents(DynastoreDb(where).get_session("agent-0"))
    assert sorted(found) == sorted(contents(old.get_session("agent-0")))
    assert is_equal(moved(old, where, mode="verify"))


def test_no_table_is_made_by_reading(where, aws):
    old = dynamo_db()
    talk(old, 0)
    done = moved(old, where)
    assert sorted(old.client.list_tables()["TableNames"]) == ["agno_runs", "agno_sessions"]
    assert done.passed["memories"] == "the old database has no such table"


def test_a_method_that_is_not_there_is_told_and_passed_over(where):
    old = InMemoryDb()
    talk(old, 0)
    done = moved(old, where)
    assert counts(done) == {"sessions": 1, "runs": 3}
    assert done.passed["learnings"] == "InMemoryDb has no get_learnings()"
    assert done.passed["schedules"] == "InMemoryDb has no get_schedules()"
    assert not done.differences


def test_what_does_not_move_is_told_where_there_is_any(sqlite, where):
    talk(sqlite, 0)
    left = {each.name for each in LEFT}
    assert left & {*moved(sqlite, where).passed} == {"schema versions"}  # it has them always
    token = {"provider": "p", "service": "s", "user_id": "ann", "token_data": {"secret": 1}}
    sqlite.upsert_auth_token(token)
    sqlite.create_product({"id": "p", "name": "news", "created_at": BEGAN})
    sqlite.assign_authz_role("ann", "cooks")
    sqlite.insert_mcp_oauth_key(kid="k", secret="s", created_at=BEGAN)
    sqlite.upsert_schema_version("agno_sessions", "3.0.0")
    sqlite.append_transcript_entries("f", "p", "s", [{"uuid": "e"}], "agent-0")
    passed = moved(sqlite, where).passed
    assert left <= {*passed}
    assert "move them by their keys" in passed["auth tokens"]
    assert "keep the old database" in passed["products, sources, projects and tasks"]
    assert not left & {*moved(sqlite, where, topics=["sessions"]).passed}  # all was not asked for


def test_each_table_of_agno_moves_or_is_named():
    made = {name for name in vars(InMemoryDb()) if name.endswith("_table_name")}
    with_others = ("runs", "component_configs", "component_links")
    moved_or_named = {f"{each}_table_name" for each in with_others}
    moved_or_named |= {each().table for each in TOPICS}
    moved_or_named |= {table for each in LEFT for table in each.tables}
    assert made - moved_or_named == {"job_table_name"}  # nothing of Agno's writes it


def test_an_awaited_database_is_awaited(tmp_path, where):
    made = f"sqlite:///{tmp_path / 'awaited.db'}"
    written = fill(DynastoreDb(made))
    old = AsyncDynastoreDb(made)
    migration = Migration(old, where)
    done = migration.run()
    migration.close()
    assert counts(done) == {**written, "metrics": 3}  # a database of ours calculates them
    assert not done.differences
    assert talks(DynastoreDb(where)) == talks(DynastoreDb(made))


def test_a_database_without_any_table_is_the_wrong_one(sqlite, where):
    with pytest.raises(RequestError, match="is it the right one"):
        moved(sqlite, where)


def test_what_is_no_database_and_no_topic_is_refused(sqlite, where):
    with pytest.raises(RequestError, match="str is no database of Agno's"):
        Migration("agno", where)
    with pytest.raises(RequestError, match="there is no talks; there are sessions"):
        Migration(sqlite, where, topics=["talks"])
    with pytest.raises(RequestError, match="one row or more"):
        Migration(sqlite, where, page_size=0)


def test_a_row_that_cannot_be_kept_is_told_and_the_others_move(sqlite, where):
    fill(sqlite)
    fill_service(sqlite)
    with sqlite.Session() as opened, opened.begin():
        opened.execute(text("UPDATE agno_eval_runs SET eval_type = 'vibes' WHERE run_id = 'e1'"))
        opened.execute(text("UPDATE agno_memories SET created_at = 'soon' WHERE memory_id = 'm1'"))
    DynastoreDb(where).create_schedule({**schedule(0), "name": "daily 1"})
    chosen = ["evals", "memories", "schedules"]
    done = moved(sqlite, where, topics=chosen)
    told = {f"{each.topic} {each.id}": each.what for each in done.differences}
    assert set(told) == {"evals e1", "memories bob/m1", "schedules s1"}
    assert "vibes" in told["evals e1"]
    assert "it cannot be kept: ValueError" in told["memories bob/m1"]
    assert "name" in told["schedules s1"]
    assert done.total.differing == 3
    assert done.total.rows == 13


# The command


@pytest.fixture
def module(tmp_path, sqlite, monkeypatch):
    """A module of an application that has a database."""
    name = next(NAMES_OF_MODULES)
    code = (
        f"from agno.db.sqlite import SqliteDb\ndb = SqliteDb(db_file={str(tmp_path / 'old.db')!r})"
    )
    (tmp_path / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    return f"{name}:db"


NAMES_OF_MODULES = (f"storage_{number}" for number in count())


def call(*words):
    return CliRunner().invoke(app, ["migrate", "agno", *words], env={"COLUMNS": "200"})


def test_the_command_moves_and_verifies(sqlite, module, where):
    fill(sqlite)
    first = call("--from", module, where)
    assert first.exit_code == 0, first.stderr
    assert "sessions: 7, 7 written" in first.stdout
    assert "runs: 21, 21 written" in first.stdout
    assert "learnings: passed over: the old database has no such table" in first.stdout
    verified = call("--from", module, where, "--verify", "--json")
    assert verified.exit_code == 0, verified.stderr
    told = json.loads(verified.stdout)
    assert told["mode"] == "verify"
    assert told["counts"]["runs"] == {"rows": 21, "equal": 21, "written": 0, "differing": 0}
    assert told["total"]["differing"] == 0


def test_the_command_ends_with_what_differs(sqlite, module, where):
    talk(sqlite, 0)
    Store.connect(where).create_table()
    done = call("--from", module, where, "--verify")
    assert done.exit_code == 3
    assert "sessions agent-0: it is missing here" in done.stderr
    assert "sessions: 1, 1 differences" in done.stdout


def test_the_command_moves_the_topics_that_are_named(sqlite, module, where):
    fill(sqlite)
    asked = ("--from", module, where, "--topic", "memories", "--dry-run")
    assert call(*asked).exit_code == 1  # a dry run makes no table, either
    Store.connect(where).create_table()
    done = call(*asked)
    assert done.exit_code == 0
    assert done.stdout.splitlines() == ["memories: 5, 5 to write", "all: 5, 5 to write"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--from", "nothing"], "names no db"),
        (["--from", "no_such:db"], "cannot be imported"),
        (["--from", "json:dumps"], "is no database of Agno's"),
        (["--from", "json:dumps", "--verify", "--dry-run"], "give one"),
    ],
)
def test_a_wrong_call_is_refused(where, words, said):
    done = call(*words, where)
    assert done.exit_code == 2
    assert said in done.stderr
