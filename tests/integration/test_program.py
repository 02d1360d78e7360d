"""One program, unchanged, on SQLite, moto's server and ministack, blocking and awaited."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ..conformance.engines import LEFT_OUT, ministack_server, moto_server

PROGRAMS = ("program.py", "program_awaited.py")
PRINTED = """\
Note(user_id='ann', note_id='n1', topic='tea', readings=2, lines=['x'])
['n1', 'n2']
2
"""


def printed(program: str, folder: Path, **environment: str) -> str:
    path = Path(__file__).with_name(program)
    command = [sys.executable, "-W", "error", str(path)]
    done = subprocess.run(
        command, env={**os.environ, **environment}, cwd=folder, capture_output=True, text=True
    )
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("program", PROGRAMS)
def test_on_sqlite(program, tmp_path):
    assert printed(program, tmp_path, DYNASTORE_URL="sqlite:///agent.db") == PRINTED
    assert (tmp_path / "agent.db").exists()


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("server", [moto_server, ministack_server])
def test_on_a_server(program, server, tmp_path):
    if server.__name__.removesuffix("_server") in LEFT_OUT:
        pytest.skip("DYNASTORE_SKIP_ENGINES leaves it out")
    with server() as url:
        place = {"DYNASTORE_URL": "agent-state", "AWS_ENDPOINT_URL_DYNAMODB": url}
        assert printed(program, tmp_path, **place) == PRINTED
