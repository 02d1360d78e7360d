"""What holds of every command, also of one that is added tomorrow: it needs a row here.

Help in one voice, ``--json``, an end without a traceback where credentials are missing, and Ctrl-C.
"""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import boto3
import pytest
import typer
from attrs import frozen
from typer.testing import CliRunner

from dynastore import Store
from dynastore.cli.app import app
from dynastore.cli.asking import schema_named
from dynastore.cli.endings import DONE, FAILURE, INTERRUPTED, STATUSES, USAGE
from dynastore.cli.panels import PANELS

pytestmark = pytest.mark.scans

LONGEST_HELP = 100  # characters of the line that a list of commands shows
WAIT_SECONDS = 30  # for a process that is to end by itself
VOICE = re.compile(r"[A-Z][a-z]+(?<!s)(?<!ing) .*\.")


@frozen
class Row:
    """How a command is called.

    Attributes:
        words: those after its name; ``{schema}``, ``{table}``, ``{folder}``, ``{db}``, ``{query}`` and
            ``{export}`` stand for what the tests make.
        sends: whether it sends anything to AWS; such a command has --endpoint-url.
        no_json: why it has no --json.
        no_sqlite: why it does nothing for the table in an SQLite file that the tests make.
    """

    words: str
    sends: bool = True
    no_json: str = ""
    no_sqlite: str = ""


ROWS = {
    "demo": Row("--table {table}", no_sqlite="--where names the file, --table a DynamoDB table"),
    "explain": Row("{schema} {query}", sends=False),
    "patterns": Row("{schema}", sends=False),
    "docs": Row("{schema} --output {folder}", sends=False),
    "iam policy": Row(
        "{schema} --scope acme --account 123456789012 --region eu-west-1",
        sends=False,
        no_json="a policy is JSON, and nothing else is printed",
    ),
    "template": Row(
        "{schema}", sends=False, no_json="the template is what is printed; --format json"
    ),
    "browse": Row("{schema} {table} --query {query}"),
    "plan": Row("{schema} --table {table}", no_sqlite="a file is no stack"),
    "apply": Row("{schema} --table {table} --yes", no_sqlite="a file is no stack"),
    "destroy": Row("{schema} --table {table} --yes", no_sqlite="a file is no stack"),
    "doctor": Row("{schema} {table}", no_sqlite="a file is not deployed"),
    "backup create": Row("{schema} {table}"),
    "backup list": Row("{schema} {table}"),
    "backup delete": Row("{schema} {table} --backup nightly --yes", no_sqlite="there is none"),
    "backup restore": Row("{schema} {table} --to restored", no_sqlite="to a file, it is a URL"),
    "backup pitr": Row("{schema} {table}", no_sqlite="a file has none"),
    "export": Row("{schema} {table} --to {folder}.jsonl"),
    "import": Row("{schema} {table} --from {export} --into-existing --yes"),
    "archive": Row("{schema} {table} --older-than 90d --bucket agent-archive"),
    "archived list": Row("{schema} {table}"),
    "archived restore": Row("{schema} {table} --thread t1", no_sqlite="no thread is archived"),
    "verify": Row("{schema} {table}"),
    "reindex": Row("{schema} {table}"),
    "sweep": Row("{schema} {table}"),
    "upcast": Row("{schema} {table}"),
    "scope list": Row("{schema} {table}"),
    "scope stats": Row("{schema} {table}"),
    "scope delete": Row("{schema} {table} --scope acme --yes"),
    "scope move": Row("{schema} {table} --scope acme --to private --writers-stopped --yes"),
    "threads list": Row("{table}"),
    "threads check": Row("{table}"),
    "threads repair": Row("{table}"),
    "migrate langgraph": Row(
        "--from-table old {table} --scan", no_sqlite="the old table is one of DynamoDB"
    ),
    "migrate agno": Row("--from {db} {table}"),
}

MODELS = '''
import os
import signal
import time

from dynastore import Schema, entity, key
from dynastore.agents import ENTITIES


@entity("pet", schema=2, upcasters={1: dict})
class Pet:
    """An animal."""

    name: str
    primary = key("PET#{name}", "~")


schema = Schema([*ENTITIES, Pet])


def interrupted():
    """Somebody presses Ctrl-C while the schema is made."""
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(60)


def __getattr__(name):
    if name != "db":
        raise AttributeError(name)
    from agno.db.schemas.memory import UserMemory
    from agno.db.sqlite import SqliteDb

    old = SqliteDb(db_file="old.db")
    old.upsert_user_memory(UserMemory(memory="likes tea", memory_id="m1", user_id="ann"))
    return old
'''


EXPORTED = """\
{"Export":{"table":"agents","scopes":[],"schema":"0","began":"2026-01-05T12:00:00+00:00","version":1}}
{"Item":{"PK":{"S":"PET#rex"},"SK":{"S":"~"},"TYPE":{"S":"pet"},"name":{"S":"rex"}}}
{"End":{"items":1,"size_bytes":26,"checksum":"ad6d7b113b55359589f2f4ec50d85c73","objects":0,\
"object_bytes":0,"object_checksum":"00000000000000000000000000000000","entities":{"pet":1},"missing":0}}
"""


def walked(group, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every command and group of the app, by the words that call it."""
    for name, each in group.commands.items():
        yield (*path, name), each
        if hasattr(each, "commands"):
            yield from walked(each, (*path, name))


EVERYTHING = {" ".join(path): each for path, each in walked(typer.main.get_command(app))}
COMMANDS = {name: each for name, each in EVERYTHING.items() if not hasattr(each, "commands")}
SENDING = [name for name in COMMANDS if name in ROWS and ROWS[name].sends]
SILENT = [name for name in COMMANDS if name in ROWS and not ROWS[name].sends]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A folder with the module ``pets_of_commands`` and an export, in which the commands are called."""
    (tmp_path / "pets_of_commands.py").write_text(MODELS)
    (tmp_path / "rex.jsonl").write_text(EXPORTED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "pets_of_commands", raising=False)
    return tmp_path


def words_of(name: str, schema: str = "schema", table: str = "agents") -> list[str]:
    """The words of a command's call."""
    filled = {
        "schema": f"pets_of_commands:{schema}",
        "table": table,
        "folder": "pages",
        "db": "pets_of_commands:db",
        "query": 'Pet(name="rex")',
        "export": "rex.jsonl",
    }
    return [*name.split(), *(word.format(**filled) for word in ROWS[name].words.split())]


def documents_in(text: str) -> list[object]:
    """A JSON document of several lines, or one in each line."""
    try:
        return [json.loads(text)] if text else []
    except ValueError:
        return [json.loads(line) for line in text.splitlines()]


def options_of(command) -> set[str]:
    return {name for each in command.params for name in each.opts}


def test_every_command_has_a_row_that_says_how_it_is_called():
    assert set(COMMANDS) == set(ROWS)


def test_the_help_is_a_table_of_contents():
    """The panels are those of `PANELS`, in that order, and no command is outside of them."""
    panels = [each.rich_help_panel for name, each in EVERYTHING.items() if " " not in name]
    assert list(dict.fromkeys(panels)) == [each for each in PANELS if each in panels]
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "120"})
    assert shown.exit_code == DONE
    places = [shown.stdout.index(f"─ {each} ─") for each in dict.fromkeys(panels)]
    assert places == sorted(places)


def test_alone_it_shows_the_same_help():
    alone = CliRunner().invoke(app, [], env={"COLUMNS": "120"})
    assert "Usage:" in alone.output
    assert "patterns" in alone.output


@pytest.mark.parametrize("name", EVERYTHING)
def test_help_is_one_line_that_says_what_to_do(name):
    """An imperative, as ``Print …``, and not what it ``Prints`` or is for."""
    first = (EVERYTHING[name].help or "").split("\n\n")[0].replace("\n", " ")
    assert VOICE.fullmatch(first), first
    assert len(first) <= LONGEST_HELP


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_says_what_it_is(name):
    assert [each.name for each in COMMANDS[name].params if not getattr(each, "help", "")] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_what_it_tells_is_there_as_json_too(name):
    has_json = "--json" in options_of(COMMANDS[name])
    assert has_json is not bool(ROWS[name].no_json)


@pytest.mark.parametrize(
    "name", [name for name in ROWS if not ROWS[name].no_json and not ROWS[name].no_sqlite]
)
def test_what_is_printed_with_json_is_json(name, folder):
    schema, where = schema_named("pets_of_commands:schema"), f"sqlite:///{folder / 'agents.db'}"
    with Store.connect(where, schema, create=True) as store:
        store.create_table()
        store.scope("acme").put(schema.entities[-1](name="rex"))
    called = CliRunner().invoke(app, [*words_of(name, table=where), "--json"])
    assert called.exit_code == DONE, called.output
    assert all(isinstance(each, dict) for each in documents_in(called.stdout))


@pytest.mark.parametrize("name", SENDING)
def test_without_credentials_it_says_what_to_do_and_sends_nothing(name, folder, monkeypatch):
    def connect(*_) -> None:
        raise AssertionError("it touched the network")

    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    monkeypatch.setattr(socket.socket, "connect", connect)
    called = CliRunner().invoke(app, words_of(name))
    assert isinstance(called.exception, SystemExit), called.exception
    assert called.exit_code == FAILURE
    assert "AWS_PROFILE" in called.stderr
    assert "Traceback" not in called.output


@pytest.mark.parametrize("name", SENDING)
def test_without_a_region_the_call_is_wrong(name, folder, monkeypatch):
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    called = CliRunner().invoke(app, words_of(name))
    assert isinstance(called.exception, SystemExit), called.exception
    assert called.exit_code == USAGE
    assert "region" in called.stderr


@pytest.mark.parametrize("name", SILENT)
def test_what_sends_nothing_needs_no_credentials(name, folder, monkeypatch):
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(variable)
    assert CliRunner().invoke(app, words_of(name)).exit_code == DONE


@pytest.mark.parametrize("name", SILENT)
def test_ctrl_c_while_the_schema_is_made_ends_with_a_line(name, folder):
    ended = subprocess.run(
        [sys.executable, "-m", "dynastore", *words_of(name, schema="interrupted")],
        capture_output=True,
        text=True,
        timeout=WAIT_SECONDS,
    )
    assert (ended.returncode, ended.stderr) == (INTERRUPTED, "dynastore: interrupted\n")


@pytest.mark.parametrize("name", SENDING)
def test_ctrl_c_while_it_waits_for_an_answer_ends_with_a_line(name, folder):
    """A server takes the connection, never answers, and interrupts who waits for it."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        endpoint = f"http://127.0.0.1:{server.getsockname()[1]}"
        words = [*words_of(name), "--endpoint-url", endpoint]
        running = subprocess.Popen(
            [sys.executable, "-m", "dynastore", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        interrupting = threading.Thread(target=interrupt, args=(server, running), daemon=True)
        interrupting.start()
        _, said = running.communicate(timeout=WAIT_SECONDS)
    assert running.returncode == INTERRUPTED, said
    assert "interrupted" in said
    assert "Traceback" not in said


def interrupt(server: socket.socket, running: subprocess.Popen[str]) -> None:
    server.settimeout(WAIT_SECONDS)
    with suppress(TimeoutError):  # nobody came, and the test says so
        taken, _ = server.accept()
        with taken:
            taken.recv(1)
            os.kill(running.pid, signal.SIGINT)
            running.wait(timeout=WAIT_SECONDS)


def test_every_status_that_a_command_ends_with_is_in_the_table():
    assert set(STATUSES) == {DONE, FAILURE, USAGE, 3, INTERRUPTED}
    assert all(text.endswith(".") for text in STATUSES.values())


def test_a_shell_completes_the_names_of_commands():
    asked = {
        "_DYNASTORE_COMPLETE": "complete_bash",
        "COMP_WORDS": "dynastore pat",
        "COMP_CWORD": "1",
    }
    dynastore = Path(sys.executable).with_name("dynastore")
    done = subprocess.run([dynastore], env={**os.environ, **asked}, capture_output=True, text=True)
    assert done.stdout.split() == ["patterns"]


def test_the_script_of_completion_is_shown():
    dynastore = Path(sys.executable).with_name("dynastore")
    told = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    shown = subprocess.run(
        [dynastore, "--show-completion", "bash"], env=told, capture_output=True, text=True
    )
    assert (shown.returncode, "_DYNASTORE_COMPLETE=complete_bash" in shown.stdout) == (0, True)
