"""``dynastore explain`` and ``dynastore patterns``, as a person calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from dynastore.agents import Session, agent_schema
from dynastore.cli.app import app
from dynastore.testing import memory_store

SCHEMA = "dynastore.agents:agent_schema"


def call(*words: str) -> Result:
    return CliRunner().invoke(app, [*words], env={"COLUMNS": "200"})


def test_a_query_is_explained_as_its_results_explain_it():
    query = 'Session(user_id="u1", title=any_of(None, begins_with("Re"))).newest_first().limit(5)'
    called = call("explain", SCHEMA, query)
    from dynastore import any_of, begins_with

    title = any_of(None, begins_with("Re"))
    sessions = memory_store(agent_schema()).query(Session, user_id="u1", title=title)
    assert called.stdout.strip() == sessions.newest_first().limit(5).explain()


def test_times_are_written_as_iso_8601():
    query = 'Session(user_id="u1", created_at=since(datetime("2026-01-05T12:00:00+00:00")))'
    assert "GSI1R2 >= '2026-01-05T12:00:00.000000Z'" in call("explain", SCHEMA, query).stdout


def test_json_and_mermaid_are_options():
    query = 'Session(session_id="s1")'
    assert json.loads(call("explain", SCHEMA, query, "--json").stdout)["entities"] == ["Session"]
    assert call("explain", SCHEMA, query, "--mermaid").stdout.startswith("flowchart")


@pytest.mark.parametrize(
    ("schema", "query", "says"),
    [
        (SCHEMA, 'Session(titel="x")', "Did you mean title?"),
        (SCHEMA, 'Sesion(title="x")', "no entity Sesion"),
        (SCHEMA, "Run(status='x')", "no access pattern of Run"),
        (SCHEMA, 'Session(title=open("x"))', "no literal and no term"),
        (SCHEMA, 'Session(title=since("x", "y"))', "since"),
        (SCHEMA, 'Session(created_at=datetime("x"))', "Invalid isoformat"),
        (SCHEMA, "Session(session_id=UUID(1))", "UUID(1): "),
        (SCHEMA, 'Session(session_id="x").delete()', ".delete() is none of"),
        (SCHEMA, 'Session(**{"title": "x"})', "name the fields"),
        (SCHEMA, "Session", "is no query"),
        (SCHEMA, "Session(", "no Python expression"),
        ("dynastore.agents", "Session()", "names no schema"),
        ("dynastore.agents:nothing", "Session()", "cannot be imported"),
        ("nowhere:schema", "Session()", "cannot be imported"),
        ("dynastore.agents:Session", "Session()", "Session"),
    ],
)
def test_what_cannot_be_explained_says_why(schema, query, says):
    called = call("explain", schema, query)
    assert called.exit_code == 2
    assert says in called.stderr


def test_a_schema_of_the_working_directory_is_found(tmp_path):
    (tmp_path / "models.py").write_text(
        "from dynastore import Schema, entity, key\n"
        "@entity('pet')\n"
        "class Pet:\n"
        "    name: str\n"
        "    primary = key('PETS', 'PET#{name}')\n"
        "schema = Schema([Pet])\n"
    )
    command = [Path(sys.executable).with_name("dynastore"), "explain", "models:schema", "Pet()"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert run.stdout.startswith("Query Pet by primary")


def test_patterns_are_a_table_with_remarks():
    called = call("patterns", SCHEMA)
    assert called.exit_code == 0
    for text in ("by_component", "EVALS", "Session.directory has"):
        assert text in called.stdout


def test_patterns_say_what_is_in_a_sparse_index_only(tmp_path, monkeypatch):
    (tmp_path / "sparse_models.py").write_text(
        "from dynastore import Schema, entity, gsi, key\n"
        "@entity('pet')\n"
        "class Pet:\n"
        "    name: str\n"
        "    sold: bool\n"
        "    primary = key('P#{name}', '~')\n"
        "    stock = gsi(1, 'STOCK', '{name}', when={'sold': False})\n"
        "schema = Schema([Pet])\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert "sold = False" in call("patterns", "sparse_models:schema").stdout
