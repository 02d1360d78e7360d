"""Sweeping a table from the command line: progress while it goes, a line or JSON at the end."""

from __future__ import annotations

import orjson
import typer
from attrs import asdict

from ..operations.upkeep.sweeping import Swept
from .endings import reported
from .options import (
    AsJson,
    Bucket,
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
from .rounds import shown


def sweep(
    schema: SchemaName,
    where: Where = None,
    endpoint_url: Endpoint = None,
    scope: Scopes = None,
    bucket: Bucket = None,
    segments: Segments = 1,
    units_per_second: Rate = None,
    cursor: From = None,
    json: AsJson = False,
    dry_run: DryRun = False,
) -> None:
    """Delete parts and objects of payloads that no item refers to and that are older than a day.

    Scans the whole table, lists the bucket if there is one, and pays for that.
    """
    with opened(schema, where, endpoint_url, scope, bucket) as store:

        def one(cursor: str | None) -> Swept:
            return store.sweep(
                dry_run=dry_run,
                segments=segments,
                units_per_second=units_per_second,
                cursor=cursor,
                rounds=1,
            )

        with reported():
            swept = shown("sweeping", one, cursor, lambda so_far: line(so_far, dry_run=dry_run))
    typer.echo(orjson.dumps(asdict(swept)).decode() if json else line(swept, dry_run=dry_run))


def line(swept: Swept, *, dry_run: bool) -> str:
    """What a person reads of a sweep."""
    became = "would be deleted" if dry_run else "deleted"
    return (
        f"{swept.parts:,} parts and objects older than a day; {swept.litter:,} without an item "
        f"{became}, {swept.litter_bytes:,} bytes"
    )
