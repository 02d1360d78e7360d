"""``dynastore export`` and ``dynastore import``: progress while they go, a line or JSON at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated, Any

import orjson
import typer
from attrs import asdict, frozen
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ..clients.base import Client
from ..clients.boto import BotoClient
from ..clients.shelves import Shelf
from ..operations.exporting.importer import Checked
from ..operations.exporting.lines import Total, fingerprint
from ..requests.tables import DescribeTable
from ..stores import exports
from ..stores.exports import Loaded
from ..stores.store import Store
from .endings import INTERRUPTED, WRONG_ITEMS, give_up, reported
from .groups import grouped
from .options import (
    AsJson,
    Bucket,
    Endpoint,
    Rate,
    SchemaName,
    Scopes,
    Segments,
    Where,
    Yes,
    opened,
)
from .saying import say

PLACE = "A file such as dump.jsonl.gz, a folder, or s3://bucket/prefix."
ShelfEndpoint = Annotated[
    str | None, typer.Option(help="Of the server of s3://…, if another than the table's.")
]
Plain = Annotated[bool, typer.Option("--plain", help="Do not compress.")]
OnlyCount = Annotated[
    bool, typer.Option("--dry-run", help="Only count, with checksums; write nothing.")
]
OnlyCheck = Annotated[
    bool, typer.Option("--dry-run", help="Only check that the export is whole and fits.")
]
OTHER_SCHEMA = (
    "It was exported with another schema: run `dynastore verify`, and `dynastore reindex`"
)


@frozen(kw_only=True)
class Reading:
    """How a table is read; see `exports.export`."""

    segments: Segments = 1
    units_per_second: Rate = None
    consistent: Annotated[
        bool, typer.Option("--consistent", help="See every write made before; twice the units.")
    ] = False


@frozen(kw_only=True)
class Writing:
    """How a table is written; see `exports.load`."""

    units_per_second: Rate = None
    into_existing: Annotated[
        bool,
        typer.Option(
            "--into-existing", help="Into a table with items: replace those of same keys."
        ),
    ] = False
    unknown_types: Annotated[
        bool, typer.Option("--unknown-types", help="Items that the schema does not know, too.")
    ] = False


@grouped
def export(
    schema: SchemaName,
    where: Where = None,
    to: Annotated[str, typer.Option(help=PLACE)] = "",
    endpoint_url: Endpoint = None,
    to_endpoint_url: ShelfEndpoint = None,
    scope: Scopes = None,
    bucket: Bucket = None,
    *,
    reading: Reading,
    plain: Plain = False,
    json: AsJson = False,
    dry_run: OnlyCount = False,
) -> None:
    """Write every item and object of a table, or of a scope, as lines of JSON. Scans the whole table.

    Killed at any point, it goes on when it is called again. What has expired and is still there is exported.
    """
    if not to and not dry_run:
        raise typer.BadParameter("give --to, or --dry-run", param_hint="--to")
    store = opened(schema, where, endpoint_url, scope, bucket)
    with store, reported():
        options = asdict(reading)
        expected = store.run(iter(DescribeTable(store.schema.table.name))).items
        with _bar("exporting", None if scope else expected or None) as show:
            progress = _counting(show)
            if dry_run:
                total = exports.total_of(store, **options, progress=progress)
            else:
                with _shelf(store, to, to_endpoint_url or endpoint_url, plain=plain) as shelf:
                    total = exports.export(store, shelf, **options, progress=progress)
    place = None if dry_run else to
    say(_json({"to": place, **total.state}) if json else line(total, place))
    if total.missing:
        give_up(f"{total.missing:,} payloads are gone that items refer to", WRONG_ITEMS)


@grouped
def load(
    schema: SchemaName,
    where: Where = None,
    from_: Annotated[str, typer.Option("--from", help=PLACE)] = "",
    endpoint_url: Endpoint = None,
    from_endpoint_url: ShelfEndpoint = None,
    bucket: Bucket = None,
    *,
    writing: Writing,
    json: AsJson = False,
    dry_run: OnlyCheck = False,
    yes: Yes = False,
) -> None:
    """Write all that an export has into a table, which is made if it is missing.

    The export is read to its end first: one that is damaged or cut off is refused before anything is written.
    Killed at any point, it goes on when it is called again. Nobody should sweep the table meanwhile.
    """
    if not from_:
        raise typer.BadParameter("give --from", param_hint="--from")
    store = opened(schema, where, endpoint_url, None, bucket)
    with (
        store,
        reported(),
        _shelf(store, from_, from_endpoint_url or endpoint_url, plain=False) as shelf,
    ):
        with _bar("checking", None):
            checked = exports.check(shelf)
        checked.check_fits(store.schema, others=writing.unknown_types)
        if dry_run:
            say(_json(_told(checked)) if json else line(checked.total, from_))
            return
        if writing.into_existing and not yes:
            name = store.schema.table.name
            typer.confirm(f"Replace items of table {name}?", abort=True, err=True)
        lines = checked.total.items.items + checked.total.objects.items
        with _bar("importing", lines) as show:
            progress = partial(_show_loaded, show, lines)
            done = exports.load(store, shelf, checked, **asdict(writing), progress=progress)
    if json:
        say(_json({**_told(checked), **asdict(done)}))
        return
    say(f"{loaded_line(done)}; {line(checked.total, None)}")
    if checked.header.schema != fingerprint(store.schema):
        say(OTHER_SCHEMA, err=True)


def line(total: Total, to: str | None) -> str:
    """What a person reads of an export."""
    items, objects = total.items, total.objects
    told = f"{items.items:,} items, {items.size_bytes:,} bytes, checksum {items.checksum:032x}"
    if objects.items:
        told += f"; {objects.items:,} objects, {objects.size_bytes:,} bytes"
    return f"{told}; in {to}" if to else told


def loaded_line(done: Loaded) -> str:
    """What a person reads of an import."""
    told = f"{done.items:,} items and {done.objects:,} objects written"
    return f"{told}, behind those of the call before" if done.resumed else told


@contextmanager
def _shelf(store: Store, where: str, endpoint_url: str | None, *, plain: bool) -> Iterator[Shelf]:
    """The shelf that a command line names; Ctrl-C says that the next call goes on."""
    made: list[Client] = []

    def client() -> Client:
        made.append(BotoClient.connect(endpoint_url=endpoint_url))
        return made[-1]

    try:
        yield exports.shelf_of(where, client, packed=False if plain else None)
    except KeyboardInterrupt:
        give_up(f"interrupted; {where} is kept. Call again to go on", INTERRUPTED)
    finally:
        for each in made:
            each.close()


@contextmanager
def _bar(doing: str, total: int | None) -> Iterator[Callable[[int, str], None]]:
    """A bar on the terminal's error stream; shows how many of a total, and a line about them."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    bar = Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
    with bar:
        task = bar.add_task(doing, total=total)
        yield lambda count, told: bar.update(task, completed=count, description=told)


def _counting(show: Callable[[int, str], None]) -> Callable[[Total], None]:
    def told(total: Total) -> None:
        count = total.items.items
        show(count, f"{count:,} items and {total.objects.items:,} objects exported")

    return told


def _show_loaded(show: Callable[[int, str], None], lines: int, loaded: Loaded) -> None:
    # The first line is the header, and the last one the end.
    show(min(loaded.line - 1, lines), loaded_line(loaded))


def _told(checked: Checked) -> dict[str, Any]:
    header = asdict(checked.header)
    return {"from": {"table": header["table"], "began": header["began"]}, **checked.total.state}


def _json(told: dict[str, Any]) -> str:
    return orjson.dumps(told).decode()
