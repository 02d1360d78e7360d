"""Sweeping a table from the command line: progress while it goes, a line or JSON at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import orjson
import typer
from attrs import asdict, evolve
from rich.console import Console

from ..errors import ModelError, RequestError
from ..operations.upkeep.sweeping import Swept
from ..schema import Schema
from .endings import reported
from .options import (
    AsJson,
    DryRun,
    Endpoint,
    From,
    Rate,
    SchemaName,
    Scopes,
    Segments,
    Where,
    opened,
)
from .rounds import in_rounds


def sweep(
    schema: SchemaName,
    where: Where = None,
    endpoint_url: Endpoint = None,
    scope: Scopes = None,
    bucket: Annotated[
        str | None, typer.Option(help="The S3 bucket of its payloads, unless the schema names it.")
    ] = None,
    segments: Segments = 1,
    units_per_second: Rate = None,
    cursor: From = None,
    json: AsJson = False,
    dry_run: DryRun = False,
) -> None:
    """Delete parts and objects of payloads that no item refers to and that are older than a day.

    Scans the whole table, lists the bucket if there is one, and pays for that.
    """
    with opened(
        schema, where, endpoint_url, scope, lambda known: in_bucket(known, bucket)
    ) as store:

        def one(cursor: str | None) -> Swept:
            return store.sweep(
                dry_run=dry_run,
                segments=segments,
                units_per_second=units_per_second,
                cursor=cursor,
                rounds=1,
            )

        with reported():
            swept = shown(one, cursor, lambda so_far: line(so_far, dry_run=dry_run))
    typer.echo(orjson.dumps(asdict(swept)).decode() if json else line(swept, dry_run=dry_run))


def shown(
    one: Callable[[str | None], Swept], cursor: str | None, told: Callable[[Swept], str]
) -> Swept:
    """All rounds, and how far they are meanwhile.

    Raises:
        Stopped: the service failed after something was done.
        DynastoreError: nothing was done.
    """
    with Console(stderr=True).status("sweeping") as status:
        return in_rounds(one, cursor, lambda so_far: status.update(told(so_far)))


def in_bucket(schema: Schema, bucket: str | None) -> Schema:
    """A schema whose payloads are in a bucket; as it is without one.

    Raises:
        RequestError: no bucket can be called so.
    """
    if bucket is None:
        return schema
    try:
        return evolve(schema, table=evolve(schema.table, bucket=bucket))
    except ModelError as error:
        raise RequestError(str(error)) from error


def line(swept: Swept, *, dry_run: bool) -> str:
    """What a person reads of a sweep."""
    became = "would be deleted" if dry_run else "deleted"
    return (
        f"{swept.parts:,} parts and objects older than a day; {swept.litter:,} without an item "
        f"{became}, {swept.litter_bytes:,} bytes"
    )
