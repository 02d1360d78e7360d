"""The command line: ``dynastore``. What it stands on, typer and rich, comes with an extra."""

from __future__ import annotations

import sys
from io import TextIOWrapper


def main() -> None:
    """Run the command line; 2 is the exit status of a call that cannot be carried out."""
    try:
        from .app import app
    except ModuleNotFoundError as missing:
        if missing.name not in {"typer", "rich", "jinja2"}:
            raise
        sys.exit(
            f'the command line needs {missing.name}: pip install ".[cli]" in a clone of dynastore'
        )
    for stream in (sys.stdout, sys.stderr):
        if isinstance(
            stream, TextIOWrapper
        ):  # of ASCII, say: what it has no character for is escaped
            stream.reconfigure(errors="backslashreplace")
    app()
