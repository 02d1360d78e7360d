"""The embedded engine across processes: what they write together, forks, kills, broken files."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

import dynastore
from dynastore.changes import Increment
from dynastore.clients import lanes
from dynastore.clients.async_sqlite import AsyncSqliteClient
from dynastore.clients.sqlite import SqliteClient
from dynastore.errors import AccessDenied, RequestError, ServiceError, Unavailable
from dynastore.requests import GetItem, Key, PutItem, Query, UpdateItem
from dynastore.requests.tables import (
    CreateTable,
    DescribeTable,
    DescribeTimeToLive,
    UpdateTimeToLive,
)
from dynastore.table import Index, Table
from dynastore.terms import Equal

INDEX = Index(1, 1)
TABLE = Table("agents", (INDEX,))
KEY = Key("USER#1", "SESSION#1")
COUNT = UpdateItem("agents", KEY, {"n": Increment({"N": "1"}, {"N": "0"})})
ROOT = Path(dynastore.__file__).parents[1]

# From Python 3.12 on it warns of forks beside threads, which is what is tested here.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")

PRELUDE = """
import os, sys
from dynastore.clients.sqlite import SqliteClient
from dynastore.errors import *
from dynastore.requests import *
from dynastore.requests.tables import *
from dynastore.table import *
from dynastore.changes import *
from dynastore.terms import *
client = SqliteClient(sys.argv[1])
key = Key("USER#1", "SESSION#1")
"""


def started(script, path):
    """A process that runs a script; its client is on *path*."""
    return subprocess.Popen(
        [sys.executable, "-c", PRELUDE + script, str(path)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )


def outputs(*processes):
    """What processes printed, once all of them ended well."""
    printed = [process.communicate(timeout=60)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes)
    return printed


def in_child(work):
    """Run *work* in a fork; what it returned, as text, or the error it raised."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)  # a child that waits for ever ends the test, not the test run
        try:
            answer = str(work())
        except BaseException as error:  # noqa: BLE001
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, answer.encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    return answer


@pytest.fixture
def path(tmp_path):
    """A file with the table."""
    path = tmp_path / "agent.db"
    with closing(SqliteClient(str(path))) as client:
        client.send(CreateTable(TABLE))
    return path


@pytest.fixture
def client(path):
    """A client on it."""
    client = SqliteClient(str(path))
    yield client
    client.close()


def counted(client):
    """The counter that tests increment."""
    return int(client.send(GetItem("agents", KEY))["n"]["N"])


def test_another_process_knows_the_table_and_its_items(client, path):
    client.send(UpdateTimeToLive("agents"))
    client.send(COUNT)
    client.close()
    with closing(SqliteClient(str(path))) as again:
        assert again.send(DescribeTable("agents")).key_schemas["GSI1"] == INDEX.attributes
        assert again.send(DescribeTimeToLive("agents")) == "TTL"
        assert counted(again) == 1


def test_a_path_means_the_same_file_after_the_working_directory_changed(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with closing(SqliteClient("here.db")) as client:
        monkeypatch.chdir("/")
        client.send(CreateTable(TABLE))
    assert (tmp_path / "here.db").exists()


def test_two_processes_lose_no_conditional_increment(client, path):
    client.send(COUNT)
    script = """
done = 0
while done < 200:
    stored = client.send(GetItem("agents", key))["n"]
    change = {"n": Increment({"N": "1"})}
    try:
        client.send(UpdateItem("agents", key, change, (("n", Equal(stored)),)))
        done += 1
    except ConditionFailed:
        pass
"""
    outputs(started(script, path), started(script, path))
    assert counted(client) == 401


def test_of_processes_that_create_a_table_at_once_one_does(tmp_path):
    script = """
print("ready", flush=True)
while not os.path.exists(sys.argv[1] + ".go"):
    pass
try:
    client.send(CreateTable(Table("agents", (Index(1),))))
    print("created")
except ServiceError as error:
    print(error.code)
"""
    processes = [started(script, tmp_path / "agent.db") for _ in range(6)]
    assert [process.stdout.readline() for process in processes] == ["ready\n"] * 6
    (tmp_path / "agent.db.go").touch()
    assert sorted(outputs(*processes)) == ["ResourceInUseException\n"] * 5 + ["created\n"]


def test_a_table_is_created_once_another_process_lets_go_of_the_file(tmp_path):
    path = tmp_path / "agent.db"
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        other.execute("CREATE TABLE theirs (a)")
        other.execute("BEGIN IMMEDIATE")  # while it lasts, SQLite refuses to start its log at once
        threading.Timer(0.2, other.execute, ["COMMIT"]).start()
        with closing(SqliteClient(str(path))) as client:
            client.send(CreateTable(TABLE))
            client.send(COUNT)


@pytest.mark.parametrize("acknowledged", [1, 40, 200])
def test_what_was_acknowledged_outlives_kill_9(path, acknowledged):
    script = """
number = 0
while True:
    number += 1
    entry = {"GSI1PK": {"S": "p"}, "GSI1SK": {"S": f"{number:09}"}}
    client.send(PutItem("agents", {**Key("USER#1", f"{number:09}").attributes, **entry}))
    print(number, flush=True)
"""
    process = started(script, path)
    for line in process.stdout:
        if int(line) >= acknowledged:
            process.kill()
            break
    last = int(([line, *process.stdout])[-1])
    process.wait()
    process.stdout.close()

    with closing(SqliteClient(str(path))) as client:
        by_key = Query("agents", INDEX, (("GSI1PK", Equal({"S": "p"})),))
        found = [int(item["SK"]["S"]) for item in client.send(by_key).items]
        assert found in (list(range(1, last + 1)), list(range(1, last + 2)))
        assert client.send(GetItem("agents", Key("USER#1", f"{last:09}")))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def test_every_connection_waits_for_the_disk(client):
    client.send(COUNT)
    counted(client)
    for lane in (client._writes, client._reads):
        with lane as connection:
            assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL
            assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)


# Forks


def test_a_child_and_its_parent_lose_nothing_of_each_other(client, path):
    client.send(COUNT)
    parents, childs = os.pipe(), os.pipe()

    def work():
        client.send(COUNT)
        os.write(parents[1], b"x")
        os.read(childs[0], 1)
        client.send(COUNT)  # the parent closed its connection meanwhile
        return counted(client)

    def close_and_write():
        os.read(parents[0], 1)
        client.close()
        with closing(SqliteClient(str(path))) as again:
            again.send(COUNT)
        os.write(childs[1], b"x")

    closer = threading.Thread(target=close_and_write)
    closer.start()
    answer = in_child(work)
    os.write(parents[1], b"x")  # in case that the child failed before it did
    closer.join()
    for end in (*parents, *childs):
        os.close(end)
    assert answer == "4"
    with closing(SqliteClient(str(path))) as again:
        assert counted(again) == 4


def test_forks_amid_the_writes_of_threads_neither_hang_nor_lose(client):
    client.send(COUNT)
    with ThreadPoolExecutor(4) as pool:
        writes = [pool.submit(client.send, COUNT) for _ in range(200)]
        answers = [in_child(lambda: client.send(COUNT)["n"]["N"]) for _ in range(5)]
        for write in writes:
            write.result()
    assert all(answer.isdigit() for answer in answers)
    assert counted(client) == 1 + 200 + 5


def test_a_store_in_memory_does_not_follow_into_a_fork():
    with closing(SqliteClient(":memory:")) as client:
        client.send(CreateTable(TABLE))
        client.send(COUNT)
        assert "RequestError: this process inherited" in in_child(lambda: client.send(COUNT))
        assert counted(client) == 1


def test_an_awaited_client_works_on_in_a_fork(path):
    client = AsyncSqliteClient(SqliteClient(str(path)))
    asyncio.run(client.send(COUNT))
    assert in_child(lambda: asyncio.run(client.send(COUNT))["n"]) == "{'N': '2'}"
    assert asyncio.run(client.send(COUNT))["n"] == {"N": "3"}
    asyncio.run(client.close())


def test_a_connection_of_another_process_is_never_used(client):
    client.send(COUNT)
    client._writes._process -= 1  # as after a fork that Python did not see
    with pytest.raises(RequestError, match="inherited"):
        client.send(COUNT)
    client._writes._process += 1


# Broken files


def test_a_file_of_another_kind_is_told(tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("These are my notes, and they are no database. " * 40)
    with closing(SqliteClient(str(path))) as client:
        for request in (GetItem("agents", KEY), CreateTable(TABLE)):
            with pytest.raises(ServiceError, match="no SQLite file; give another path") as caught:
                client.send(request)
            assert isinstance(caught.value.__cause__, sqlite3.DatabaseError)
    assert path.read_text().startswith("These are my notes")


def test_a_database_of_another_program_is_left_as_it_is(tmp_path):
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE theirs (a)")
    before = path.read_bytes()
    with closing(SqliteClient(str(path))) as client, pytest.raises(ServiceError, match="no table"):
        client.send(GetItem("agents", KEY))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [
        ("missing/agent.db", RequestError, r"there is no folder .*missing for agent\.db"),
        (".", AccessDenied, "its folder must exist"),
    ],
)
def test_a_place_where_no_file_can_be_is_told(tmp_path, name, error, says):
    with closing(SqliteClient(str(tmp_path / name))) as client:
        with pytest.raises(error, match=says):
            client.send(CreateTable(TABLE))
        assert list(tmp_path.iterdir()) == []


def test_a_file_without_permission_is_told_and_not_taken_for_missing(path):
    script = """
if not os.geteuid():
    os.setuid(65534)  # root may read everything
for request in (GetItem("agents", key), PutItem("agents", key.attributes)):
    try:
        client.send(request)
    except DynastoreError as error:
        print(type(error).__name__)
"""
    path.chmod(0o000)
    assert outputs(started(script, path)) == ["AccessDenied\nAccessDenied\n"]


def test_a_file_that_may_only_be_read_is_told(path):
    script = """
if not os.geteuid():
    os.setuid(65534)
try:
    client.send(PutItem("agents", key.attributes))
except DynastoreError as error:
    print(type(error).__name__)
"""
    with TemporaryDirectory() as folder:  # pytest's own would not let another user in
        Path(folder).chmod(0o555)
        readable = path.rename(f"{folder}/agent.db")
        readable.chmod(0o444)
        assert outputs(started(script, readable)) == ["AccessDenied\n"]


def test_a_file_that_stays_locked_is_unavailable(path, monkeypatch):
    monkeypatch.setattr(lanes, "BUSY_SECONDS", 0.1)
    with (
        closing(SqliteClient(str(path))) as client,
        closing(sqlite3.connect(path, isolation_level=None)) as other,
    ):
        other.execute("BEGIN IMMEDIATE")
        assert client.send(GetItem("agents", KEY)) is None  # reading goes on
        with pytest.raises(Unavailable, match="locked by another process"):
            client.send(COUNT)
        other.execute("ROLLBACK")
        client.send(COUNT)
        assert counted(client) == 1


def test_a_full_disk_is_unavailable_and_nothing_half_written(client):
    with client._writes as connection:
        connection.execute("PRAGMA max_page_count = 20")
    large = {**KEY.attributes, "body": {"S": "x" * 300_000}}
    with pytest.raises(Unavailable, match="full; make room"):
        client.send(PutItem("agents", large))
    assert client.send(GetItem("agents", KEY)) is None
    client.send(COUNT)
    assert counted(client) == 1
