"""``dynastore archive`` and ``dynastore archived``, as a person calls them."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from typer.testing import CliRunner

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.agents.checkpoints import archiving
from dynastore.cli.app import app
from dynastore.errors import Unavailable
from tests.cold import bucket_schema, put, seen

SCHEMA = bucket_schema()
BARE = agent_schema()
NAMED = "tests.integration.test_archiving_command:SCHEMA"
THREADS = ("--only", "threads")
LONG_AGO = dt.datetime.now(dt.UTC) - dt.timedelta(days=100)


@pytest.fixture(autouse=True)
def _without_waits(monkeypatch):
    monkeypatch.setattr(archiving, "_settled", lambda *_: iter(()))


@pytest.fixture
def where(tmp_path):
    """A file with two cold threads, one of them in a scope."""
    from dynastore.integrations.langgraph import DynastoreSaver

    url = f"sqlite:///{tmp_path / 'table.db'}"
    with Store.connect(url, SCHEMA, clock=lambda: LONG_AGO) as store:
        for each in (store, store.scope("team")):
            put(DynastoreSaver(each), 1, began=LONG_AGO)
    return url


def call(*words):
    return CliRunner().invoke(app, [*words], env={"COLUMNS": "200"})


def archive(where, *words):
    return call("archive", NAMED, where, "--older-than", "90d", *words)


def archive_threads(where, *words):
    return archive(where, *THREADS, *words)


def test_a_dry_run_says_what_would_be_archived(where):
    for _ in range(2):
        assert archive_threads(where, "--dry-run").stdout.strip() == (
            "1 threads that began before; 1 would be archived"
        )


def test_what_is_cold_is_archived_and_listed_and_brought_back(where):
    with Store.connect(where, SCHEMA) as store:
        before = seen(store)
        assert archive_threads(where).stdout.startswith(
            "1 threads that began before; 1 archived, 1 items of "
        )
        listed = call("archived", "list", NAMED, where)
        assert "  t  1 items, " in listed.stdout
        assert "1 threads are archived" in listed.stdout
        back = call("archived", "restore", NAMED, where, "--thread", "t")
        assert (back.exit_code, back.stdout.strip()) == (0, "thread t is back")
        assert call("archived", "restore", NAMED, where, "--thread", "t").exit_code == 3
        assert seen(store) == before
        assert archive_threads(where).stdout.strip() == (
            "1 threads that began before; 0 archived, 0 items of 0 bytes, 1 used since"
        )


def test_a_scope_is_archived_by_itself(where):
    told = json.loads(archive_threads(where, "--scope", "team", "--json").stdout)
    assert (told["archived"], told["items"], told["cursor"]) == (1, 1, None)
    listed = call("archived", "list", NAMED, where, *THREADS, "--json").stdout.splitlines()
    assert json.loads(listed[-1]) == {"threads": 0, "item_bytes": 0}
    in_scope = call("archived", "list", NAMED, where, *THREADS, "--scope", "team", "--json").stdout
    first, last = map(json.loads, in_scope.splitlines())
    assert (first["thread_id"], first["state"], last["threads"]) == ("t", "archived", 1)


@pytest.mark.parametrize("age", ["", "90", "90m", "0d", "-1d", "d"])
def test_an_age_that_is_none_is_refused(where, age):
    called = call("archive", NAMED, where, "--older-than", age)
    assert called.exit_code == 2
    assert "--older-than is a number of hours, days or weeks" in called.stderr


def test_a_table_without_a_bucket_is_refused(where):
    bare = NAMED.replace("SCHEMA", "BARE")
    called = call("archive", bare, where, "--older-than", "90d")
    assert called.exit_code == 2
    assert "has no bucket to archive into" in called.stderr
    named = call("archive", bare, where, "--older-than", "90d", "--bucket", "agent-payloads")
    assert named.exit_code == 0


@pytest.mark.parametrize(
    ("error", "status"), [(KeyboardInterrupt, 130), (Unavailable("Died", "no more"), 1)]
)
def test_who_stops_it_is_told_where_to_go_on(where, error, status, monkeypatch):
    monkeypatch.setattr(archiving, "AT_ONCE", 1)
    with Store.connect(where, SCHEMA, clock=lambda: LONG_AGO) as store:
        from dynastore.integrations.langgraph import DynastoreSaver

        for name in "uv":
            put(DynastoreSaver(store), 1, name, began=LONG_AGO)
    once = archiving._round
    rounds = []

    def stopped(*given):
        rounds.append(given)
        if len(rounds) == 2:
            raise error
        return (yield from once(*given))

    monkeypatch.setattr(archiving, "_round", stopped)
    called = archive_threads(where)
    assert called.exit_code == status
    assert "Go on with --cursor " in called.stderr
    cursor = called.stderr.rsplit("--cursor ", 1)[1].strip()
    assert json.loads(archive_threads(where, "--cursor", cursor, "--json").stdout)["archived"] == 2


def test_missing_credentials_are_said_without_a_traceback(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    called = call("archive", NAMED, "some-table", "--older-than", "90d")
    assert called.exit_code == 1
    assert "credentials" in called.stderr
    assert "Traceback" not in called.output


@pytest.fixture
def with_sessions(where):
    """The file with a cold session besides."""
    pytest.importorskip("agno", reason="needs the extra dynastore[agno]")
    from dynastore.integrations.agno import DynastoreDb
    from tests.conformance.agno.made import run, session

    with Store.connect(where, SCHEMA, clock=lambda: LONG_AGO) as store:
        db = DynastoreDb(store)
        db.upsert_session(session(created_at=int(LONG_AGO.timestamp())))
        db.upsert_run(run(), "agent-0", "ann", 0)
    return where


def test_threads_and_sessions_are_archived_unless_only_one_is_asked_for(with_sessions):
    only = archive(with_sessions, "--only", "threads").stdout.splitlines()
    assert [each[:34] for each in only] == ["1 threads that began before; 1 arc"]
    both = archive(with_sessions).stdout.splitlines()
    assert [each.split(" items")[0] for each in both] == [
        "1 threads that began before; 0 archived, 0",
        "1 sessions that began before; 1 archived, 1",
    ]
    told = archive(with_sessions, "--json").stdout.splitlines()
    assert [json.loads(each)["only"] for each in told] == ["threads", "sessions"]


def test_an_archived_session_is_listed_and_brought_back(with_sessions):
    archive(with_sessions)
    listed = call("archived", "list", NAMED, with_sessions, "--only", "sessions").stdout
    assert "  agent-0  1 items, " in listed
    assert "1 sessions are archived" in listed
    assert "threads" not in listed

    def restore(*words):
        return call("archived", "restore", NAMED, with_sessions, *words)

    assert restore("--session", "agent-0", "--user", "bob").exit_code == 3
    back = restore("--session", "agent-0", "--user", "ann")
    assert (back.exit_code, back.stdout.strip()) == (0, "session agent-0 is back")
    assert restore("--session", "agent-0").exit_code == 3
    assert restore("--session", "agent-0", "--thread", "t").exit_code == 2
    assert restore("--thread", "t", "--user", "ann").exit_code == 2
    assert restore().exit_code == 2


def test_who_stops_it_at_the_sessions_goes_on_with_them(with_sessions, monkeypatch):
    from dynastore.agents.conversations import archiving as sessions
    from dynastore.integrations.agno import DynastoreDb
    from tests.conformance.agno.made import run, session

    with Store.connect(with_sessions, SCHEMA, clock=lambda: LONG_AGO) as store:
        db = DynastoreDb(store)
        db.upsert_session(session(1, created_at=int(LONG_AGO.timestamp()) + 1))
        db.upsert_run(run(of="agent-1"), "agent-1", "ann", 0)
    monkeypatch.setattr(sessions, "AT_ONCE", 1)
    once = sessions._round
    rounds = []

    def stopped(*given):
        rounds.append(given)
        if len(rounds) == 2:
            raise Unavailable("Died", "no more")
        return (yield from once(*given))

    monkeypatch.setattr(sessions, "_round", stopped)
    called = archive(with_sessions)
    assert called.exit_code == 1
    cursor = called.stderr.rsplit("--cursor ", 1)[1].strip()
    assert cursor.startswith("sessions:")
    (told,) = archive(with_sessions, "--cursor", cursor, "--json").stdout.splitlines()
    assert (json.loads(told)["only"], json.loads(told)["archived"]) == ("sessions", 1)


@pytest.mark.parametrize("cursor", ["nonsense", "others:1.x", "sessions:", "sessions:nonsense"])
def test_a_cursor_that_is_none_is_refused(where, cursor):
    called = archive(where, "--cursor", cursor)
    assert called.exit_code != 0
    assert "Traceback" not in called.output
