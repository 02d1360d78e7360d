"""Calls that cannot be carried out end with a line that says why, and never with a traceback."""

from __future__ import annotations

import subprocess
import sys

import pytest
from typer.testing import CliRunner

from dynastore.cli.app import app
from dynastore.cli.endings import DONE, FAILURE, USAGE

AGENTS = "dynastore.agents:agent_schema"
BROKEN = """\
from dynastore import Schema

class Odd:
    def __repr__(self):
        raise KeyError("odd")

odd = Odd()

def makes():
    raise RuntimeError("no database")

def needs(place):
    return Schema([])

def makes_odd():
    return odd
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("broken_module", "raises_module", "exits_module", "no_python"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    (tmp_path / "broken_module.py").write_text(BROKEN)
    (tmp_path / "raises_module.py").write_text("\n\n1 / 0\n")
    (tmp_path / "exits_module.py").write_text("raise SystemExit(7)\n")
    (tmp_path / "no_python.py").write_text("def (:\n")
    return tmp_path


def call(*words: str):
    return CliRunner().invoke(app, [*words], env={"COLUMNS": "200"})


@pytest.mark.parametrize(
    ("schema", "says"),
    [
        ("raises_module:schema", "cannot be imported: ZeroDivisionError: division by zero, at"),
        ("raises_module:schema", "raises_module.py, line 3"),
        ("exits_module:schema", "cannot be imported: SystemExit: 7, at"),
        ("no_python:schema", "cannot be imported: invalid syntax (no_python.py, line 1)"),
        ("broken_module:makes", "makes no schema: RuntimeError: no database, at"),
        ("broken_module:needs", "missing 1 required positional argument: 'place'"),
        ("broken_module:makes_odd", "KeyError: 'odd'"),
        (".module:schema", "cannot be imported"),
    ],
)
def test_a_module_that_fails_is_told_in_a_line_with_the_place(folder, schema, says):
    called = call("patterns", schema)
    assert called.exit_code == USAGE, called.exception
    assert says in called.stderr
    assert called.stderr.count("\n") == 1


@pytest.mark.parametrize("name", ["", "ab", "a b", "[/]"])
@pytest.mark.parametrize(
    "command",
    ["template", "iam policy --scope qa --account 123456789012 --region eu-west-1"],
)
def test_a_table_that_cannot_be_called_so_is_refused(command, name):
    first, *rest = command.split()
    named = [rest.pop(0)] if first == "iam" else []
    called = call(first, *named, AGENTS, *rest, "--table", name)
    assert called.exit_code == USAGE, called.exception
    assert f"{name!r} names no table" in called.stderr


@pytest.mark.parametrize("kind", ["text", "folder"])
def test_a_backup_of_what_is_no_database_says_so(folder, kind):
    place = folder / "agent.db"
    place.mkdir() if kind == "folder" else place.write_text("hello " * 1_000)
    called = call("backup", "create", AGENTS, "sqlite:///agent.db")
    assert called.exit_code == FAILURE, called.exception
    assert str(place) in called.stderr


def test_a_place_that_the_system_refuses_is_told(folder):
    assert call("demo", "--where", "sqlite:///a.db").exit_code == DONE
    called = call("export", AGENTS, "sqlite:///a.db", "--to", "x" * 300)
    assert called.exit_code == FAILURE, called.exception
    assert "File name too long: " in called.stderr


@pytest.mark.parametrize(
    "option", [("--ttl-days", "1e30"), ("--ttl-days", "nan"), ("--endpoint-url", "nowhere")]
)
def test_options_of_a_migration_are_checked(folder, option):
    pytest.importorskip("langgraph_checkpoint_aws", reason="needs the extra dynastore[migrate]")
    words = ("migrate", "langgraph", "--from-table", "old", "sqlite:///a.db", "--scan")
    called = call(*words, *option)
    assert called.exit_code == USAGE, called.exception
    assert option[1].removeprefix("1e30") in called.stderr


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_who_has_read_enough_of_it_ends_it_without_a_word(folder, form):
    words = [sys.executable, "-m", "dynastore", "demo", "--where", "sqlite:///a.db", *form]
    for _ in range(2):  # the second time all of it is there, and the first line comes later
        running = subprocess.Popen(
            words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=folder, text=True
        )
        running.stdout.close()
        assert running.stderr.read() == ""
        assert running.wait(timeout=30) == FAILURE
        running.stderr.close()


@pytest.mark.parametrize("missing", ["typer", "textual"])
def test_what_is_missing_of_the_extra_is_named_with_what_installs_it(folder, missing):
    code = (
        f"import sys; sys.modules[{missing!r}] = None; sys.stdout.isatty = lambda: True;"
        "import dynastore.cli; dynastore.cli.main()"
    )
    called = subprocess.run(
        [sys.executable, "-c", code, "browse", AGENTS, "sqlite:///a.db"],
        capture_output=True,
        text=True,
    )
    assert (called.returncode, called.stderr) == (
        FAILURE,
        f'the command line needs {missing}: pip install ".[cli]" in a clone of dynastore\n',
    )
