"""``dynastore export`` and ``dynastore import``, as a person calls them."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import boto3
import pytest
from moto import mock_aws
from typer.testing import CliRunner

from dynastore import Schema, Store, Table, entity, gsi, key, payload
from dynastore.cli import exporting
from dynastore.cli.app import app
from dynastore.testing import recorded

pytestmark = pytest.mark.scans

NO_CREDENTIALS = dict.fromkeys(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"))


@entity("doc")
class Doc:
    """A document."""

    name: str
    data: bytes = payload(default=b"", compress_over=None)

    primary = key("DOC#{name}", "~")
    by_name = gsi(1, "NAME#{name}", "~")


@entity("doc")
class Later:
    """The same, with another access pattern."""

    name: str
    data: bytes = payload(default=b"", compress_over=None)

    primary = key("DOC#{name}", "~")
    by_name = gsi(1, "NAMED#{name}", "~")


@entity("other")
class Other:
    """Another one."""

    name: str

    primary = key("OTHER#{name}", "~")


SCHEMA, LATER, OTHER = Schema([Doc]), Schema([Later]), Schema([Other])
IN_BUCKET = Schema([Doc], Table("dynastore", SCHEMA.table.indexes, bucket="agent-payloads"))
NAMED = "tests.integration.test_export_commands:SCHEMA"
NAMED_IN_BUCKET = "tests.integration.test_export_commands:IN_BUCKET"
COUNTS = {"doc": 4, "~part": 2, "~scope": 1}


@pytest.fixture
def where(tmp_path, monkeypatch):
    """A file with documents, one of them in parts, and one in a scope."""
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path / 'table.db'}"
    with Store.connect(url, SCHEMA) as store:
        store.put_many([Doc(name=f"d{number}") for number in range(2)])
        store.put(Doc(name="large", data=bytes(700_000)))
        store.scope("team").put(Doc(name="inside"))
    return url


def call(*words, env=None, **options):
    env = {"COLUMNS": "200", **(env or {})}
    return CliRunner().invoke(app, [*words], env=env, **options)


def test_a_table_goes_through_a_file_into_another(where, tmp_path):
    called = call("export", NAMED, where, "--to", "dump.jsonl.gz", "--json")
    told = json.loads(called.stdout)
    assert (told["items"], told["entities"], told["missing"]) == (7, COUNTS, 0)
    lines = gzip.decompress(Path("dump.jsonl.gz").read_bytes()).splitlines()
    assert [next(iter(json.loads(each))) for each in lines] == ["Export", *["Item"] * 7, "End"]
    target = f"sqlite:///{tmp_path / 'new.db'}"
    checked = call("import", NAMED, target, "--from", "dump.jsonl.gz", "--dry-run")
    assert checked.stdout.startswith(f"7 items, {told['size_bytes']:,} bytes, checksum")
    assert not (tmp_path / "new.db").exists()
    done = call("import", NAMED, target, "--from", "dump.jsonl.gz")
    assert done.exit_code == 0
    assert done.stdout.startswith("7 items and 0 objects written; 7 items")
    assert done.stderr == ""
    again = call("export", NAMED, target, "--dry-run", "--json")
    assert json.loads(again.stdout) == {**told, "to": None}
    assert call("verify", NAMED, target).exit_code == 0


def test_a_person_reads_counts_and_the_checksum(where):
    called = call("export", NAMED, where, "--to", "dump")
    assert called.stdout.startswith("7 items, 700,881 bytes, checksum ")
    assert called.stdout.endswith("; in dump\n")
    assert call("export", NAMED, where, "--dry-run").stdout.strip() in called.stdout


def test_a_scope_alone(where, tmp_path):
    called = call("export", NAMED, where, "--to", "dump", "--scope", "team", "--json")
    assert json.loads(called.stdout)["entities"] == {"doc": 1, "~scope": 1}
    target = f"sqlite:///{tmp_path / 'new.db'}"
    assert call("import", NAMED, target, "--from", "dump").exit_code == 0
    with Store.connect(target, SCHEMA) as store:
        assert [*store.scopes()] == ["team"]
        assert store.scope("team").get(Doc, name="inside")


def test_plain_lines(where):
    call("export", NAMED, where, "--to", "dump", "--plain")
    header, *_ = Path("dump/00000001.jsonl").read_bytes().splitlines()
    assert json.loads(header)["Export"]["table"] == "dynastore"


def test_from_a_file_into_a_table_of_dynamodb_by_s3(where):
    with mock_aws():
        boto3.client("s3").create_bucket(
            Bucket="dumps", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"}
        )
        to = call("export", NAMED, where, "--to", "s3://dumps/agent/today", "--json")
        assert json.loads(to.stdout)["items"] == 7
        found = boto3.client("s3").list_objects_v2(Bucket="dumps")["Contents"]
        assert [each["Key"] for each in found] == ["agent/today/00000001.jsonl.gz"]
        taken = call("export", NAMED, where, "--to", "s3://dumps/agent/today")
        assert (taken.exit_code, "there is an export" in taken.stderr) == (2, True)
        done = call("import", NAMED, "agent-state", "--from", "s3://dumps/agent/today", "--json")
        told = json.loads(done.stdout)
        assert (told["items"], told["resumed"]) == (7, False)
        assert told["from"]["table"] == "dynastore"
        again = call("export", NAMED, "agent-state", "--dry-run", "--json")
        assert json.loads(again.stdout)["checksum"] == json.loads(to.stdout)["checksum"]


def test_objects_of_a_bucket_are_lines_too(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    old, new = (f"sqlite:///{tmp_path / each}.db" for each in ("old", "new"))
    with Store.connect(old, IN_BUCKET) as store:
        kept = store.put(Doc(name="large", data=bytes(range(250)) * 2_000))
    told = json.loads(call("export", NAMED_IN_BUCKET, old, "--to", "dump", "--json").stdout)
    assert (told["items"], told["objects"], told["object_bytes"]) == (1, 1, 500_001)
    refused = call("import", NAMED, new, "--from", "dump")
    assert (refused.exit_code, "the export has 1 objects" in refused.stderr) == (2, True)
    assert call("import", NAMED, new, "--from", "dump", "--bucket", "elsewhere").exit_code == 0
    elsewhere = IN_BUCKET.on(lambda table: Table(table.name, table.indexes, bucket="elsewhere"))
    with Store.connect(new, elsewhere) as store:
        assert store.get(Doc, name="large") == kept


def test_payloads_that_are_gone_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    url = f"sqlite:///{tmp_path / 'old.db'}"
    with Store.connect(url, IN_BUCKET) as store:
        store.put(Doc(name="large", data=bytes(500_000)))
    called = call("export", NAMED_IN_BUCKET, url, "--to", "dump", "--bucket", "another", "--json")
    assert called.exit_code == 3
    assert json.loads(called.stdout)["missing"] == 1
    assert "1 payloads are gone" in called.stderr


def test_a_table_with_items_asks_before_they_are_replaced(where):
    call("export", NAMED, where, "--to", "dump")
    refused = call("import", NAMED, where, "--from", "dump")
    assert (refused.exit_code, "has items" in refused.stderr) == (2, True)
    assert call("import", NAMED, where, "--from", "dump", "--into-existing", input="n\n").exit_code
    assert call("import", NAMED, where, "--from", "dump", "--into-existing", "--yes").exit_code == 0


def test_another_schema_is_told(where, tmp_path):
    call("export", NAMED, where, "--to", "dump")
    target = f"sqlite:///{tmp_path / 'new.db'}"
    later = call("import", NAMED.replace(":SCHEMA", ":LATER"), target, "--from", "dump")
    assert later.exit_code == 0
    assert "dynastore reindex" in later.stderr
    other = call("import", NAMED.replace(":SCHEMA", ":OTHER"), f"{target}2", "--from", "dump")
    assert (other.exit_code, "items of type doc" in other.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["export"], "--to"),
        (["export", "--to", "ftp://x"], "no place for an export"),
        (["export", "--to", "s3://"], "names no bucket"),
        (["export", "--to", "no/folder/dump"], "there is no folder"),
        (["export", "--to", "dump", "--segments", "0"], "segments"),
        (["export", "--to", "dump", "--units-per-second", "-1"], "above 0"),
        (["import"], "--from"),
        (["import", "--from", "nowhere"], "there is no export in"),
        (["import", "--from", "nowhere.jsonl"], "there is no export in"),
    ],
)
def test_what_is_wrong_is_said(where, words, says):
    command, *options = words
    called = call(command, NAMED, where, *options)
    assert (called.exit_code, says in called.stderr) == (2, True)
    assert "Traceback" not in called.stderr


def test_a_file_that_is_cut_off_is_told(where, tmp_path):
    call("export", NAMED, where, "--to", "dump.jsonl")
    file = tmp_path / "dump.jsonl"
    file.write_bytes(file.read_bytes()[:-300])
    called = call("import", NAMED, f"sqlite:///{tmp_path / 'new.db'}", "--from", "dump.jsonl")
    assert called.exit_code == 1
    assert "dump.jsonl" in called.stderr
    assert not (tmp_path / "new.db").exists()


@pytest.mark.parametrize("words", [["export", "--to"], ["import", "--from"]])
def test_without_credentials_it_is_told_what_to_do(where, words):
    command, option = words
    call("export", NAMED, where, "--to", "dump")
    place = "dump" if command == "import" else "another"
    called = call(command, NAMED, "agent-state", option, place, env=NO_CREDENTIALS)
    assert called.exit_code == 1
    assert "credentials" in called.stderr.lower()
    assert "Traceback" not in called.output


@pytest.mark.parametrize(("command", "option"), [("export", "--to"), ("import", "--from")])
def test_ctrl_c_says_that_the_next_call_goes_on(where, tmp_path, monkeypatch, command, option):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    if command == "import":
        call("export", NAMED, where, "--to", "dump")
        where = f"sqlite:///{tmp_path / 'new.db'}"
    monkeypatch.setattr(exporting.exports, {"import": "load"}.get(command, command), interrupted)
    called = call(command, NAMED, where, option, "dump")
    assert called.exit_code == 130
    assert "interrupted; dump is kept. Call again to go on" in called.stderr


def test_a_rate_is_kept(where, tmp_path):
    """Of 700 KB that are written at once, 10,000 units a second let some 0.07 s pass."""
    call("export", NAMED, where, "--to", "dump", "--units-per-second", "100000")
    target = f"sqlite:///{tmp_path / 'new.db'}"
    rate = ("--units-per-second", "10000")
    assert call("import", NAMED, target, "--from", "dump", *rate).exit_code == 0
    with Store.connect(target, SCHEMA) as store, recorded(store) as sent:
        assert store.get(Doc, name="large")
    assert len(sent) == 2
