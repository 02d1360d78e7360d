"""The command line: ``dynastore``. What it stands on, typer and rich, comes with an extra."""

from __future__ import annotations

import sys
from io import TextIOWrapper

EXTRA = {"jinja2", "rich", "textual", "typer"}


def main() -> None:
    """Run the command line; 2 is the exit status of a call that cannot be carried out."""
    for stream in (sys.stdout, sys.stderr):
        # What the encoding has no character for, ASCII's say, is escaped instead of an error.
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        from .app import app

        app()
    except ModuleNotFoundError as missing:
        if missing.name not in EXTRA:
            raise
        sys.exit(
            f'the command line needs {missing.name}: pip install ".[cli]" in a clone of dynastore'
        )
