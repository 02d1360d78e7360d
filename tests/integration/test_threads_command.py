"""``dynastore threads`` where it cannot do what is asked."""

from __future__ import annotations

import json
from random import Random

import pytest
from typer.testing import CliRunner

pytest.importorskip("langgraph.checkpoint.base", reason="needs the extra dynastore[langgraph]")

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from dynastore import Store
from dynastore.cli.app import app
from dynastore.integrations.langgraph import DynastoreSaver
from tests.cold import bucket_schema, put


class Secret(JsonPlusSerializer):
    """Stands for one that encrypts: nobody else can read what it wrote."""

    def dumps_typed(self, obj):
        kind, data = super().dumps_typed(obj)
        return f"{kind}+secret", data

    def loads_typed(self, data):
        return super().loads_typed((data[0].removesuffix("+secret"), data[1]))


def begun(where, thread, **options):
    saver = DynastoreSaver(where, **options)
    config = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
    saver.put(config, empty_checkpoint(), {"source": "loop", "step": 0}, {})
    return saver


def call(*words):
    return CliRunner().invoke(app, ["threads", *words], env={"COLUMNS": "200"})


@pytest.fixture
def where(tmp_path):
    return f"sqlite:///{tmp_path / 'agent.db'}"


@pytest.mark.parametrize("command", ["check", "repair"])
def test_an_encrypted_thread_is_named_and_the_others_are_gone_through(where, command):
    begun(where, "first")
    saver = begun(where, "secret", serde=Secret())
    begun(where, "last")
    called = call(command, where)
    assert called.exit_code == 1
    assert "dynastore: thread 'secret', checkpoint " in called.stderr
    assert "serde=" in called.stderr
    assert [line.partition(":")[0] for line in called.stdout.splitlines()] == [
        "thread 'last'",
        "thread 'first'",
    ]
    assert saver.check("secret").is_sound


@pytest.mark.parametrize("command", ["check", "repair"])
def test_a_thread_that_is_not_there_is_told(where, command):
    begun(where, "t")
    called = call(command, where, "--thread", "typo", "--thread", "t")
    assert called.exit_code == 3
    assert called.stdout.startswith("there is no thread 'typo'\nthread 't': 1 checkpoint(s)")


@pytest.mark.parametrize("command", ["list", "check", "repair"])
def test_large_values_are_found_in_the_bucket_that_is_named(where, command):
    with Store.connect(where, bucket_schema()) as store:
        saver = DynastoreSaver(store)
        put(saver, 1, large=Random(1).randbytes(900_000).hex())
    called = call(command, where, "--bucket", "agent-payloads", "--json")
    assert called.exit_code == 0
    told = json.loads(called.stdout)
    assert told["thread_id"] == "t" if command == "list" else "[]" in str(told)


@pytest.mark.parametrize("command", ["check", "repair"])
def test_nothing_is_called_broken_because_nobody_names_the_bucket(where, command):
    """A repair would hide checkpoints that are whole, and delete them an hour later."""
    with Store.connect(where, bucket_schema()) as store:
        saver = DynastoreSaver(store)
        put(saver, 1, large=Random(1).randbytes(900_000).hex())
        called = call(command, where)
        assert (called.exit_code, "--bucket" in called.stderr) == (2, True)
        assert saver.check("t").is_sound
