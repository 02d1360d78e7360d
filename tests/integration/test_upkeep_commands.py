"""The commands that go through a whole table are called alike."""

from __future__ import annotations

import json

import pytest
import typer
from typer.testing import CliRunner

from dynastore import Store
from dynastore.cli.app import app

pytestmark = pytest.mark.scans

SCHEMA = "tests.integration.test_upkeep_commands:make_schema"
COMMANDS = ("verify", "reindex", "sweep", "upcast")
SHARED = {"endpoint_url", "scope", "segments", "units_per_second", "cursor", "json"}
WRITING = {"reindex", "sweep", "upcast"}


def make_schema():
    from dynastore import Schema, entity, key

    @entity("thing", schema=2, upcasters={1: dict})
    class Thing:
        """Something."""

        name: str
        primary = key("THING#{name}", "~")

    return Schema([Thing])


def call(*words):
    return CliRunner().invoke(app, [*words], env={"COLUMNS": "200"})


def parameters(command):
    found = typer.main.get_command(app).commands[command].params
    return {each.name: (each.opts, each.default, getattr(each, "help", None)) for each in found}


@pytest.mark.parametrize("command", COMMANDS)
def test_they_have_the_same_options(command):
    asked, verify = parameters(command), parameters("verify")
    assert [*asked][:2] == ["schema", "where"]
    assert {name: asked[name] for name in SHARED} == {name: verify[name] for name in SHARED}
    assert ("dry_run" in asked) == (command in WRITING)
    if command in WRITING:
        assert asked["dry_run"] == parameters("reindex")["dry_run"]


@pytest.fixture
def where(tmp_path):
    url = f"sqlite:///{tmp_path / 'table.db'}"
    with Store.connect(url, make_schema()) as store:
        store.create_table()
    return url


@pytest.mark.parametrize("command", COMMANDS)
def test_they_take_all_of_them(where, command):
    words = ["--scope", "qa", "--segments", "2", "--units-per-second", "1000", "--json"]
    dry = ["--dry-run"] if command in WRITING else []
    called = call(command, SCHEMA, where, *words, *dry)
    assert called.exit_code == 0, called.stderr
    assert json.loads(called.stdout)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--cursor", "x"], "no cursor"),
        (["--segments", "0"], "segments"),
        (["--units-per-second", "-1"], "above 0"),
        (["--scope", ""], "at least one character"),
    ],
)
def test_what_is_wrong_with_a_call_is_said(where, command, words, says):
    called = call(command, SCHEMA, where, *words)
    assert (called.exit_code, says in called.stderr) == (2, True)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_table_that_is_not_there_is_a_failure(tmp_path, command):
    called = call(command, SCHEMA, f"sqlite:///{tmp_path / 'none.db'}")
    assert called.exit_code == 1
    assert "there is no table" in called.stderr


@pytest.mark.parametrize("command", COMMANDS)
def test_a_schema_that_cannot_be_imported_is_said(where, command):
    called = call(command, "nowhere:schema", where)
    assert (called.exit_code, "cannot be imported" in called.stderr) == (2, True)


@pytest.mark.parametrize("command", COMMANDS)
def test_a_place_is_needed(command):
    called = call(command, SCHEMA)
    assert (called.exit_code, "DYNASTORE_URL" in called.stderr) == (2, True)
