"""``dynastore backup``, as a person calls it."""

from __future__ import annotations

import json

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from dynastore import Schema, Store, Table, entity, gsi, key, payload
from dynastore.cli import backups
from dynastore.cli.app import app

pytestmark = pytest.mark.scans

NO_CREDENTIALS = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))


@entity("doc")
class Doc:
    """A document."""

    name: str
    data: bytes = payload(default=b"", compress_over=None)

    primary = key("DOC#{name}", "~")
    by_name = gsi(1, "NAME#{name}", "~")


SCHEMA = Schema([Doc])
NAMED = "tests.integration.test_backup_commands:SCHEMA"
IN_BUCKET = Schema([Doc], Table("dynastore", SCHEMA.table.indexes, bucket="agent-payloads"))
NAMED_IN_BUCKET = NAMED.replace(":SCHEMA", ":IN_BUCKET")


@pytest.fixture
def where(tmp_path):
    url = f"sqlite:///{tmp_path / 'table.db'}"
    with Store.connect(url, SCHEMA) as store:
        store.put_many([Doc(name=f"d{number}") for number in range(3)])
    return url


@pytest.fixture
def table():
    """A table of DynamoDB with a bucket, and one document in it."""
    with mock_aws():
        for bucket in ("agent-payloads", "restored-payloads"):
            boto3.client("s3").create_bucket(
                Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
            )
        with Store.connect("agent-state", IN_BUCKET, create=True) as store:
            store.put(Doc(name="small"))
            store.put(Doc(name="large", data=bytes(500_000)))
        yield "agent-state"


def call(command, *words, env=None, **options):
    env = {"COLUMNS": "200", **(env or {})}
    return CliRunner().invoke(app, ["backup", command, *words], env=env, **options)


def test_a_file_is_kept_listed_restored_and_its_backup_deleted(where, tmp_path):
    made = call("create", NAMED, where, "--name", "nightly", "--json")
    backup = json.loads(made.stdout)
    assert (backup["name"], backup["status"]) == ("nightly", "AVAILABLE")
    with Store.connect(where, SCHEMA) as store:
        store.put(Doc(name="later"))
    assert [json.loads(call("list", NAMED, where, "--json").stdout)] == [backup]
    assert "nightly" in call("list", NAMED, where).stdout
    new = f"sqlite:///{tmp_path / 'new.db'}"
    restored = call("restore", NAMED, where, "--to", new)
    assert restored.stdout == "dynastore is ready\n"
    assert f"Now look at it: dynastore verify {NAMED} {new}" in restored.stderr
    with Store.connect(new, SCHEMA) as store:
        assert sorted(each.name for each in store.scan(Doc)) == ["d0", "d1", "d2"]
    again = call("restore", NAMED, where, "--to", new)
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    assert call("delete", NAMED, where, "--backup", "nightly", input="n\n").exit_code
    assert call("delete", NAMED, where, "--backup", "nightly", "--yes").exit_code == 0
    assert "has no backups" in call("list", NAMED, where).stdout


def test_a_table_is_restored_with_its_objects(table):
    made = call("create", NAMED_IN_BUCKET, table)
    assert made.exit_code == 0
    assert "objects in bucket agent-payloads are not in it" in made.stderr
    refused = call("restore", NAMED_IN_BUCKET, table, "--to", "agent-state-new")
    assert (refused.exit_code, "--to-bucket" in refused.stderr) == (2, True)
    words = (NAMED_IN_BUCKET, table, "--to", "agent-state-new")
    same = call("restore", *words, "--to-bucket", "agent-payloads")
    assert (same.exit_code, "is the old table's" in same.stderr) == (2, True)
    done = call("restore", *words, "--to-bucket", "restored-payloads", "--json")
    told = json.loads(done.stdout)
    assert told["table"] == "agent-state-new"
    assert told["set"] == ["time to live", "stream", "point-in-time recovery"]
    objects = {"items": 2, "objects": 1, "copied": 1, "missing": 0, "cursor": None}
    assert told["objects"] == objects
    taken = call("restore", *words, "--to-bucket", "restored-payloads")
    assert (taken.exit_code, "TableAlreadyExists" in taken.stderr) == (1, True)
    more = call("restore", *words, "--to-bucket", "restored-payloads", "--go-on")
    assert "0 of 1 objects copied" in more.stdout
    assert "Not restored, and not set: tags, alarms" in more.stderr


def test_objects_that_a_sweep_has_deleted_are_told(table):
    call("create", NAMED_IN_BUCKET, table)
    found = boto3.client("s3").list_objects_v2(Bucket="agent-payloads")["Contents"]
    boto3.client("s3").delete_object(Bucket="agent-payloads", Key=found[0]["Key"])
    words = (NAMED_IN_BUCKET, table, "--to", "agent-state-new", "--to-bucket", "restored-payloads")
    done = call("restore", *words)
    assert done.exit_code == 3
    assert "1 objects are gone" in done.stderr


def test_objects_may_stay_where_they_are(table):
    call("create", NAMED_IN_BUCKET, table)
    words = (NAMED_IN_BUCKET, table, "--to", "agent-state-new", "--without-objects", "--no-pitr")
    told = json.loads(call("restore", *words, "--json").stdout)
    assert (told["set"], told["objects"]) == (["time to live", "stream"], None)


def test_point_in_time_recovery(table):
    assert "is off" in call("pitr", NAMED_IN_BUCKET, table).stdout
    words = ("--at", "latest", "--to", "agent-state-new", "--without-objects")
    refused = call("pitr", NAMED_IN_BUCKET, table, *words)
    assert (refused.exit_code, "--enable" in refused.stderr) == (2, True)
    assert "as it was from" in call("pitr", NAMED_IN_BUCKET, table, "--enable").stdout
    assert json.loads(call("pitr", NAMED_IN_BUCKET, table, "--json").stdout)["enabled"] is True
    done = call("pitr", NAMED_IN_BUCKET, table, *words)
    assert done.stdout.startswith("agent-state-new is ready; set: time to live")
    with Store.connect("agent-state-new", IN_BUCKET, create=False) as store:
        assert store.get(Doc, name="small")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["pitr"], "SQLite keeps no past"),
        (["restore", "--to", "agent-state-new"], "sqlite:///NEW.db"),
        (["restore", "--to", "sqlite:///new.db"], "has no backup that is available"),
        (["restore", "--to", "sqlite:///new.db", "--backup", "none"], "it has none"),
        (["create", "--name", "no name"], "names no backup"),
        (["delete", "--backup", "none"], "0 backups are called 'none'"),
    ],
)
def test_what_is_wrong_is_said(where, words, says):
    command, *options = words
    called = call(command, NAMED, where, *options)
    assert (called.exit_code, says in called.stderr) == (2, True)


@pytest.mark.parametrize("at", ["yesterday", "2026-03-01T12:00:00"])
def test_a_moment_has_a_time_zone(table, at):
    call("pitr", NAMED_IN_BUCKET, table, "--enable")
    words = ("--at", at, "--to", "agent-state-new", "--without-objects")
    called = call("pitr", NAMED_IN_BUCKET, table, *words)
    assert (called.exit_code, at in called.stderr) == (2, True)
    called = call("pitr", NAMED_IN_BUCKET, table, "--at", "latest")
    assert (called.exit_code, "--at TIME --to NEW" in called.stderr) == (2, True)


def test_a_table_or_file_that_is_not_there_is_a_failure(tmp_path):
    missing = f"sqlite:///{tmp_path / 'none.db'}"
    assert call("create", NAMED, missing).exit_code == 1
    assert not (tmp_path / "none.db").exists()
    with mock_aws():
        called = call("create", NAMED, "agent-state")
        assert (called.exit_code, "there is no table agent-state" in called.stderr) == (1, True)


@pytest.mark.parametrize("words", [["create"], ["list"], ["restore", "--to", "new"], ["pitr"]])
def test_without_credentials_it_is_told_what_to_do(words):
    command, *options = words
    called = call(command, NAMED, "agent-state", *options, env=NO_CREDENTIALS)
    assert called.exit_code == 1
    assert "credentials" in called.stderr.lower()
    assert "Traceback" not in called.output


def test_ctrl_c_says_how_to_go_on(table, monkeypatch):
    def interrupted(schema):
        raise KeyboardInterrupt

    call("create", NAMED_IN_BUCKET, table)
    words = (NAMED_IN_BUCKET, table, "--to", "agent-state-new", "--without-objects")
    with monkeypatch.context() as patched:
        patched.setattr(backups.backups, "is_ready", interrupted)
        called = call("restore", *words)
    assert called.exit_code == 130
    assert "Go on with --go-on" in called.stderr
    assert call("restore", *words, "--go-on").exit_code == 0
