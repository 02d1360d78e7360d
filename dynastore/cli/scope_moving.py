"""``dynastore scope move``: a scope moves to another table; how far it is meanwhile."""

from __future__ import annotations

from typing import Annotated

import orjson
import typer
from attrs import asdict, evolve, frozen
from rich.console import Console

from ..clients.sessions import new_session
from ..errors import UnroutedWrites
from ..keys.addresses import place_in
from ..operations.moving.stages import ScopeMoved
from ..requests.tables import DescribeTable
from ..schema.homes import table_at
from ..stores.moved import ScopeMove
from ..stores.store import Store
from .endings import INTERRUPTED, WRONG_ITEMS, give_up, reported
from .groups import grouped
from .options import (
    AsJson,
    Bucket,
    DryRun,
    Endpoint,
    PlacementFile,
    Rate,
    SchemaName,
    Segments,
    Where,
    Yes,
    in_bucket,
    opened,
)
from .saying import as_markup, say

SQLITE = "sqlite://"


Moving = Annotated[str, typer.Option("--scope", help="Which one, with all in it.")]
ToBucket = Annotated[str | None, typer.Option(help="Of its payloads, if another.")]


@frozen(kw_only=True)
class Table:
    """A table as the command line names it."""

    to: Annotated[
        str,
        typer.Option(
            help="The table that it moves to; PLACE:TABLE, as --placement says; or a URL."
        ),
    ]
    to_region: Annotated[str | None, typer.Option(help="Of that table, if another.")] = None
    to_profile: Annotated[str | None, typer.Option(help="Of its account, if another.")] = None
    to_endpoint_url: Annotated[str | None, typer.Option(help="Of its server, if another.")] = None

    def store(self, home: Store, scope: str, bucket: str | None, *, create: bool | None) -> Store:
        """A store on it, by the client of *home* unless another place is described.

        Raises:
            RequestError: the place has no such name, or no bucket.
        """
        elsewhere = self.to_region or self.to_profile or self.to_endpoint_url
        if not elsewhere and not self.to.startswith(SQLITE):
            assert home.place is not None, "it was opened here"
            found = table_at(self.to, scope, home.schema, home.place.places)
            return evolve(home, schema=in_bucket(found, bucket))
        schema = in_bucket(table_at(home.schema.table.name, scope, home.schema, {}), bucket)
        return Store.connect(
            self.to,
            schema,
            session=new_session(self.to_profile) if elsewhere else None,
            region_name=self.to_region,
            endpoint_url=self.to_endpoint_url,
            create=create,
        )


@frozen(kw_only=True)
class MoveOptions:
    """How it moves; see `Store.move_scope`."""

    source: Annotated[
        str | None,
        typer.Option("--from", help="The table that it lives in, unless its entry says so."),
    ] = None
    segments: Segments = 1
    units_per_second: Rate = None
    writers_stopped: Annotated[
        bool, typer.Option("--writers-stopped", help="Nobody writes to it: wait for nobody.")
    ] = False
    discard_late: Annotated[
        bool,
        typer.Option("--discard-late", help="Delete what was written behind the scope's back."),
    ] = False
    abandon: Annotated[
        bool,
        typer.Option("--abandon", help="Give up a move that was begun; delete what was copied."),
    ] = False


@grouped
def move(
    schema: SchemaName,
    scope: Moving,
    to: Table,
    where: Where = None,
    endpoint_url: Endpoint = None,
    placement: PlacementFile = None,
    bucket: Bucket = None,
    to_bucket: ToBucket = None,
    *,
    how: MoveOptions,
    json: AsJson = False,
    dry_run: DryRun = False,
    yes: Yes = False,
) -> None:
    """Move a scope to another table while it is written to: copy, follow, prove, cut over, clean up.

    WHERE is the table that has the scope's entry: the shared one. Killed at any point, it goes on when it is
    called again. Scans both tables several times, and pays for that.
    """
    home = opened(schema, where, endpoint_url, None, bucket, placement)
    with home, reported():
        target = to.store(home, scope, to_bucket, create=False if dry_run else None)
        if not dry_run:
            if not yes:
                _confirm(scope, to.to, how)
            _make(home, target)
        moved = shown(home.move_scope(scope, target, dry_run=dry_run, **asdict(how)))
    say(_json(moved) if json else line(moved, dry_run=dry_run))


def shown(moving: ScopeMove) -> ScopeMoved:
    """Move to the end; the terminal's error stream says how far it is meanwhile.

    Raises:
        typer.Exit: it was interrupted, or met writes that nobody may lose.
        DynastoreError: it failed.
    """
    moved: ScopeMoved | None = None
    try:
        with Console(stderr=True).status("looking where it lives") as status:
            for moved in moving:
                status.update(as_markup(f"{moved.stage}: {line(moved)}"))
    except UnroutedWrites as error:
        give_up(str(error), WRONG_ITEMS)
    except KeyboardInterrupt:
        where = "its old" if moved is None or not moved.has_left else "its new"
        give_up(f"interrupted; the scope lives in {where} place. Call again to go on", INTERRUPTED)
    assert moved is not None, "it says something in the end"
    return moved


def line(moved: ScopeMoved, *, dry_run: bool = False) -> str:
    """What a person reads of a move."""
    if moved.stage == "abandoned":
        given_up = f"the move of scope {moved.scope} to {moved.target} was given up"
        return f"{given_up}; {moved.deleted:,} items and objects deleted there"
    copied = f"{moved.items:,} items, {moved.size_bytes:,} bytes and {moved.objects:,} objects"
    if dry_run:
        return f"{copied} would be copied from {moved.source} to {moved.target}"
    if moved.is_done and moved.source == moved.target:
        return f"scope {moved.scope} lives in {moved.target}, and only there"
    told = [f"{copied} copied from {moved.source} to {moved.target}"]
    if moved.changes:
        told.append(f"{moved.changes:,} changes followed")
    if moved.repaired:
        told.append(f"{moved.repaired:,} items brought again")
    if moved.proven is not None:
        both = f"both held {moved.proven.items:,} items with checksum {moved.proven.checksum:032x}"
        told += [both, f"writers waited {moved.sealed_seconds:.1f} s"]
    if moved.deleted:
        told.append(f"{moved.deleted:,} items and objects deleted in {moved.source}")
    return "; ".join(told)


def _json(moved: ScopeMoved) -> str:
    proven = moved.proven and {**asdict(moved.proven), "checksum": f"{moved.proven.checksum:032x}"}
    return orjson.dumps({**asdict(evolve(moved, proven=None)), "proven": proven}).decode()


def _confirm(scope: str, to: str, how: MoveOptions) -> None:
    if how.abandon:
        typer.confirm(f"Give up the move of scope {scope} to {to}?", abort=True, err=True)
        return
    who = (
        "Nobody may write to it meanwhile"
        if how.writers_stopped
        else "Whoever writes to it needs a placement, or has to be stopped"
    )
    typer.confirm(f"Move scope {scope} to {to}? {who}.", abort=True, err=True)


def _make(home: Store, target: Store) -> None:
    """A table in an SQLite file is made where it is missing, unless the home table is missing too."""
    home.run(iter(DescribeTable(home.schema.table.name)))
    place = place_in(target.schema.table.name)
    assert target.place is not None, "it was opened here"
    if target.place.embedded if place is None else target.place.places[place].url:
        target.create_table()
