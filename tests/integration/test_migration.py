"""Threads of DynamoDBSaver move in: all that it gives back of them is given back here."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

pytest.importorskip("langgraph_checkpoint_aws", reason="needs the extra dynastore[migrate]")

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.types import Command
from langgraph_checkpoint_aws import DynamoDBSaver

from dynastore import Store
from dynastore.agents import Checkpoint, CheckpointValue, TaskWrites, Thread, agent_schema
from dynastore.cli.app import app
from dynastore.errors import RequestError
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.integrations.langgraph.migration import Migrated, Migration
from dynastore.integrations.langgraph.old_table import in_sequence
from dynastore.requests import Scan

from .old_threads import (
    BIG,
    FAN,
    OLD_TABLE,
    SMALL,
    WRITES,
    ask,
    by_hand,
    config_of,
    fill,
    graph,
    make_table,
    small,
)

pytestmark = pytest.mark.scans


@dataclass
class Order:
    """A class of the application."""

    number: int


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        make_table(boto3.client("dynamodb"))
        yield


@pytest.fixture
def few(aws):
    """One small thread, which takes less time."""
    saver = DynamoDBSaver(OLD_TABLE)
    small(saver)
    return saver


@pytest.fixture
def where(tmp_path):
    return f"sqlite:///{tmp_path / 'new.db'}"


def all_of(migration):
    done, cursor = Migrated(), None
    while True:
        done = done.and_then(migration.page(cursor))
        cursor = done.cursor
        if cursor is None:
            return done


def by_place(saver, thread):
    return {
        (each.config["configurable"]["checkpoint_ns"], each.checkpoint["id"]): each
        for each in saver.list(config_of(thread))
    }


@pytest.mark.parametrize("compresses", [False, True], ids=["plain", "gzip"])
def test_all_threads_are_as_they_were(aws, where, compresses):
    old = DynamoDBSaver(OLD_TABLE, enable_checkpoint_compression=compresses)
    fill(old)
    done = all_of(Migration(old, where, workers=3))
    assert (done.threads, done.differing, done.gone) == (4, 0, 0)
    new = DynastoreSaver(where)
    count = 0
    for thread in ("by-hand", "done", "forked", "waiting"):
        before, after = by_place(old, thread), by_place(new, thread)
        assert before.keys() == after.keys()
        for place, each in before.items():
            assert after[place].checkpoint == each.checkpoint
            assert after[place].metadata == each.metadata
            assert after[place].parent_config == each.parent_config
            assert sorted(map(repr, after[place].pending_writes)) == sorted(
                map(repr, each.pending_writes)
            )
        count += len(before)
    assert done.checkpoints == done.written == count
    assert any(place[0] for place in before)  # namespaces of the graph inside


def test_writes_of_tasks_are_in_the_order_in_which_they_are_applied(aws, where):
    old = DynamoDBSaver(OLD_TABLE)
    by_hand(old)
    assert all_of(Migration(old, where)).differing == 0
    found = DynastoreSaver(where).get_tuple(config_of("by-hand"))
    writes = [("seen", number) for number in range(WRITES)]
    special = ("__error__", "boom")
    expected = [(task, *each) for task in ("b-task", "a-task") for each in (special, *writes)]
    assert found.pending_writes == expected
    assert found.parent_config["configurable"]["checkpoint_id"] == "gone"
    with Store.connect(where, agent_schema()) as store:
        tasks = store.query(TaskWrites, thread_id="by-hand").page().entities
        assert {each.task_path for each in tasks} == {"~0", "~1"}
        places = {*map(str, range(3)), *map(str, range(4, WRITES + 1)), "-1"}
        assert {*tasks[0].writes} == places


def test_a_thread_that_waits_goes_on_here(aws, where):
    old = DynamoDBSaver(OLD_TABLE)
    ask(graph(old), "waiting", "hello")
    all_of(Migration(old, where))
    compiled = graph(DynastoreSaver(where))
    assert compiled.get_state(config_of("waiting")).interrupts[0].value == "May I?"
    found = compiled.invoke(Command(resume=True), config_of("waiting"))
    assert found["approved"] is True
    assert found["seen"] == list(range(FAN))
    assert found["document"] == BIG
    found = compiled.invoke({"messages": [("user", "more")]}, config_of("waiting"))
    assert len(found["seen"]) == 2 * FAN


def test_what_is_stored_is_what_a_run_would_have_stored(few, where, tmp_path):
    """Values that did not change are not written again, and lists as what was added."""
    all_of(Migration(few, where))
    with Store.connect(where, agent_schema()) as store:
        header = store.get(Thread, thread_id="one")
        first = list(few.list(config_of("one", checkpoint_ns="")))[-1]
        assert header.created_at.isoformat() == first.checkpoint["ts"]
        sizes = [len(each.content) for each in store.query(Checkpoint, thread_id="one")]
        assert sorted(sizes)[-2] < 2_000  # one is whole again, as in a run
        values = store.query(CheckpointValue, thread_id="one")
        apart = [each.name.partition("#")[0] for each in values]
        assert apart.count("document") == 2  # of each namespace one


def test_classes_of_the_application_are_not_needed(aws, where, monkeypatch):
    """What cannot be imported here is stored as it was, not as what LangGraph falls back to."""
    order = Order(7)
    old = DynamoDBSaver(OLD_TABLE)
    checkpoint = empty_checkpoint() | {"channel_values": {"order": order}}
    old.put(config_of("t", checkpoint_ns=""), checkpoint, {"source": "loop", "step": 0}, {})
    with monkeypatch.context() as patch:
        patch.delattr(sys.modules[__name__], "Order")
        assert all_of(Migration(old, where)).differing == 0
    found = DynastoreSaver(where).get_tuple(config_of("t"))
    assert found.checkpoint["channel_values"]["order"] == order


def test_a_second_call_passes_over_what_is_here(few, where):
    first = all_of(Migration(few, where))
    again = all_of(Migration(few, where))
    assert (again.equal, again.written, again.checkpoints) == (1, 0, first.checkpoints)


@pytest.mark.parametrize("puts", [0, 1, 3, 5])
def test_a_call_that_was_killed_is_made_again(few, where, monkeypatch, puts):
    left = iter(range(puts))
    put = DynastoreSaver.put

    def killed(*args):
        if next(left, None) is None:
            raise Killed
        return put(*args)

    with monkeypatch.context() as patch:
        patch.setattr(DynastoreSaver, "put", killed)
        with pytest.raises(Killed):
            all_of(Migration(few, where))
    done = all_of(Migration(few, where))
    assert (done.threads, done.differing) == (1, 0)
    assert done.written == done.checkpoints - puts
    assert len(by_place(few, "one")) == done.checkpoints
    assert DynastoreSaver(where).check("one").is_sound


def test_writes_that_a_killed_call_left_out_are_written_by_the_next(few, where, monkeypatch):
    def killed(*args):
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(DynastoreSaver, "put_writes", killed)
        with pytest.raises(Killed):
            all_of(Migration(few, where))
    assert all_of(Migration(few, where)).differing == 0
    assert len(DynastoreSaver(where).get_tuple(config_of("one")).pending_writes) == 2


def test_a_dry_run_writes_nothing(few, where):
    done = all_of(Migration(few, where, mode="dry-run"))
    assert done.written == len(by_place(few, "one"))
    assert done.differing == 0
    assert list(DynastoreSaver(where).list(config_of("one"))) == []


def test_verifying_finds_what_differs(few, where):
    all_of(Migration(few, where))
    new = DynastoreSaver(where)
    newest = new.get_tuple(config_of("one", checkpoint_ns=""))
    checkpoint = {**newest.checkpoint, "channel_values": {"seen": [99]}}
    new.put(newest.parent_config, checkpoint, {**newest.metadata, "step": 9}, {"seen": "9"})
    new.put(newest.config, {**newest.checkpoint, "id": "ffffffff"}, newest.metadata, {})
    with Store.connect(where, agent_schema()) as store:
        (inner,) = store.query(Checkpoint, thread_id="one", namespace="inner")
        store.delete(inner)
    done = all_of(Migration(few, where, mode="verify"))
    told = {(each.checkpoint_id, each.what) for each in done.differences}
    names = ("channel 'document'", "channel 'messages'", "channel 'seen'", "metadata 'step'")
    assert told == {
        *((newest.checkpoint["id"], f"{name} differs") for name in names),
        ("ffffffff", "it is not in the old table"),
        (inner.checkpoint_id, "it is missing here"),
    }
    assert (done.written, done.differing, done.checkpoints) == (0, 6, SMALL)
    assert f"checkpoint {inner.checkpoint_id} of 'inner': it is missing here" in " ".join(
        map(str, done.differences)
    )


def test_a_thread_that_is_broken_here_is_told_and_the_next_ones_are_moved(few, where):
    all_of(Migration(few, where))
    by_hand(few)
    with Store.connect(where, agent_schema()) as store:
        store.delete(next(iter(store.query(Checkpoint, thread_id="one", namespace=""))))
    done = all_of(Migration(few, where))
    assert (done.threads, done.differing, done.written) == (2, 1, 1)
    assert str(done.differences[0]).startswith("thread 'one': it cannot be read here: thread 'one'")


def test_checkpoints_whose_values_are_gone_are_counted(few, where):
    newest = few.get_tuple(config_of("one"))
    key = f"CHUNK_one##{newest.checkpoint['id']}"
    few.client.delete_item(TableName=OLD_TABLE, Key={"PK": {"S": key}, "SK": {"S": "CHUNK"}})
    done = all_of(Migration(few, where))
    assert (done.gone, done.differing) == (1, 0)
    assert done.checkpoints == len(by_place(few, "one"))


def test_writes_whose_values_are_gone_are_left_out(aws, where):
    old = DynamoDBSaver(OLD_TABLE)
    by_hand(old)
    found = old.get_tuple(config_of("by-hand"))
    key = f"CHUNK_by-hand##{found.checkpoint['id']}#b-task#1"
    old.client.delete_item(TableName=OLD_TABLE, Key={"PK": {"S": key}, "SK": {"S": "CHUNK"}})
    assert all_of(Migration(old, where)).differing == 0
    writes = DynastoreSaver(where).get_tuple(config_of("by-hand")).pending_writes
    of_task = [value for task, channel, value in writes if (task, channel) == ("b-task", "seen")]
    assert of_task == [0, *range(2, WRITES)]


def test_values_in_a_bucket_are_read_where_it_is_named(aws, where):
    boto3.client("s3").create_bucket(
        Bucket="values", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
    )
    bucket = {"bucket_name": "values", "key_prefix": "app"}
    old = DynamoDBSaver(OLD_TABLE, s3_offload_config=bucket)
    checkpoint = empty_checkpoint() | {"channel_values": {"document": 2 * BIG}}
    first = old.put(config_of("t", checkpoint_ns=""), checkpoint, {"source": "loop", "step": 0}, {})
    old.put_writes(first, [("document", 2 * BIG)], "task")
    without = all_of(Migration(DynamoDBSaver(OLD_TABLE), where, mode="dry-run"))
    assert "If values are in a bucket, name it" in without.differences[0].what
    done = all_of(Migration(old, where))
    assert (done.differing, done.written) == (0, len(by_place(old, "t")))


def test_a_thread_comes_once_though_its_checkpoints_are_on_several_pages(few, where, monkeypatch):
    parameters = Scan.parameters
    monkeypatch.setattr(Scan, "parameters", lambda self: parameters(self) | {"Limit": 2})
    done = all_of(Migration(few, where))
    assert (done.threads, done.differing) == (1, 0)


def test_a_sequence_gives_each_write_its_place_again():
    a, b, c = ("a", 1), ("b", 2), ("c", 3)
    error = ("__error__", "boom")
    assert in_sequence({0: a, 1: b, 2: c}) == [a, b, c]
    assert in_sequence({10: c, 2: b, 0: a}) == [a, b, c]
    assert in_sequence({0: a, -1: error, 2: c}) == [a, error, c]
    assert in_sequence({0: a, -1: error}) == [a, error]


def call(*words):
    return CliRunner().invoke(app, ["migrate", "langgraph", *words], env={"COLUMNS": "200"})


def test_there_is_a_worker(few, where):
    with pytest.raises(RequestError, match="1 worker or more"):
        Migration(few, where, workers=0)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"old": OLD_TABLE}, r"by its saver, DynamoDBSaver\(table_name\), not 'old-checkpoints'"),
        ({"store": None}, "threads move to a Store, or to its place, not to None"),
        ({"mode": "dryrun"}, "a mode is 'migrate', 'dry-run', 'verify', not 'dryrun'"),
        ({"workers": "4"}, "1 worker or more, not '4'"),
    ],
)
def test_what_is_wrong_with_a_migration_is_told_before_it_begins(few, where, change, says):
    given = {"old": few, "store": where} | change
    with pytest.raises(RequestError, match=says):
        Migration(**given)


def test_a_thread_that_is_nowhere_is_told(few, where):
    called = call("--from-table", OLD_TABLE, where, "--thread", "typo", "--thread", "one")
    assert called.exit_code == 3
    assert called.stdout.strip().startswith("1 thread, ")
    assert called.stdout.strip().endswith("1 difference")
    assert "thread 'typo': there is no such thread in the old table, nor here" in called.stderr


def test_a_table_that_is_not_of_the_old_saver_is_told(few, where):
    called = call("--from-table", "notes", where, "--scan", "--dry-run")
    assert called.exit_code == 1  # no such table
    client = boto3.client("dynamodb")
    make_table(client, "notes")
    assert call("--from-table", "notes", where, "--scan").stdout == "0 threads, no differences\n"
    client.put_item(TableName="notes", Item={"PK": {"S": "NOTE"}, "SK": {"S": "1"}})
    called = call("--from-table", "notes", where, "--scan")
    assert called.exit_code == 2
    assert "notes has 1 item, and none is a checkpoint of DynamoDBSaver" in called.stderr


def test_a_dry_run_makes_no_file(few, tmp_path):
    file = tmp_path / "none.db"
    called = call("--from-table", OLD_TABLE, f"sqlite:///{file}", "--scan", "--dry-run")
    assert called.exit_code == 0, called.output
    assert "to write" in called.stdout
    assert not file.exists()
    done = all_of(Migration(few, f"sqlite:///{file}", mode="dry-run"))
    assert done.written == len(by_place(few, "one"))
    assert not file.exists()


def test_where_nobody_looks_no_progress_is_drawn(few, where):
    assert call("--from-table", OLD_TABLE, where, "--thread", "one").stderr == ""
    assert call("--from-table", OLD_TABLE, where, "--scan", "--json").stderr == ""


def test_a_scan_is_agreed_to(few, where):
    called = call("--from-table", OLD_TABLE, where)
    assert called.exit_code == 2
    assert "which threads?" in called.stderr
    assert "--scan" in called.stderr
    assert call("--from-table", OLD_TABLE, where, "--dry-run", "--verify").exit_code == 2


def test_the_command_moves_and_tells(few, where):
    called = call("--from-table", OLD_TABLE, where, "--scan")
    assert called.exit_code == 0, called.output
    count = len(by_place(few, "one"))
    assert called.stdout.strip() == (
        f"1 thread, {count} checkpoints compared, {count} written, no differences"
    )
    told = json.loads(call("--from-table", OLD_TABLE, where, "--thread", "one", "--json").stdout)
    assert (told["mode"], told["equal"], told["written"]) == ("migrate", 1, 0)
    with Store.connect(where, agent_schema()) as store:
        for each in store.query(Checkpoint, thread_id="one").newest_first().page(limit=1).entities:
            store.delete(each)
    verified = call("--from-table", OLD_TABLE, where, "--scan", "--verify")
    assert verified.exit_code == 3
    assert "it is missing here" in verified.stderr


def test_what_cannot_be_reached_is_told(aws, where, monkeypatch):
    for options in (["--scan"], ["--thread", "t"]):
        called = call("--from-table", "none-there", where, *options)
        assert called.exit_code == 1
        assert "dynastore: ResourceNotFoundException" in called.stderr
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    called = call("--from-table", OLD_TABLE, where, "--scan")
    assert called.exit_code == 1
    assert "region" in called.stderr


def test_threads_are_listed_checked_and_repaired_by_command(few, where):
    call("--from-table", OLD_TABLE, where, "--scan")

    def threads(*words):
        return CliRunner().invoke(app, ["threads", *words], env={"COLUMNS": "200"})

    assert threads("list", where).stdout.split()[2:] == ["one", "ann"]
    assert json.loads(threads("list", where, "--json").stdout)["thread_id"] == "one"
    assert threads("check", where).exit_code == 0
    with Store.connect(where, agent_schema()) as store:
        for each in store.query(Checkpoint, thread_id="one", namespace="").page().entities[:-1]:
            store.delete(each)
    broken = threads("check", where, "--thread", "one", "--json")
    assert broken.exit_code == 3
    assert json.loads(broken.stdout)["findings"][0]["finding"] == "lost"
    repaired = threads("repair", where, "--at-once")
    assert repaired.exit_code == 0
    assert "no checkpoint is left" in repaired.stdout
    assert "of 'inner' is the last one" in repaired.stdout
    assert threads("check", where).exit_code == 0
    assert json.loads(threads("repair", where, "--json").stdout)["found"]["findings"] == []
