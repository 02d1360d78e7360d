"""``dynastore docs``, as a person calls it."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner, Result

from dynastore.cli.app import app

SCHEMA = "manual.models:schema"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def called(*words: str) -> Result:
    return CliRunner().invoke(app, ["docs", *words])


def test_it_writes_three_files_and_says_which(folder):
    done = called(SCHEMA)
    assert done.exit_code == 0
    named = ["tasks.md", "tasks.html", "tasks.workbench.json"]
    assert done.stdout.split() == [f"schema-docs/{name}" for name in named]
    assert {path.name for path in (folder / "schema-docs").iterdir()} == {*named}
    assert (
        json.loads((folder / "schema-docs/tasks.workbench.json").read_text())["ModelName"]
        == "tasks"
    )


def test_json_names_each_file_and_its_size(folder):
    done = called(
        SCHEMA, "--json", "--output", "pages/of/it", "--format", "html", "--format", "markdown"
    )
    *files, summary = map(json.loads, done.stdout.splitlines())
    assert [each["format"] for each in files] == ["html", "markdown"]
    for each in files:
        assert (folder / each["file"]).stat().st_size == each["bytes"]
    assert summary == {"files": 2}


def test_one_form_goes_to_the_output():
    done = called(SCHEMA, "--format", "markdown", "--output", "-")
    assert done.stdout.startswith("# Table tasks\n")
    assert done.stdout.endswith("|\n")


@pytest.mark.parametrize("words", [[], ["--format", "html", "--json"]])
def test_what_cannot_be_printed_is_refused(words):
    done = called(SCHEMA, "--output", "-", *words)
    assert done.exit_code == 2
    assert "one --format" in done.stderr


def test_no_schema_no_form_and_no_folder_say_so(folder):
    assert called("nowhere:schema").exit_code == 2
    assert called(SCHEMA, "--format", "pdf").exit_code == 2
    (folder / "taken").write_text("")
    done = called(SCHEMA, "--output", "taken")
    assert done.exit_code == 1
    assert "taken cannot be written" in done.stderr
