"""``dynastore threads`` where it cannot do what is asked."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

pytest.importorskip("langgraph.checkpoint.base", reason="needs the extra dynastore[langgraph]")

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer

from dynastore.cli.app import app
from dynastore.integrations.langgraph import DynastoreSaver


class Secret(JsonPlusSerializer):
    """Stands for one that encrypts: nobody else can read what it wrote."""

    def dumps_typed(self, obj):
        kind, data = super().dumps_typed(obj)
        return f"{kind}+secret", data

    def loads_typed(self, data):
        return super().loads_typed((data[0].removesuffix("+secret"), data[1]))


@pytest.mark.parametrize("command", ["check", "repair"])
def test_encrypted_threads_need_the_saver_that_wrote_them(tmp_path, command):
    where = f"sqlite:///{tmp_path / 'agent.db'}"
    saver = DynastoreSaver(where, serde=Secret())
    config = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    saver.put(config, empty_checkpoint(), {"source": "loop", "step": 0}, {})
    called = CliRunner().invoke(app, ["threads", command, where], env={"COLUMNS": "200"})
    assert called.exit_code == 2
    assert "serde=" in called.stderr
    assert saver.check("t").is_sound
