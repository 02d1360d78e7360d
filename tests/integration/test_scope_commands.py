"""``dynastore scope``, as a person calls it."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from dynastore import Schema, Store, Table, entity, gsi, key, payload
from dynastore.cli import scopes
from dynastore.cli.app import app
from dynastore.cli.rounds import Stopped, shown
from dynastore.errors import Unavailable
from dynastore.telemetry.scope_figures import ScopeFigures

pytestmark = pytest.mark.scans


@entity("doc")
class Doc:
    """A document."""

    name: str
    data: bytes = payload(default=b"")

    primary = key("DOC#{name}", "~")
    by_name = gsi(1, "NAME#{name}", "~")


SCHEMA = Schema([Doc])
NAMED = "tests.integration.test_scope_commands:SCHEMA"
DYNASTORE = Path(sys.executable).with_name("dynastore")
DEADLINE = 60.0  # seconds


def noise(seed, size):
    return random.Random(seed).randbytes(size)


@pytest.fixture
def where(tmp_path):
    """Tenants with agents, and something in no scope."""
    url = f"sqlite:///{tmp_path / 'table.db'}"
    with Store.connect(url, SCHEMA) as store:
        store.put(Doc(name="d"))
        for tenant in ("acme", "[b]old", "zoo"):
            for agent in ("dev", "qa"):
                store.scope(tenant).scope(agent).put(Doc(name="d"))
        store.scope("acme").scope("qa").put(Doc(name="e", data=noise(1, 350_000)))
    return url


def call(command, *words, answer=None):
    words = ["scope", command, NAMED, *words]
    return CliRunner().invoke(app, words, env={"COLUMNS": "200"}, input=answer)


def objects(called):
    return [json.loads(line) for line in called.stdout.splitlines()]


def listed(where):
    with Store.connect(where, SCHEMA) as store:
        return [*store.scopes()]


def test_a_scope_is_deleted_when_that_is_confirmed(where):
    refused = call("delete", where, "--scope", "acme", answer="n\n")
    assert refused.exit_code == 1
    assert "Delete everything of scope acme of table dynastore?" in refused.stderr
    assert call("delete", where, "--scope", "acme", answer="").exit_code == 1
    assert "acme" in listed(where)
    done = call("delete", where, "--scope", "acme", answer="y\n")
    assert done.exit_code == 0
    assert "5 items, 1 parts and 0 objects deleted, 350,719 bytes; nothing is left" in done.stdout
    assert listed(where) == ["[b]old", "zoo"]


def test_a_dry_run_asks_nothing_and_deletes_nothing(where):
    seen = call("delete", where, "--scope", "acme", "--dry-run", "--json")
    (told,) = objects(seen)
    assert (seen.exit_code, told["items"], told["parts"]) == (0, 5, 1)
    assert (told["left"], told["is_empty"], told["cursor"]) == (None, False, None)
    text = call("delete", where, "--scope", "acme", "--dry-run").stdout
    assert text.startswith("5 items, 1 parts and 0 objects would be deleted")
    assert listed(where) == ["[b]old", "acme", "zoo"]


def test_a_nested_scope_is_named_by_those_around_it(where):
    done = call("delete", where, "--scope", "zoo", "--scope", "qa", "--yes", "--json")
    (told,) = objects(done)
    assert (done.exit_code, told["items"], told["is_empty"]) == (0, 1, True)
    assert told["left"] == {"items": 0, "entries": 0, "objects": 0}
    with Store.connect(where, SCHEMA) as store:
        assert [*store.scope("zoo").scopes()] == ["dev"]


def test_the_bucket_of_a_table_is_emptied_of_the_scope_too(tmp_path):
    where = f"sqlite:///{tmp_path / 'table.db'}"
    schema = Schema([Doc], Table("dynastore", SCHEMA.table.indexes, bucket="agent-payloads"))
    with Store.connect(where, schema) as store:
        store.scope("qa").put(Doc(name="d", data=noise(1, 350_000)))
    (told,) = objects(
        call("delete", where, "--scope", "qa", "--bucket", "agent-payloads", "--yes", "--json")
    )
    assert (told["objects"], told["is_empty"]) == (1, True)


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (["--scope", "acme", "--cursor", "x"], 2, "no cursor"),
        (["--scope", "acme", "--segments", "0"], 2, "segments"),
        (["--scope", ""], 2, "a scope's name"),
        (["--scope", "acme", "--bucket", "No Bucket"], 2, "names no bucket"),
        ([], 2, "--scope"),
    ],
)
def test_what_is_wrong_is_said(where, words, status, says):
    called = call("delete", where, "--yes", *words)
    assert (called.exit_code, says in called.stderr) == (status, True)


@pytest.mark.parametrize("command", ["delete", "list", "stats"])
def test_a_table_that_is_not_there_is_a_failure(tmp_path, command):
    words = ["--scope", "x", "--yes"] if command == "delete" else []
    assert call(command, f"sqlite:///{tmp_path / 'none.db'}", *words).exit_code == 1


class WrittenMeanwhile(Store):
    """Somebody writes after the first round of a deletion."""

    def delete_scope(self, name, /, **options):
        done = super().delete_scope(name, **options)
        if options["cursor"] is None:
            self.scope(name).put(Doc(name="late"))
        return done


def test_what_is_left_is_an_exit_status_of_its_own(where, monkeypatch):
    def opened(schema, where, *rest):
        return WrittenMeanwhile.connect(where, SCHEMA)

    monkeypatch.setattr(scopes, "opened", opened)
    done = call("delete", where, "--scope", "acme", "--yes", "--json")
    (told,) = objects(done)
    assert done.exit_code == 3
    assert told["left"] == {"items": 1, "entries": 1, "objects": 0}
    assert "delete again" in done.stderr
    assert "acme" in listed(where)


@pytest.mark.parametrize("reason", [Unavailable("ServiceUnavailable", "later"), KeyboardInterrupt])
def test_a_failure_or_ctrl_c_on_the_way_says_where_to_go_on(where, reason):
    class Failing(Store):
        """Its second round fails."""

        def delete_scope(self, name, /, **options):
            if options["cursor"] is not None:
                raise reason
            return super().delete_scope(name, **options)

    with Failing.connect(where, SCHEMA) as store, pytest.raises(Stopped) as stopped:
        shown(
            "deleting",
            lambda cursor: store.delete_scope("acme", cursor=cursor, rounds=1),
            None,
            lambda done: scopes.line(done, dry_run=False),
        )
    assert f"Go on with --cursor {stopped.value.run.cursor}" in str(stopped.value)
    assert "acme" in listed(where)
    words = ("--scope", "acme", "--yes", "--json", "--cursor", stopped.value.run.cursor)
    assert objects(call("delete", where, *words))[0]["is_empty"]
    assert "acme" not in listed(where)


def test_a_deletion_that_is_killed_is_finished_by_the_next(tmp_path):
    url = f"sqlite:///{tmp_path / 'table.db'}"
    with Store.connect(url, SCHEMA) as store:
        store.scope("other").put(Doc(name="d"))
        store.scope("qa").put_many([Doc(name=f"d{each}") for each in range(2_000)])
        words = ["scope", "delete", NAMED, url, "--scope", "qa", "--yes", "--json"]
        words += ["--units-per-second", "2000"]
        root = Path(__file__).parents[2]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(root), *sys.path])}
        command = [sys.executable, str(DYNASTORE), *words]
        first = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + DEADLINE
        while store.scope("qa").get(Doc, name="d1999") and time.monotonic() < deadline:
            if first.poll() is not None or len(left(store)) < 2_000:
                break
            time.sleep(0.005)
        first.kill()
        first.wait()
        assert 0 < len(left(store)) < 2_000
        assert [*store.scopes()] == ["other", "qa"]
        again = subprocess.run(command[:-2], env=environment, capture_output=True, text=True)
        assert again.returncode == 0, again.stderr
        assert json.loads(again.stdout)["is_empty"]
        assert (left(store), [*store.scopes()]) == ([], ["other"])


def left(store):
    return [*store.scope("qa").scan(Doc)]


def test_scopes_are_listed_as_a_tree(where):
    assert call("list", where).stdout.split("\n") == [
        "dynastore",
        "├── [b]old",
        "│   ├── dev",
        "│   └── qa",
        "├── acme",
        "│   ├── dev",
        "│   └── qa",
        "└── zoo",
        "    ├── dev",
        "    └── qa",
        "",
    ]
    assert call("list", where, "--depth", "1", "--limit", "2").stdout.split("\n") == [
        "dynastore",
        "├── [b]old",
        "├── acme",
        "└── … more: --after acme",
        "",
    ]
    inside = call("list", where, "--scope", "[b]old", "--limit", "1").stdout.split("\n")
    assert inside[:3] == ["dynastore [b]old", "├── dev", "└── … more: --scope '[b]old' --after dev"]


def test_the_list_goes_on_after_a_name_and_is_json_for_programs(where):
    assert objects(call("list", where, "--after", "acme", "--json")) == [
        {"scope": ["zoo"]},
        {"scope": ["zoo", "dev"]},
        {"scope": ["zoo", "qa"]},
        {"scopes": 3},
    ]
    assert objects(call("list", where, "--limit", "1", "--json")) == [
        {"scope": ["[b]old"]},
        {"scope": ["[b]old", "dev"]},
        {"inside": ["[b]old"], "after": "dev"},
        {"inside": [], "after": "[b]old"},
        {"scopes": 2},
    ]


def test_stats_tell_items_and_bytes_of_each_scope(where):
    rows = call("stats", where).stdout
    for text in ("Scope", "(no scope)", "acme / qa", "[b]old / dev", "all"):
        assert text in rows
    *each, summary = objects(call("stats", where, "--json", "--segments", "2"))
    assert [(one["scope"], one["items"], one["parts"]) for one in each[:4]] == [
        ([], 1, 0),
        (["[b]old"], 1, 0),
        (["[b]old", "dev"], 2, 0),
        (["[b]old", "qa"], 2, 0),
    ]
    assert summary["scopes"] == len(each)
    assert summary["size_bytes"] == sum(one["size_bytes"] for one in each)
    assert summary["cursor"] is None
    *inside, _ = objects(call("stats", where, "--json", "--scope", "acme"))
    assert [one["scope"] for one in inside] == [["acme"], ["acme", "dev"], ["acme", "qa"]]


def figures_of(where, path, *scopes):
    """A file with what some reads in scopes took, as a process writes it."""
    figures = ScopeFigures()
    with Store.connect(where, SCHEMA) as store, store.observed(figures):
        for names in scopes:
            inside = store
            for name in names:
                inside = inside.scope(name)
            inside.get(Doc, name="d")
        list(store.scan(Doc))
    path.write_text("\n".join(figures.lines()))
    return str(path)


def test_stats_add_up_what_requests_of_several_processes_took(where, tmp_path):
    one = figures_of(where, tmp_path / "one.jsonl", ("acme", "qa"), ("[b]old", "qa"), ())
    two = figures_of(where, tmp_path / "two.jsonl", ("acme", "qa"))
    files = ["--requests", one, "--requests", two]
    told = objects(call("stats", *files, "--json"))
    told = [each for each in told if each["entity"] != "(table)"]
    found = {(str(each["scope"]), each["operation"]): each["requests"] for each in told}
    assert found == {
        ("[]", "GetItem"): 1,
        ("['[b]old', 'qa']", "GetItem"): 1,
        ("['acme', 'qa']", "GetItem"): 2,
        ("None", "Scan"): 2,
    }
    (acme,) = objects(call("stats", *files, "--scope", "acme", "--json"))
    assert (acme["entity"], acme["pattern"], acme["units"]) == ("doc", "primary", 1.0)
    rows = call("stats", *files).stdout
    for text in ("acme / qa", "[b]old / qa", "(no scope)", "(no single scope)", "primary", "Units"):
        assert text in rows


@pytest.mark.parametrize("line", ["{", "[]", '{"scope": null}', '{"scope": 1, "entity": "a"}'])
def test_a_file_of_something_else_is_refused_with_its_line(tmp_path, line):
    path = tmp_path / "other.jsonl"
    path.write_text(line)
    done = call("stats", "--requests", str(path))
    assert done.exit_code != 0
    assert f"line 1 of {path}" in done.stderr
    assert call("stats", "--requests", str(tmp_path / "none.jsonl")).exit_code == 2
