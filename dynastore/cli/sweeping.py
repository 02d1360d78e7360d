"""Sweeping a table from the command line: progress while it goes, a line or JSON at the end."""

from __future__ import annotations

import orjson
from attrs import asdict, evolve

from ..errors import ModelError, RequestError
from ..keys.addresses import address, place_in
from ..operations.upkeep.sweeping import Swept
from ..schema.schema import Schema
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
from .saying import say


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
            swept = shown("sweeping", one, cursor, lambda so_far: line(so_far, dry_run=dry_run))
    say(orjson.dumps(asdict(swept)).decode() if json else line(swept, dry_run=dry_run))


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


def line(swept: Swept, *, dry_run: bool) -> str:
    """What a person reads of a sweep."""
    became = "would be deleted" if dry_run else "deleted"
    return (
        f"{swept.parts:,} parts and objects older than a day; {swept.litter:,} without an item "
        f"{became}, {swept.litter_bytes:,} bytes"
    )
