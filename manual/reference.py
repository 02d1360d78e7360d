"""The reference of the command line, made of the app itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import typer

from dynastore.cli.app import app
from dynastore.cli.endings import STATUSES
from dynastore.cli.panels import PANELS

FILE = Path(__file__).parents[1] / "docs" / "reference" / "command-line.md"
BEGINNING = """\
# The command line

Every command, its arguments and options, as `dynastore COMMAND --help` has them. `python -m dynastore` is
the same program. It comes with the extra `cli`; `dynastore --install-completion` lets your shell complete it.

`MODULE:SCHEMA` names a `Schema`, or a function that makes one, such as `app.models:schema`; modules are
looked for in the working directory first. `WHERE` is a table's name, or a URL such as
`sqlite:///agent.db`; without it, the environment variable `DYNASTORE_URL`. AWS is signed in to as
everywhere: `AWS_PROFILE`, `AWS_DEFAULT_REGION` and the like.

What a command tells goes to the output; how far it is and what goes wrong, to the error stream. With
`--json` the output is JSON: one document, or an object a line with the summary last.

This page is made by `make reference`.
"""


def text() -> str:
    """The page."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    yield BEGINNING
    yield "## How a command ends\n"
    yield from _table(("Status", "Meaning"), [(str(n), says) for n, says in STATUSES.items()])
    commands: Mapping[str, Any] = typer.main.get_command(app).commands  # type: ignore[attr-defined]
    for panel in PANELS:
        inside = {name: each for name, each in commands.items() if each.rich_help_panel == panel}
        if inside:
            yield f"## {panel}\n"
        for name, each in inside.items():
            yield from _command(f"dynastore {name}", each)


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"### {name}\n"
    for paragraph in command.help.split("\n\n"):
        yield " ".join(paragraph.split()) + "\n"
    if hasattr(command, "commands"):
        for inner, each in command.commands.items():
            yield from _command(f"{name} {inner}", each)
        return
    known = [each for each in command.params if each.name != "help"]
    said = [_usage(p) for p in known if p.required or p.param_type_name == "argument"]
    yield f"```sh\n{' '.join([name, *said])} [OPTIONS]\n```\n"
    rows = [(f"`{_name(each)}`", _default(each), each.help) for each in known]
    yield from _table(("Argument or option", "Default", "Meaning"), rows)


def _usage(parameter: Any) -> str:
    """How it stands in a call, where it is an argument or must be given."""
    name = _name(parameter)
    return name if parameter.required else f"[{name}]"


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.name).upper()
    name, *_ = parameter.opts
    # Types are left out: each version of typer has other words for them.
    return name if parameter.is_flag else f"{name} {name.lstrip('-').upper().replace('-', '_')}"


def _default(parameter: Any) -> str:
    if parameter.required:
        return "must be given"
    if parameter.default in (None, False, ()):
        return ""
    return f"`{parameter.default}`"


def _table(heads: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{'---|' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |"
    yield ""


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(text())
