"""Classes of options, as a person gives them on the command line."""

from __future__ import annotations

from typing import Annotated

import typer
from attrs import frozen
from typer.testing import CliRunner

from dynastore.cli.groups import grouped


@frozen(kw_only=True)
class Pace:
    table: Annotated[str, typer.Argument()]
    segments: Annotated[int, typer.Option("--parts")] = 1


def called(*words):
    app, seen = typer.Typer(), []

    @app.command()
    @grouped
    def scan(pace: Pace, dry_run: bool = False) -> None:
        """Read it all."""
        seen.append((pace, dry_run))

    return CliRunner().invoke(app, words), seen


def test_fields_of_a_class_are_arguments_and_options():
    assert called("notes", "--parts", "3", "--dry-run")[1] == [
        (Pace(table="notes", segments=3), True)
    ]


def test_what_is_not_given_is_as_the_class_has_it():
    assert called("notes")[1] == [(Pace(table="notes", segments=1), False)]


def test_what_has_no_default_must_be_given():
    result, seen = called()
    assert (result.exit_code, seen) == (2, [])


def test_help_is_the_command_s_own():
    assert "Read it all." in called("--help")[0].output
