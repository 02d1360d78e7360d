"""The other files here are read by type checkers only: what users' editors infer and refuse.

A line that must be refused ends in ``# type: ignore[code]``; were it accepted, the ignore would be
reported as unused.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    "command", [["mypy", "tests/typing"], ["pyright", "tests/typing"]], ids=["mypy", "pyright"]
)
def test_what_type_checkers_see(command: list[str]) -> None:
    checked = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
