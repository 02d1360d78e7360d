"""``dynastore migrate``: threads of other checkpointers move in; progress while they go."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from attrs import asdict
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

from ..clients.foreign import told_as_ours
from ..errors import RequestError
from ..stores.store import Store
from .endings import USAGE, WRONG_ITEMS, give_up, reported
from .options import Endpoint, From, Scopes, Where
from .rounds import in_rounds
from .saying import say

if TYPE_CHECKING:
    from ..integrations.langgraph.migration import Migrated, Migration, Mode

EMBEDDED = "sqlite://"
NAMED_AT_ONCE = 20  # threads between two looks at the progress

commands = typer.Typer(help="Move data in from other tables.", no_args_is_help=True)


@commands.callback()
def options() -> None:
    """Options of all of them."""


OldTable = Annotated[str, typer.Option(help="The table of DynamoDBSaver; it is only read.")]
Threads = Annotated[
    list[str] | None, typer.Option("--thread", help="Only this thread; again for others.")
]
Scanning = Annotated[
    bool, typer.Option("--scan", help="Find all threads: reads every item of the old table.")
]
OldBucket = Annotated[str | None, typer.Option(help="The S3 bucket of the old table.")]
KeyPrefix = Annotated[str | None, typer.Option(help="Of the keys in that bucket.")]
Days = Annotated[float | None, typer.Option(help="How long checkpoints can be read from now on.")]
Workers = Annotated[int, typer.Option(help="Threads that are moved at the same time.")]
WriteNothing = Annotated[bool, typer.Option("--dry-run", help="Write nothing.")]
OnlyCompare = Annotated[bool, typer.Option("--verify", help="Only compare.")]
AsJson = Annotated[bool, typer.Option("--json", help="The result as JSON.")]


@commands.command()
def langgraph(
    from_table: OldTable,
    where: Where = None,
    thread: Threads = None,
    scan: Scanning = False,
    endpoint_url: Endpoint = None,
    scope: Scopes = None,
    bucket: OldBucket = None,
    key_prefix: KeyPrefix = None,
    ttl_days: Days = None,
    workers: Workers = 4,
    cursor: From = None,
    dry_run: WriteNothing = False,
    verify: OnlyCompare = False,
    json: AsJson = False,
) -> None:
    """Move the threads of LangGraph's DynamoDBSaver, of langgraph-checkpoint-aws.

    Each thread is written as if it had always been here; then both savers give back all of it, and
    that is compared. Threads that are here and equal are passed over, so a call that was
    interrupted is made again.
    """
    with reported():
        mode = _mode(dry_run=dry_run, verify=verify)
        old = _old(from_table, endpoint_url, bucket, key_prefix)
        ttl = _ttl(ttl_days)
        with opened(where, endpoint_url, scope, writes=mode == "migrate") as store:
            migration = _migration(old, store, ttl=ttl, mode=mode, workers=workers)
            done = _moved(migration, thread or [], cursor, scan=scan, quiet=json)
        if done.scanned and not done.threads and cursor is None:
            raise RequestError(
                f"{from_table} has {counted(done.scanned, 'item')}, and none is a checkpoint of "
                "DynamoDBSaver; name the table that this wrote to"
            )
    _tell(done, mode, json=json)


def _mode(*, dry_run: bool, verify: bool) -> Mode:
    """What is done.

    Raises:
        RequestError: two things at once.
    """
    if dry_run and verify:
        raise RequestError("--dry-run writes nothing, and neither does --verify; give one")
    return "dry-run" if dry_run else "verify" if verify else "migrate"


def _ttl(days: float | None) -> dt.timedelta | None:
    """How long checkpoints can be read.

    Raises:
        RequestError: no clock can tell that time.
    """
    try:
        return None if days is None else dt.timedelta(days=days)
    except (OverflowError, ValueError) as error:
        raise RequestError(f"--ttl-days {days:g}: {error}; give a number such as 30") from error


def _old(
    table: str, endpoint_url: str | None, bucket: str | None, key_prefix: str | None
) -> dict[str, Any]:
    """What the old table's saver is made of."""
    made: dict[str, Any] = {"table_name": table, "endpoint_url": endpoint_url}
    if bucket is not None:
        config = {"bucket_name": bucket, "key_prefix": key_prefix, "endpoint_url": endpoint_url}
        made["s3_offload_config"] = config
    return made


def _tell(done: Migrated, mode: Mode, *, json: bool) -> None:
    """Say what was done.

    Raises:
        typer.Exit: something differs.
    """
    say(_json(done, mode) if json else line(done, mode))
    if not done.differing:
        return
    if not json:
        say(_differences(done), err=True)
    raise typer.Exit(WRONG_ITEMS)


def line(done: Migrated, mode: Mode) -> str:
    """What was done, in a line."""
    became = "to write" if mode == "dry-run" else "written"
    compared = counted(done.checkpoints, "checkpoint")
    parts = {
        f"{done.equal:,} of them here before": done.equal,
        f"{compared} compared": done.checkpoints,
        f"{done.written:,} {became}": done.written,
        f"{done.gone:,} whose values are gone from the old table": done.gone,
        counted(done.differing, "difference"): done.differing,
        "no differences": not done.differing,
    }
    told = [text for text, is_so in parts.items() if is_so]
    return ", ".join([counted(done.threads, "thread"), *told])


def counted(count: int, noun: str) -> str:
    """A number of things, in words."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def opened(
    where: str | None, endpoint_url: str | None, scopes: list[str] | None, *, writes: bool
) -> Store:
    """The store that is moved to; its table is made only if something is written."""
    is_embedded = where is not None and where.startswith(EMBEDDED)
    connected = Store.connect(
        where,
        endpoint_url=None if is_embedded else endpoint_url,
        create=None if writes else False,
    )
    return reduce(Store.scope, scopes or (), connected)


def _migration(
    old: dict[str, Any],
    store: Store,
    **options: Any,
) -> Migration:
    try:
        from langgraph_checkpoint_aws import DynamoDBSaver

        from ..integrations.langgraph.migration import Migration
    except ModuleNotFoundError as missing:
        give_up(
            f'this needs {missing.name}: pip install ".[migrate]" in a clone of dynastore', USAGE
        )
    try:
        with told_as_ours():
            saver = DynamoDBSaver(**old)
    except ValueError as error:  # botocore's word on an endpoint
        raise RequestError(f"the old table cannot be reached: {error}") from error
    return Migration(saver, store, **options)


def _moved(
    migration: Migration, threads: list[str], cursor: str | None, *, scan: bool, quiet: bool
) -> Migrated:
    """Move the threads that are named, or all; and show on a terminal how far it is.

    Raises:
        RequestError: none is named, and nobody agreed to a scan.
        Stopped: it failed on its way.
    """
    items, units = (None, 0.0) if threads else migration.size()
    if not threads and not scan:
        raise RequestError(
            "which threads? The old table has no list of them. Name them with --thread, or find them "
            f"with --scan, which reads all of its items: about {items:,}, for {units:,.0f} read units"
        )
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn())
    console = Console(stderr=True)
    is_seen = console.is_terminal and not quiet
    shown = Progress(*columns, TimeElapsedColumn(), console=console, disable=not is_seen)
    with shown as progress:
        if threads:
            return _named(migration, threads, progress)
        task = progress.add_task("finding threads", total=items or None)

        def show(done: Migrated) -> None:
            progress.update(task, completed=done.scanned, description=_so_far(done))

        return in_rounds(migration.page, cursor, show)


def _named(migration: Migration, threads: list[str], progress: Progress) -> Migrated:
    done = migration.threads(())
    task = progress.add_task("moving threads", total=len(threads))
    for some in _batches(threads):
        done = done.and_then(migration.threads(some))
        progress.update(task, advance=len(some), description=_so_far(done))
    return done


def _batches(threads: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(threads), NAMED_AT_ONCE):
        yield threads[start : start + NAMED_AT_ONCE]


def _so_far(done: Migrated) -> str:
    written = counted(done.written, "checkpoint")
    return f"{counted(done.threads, 'thread')}, {written} written"


def _differences(done: Migrated) -> str:
    more = done.differing - len(done.differences)
    told = [str(each) for each in done.differences]
    return "\n".join([*told, *([f"and {more:,} more"] if more else [])])


def _json(done: Migrated, mode: Mode) -> str:
    return orjson.dumps({"mode": mode, **asdict(done)}).decode()
