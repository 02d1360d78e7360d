"""Sweeping a table from the command line: progress while it goes, a line or JSON at the end."""

from __future__ import annotations

import orjson
from attrs import asdict

from ..operations.upkeep.sweeping import Swept
from .endings import reported
from .groups import grouped
from .options import AsJson, Bucket, DryRun, PaceOptions, TableOptions
from .rounds import shown
from .saying import say


@grouped
def sweep(
    table: TableOptions,
    pace: PaceOptions,
    bucket: Bucket = None,
    json: AsJson = False,
    dry_run: DryRun = False,
) -> None:
    """Delete parts and objects of payloads that no item refers to and that are older than a day.

    Scans the whole table, lists the bucket if there is one, and pays for that.
    """
    with table.opened(bucket) as store:

        def one(cursor: str | None) -> Swept:
            return store.sweep(dry_run=dry_run, **pace.at(cursor), rounds=1)

        with reported():
            swept = shown(
                "sweeping", one, pace.cursor, lambda so_far: line(so_far, dry_run=dry_run)
            )
    say(orjson.dumps(asdict(swept)).decode() if json else line(swept, dry_run=dry_run))


def line(swept: Swept, *, dry_run: bool) -> str:
    """What a person reads of a sweep."""
    became = "would be deleted" if dry_run else "deleted"
    return (
        f"{swept.parts:,} parts and objects older than a day; {swept.litter:,} without an item "
        f"{became}, {swept.litter_bytes:,} bytes"
    )
