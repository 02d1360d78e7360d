"""What is stored may come from anybody: no terminal obeys it, rich takes none of it for a style."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys

import pytest
from rich.console import Console
from typer.testing import CliRunner

pytest.importorskip("langgraph.checkpoint.base", reason="needs the extra dynastore[langgraph]")

from langgraph.checkpoint.base import empty_checkpoint

from dynastore import Schema, Store, entity, field, gsi, key
from dynastore.agents import ENTITIES, Session
from dynastore.cli import matrix
from dynastore.cli.app import app
from dynastore.cli.endings import DONE, WRONG_ITEMS
from dynastore.cli.saying import OBEYED, say, visible
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.requests import PutItem

pytestmark = pytest.mark.scans

NAMED = f"{__name__}:SCHEMA"
EVIL = "\x1b]0;owned\x07\x1b[31m\x9b31m\u202e[bold][/]"  # a terminal's, and rich's
FOLDER = "a[/b]"
LINES = f"{EVIL}\nall is well"


@entity("plant", schema=2, upcasters={1: dict})
class Plant:
    name: str
    kind: str = ""
    notes: dict[str, str] = field(factory=dict)

    primary = key("PLANT[/]#{name}", "~")
    by_kind = gsi(1, "KIND[/]", "{kind}")


SCHEMA = Schema([*ENTITIES, Plant])


@pytest.fixture
def where(tmp_path) -> str:
    """A file with entities, scopes, threads and broken items of hostile names, in a folder of one."""
    folder = tmp_path / FOLDER
    folder.mkdir(parents=True)
    url = f"sqlite:///{folder / 'table.db'}"
    with Store.connect(url, SCHEMA) as store:
        store.put(Plant(name=LINES, kind=EVIL, notes={LINES: EVIL}))
        now = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
        store.put(Session(session_id=LINES, user_id=EVIL, title=LINES, created_at=now))
        store.scope(EVIL).scope(EVIL).put(Plant(name=LINES))
        stored = {"PK": f"PLANT[/]#{LINES}2", "SK": "~", "TYPE": "plant", "kind": LINES}
        store.run(iter(PutItem(SCHEMA.table.name, {n: {"S": v} for n, v in stored.items()})))
        saver = DynastoreSaver(store)
        config = {"configurable": {"thread_id": LINES, "user_id": EVIL, "checkpoint_ns": ""}}
        saver.put(config, empty_checkpoint(), {"source": "loop", "step": 0}, {})
    return url


def call(*words: str, columns: int = 200):
    return CliRunner().invoke(app, [*words], env={"COLUMNS": str(columns)})


COMMANDS = (
    ("archived", "list"),
    ("backup", "create"),
    ("backup", "list"),
    ("browse", "--query", "Plant()"),
    ("browse", "--query", f"Plant(name={EVIL!r})"),
    ("reindex",),
    ("scope", "delete", "--scope", EVIL, "--yes"),
    ("scope", "list"),
    ("scope", "list", "--limit", "1", "--scope", EVIL),
    ("scope", "move", "--scope", EVIL, "--to", "other", "--writers-stopped", "--yes"),
    ("scope", "stats"),
    ("sweep",),
    ("upcast",),
    ("verify",),
    ("threads", "list"),
    ("threads", "check"),
    ("threads", "repair"),
)


@pytest.mark.parametrize("form", ["text", "json"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_what_a_terminal_would_obey_is_shown_and_not_obeyed(where, command, form):
    name = command[: 1 + (command[0] in {"archived", "backup", "scope", "threads"})]
    places = [where] if command[0] == "threads" else [NAMED, where]
    options = [*command[len(name) :], *(["--json"] if form == "json" else [])]
    called = call(*name, *places, *options)
    assert isinstance(called.exception, SystemExit | None), called.exception
    if name != ("scope", "move"):  # refused: a table cannot be called as the scope is
        assert called.exit_code in {DONE, WRONG_ITEMS}, called.output
    assert not OBEYED.search(called.output), ascii(called.output)
    assert "\nall is well" not in called.output
    if form == "json":
        assert all(isinstance(json.loads(line), dict) for line in called.stdout.splitlines())


def test_names_are_whole_where_rich_would_take_a_part_for_a_style(where):
    assert f" {visible(EVIL)}\n" in call("scope", "list", NAMED, where).stdout
    assert visible(LINES) in call("threads", "list", where).stdout
    assert call("backup", "create", NAMED, where).exit_code == DONE
    assert FOLDER in call("backup", "list", NAMED, where).stdout


@pytest.mark.parametrize("columns", [80, 140])
def test_templates_of_keys_are_no_styles(columns):
    called = call("patterns", NAMED, columns=columns)
    assert called.exit_code == DONE, called.exception
    assert "PLANT[/]#{name} | ~" in called.stdout
    assert "one partition, KIND[/];" in called.stdout.replace("\n", " ")


def test_json_stays_the_same_json(capsys):
    said = {"name": LINES, "more": "\x7f\u2028ä"}
    say(json.dumps(said, ensure_ascii=False))
    printed = capsys.readouterr().out
    assert json.loads(printed) == said
    assert not OBEYED.search(printed)


def test_a_stream_without_the_characters_shows_them_escaped(where):
    with Store.connect(where, SCHEMA) as store:
        store.scope("grün").put(Plant(name="a"))
    listed = subprocess.run(
        [sys.executable, "-m", "dynastore", "scope", "list", NAMED, where],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
    )
    assert listed.returncode == DONE, listed.stderr
    assert rb"gr\xfcn" in listed.stdout


def test_a_word_that_is_no_text_is_refused(where):
    called = call("scope", "list", NAMED, where, "--after", "\udcff")
    assert (called.exit_code, called.stderr) == (
        2,
        "dynastore: \\udcff is no UTF-8; a name of a file or table here has to be\n",
    )


def test_keys_have_room_on_a_narrow_terminal(capsys):
    matrix.show(Console(width=80), SCHEMA)
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    place = lines.index("Session.by_user on GSI1: 100 items, 12.2 to read, 1 to write")
    assert lines[place + 1] == "U#{user_id} | CONVERSATION, {created_at}, {session_id}"


def test_a_schema_of_nothing_has_no_patterns(capsys):
    for width in (80, 140):
        matrix.show(Console(width=width), Schema([]))
        assert capsys.readouterr().out.startswith("Table dynastore")
