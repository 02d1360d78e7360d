"""The commands, and what each takes; those that go through a whole table have modules of their own."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from ..errors import DynastoreError
from . import (
    archiving,
    asking,
    backups,
    documents,
    exporting,
    matrix,
    migrating,
    migrating_agno,
    panels,
    scopes,
    sweeping,
    threads,
    upcasts,
    verification,
)
from . import demo as demonstration
from .browsing.command import browse
from .deployment import deploying, doctor, policies, templates
from .endings import USAGE, Commands, give_up, reported
from .options import AsJson, SchemaName
from .saying import say

app = typer.Typer(
    cls=Commands,
    help="Everything an AI agent must remember, in one DynamoDB table.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        say(f"dynastore {version('dynastore')}")
        raise typer.Exit


@app.callback()
def options(
    _: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Options of all commands."""


@app.command(rich_help_panel=panels.START)
def demo(
    file: Annotated[
        Path | None,
        typer.Argument(help="Agent conversations, one JSON object a line; a small sample if none."),
    ] = None,
    where: Annotated[
        str, typer.Option(help="A file such as sqlite:///demo.db, or the URL sqlite://.")
    ] = "sqlite:///dynastore-demo.db",
    table: Annotated[str | None, typer.Option(help="A DynamoDB table, made if missing.")] = None,
    endpoint_url: Annotated[
        str | None, typer.Option(help="Another server than AWS's; the table is on it.")
    ] = None,
    json: AsJson = False,
) -> None:
    """Load agent conversations into one table and ask it what an agent asks."""
    place = table or ("dynastore-demo" if endpoint_url else where)
    try:
        with reported():
            demonstration.show(Console(), file, place, endpoint_url, json=json)
    except BrokenPipeError:
        raise
    except OSError as error:
        give_up(f"{error.filename} cannot be read: {error.strerror}", USAGE)


app.command(rich_help_panel=panels.START)(browse)


@app.command(rich_help_panel=panels.SCHEMA)
def explain(
    schema: SchemaName,
    query: Annotated[
        str,
        typer.Argument(help='As in Python: \'Session(user_id="u1").order_by("created_at")\'.'),
    ],
    json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="As a Mermaid diagram.")] = False,
) -> None:
    """Print how a query would be served, and what it would cost. Sends nothing."""
    form: Literal["text", "json", "mermaid"] = "json" if json else "mermaid" if mermaid else "text"
    try:
        say(asking.results_of(asking.schema_named(schema), query).explain(form))
    except DynastoreError as error:
        give_up(str(error), USAGE)


@app.command(rich_help_panel=panels.SCHEMA)
def patterns(
    schema: SchemaName,
    json: AsJson = False,
) -> None:
    """Print every access pattern of a schema: its index, its keys, its cost, and what is odd."""
    try:
        known = asking.schema_named(schema)
    except DynastoreError as error:
        give_up(str(error), USAGE)
    if json:
        for line in matrix.lines(known):
            say(line)
        return
    matrix.show(Console(), known)


app.command(rich_help_panel=panels.SCHEMA)(documents.docs)
app.add_typer(policies.commands, name="iam", rich_help_panel=panels.SCHEMA)
app.command(rich_help_panel=panels.SCHEMA)(templates.template)
app.command(rich_help_panel=panels.DEPLOY)(deploying.plan)
app.command(rich_help_panel=panels.DEPLOY)(deploying.apply)
app.command(rich_help_panel=panels.DEPLOY)(deploying.destroy)
app.command(rich_help_panel=panels.DEPLOY)(doctor.doctor)
app.add_typer(backups.commands, name="backup", rich_help_panel=panels.KEEP)
app.command("export", rich_help_panel=panels.KEEP)(exporting.export)
app.command("import", rich_help_panel=panels.KEEP)(exporting.load)
app.command(rich_help_panel=panels.KEEP)(archiving.archive)
app.add_typer(archiving.commands, name="archived", rich_help_panel=panels.KEEP)
for command in (verification.verify, verification.reindex, sweeping.sweep, upcasts.upcast):
    app.command(rich_help_panel=panels.ORDER)(command)
app.add_typer(scopes.commands, name="scope", rich_help_panel=panels.TENANTS)
app.add_typer(threads.commands, name="threads", rich_help_panel=panels.TENANTS)
migrating.commands.command()(migrating_agno.agno)
app.add_typer(migrating.commands, name="migrate", rich_help_panel=panels.MOVE)
