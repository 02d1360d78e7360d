"""The demo: one request a question, as its plan says, on the sample and on real conversations."""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from attrs import evolve
from rich.console import Console
from typer.testing import CliRunner

from dynastore.agents import Run, Session, agent_schema
from dynastore.cli.app import app
from dynastore.cli.conversations import conversations
from dynastore.cli.demo import load
from dynastore.cli.questions import QUESTIONS, ask, names_of
from dynastore.operations.reading.planned import first_requests
from dynastore.testing import memory_store, recorded

from ..conformance.engines import LEFT_OUT, moto_server

NOW = dt.datetime(2026, 1, 5, tzinfo=dt.UTC)
REAL = Path(__file__).parents[3] / "shared" / "data" / "tau_bench_airline.jsonl"
needs_real_data = pytest.mark.skipif(
    not REAL.exists(), reason="the real conversations are not beside this checkout"
)
FILES = [
    pytest.param(None, id="sample"),
    pytest.param(REAL, id="real", marks=needs_real_data),
]


@pytest.fixture(params=FILES)
def file(request):
    return request.param


@pytest.fixture
def found(file):
    return conversations(file)


@pytest.fixture
def store(found):
    store = memory_store(agent_schema(), clock=lambda: NOW)
    load(Console(quiet=True), store, found)
    return store


def demo(folder, *arguments, **environment):
    command = [Path(sys.executable).with_name("dynastore"), "demo", *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "COLUMNS": "100", **environment},
        capture_output=True,
        text=True,
    )


def test_every_answer_is_one_request_and_the_one_that_its_plan_says(store, found):
    for question in QUESTIONS:
        answer = ask(store, question, names_of(found[-1]))
        (sent,) = answer.sent
        assert answer.entities, question.title
        if answer.plan is None:
            assert sent.request.operation == "GetItem"
            continue
        (planned,) = first_requests(store.schema, answer.plan, NOW)
        assert evolve(sent.request, limit=None) == planned
        for name, test in answer.plan.key:
            assert f"{name} {test}" in str(answer.plan)


def test_a_session_comes_back_whole(store, found):
    for conversation in (found[0], found[-1]):
        *runs, session = store.collection(Session, Run, session_id=conversation.conversation_id)
        assert isinstance(session, Session)
        assert session.run_count == len(runs)
        said = [message for run in runs for message in run.messages]
        assert said == [message for turn in conversation.turns for message in turn]


def test_a_load_that_was_interrupted_goes_on_where_it_stopped(found):
    store = memory_store(agent_schema())
    load(Console(quiet=True), store, found[:-2])
    with recorded(store) as sent:
        load(Console(quiet=True), store, found)
    sessions = [
        each for each in sent if "session" in str(getattr(each.request, "item", {}).get("TYPE"))
    ]
    assert len(sessions) == 2
    assert store.query(Session).count() == len(found)


def test_a_second_start_finds_everything_again(tmp_path, file):
    arguments = [] if file is None else [file]
    first = demo(tmp_path, *arguments)
    second = demo(tmp_path, *arguments)
    assert (first.returncode, second.returncode, first.stderr + second.stderr) == (0, 0, "")
    assert "has all" in second.stdout
    assert first.stdout.partition("1  Resume")[2] == second.stdout.partition("1  Resume")[2]


def test_as_json_it_is_an_answer_a_line_and_the_bill_last(tmp_path):
    done = demo(tmp_path, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    *answers, bill = map(json.loads, done.stdout.splitlines())
    assert [each["question"] for each in answers] == [each.title for each in QUESTIONS]
    assert answers[0]["requests"] == ["Query"]
    assert all(len(row) == len(each["columns"]) for each in answers for row in each["rows"])
    assert bill["read_units"] == sum(each["read_units"] for each in answers)
    assert (bill["loaded"]["stored"], bill["loaded"]["conversations"]) == (0, 6)


def test_on_another_server(tmp_path):
    if "moto" in LEFT_OUT:
        pytest.skip("DYNASTORE_SKIP_ENGINES leaves it out")
    with moto_server() as url:
        done = demo(tmp_path, "--endpoint-url", url, "--table", "agents")
    assert done.stderr == ""
    assert "agents got 6 conversations" in done.stdout


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read: No such file"),
        ("", "has no conversation"),
        ("{\n", "line 1 is no conversation"),
        ('{"conversation_id": "c1"}', "line 1 is no conversation: 'user_id' is missing"),
    ],
)
def test_a_bad_file_is_one_sentence(tmp_path, content, says):
    path = tmp_path / "file.jsonl"
    if content is not None:
        path.write_text(content)
    done = demo(tmp_path, path)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_server_that_is_not_there_is_one_sentence(tmp_path):
    done = demo(tmp_path, "--endpoint-url", "http://127.0.0.1:9")
    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stderr
    assert "Traceback" not in done.stderr


def test_what_was_archived_meanwhile_is_told(tmp_path):
    where = f"sqlite:///{tmp_path / 'demo.db'}"
    called = CliRunner().invoke(app, ["demo", "--where", where])
    assert called.exit_code == 0, called.exception
    archive = ("archive", "dynastore.agents:agent_schema", where, "--bucket", "agent-archive")
    assert CliRunner().invoke(app, [*archive, "--older-than", "1h"]).exit_code == 0
    again = CliRunner().invoke(app, ["demo", "--where", where])
    assert again.exit_code == 0, again.exception
    assert "archived" in again.stdout
