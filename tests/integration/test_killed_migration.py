"""``dynastore migrate langgraph`` as a process that is killed in the middle, and called again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import boto3
import pytest

pytest.importorskip("langgraph_checkpoint_aws", reason="needs the extra dynastore[migrate]")

from langgraph_checkpoint_aws import DynamoDBSaver

from dynastore import Store
from dynastore.agents import Checkpoint, agent_schema
from tests.conformance.engines import moto_server

from .old_threads import OLD_TABLE, config_of, graph, make_table

pytestmark = pytest.mark.scans

DYNASTORE = Path(sys.executable).with_name("dynastore")
KILLED_AFTER = 4  # checkpoints
DEADLINE = 60.0  # seconds


def stored(where):
    with Store.connect(where, agent_schema()) as store:
        return store.query(Checkpoint, thread_id="t").count()


def test_the_next_call_writes_what_is_missing(tmp_path):
    where = f"sqlite:///{tmp_path / 'new.db'}"
    names = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    environment = {**os.environ, **dict.fromkeys(names, "test"), "AWS_DEFAULT_REGION": "eu-west-1"}
    with moto_server() as url, pytest.MonkeyPatch.context() as patch:
        for name in (*names, "AWS_DEFAULT_REGION"):
            patch.setenv(name, environment[name])
        make_table(boto3.client("dynamodb", endpoint_url=url))
        old = DynamoDBSaver(OLD_TABLE, endpoint_url=url)
        compiled = graph(old)
        compiled.invoke({"messages": [("user", "hello")]}, config_of("t"))
        count = len(list(old.list(config_of("t"))))

        words = ["migrate", "langgraph", "--from-table", OLD_TABLE, "--endpoint-url", url, where]
        command = [str(DYNASTORE), *words, "--thread", "t", "--json"]
        first = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + DEADLINE
        while stored(where) < KILLED_AFTER and time.monotonic() < deadline:
            time.sleep(0.005)
        first.kill()
        first.wait()
        before = stored(where)
        assert KILLED_AFTER <= before < count

        again = subprocess.run(command, env=environment, capture_output=True, text=True)
        assert again.returncode == 0, again.stderr
        told = json.loads(again.stdout)
        assert (told["checkpoints"], told["written"], told["differing"]) == (
            count,
            count - before,
            0,
        )
