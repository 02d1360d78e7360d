"""README and docs: their programs run, print what they say, and their commands exist."""

import contextlib
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from moto import mock_aws

from dynastore.cli.app import app

from .documents import ROOT, SHELLS, Block, blocks, commands, documents, programs

COMMANDS = typer.main.get_command(app)


SCANNING = {
    "backup",
    "evolve",
    "export",
    "migrate-langgraph",
    "no-access-pattern",
    "payloads",
    "scan",
    "scope-move",
    "scopes",
    "verify",
}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def with_programs() -> list[Any]:
    """The files with programs; those on what reads whole tables are the only ones that may scan."""
    return [
        pytest.param(path, id=name_of(path), marks=[pytest.mark.scans] * (path.stem in SCANNING))
        for path in documents()
        if any(programs(path))
    ]


@pytest.mark.parametrize("path", with_programs())
def test_programs_run_and_print_what_the_text_says(path, tmp_path, monkeypatch, short_leases):
    """All blocks of a file are one program, run in an empty folder, with moto instead of AWS.

    Except for those that are files, which commands then run.
    """
    module = ModuleType(re.sub(r"\W", "_", f"document_{path.stem}"))
    monkeypatch.setitem(sys.modules, module.__name__, module)  # annotations are resolved there
    monkeypatch.chdir(tmp_path)
    with mock_aws():
        for block, output in programs(path):
            printed = run(block, path, vars(module))
            if output:
                assert printed.strip() == output.text.strip()


def run(block: Block, path: Path, names: dict[str, Any]) -> str:
    """What a block prints."""
    if block.title:
        Path(block.title).write_text(block.text)
        return ""
    if block.language in SHELLS:
        return "".join(map(ran, block.text.splitlines()))
    source = "\n" * (block.line - 1) + block.text  # tracebacks then show the file's lines
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, path, "exec"), names)
    return printed.getvalue()


def ran(command: str) -> str:
    """What a command prints, however it ends."""
    python, *words = shlex.split(command, comments=True)
    assert python == "python"
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_make_targets_exist(path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {words[1] for words in commands(path) if words[0] == "make" and len(words) > 1}
    assert named - targets == set()


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_dynastore_commands_and_their_options_exist(path):
    for name, *words in commands(path):
        if name == "dynastore":
            command, rest = called(words)
            command.make_parser(command.context_class(command)).parse_args(rest)


def called(words: list[str]) -> tuple[Any, list[str]]:
    """The command that words call, and what they give it."""
    command, rest = COMMANDS, words
    while hasattr(command, "commands"):
        command, *rest = command.commands[rest[0]], *rest[1:]
    return command, rest


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_commands_stand_in_blocks_of_a_shell(path):
    """Else nobody sees whether they exist."""
    others = [each for each in blocks(path) if each.language not in SHELLS]
    calls = re.compile(r"^(\$ )?dynastore [a-z]", re.MULTILINE)
    assert [each.line for each in others if calls.search(each.text)] == []
