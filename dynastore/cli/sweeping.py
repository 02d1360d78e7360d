"""Sweeping a table from the command line: progress while it goes, a line or JSON at the end."""

from __future__ import annotations

from collections.abc import Callable

import orjson
from attrs import asdict, evolve, frozen

from ..agents import agent_schema
from ..errors import DynastoreError, ModelError, RequestError, ServiceError
from ..operations.sweeping import Swept
from ..schema import Schema
from ..store import Store


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


class Stopped(Exception):
    """A sweep that failed on its way.

    Attributes:
        swept: what was done, and where to go on.
    """

    def __init__(self, swept: Swept, reason: DynastoreError) -> None:
        self.swept = swept
        super().__init__(f"{reason} Go on with --cursor {swept.cursor}")


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
    total = Swept(0, 0, 0, settings.cursor)
    while True:
        try:
            some = store.sweep(
                dry_run=settings.dry_run,
                segments=settings.segments,
                units_per_second=settings.units_per_second,
                cursor=total.cursor,
                rounds=1,
            )
        except ServiceError as error:
            if total.cursor is None:
                raise
            raise Stopped(total, error) from error
        total = total.and_then(some)
        if total.cursor is None:
            return total
        progress(total)


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
