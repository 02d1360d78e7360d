"""The command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from ..endings import USAGE, give_up, reported
from ..options import AsJson, Endpoint, SchemaName, Scopes, Where, opened
from ..saying import say
from . import printing
from .looks import PAGE, explained, look


def browse(
    schema: SchemaName,
    where: Where = None,
    query: Annotated[
        str | None,
        typer.Option(help="Begin with it, as in Python: 'Session(user_id=\"u1\")'; scan(Session)."),
    ] = None,
    endpoint_url: Endpoint = None,
    scope: Scopes = None,
    write: Annotated[
        bool, typer.Option("--write", help="Entities may be changed and deleted.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many to print; with --json.")] = PAGE,
    cursor: Annotated[str | None, typer.Option(help="Where printing goes on.")] = None,
    json: AsJson = False,
) -> None:
    """Look into a table: entities and access patterns, collections as trees, the cost of each step.

    With --json, or where the output is no terminal, it prints what --query brings instead.
    """
    with opened(schema, where, endpoint_url, scope) as store, reported():
        if not json and sys.stdout.isatty():
            from .app import Browser

            place = " / ".join([store.schema.table.name, *(scope or ())])
            Browser(store, place, writes=write, text=query or "").run()
            return
        if query is None and not json:
            give_up("without a terminal there is no view; say what to print with --query", USAGE)
        if query is None:
            for line in printing.patterns(store.schema):
                say(line)
            return
        plan = explained(store, query)
        found = look(store, query, limit=limit, cursor=cursor)
        if json:
            for line in printing.lines(store.schema, found):
                say(line)
        else:
            printing.show(Console(), store.schema, found, plan)
