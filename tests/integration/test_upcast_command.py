"""``dynastore upcast``, as a person calls it."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import pytest
from typer.testing import CliRunner

from dynastore import Schema, Store, entity, key
from dynastore.cli.app import app


@entity("person")
class Old:
    """A person of older code."""

    name: str
    primary = key("PERSON#{name}", "~")


@entity("person", schema=2, upcasters={1: lambda fields: {**fields, "size": len(fields["name"])}})
class Person:
    """A person of today's."""

    name: str
    size: int
    primary = key("PERSON#{name}", "~")


@pytest.fixture
def where(tmp_path, monkeypatch):
    module = ModuleType("people")
    module.schema = Schema([Person])
    module.older = Schema([Old])
    monkeypatch.setitem(sys.modules, "people", module)
    url = f"sqlite:///{tmp_path / 'people.db'}"
    with Store.connect(url, Schema([Old])) as store:
        for name in ("Ann", "Bob"):
            store.put(Old(name=name))
    return url


def called(*words):
    return CliRunner().invoke(app, ["upcast", *words], env={"COLUMNS": "200"})


@pytest.mark.scans
def test_old_items_are_rewritten_once(where):
    dry = called("people:schema", where, "--dry-run")
    assert (dry.exit_code, dry.stdout) == (0, "Person: 2 items of older schemas to rewrite\n")
    done = called("people:schema", where, "--json")
    assert json.loads(done.stdout) == {
        "entity": "Person",
        "items": 2,
        "rewritten": 2,
        "cursor": None,
    }
    again = called("people:schema", where, "--entity", "Person")
    assert again.stdout == "Person: 0 items of older schemas found, 0 rewritten\n"
    with Store.connect(where, Schema([Person])) as store:
        assert store.get(Person, name="Ann") == Person(name="Ann", size=3)


def test_a_schema_without_upcasters_is_refused(where):
    for words in (["people:older"], ["people:schema", where, "--entity", "Nobody"]):
        refused = called(*words[:1], where, *words[2:])
        assert refused.exit_code == 2
        assert "has no upcasters" in refused.stderr
