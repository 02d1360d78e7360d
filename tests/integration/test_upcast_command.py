"""``dynastore upcast``, as a person calls it."""

from __future__ import annotations

import json
import sys
from types import ModuleType

import pytest
from typer.testing import CliRunner

from dynastore import Schema, Store, Upcasted, entity, gsi, key
from dynastore.changes import Unset
from dynastore.cli.app import app
from dynastore.errors import Throttled
from dynastore.requests import Key, UpdateItem


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
    by_size = gsi(1, "SIZE", "{size:2}")


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
        "failed": 0,
        "failures": {},
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
        whose = "Nobody has no upcasters" if words[2:] else "no class of this schema has upcasters"
        assert f"{whose}; nothing is old" in refused.stderr


@pytest.mark.scans
def test_what_is_outdated_is_told_as_json_too(where):
    command = ["verify", "people:schema", where, "--json"]
    verified = CliRunner().invoke(app, command, env={"COLUMNS": "200"})
    assert verified.exit_code == 3
    first, _, summary = map(json.loads, verified.stdout.splitlines())
    assert (first["finding"], first["stored"], first["known"]) == ("outdated", 1, 2)
    assert first["differences"]["GSI1R1"] == {"stored": None, "implied": {"S": "03"}}
    assert (summary["older"], summary["wrong"]) == (2, 2)
    assert called("people:schema", where).exit_code == 0
    well = CliRunner().invoke(app, command[:-1], env={"COLUMNS": "200"})
    assert well.stdout == "2 items: nothing wrong\n"


@pytest.mark.scans
def test_items_that_cannot_be_upcast_are_told_at_the_end(where):
    with Store.connect(where, Schema([Old])) as store:
        store.put_many([Old(name=f"p{number:02}") for number in range(12)])
        for number in range(12):
            key = Key(f"PERSON#p{number:02}", "~")
            store.client.send(UpdateItem("dynastore", key, {"name": Unset()}))
    verified = CliRunner().invoke(app, ["verify", "people:schema", where], env={"COLUMNS": "200"})
    assert verified.exit_code == 3
    assert verified.stdout.endswith(
        "14 items: 12 malformed, 2 outdated; 14 of older schemas: run dynastore upcast\n"
    )
    done = called("people:schema", where)
    assert done.exit_code == 3
    assert done.stdout == (
        "Person: 14 items of older schemas found, 2 rewritten, 12 cannot be upcast\n"
    )
    assert done.stderr.splitlines()[0] == (
        "the stored Person PERSON#p00 ~ does not fit its class at $: it is of schema 1: "
        "upcaster 1 of Person raised KeyError('name')"
    )
    assert done.stderr.endswith("and 2 more\n")
    told = json.loads(called("people:schema", where, "--json").stdout)
    assert (told["failed"], len(told["failures"])) == (12, 10)


@pytest.mark.scans
@pytest.mark.parametrize(
    "ending", [Throttled("SlowDown", "too many requests"), KeyboardInterrupt()]
)
def test_an_upcast_that_is_stopped_says_where_to_go_on(where, monkeypatch, ending):
    rounds = iter([Upcasted(3, 3, "abc"), ending])

    def one_round(*_, **__):
        done = next(rounds)
        if isinstance(done, BaseException):
            raise done
        return done

    monkeypatch.setattr(Store, "upcast", one_round)
    stopped = called("people:schema", where)
    assert stopped.exit_code == (130 if isinstance(ending, KeyboardInterrupt) else 1)
    assert stopped.stderr.endswith("Go on with --cursor abc --entity Person\n")
