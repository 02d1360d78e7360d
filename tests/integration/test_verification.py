"""``dynastore verify`` and ``dynastore reindex``, as a person calls them."""

from __future__ import annotations

import datetime as dt
import json
import random
import re
import string
import sys
from types import ModuleType

import pytest
from typer.testing import CliRunner

from dynastore import Schema, Store, entity, key, ref, unique
from dynastore.agents import Run, Session, agent_schema
from dynastore.changes import SetTo
from dynastore.cli.app import app
from dynastore.requests import Key, UpdateItem

pytestmark = pytest.mark.scans

SCHEMA = "dynastore.agents:agent_schema"
NOON = dt.datetime(2026, 1, 5, 12, tzinfo=dt.UTC)


@pytest.fixture
def where(tmp_path):
    return f"sqlite:///{tmp_path / 'agent.db'}"


@pytest.fixture
def store(where):
    with Store.connect(where, agent_schema()) as store:
        store.put_many(
            [
                Session(session_id=f"s{number}", user_id="ann", created_at=NOON, updated_at=NOON)
                for number in range(3)
            ]
        )
        yield store


def call(*words):
    return CliRunner().invoke(app, [*words], env={"COLUMNS": "200"})


def drift(store, name, text):
    (session,) = store.query(Session, session_id="s1")
    item = store.schema.codec(Session).encode(session, "")
    changes = {name: SetTo({"S": text})}
    store.client.send(UpdateItem(store.schema.table.name, Key.of(item), changes))


def test_a_table_that_is_well(store, where):
    called = call("verify", SCHEMA, where)
    assert (called.exit_code, called.stdout) == (0, "3 items: nothing wrong\n")


def test_what_has_drifted_is_found_shown_and_mended(store, where):
    drift(store, "GSI1H", "USER#bob")
    found = call("verify", SCHEMA, where)
    assert found.exit_code == 3
    assert "GSI1H is 'USER#bob', not" in found.stdout
    assert found.stdout.endswith("3 items: 1 drifted\n")
    dry = call("reindex", SCHEMA, where, "--dry-run")
    assert (dry.exit_code, dry.stdout) == (3, found.stdout)
    mended = call("reindex", SCHEMA, where, "--units-per-second", "1000")
    assert mended.exit_code == 0
    assert mended.stdout.endswith("3 items: 1 drifted, 1 mended\n")
    assert call("verify", SCHEMA, where).exit_code == 0


def test_json_is_an_object_a_line(store, where):
    drift(store, "GSI1H", "USER#bob")
    finding, summary = map(json.loads, call("reindex", SCHEMA, where, "--json").stdout.splitlines())
    assert finding["finding"] == "drifted"
    assert finding["mended"]
    assert finding["differences"]["GSI1H"]["stored"] == {"S": "USER#bob"}
    assert summary == {
        "finding": "summary",
        "items": 3,
        "guards": 0,
        "parts": 0,
        "consumers": 0,
        "scopes": 0,
        "unknown": {},
        "newer": 0,
        "older": 0,
        "malformed": 0,
        "misplaced": 0,
        "outdated": 0,
        "drifted": 1,
        "unguarded": 0,
        "duplicated": 0,
        "orphaned": 0,
        "mended": 1,
        "wrong": 0,
    }


@entity("member")
class Anyone:
    """A member, before the email had to be unique."""

    name: str
    email: str
    primary = key("MEMBER#{name}", "~")


@entity("member")
class Member:
    """A member."""

    name: str
    email: str
    primary = key("MEMBER#{name}", "~")
    one_email = unique("email")


def test_guards_of_unique_values_are_found_and_mended_too(tmp_path, monkeypatch):
    module = ModuleType("members")
    module.schema = Schema([Member])
    monkeypatch.setitem(sys.modules, "members", module)
    url = f"sqlite:///{tmp_path / 'members.db'}"
    with Store.connect(url, Schema([Anyone])) as before, Store.connect(url, module.schema) as store:
        store.put(Member(name="ann", email="a@x"))
        before.delete(ref(Anyone, name="ann"))
        before.put_many([Anyone(name="bob", email="b@x"), Anyone(name="eve", email="b@x")])
    found = call("verify", "members:schema", url)
    assert found.exit_code == 3
    *lines, summary = found.stdout.splitlines()
    assert {line.split(":")[0].split(",")[0] for line in lines} == {
        "Member MEMBER#bob ~ is unguarded",
        "Member MEMBER#eve ~ is a duplicate of MEMBER#bob ~",
        "guard UNIQUE#member#one_email#a@x ~ of Member.one_email is orphaned",
    }
    assert summary == "3 items: 1 unguarded, 1 duplicated, 1 orphaned; 1 guards of unique values"
    mended = call("reindex", "members:schema", url, "--json")
    assert mended.exit_code == 3
    *findings, summary = map(json.loads, mended.stdout.splitlines())
    assert {each["finding"]: each.get("mended") for each in findings} == {
        "unguarded": True,
        "duplicated": None,
        "orphaned": True,
    }
    assert next(each for each in findings if each["finding"] == "duplicated")["values"] == {
        "email": "b@x"
    }
    assert (summary["wrong"], summary["mended"]) == (1, 2)


def test_what_the_package_keeps_for_itself_is_no_unknown_type(store, where):
    runs = [{"text": f"{number}" * 100_000} for number in range(9)]
    noise = "".join(random.Random(1).choices(string.printable, k=600_000))
    store.put(
        Run(
            session_id="s1",
            run_id="r1",
            created_at=NOON,
            run_index=0,
            messages=[*runs, {"text": noise}],
        )
    )
    assert list(store.changes(Session, follow=False)) == []
    called = call("verify", SCHEMA, where)
    assert called.exit_code == 0
    assert re.fullmatch(
        r"\d items: nothing wrong; \d parts of payloads, 1 consumers of changes\n", called.stdout
    )


def test_what_cannot_be_mended_is_json_too(store, where):
    drift(store, "session_id", "s7")
    called = call("verify", SCHEMA, where, "--json")
    assert called.exit_code == 3
    finding = json.loads(called.stdout.splitlines()[0])
    assert finding["finding"] == "misplaced"
    assert finding["implied"]["pk"] != finding["pk"]


def test_a_scope_may_be_named(store, where):
    store.scope("qa").scope("n1").put(
        Session(session_id="s1", user_id="ann", created_at=NOON, updated_at=NOON)
    )
    outer = call("verify", SCHEMA, where, "--scope", "qa")
    assert outer.stdout == "3 items: nothing wrong; 2 entries of scopes\n"
    nested = call("verify", SCHEMA, where, "--scope", "qa", "--scope", "n1")
    assert nested.stdout == "2 items: nothing wrong; 1 entries of scopes\n"


def test_a_call_that_was_interrupted_goes_on(store, where):
    drift(store, "GSI1H", "USER#bob")
    verified = store.verify(units_per_second=1_000)
    verified.page()
    rest = call("reindex", SCHEMA, where, "--cursor", verified.cursor)
    assert rest.exit_code == 0
    assert call("verify", SCHEMA, where).exit_code == 0


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("--segments", "0"), 2, "1 to 1,000,000 segments"),
        (("--units-per-second", "-1"), 2, "above 0"),
        (("--cursor", "x"), 2, "cursor"),
        (("--scope", ""), 2, "at least one character"),
    ],
)
def test_what_is_wrong_with_a_call_is_said(store, where, words, status, says):
    called = call("verify", SCHEMA, where, *words)
    assert called.exit_code == status
    assert says in called.stderr


def test_a_table_that_is_not_there_is_not_made(tmp_path):
    called = call("verify", SCHEMA, f"sqlite:///{tmp_path / 'none.db'}")
    assert called.exit_code == 1
    assert "there is no table" in called.stderr
    assert "--cursor" not in called.stderr  # nothing was read
    assert not (tmp_path / "none.db").exists()


def test_a_place_is_needed():
    called = call("verify", SCHEMA)
    assert called.exit_code == 2
    assert "DYNASTORE_URL" in called.stderr
