"""``dynastore migrate agno`` as a process that is killed in the middle, and called again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")
pytest.importorskip("sqlalchemy", reason="needs the extra dynastore[test]")

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.agents.conversations.entities import Session

from .old_agno import RUNS_EACH, sqlite_db, talk

DYNASTORE = Path(sys.executable).with_name("dynastore")
SESSIONS = 120
KILLED_AFTER = 10  # sessions
DEADLINE = 60.0  # seconds


def stored(where):
    with Store.connect(where, agent_schema()) as store:
        return store.query(Session).count()


def test_the_next_call_writes_what_is_missing(tmp_path):
    old = sqlite_db(tmp_path / "old.db")
    for number in range(SESSIONS):
        talk(old, number)
    code = (
        f"from agno.db.sqlite import SqliteDb\ndb = SqliteDb(db_file={str(tmp_path / 'old.db')!r})"
    )
    (tmp_path / "storage.py").write_text(code)
    where = f"sqlite:///{tmp_path / 'new.db'}"
    words = ["migrate", "agno", "--from", "storage:db", where, "--page-size", "10", "--json"]
    paths = os.pathsep.join(filter(None, (str(tmp_path), os.environ.get("PYTHONPATH"))))
    options = {"env": {**os.environ, "PYTHONPATH": paths}, "cwd": tmp_path}

    first = subprocess.Popen([str(DYNASTORE), *words], stdout=subprocess.DEVNULL, **options)
    deadline = time.monotonic() + DEADLINE
    while stored(where) < KILLED_AFTER and time.monotonic() < deadline:
        time.sleep(0.005)
    first.kill()
    first.wait()
    before = stored(where)
    assert KILLED_AFTER <= before < SESSIONS

    again = subprocess.run([str(DYNASTORE), *words], capture_output=True, text=True, **options)
    assert again.returncode == 0, again.stderr
    counts = json.loads(again.stdout)["counts"]
    assert (counts["sessions"]["rows"], counts["sessions"]["equal"]) == (SESSIONS, before)
    assert counts["sessions"]["written"] == SESSIONS - before
    assert counts["runs"]["rows"] == SESSIONS * RUNS_EACH
    assert counts["runs"]["equal"] >= before * RUNS_EACH
    assert counts["runs"]["differing"] == counts["sessions"]["differing"] == 0
