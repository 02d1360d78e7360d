"""Sweeping a table from the command line: progress while it goes, a line or JSON at the end."""

from __future__ import annotations

from collections.abc import Callable

import orjson
from attrs import asdict, evolve, frozen

from ..agents import agent_schema
from ..errors import ModelError, RequestError
from ..operations.upkeep.sweeping import Swept
from ..schema import Schema
from ..store import Store
from .rounds import in_rounds


@frozen
class Settings:
    """How a sweep goes.

    Attributes:
        dry_run: delete nothing.
        segments: parts of the table, read at the same time.
        units_per_second: read and write units to take; as fast as it goes without.
        cursor: where another sweep stopped.
    """

    dry_run: bool = False
    segments: int = 1
    units_per_second: float | None = None
    cursor: str | None = None


def sweep(store: Store, settings: Settings, progress: Callable[[Swept], None]) -> Swept:
    """Sweep a table, a round of requests at a time.

    Args:
        store: on the table.
        settings: how.
        progress: called after each round.

    Raises:
        Stopped: the service failed after something was done.
        DynastoreError: nothing was done.
    """

    def one(cursor: str | None) -> Swept:
        return store.sweep(
            dry_run=settings.dry_run,
            segments=settings.segments,
            units_per_second=settings.units_per_second,
            cursor=cursor,
            rounds=1,
        )

    return in_rounds(one, settings.cursor, progress)


def in_bucket(schema: Schema | None, bucket: str | None) -> Schema | None:
    """A schema whose payloads are in a bucket; the ready-made one if none is given.

    Raises:
        RequestError: no bucket can be called so.
    """
    if bucket is None:
        return schema
    known = schema or agent_schema()
    try:
        return evolve(known, table=evolve(known.table, bucket=bucket))
    except ModelError as error:
        raise RequestError(str(error)) from error


def line(swept: Swept, *, dry_run: bool) -> str:
    """What a person reads of a sweep."""
    became = "would be deleted" if dry_run else "deleted"
    return (
        f"{swept.parts:,} parts and objects older than a day; {swept.litter:,} without an item "
        f"{became}, {swept.litter_bytes:,} bytes"
    )


def json(swept: Swept) -> str:
    """What a program reads of a sweep."""
    return orjson.dumps(asdict(swept)).decode()
