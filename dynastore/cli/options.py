"""What the commands that go through a whole table take alike, and how each of them opens it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from attrs import asdict, evolve, frozen

from ..errors import DynastoreError, ModelError, RequestError
from ..keys.addresses import address, place_in
from ..schema.homes import Placement
from ..schema.schema import Schema
from ..stores.store import Store
from . import asking
from .endings import USAGE, give_up

SchemaName = Annotated[str, typer.Argument(help="MODULE:SCHEMA, such as app.models:schema.")]
Where = Annotated[
    str | None,
    typer.Argument(help="A table's name, or a URL such as sqlite:///agent.db; or DYNASTORE_URL."),
]
Endpoint = Annotated[str | None, typer.Option(help="Another server than AWS's.")]
Scopes = Annotated[
    list[str] | None, typer.Option("--scope", help="Only inside it; repeated, a nested one.")
]
Segments = Annotated[int, typer.Option(help="Parts of the table; up to 10 are read at once.")]
Rate = Annotated[
    float | None, typer.Option(help="Capacity units to take in a second; else all it can.")
]
From = Annotated[str | None, typer.Option(help="Where a call that was interrupted goes on.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Write and delete nothing.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
Bucket = Annotated[
    str | None, typer.Option(help="The S3 bucket of its payloads, unless the schema names it.")
]
PlacementFile = Annotated[
    Path | None,
    typer.Option("--placement", help="A TOML file that says which scopes are where."),
]
AsJson = Annotated[bool, typer.Option("--json", help="A JSON object a line, the summary last.")]


@frozen(kw_only=True)
class TableOptions:
    """The table that a command is about, or a scope of it."""

    schema: SchemaName
    where: Where = None
    endpoint_url: Endpoint = None
    scope: Scopes = None

    def opened(self, bucket: str | None = None) -> Store:
        """A store on it; see `opened`."""
        return opened(self.schema, self.where, self.endpoint_url, self.scope, bucket)


@frozen(kw_only=True)
class PaceOptions:
    """How a command goes through it."""

    segments: Segments = 1
    units_per_second: Rate = None
    cursor: From = None

    def at(self, cursor: str | None) -> dict[str, Any]:
        """The options as a store's methods take them, of the round that goes on at a cursor."""
        return asdict(evolve(self, cursor=cursor))


def opened(
    schema: str,
    where: str | None,
    endpoint_url: str | None,
    scopes: list[str] | None,
    bucket: str | None = None,
    placement: Path | None = None,
) -> Store:
    """The store that a command is about; its table is not made.

    Args:
        schema: MODULE:SCHEMA.
        where: a table, or a URL.
        endpoint_url: another server than AWS's.
        scopes: from the outermost to the innermost.
        bucket: of its payloads, unless the schema names it.
        placement: a file of one; *where* comes before the shared table that it names.

    Raises:
        typer.Exit: there is no such schema, place or scope.
    """
    try:
        known = in_bucket(asking.schema_named(schema), bucket)
        placed = where if placement is None else _placed(placement, where)
        store = Store.connect(placed, known, endpoint_url=endpoint_url, create=False)
        for name in scopes or ():
            store = store.scope(name)
    except DynastoreError as error:
        give_up(str(error), USAGE)
    return store


def in_bucket(schema: Schema, bucket: str | None) -> Schema:
    """A schema whose payloads are in a bucket; as it is without one.

    Raises:
        RequestError: no bucket can be called so.
    """
    if bucket is None:
        return schema
    try:
        return schema.on(lambda table: evolve(table, bucket=address(place_in(table.name), bucket)))
    except ModelError as error:
        raise RequestError(str(error)) from error


def _placed(file: Path, where: str | None) -> Placement:
    placement = Placement.read(file)
    return placement if where is None else evolve(placement, shared=where)
