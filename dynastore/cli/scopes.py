"""``dynastore scope``: which scopes there are, how much is in each, deleting one, and moving one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import orjson
import typer
from attrs import asdict
from rich.console import Console

from ..operations.scopes.deleting import ScopeDeleted
from ..operations.scopes.measuring import ScopeSizes
from . import scope_listing as listing
from . import scope_moving, scope_requests
from .endings import WRONG_ITEMS, give_up, reported
from .groups import grouped
from .options import (
    AsJson,
    Bucket,
    DryRun,
    Endpoint,
    PaceOptions,
    SchemaName,
    TableOptions,
    Where,
    Yes,
    opened,
)
from .rounds import shown
from .saying import say

commands = typer.Typer(
    help="List scopes, tell how much is in each, delete one, move one.", no_args_is_help=True
)
commands.command()(scope_moving.move)


@commands.command()
@grouped
def delete(
    schema: SchemaName,
    scope: Annotated[
        list[str], typer.Option(help="Which one, with all in it; repeated, a nested one.")
    ],
    where: Where = None,
    endpoint_url: Endpoint = None,
    bucket: Bucket = None,
    *,
    pace: PaceOptions,
    json: AsJson = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Delete everything of a scope and of those in it, and prove that nothing is left.

    Scans the whole table twice and each index once, and pays for that.
    """
    *around, name = scope
    store = opened(schema, where, endpoint_url, around, bucket)

    def one(cursor: str | None) -> ScopeDeleted:
        return store.delete_scope(name, dry_run=dry_run, **pace.at(cursor), rounds=1)

    with store, reported():
        if not dry_run and not yes:
            of = f"scope {listing.path(tuple(scope))} of table {store.schema.table.name}"
            typer.confirm(f"Delete everything of {of}?", abort=True, err=True)
        done = shown("deleting", one, pace.cursor, lambda so_far: line(so_far, dry_run=dry_run))
    told = {**asdict(done), "is_empty": done.is_empty}
    say(orjson.dumps(told).decode() if json else line(done, dry_run=dry_run))
    if not dry_run and not done.is_empty:
        give_up(remainder(done), WRONG_ITEMS)


def line(done: ScopeDeleted, *, dry_run: bool) -> str:
    """What a person reads of a deletion."""
    became = "would be deleted" if dry_run else "deleted"
    proof = "; nothing is left" if done.is_empty else ""
    return (
        f"{done.items:,} items, {done.parts:,} parts and {done.objects:,} objects {became}, "
        f"{done.size_bytes:,} bytes{proof}"
    )


def remainder(done: ScopeDeleted) -> str:
    """What is left, and what to do about it."""
    assert done.left is not None, "it has come to its end"
    left = done.left
    return (
        f"{left.items:,} items, {left.entries:,} entries of indexes and {left.objects:,} objects are "
        "left: they were written meanwhile, or an index lags. Stop who writes there, and delete again"
    )


@commands.command("list")
@grouped
def show(
    table: TableOptions,
    depth: Annotated[int, typer.Option(min=1, help="How many levels of nested scopes.")] = 2,
    limit: Annotated[int, typer.Option(min=1, help="How many names inside each scope.")] = 100,
    after: Annotated[
        str | None, typer.Option(help="The name after which the outermost list starts.")
    ] = None,
    json: AsJson = False,
) -> None:
    """List scopes, from an index: one query, and one more for each scope that is looked into."""
    around = tuple(table.scope or ())
    with table.opened() as store, reported():
        found = listing.listed(store, around, depth, limit, after)
        if json:
            for each in listing.lines(found):
                say(each)
        else:
            listing.show(Console(), found, store.schema.table.name, around)


@commands.command()
@grouped
def stats(
    table: TableOptions,
    pace: PaceOptions,
    json: AsJson = False,
    requests: Annotated[
        list[Path] | None,
        typer.Option(
            help="Tell what requests took, of a file that ScopeFigures wrote, and send nothing; repeated.",
            exists=True,
            dir_okay=False,
            readable=True,
        ),
    ] = None,
) -> None:
    """Tell how many items and bytes each scope has. Scans the whole table, and pays for that.

    With --requests, tell the requests and units that each scope took, by entity and access pattern.
    """
    if requests:
        with reported():
            scope_requests.tell(requests, tuple(table.scope or ()), json=json)
        return
    with table.opened() as store:

        def one(cursor: str | None) -> ScopeSizes:
            return store.scope_figures(**pace.at(cursor), rounds=1)

        with reported():
            sizes = shown("counting", one, pace.cursor, listing.total)
    if json:
        for each in listing.size_lines(sizes):
            say(each)
    else:
        listing.show_sizes(Console(), sizes)
