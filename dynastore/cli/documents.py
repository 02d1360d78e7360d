"""``dynastore docs``: which forms of a schema's pages are made, and where they go."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from .. import documenting
from ..clock import utc_now
from ..documenting import Described
from . import asking
from .endings import FAILURE, USAGE, give_up, reported
from .options import AsJson, SchemaName


class Form(StrEnum):
    """A form of the pages."""

    MARKDOWN = "markdown"
    HTML = "html"
    WORKBENCH = "workbench"


STANDARD_OUTPUT = Path("-")
ENDINGS: Mapping[Form, str] = {
    Form.MARKDOWN: ".md",
    Form.HTML: ".html",
    Form.WORKBENCH: ".workbench.json",
}


def docs(
    schema: SchemaName,
    output: Annotated[
        Path, typer.Option(help="The folder, made if missing; - prints the one --format.")
    ] = Path("schema-docs"),
    form: Annotated[
        list[Form] | None,
        typer.Option("--format", help="Only this one, repeated for others; else all three."),
    ] = None,
    json: AsJson = False,
) -> None:
    """Write the pages of a schema: Markdown, HTML and a NoSQL Workbench model.

    They have its entities and keys, the access patterns with their costs, the questions that these answer
    and the requests that they become, a diagram, and sample items as the table stores them.
    """
    forms = form or [*ENDINGS]
    with reported():
        described = documenting.described(asking.schema_named(schema))
    made = {each: FORMS[each](described) for each in forms}
    if output == STANDARD_OUTPUT:
        _print(made, json=json)
        return
    try:
        output.mkdir(parents=True, exist_ok=True)
        written = {each: _written(output, described, each, text) for each, text in made.items()}
    except OSError as error:
        give_up(f"{error.filename} cannot be written: {error.strerror}", FAILURE)
    _tell(written, json=json)


def _workbench(described: Described) -> str:
    model = documenting.as_workbench(described, utc_now())
    return orjson.dumps(model, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE).decode()


FORMS: Mapping[Form, Callable[[Described], str]] = {
    Form.MARKDOWN: documenting.as_markdown,
    Form.HTML: documenting.as_html,
    Form.WORKBENCH: _workbench,
}


def _print(made: Mapping[Form, str], *, json: bool) -> None:
    if json or len(made) > 1:
        give_up("--output - prints one form: give one --format, and no --json", USAGE)
    typer.echo(next(iter(made.values())), nl=False)


def _written(folder: Path, described: Described, form: Form, text: str) -> Path:
    path = folder / f"{described.table.name}{ENDINGS[form]}"
    path.write_text(text, encoding="utf-8")
    return path


def _tell(written: Mapping[Form, Path], *, json: bool) -> None:
    """Say which files there are now."""
    if not json:
        for path in written.values():
            typer.echo(str(path))
        return
    for form, path in written.items():
        told = {"format": form, "file": str(path), "bytes": path.stat().st_size}
        typer.echo(orjson.dumps(told).decode())
    typer.echo(orjson.dumps({"files": len(written)}).decode())
