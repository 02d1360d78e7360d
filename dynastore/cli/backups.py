"""``dynastore backup``: backups of a table or a file, and new ones made of them."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, NoReturn

import orjson
import typer
from attrs import asdict, evolve, frozen
from rich.console import Console

from ..errors import RequestError
from ..operations import backups
from ..operations.backups import Restored
from ..operations.exporting.adopting import Adopted, adopt
from ..operations.reading.scanner import ScanOptions
from ..requests.backups import Backup, DeleteBackup, Recovery
from ..stores.store import Store
from .endings import INTERRUPTED, WRONG_ITEMS, give_up, reported
from .groups import grouped
from .options import AsJson, Bucket, Endpoint, SchemaName, Segments, Where, Yes, in_bucket, opened
from .rounds import shown
from .saying import as_markup, say, visible
from .scope_moving import SQLITE

commands = typer.Typer(
    help="Keep backups of a table, and make new tables of them.", no_args_is_help=True
)

Named = Annotated[str | None, typer.Option("--backup", help="Its name or ARN; else the newest.")]
To = Annotated[str, typer.Option(help="The new table; of an SQLite file the new file's URL.")]
ToBucket = Annotated[
    str | None, typer.Option(help="A bucket for the new table's payloads, where they are in one.")
]
WithoutObjects = Annotated[
    bool, typer.Option("--without-objects", help="Let payloads stay in the old table's bucket.")
]
GoOn = Annotated[
    bool, typer.Option("--go-on", help="The new table is there, of a call that was interrupted.")
]
NoRecovery = Annotated[
    bool, typer.Option("--no-pitr", help="The new table needs no point-in-time recovery.")
]


@frozen(kw_only=True)
class NewTable:
    """How a new table is made."""

    to_bucket: ToBucket = None
    without_objects: WithoutObjects = False
    no_pitr: NoRecovery = False
    go_on: GoOn = False
    segments: Segments = 1


NOT_RESTORED = "tags, alarms, scaling, resource policies, protection against deletion"


@commands.command()
def create(
    schema: SchemaName,
    where: Where = None,
    name: Annotated[str | None, typer.Option(help="3 to 255 letters, digits, _ - .")] = None,
    endpoint_url: Endpoint = None,
    json: AsJson = False,
) -> None:
    """Keep a table as it is now; of an SQLite file, a copy in a folder beside it."""
    store = opened(schema, where, endpoint_url, None)
    with store, reported():
        called = name or f"{store.schema.table.name}-backup"
        made = store.run(backups.create_backup(store.schema, called))
    say(_json(made) if json else f"{made.arn}: {made.size_bytes:,} bytes")
    if store.schema.table.bucket and not _is_embedded(store):
        say(f"The objects in bucket {store.schema.table.bucket} are not in it.", err=True)


@commands.command("list")
def show(
    schema: SchemaName,
    where: Where = None,
    endpoint_url: Endpoint = None,
    json: AsJson = False,
) -> None:
    """List the backups of a table, the newest first; those of AWS Backup are not among them."""
    store = opened(schema, where, endpoint_url, None)
    with store, reported():
        found = store.run(backups.backups(store.schema))
    if json:
        for each in found:
            say(_json(each))
        return
    for each in found:
        created = each.created.isoformat(" ", "seconds")
        say(f"{visible(each.name)}  {created}  {each.size_bytes:,} bytes  {each.status}")
        say(f"  {visible(each.arn)}")  # on its own line, to be copied: --backup takes it
    if not found:
        say(f"table {store.schema.table.name} has no backups")


@commands.command()
def delete(
    schema: SchemaName,
    where: Where = None,
    backup: Annotated[str, typer.Option(help="Its name, if only one has it, or its ARN.")] = "",
    endpoint_url: Endpoint = None,
    json: AsJson = False,
    yes: Yes = False,
) -> None:
    """Delete a backup for good."""
    store = opened(schema, where, endpoint_url, None)
    with store, reported():
        found = [
            each
            for each in store.run(backups.backups(store.schema))
            if backup in {each.name, each.arn}
        ]
        if len(found) != 1:
            raise RequestError(f"{len(found)} backups are called {backup!r}; give the ARN of one")
        if not yes:
            typer.confirm(f"Delete backup {found[0].arn}?", abort=True, err=True)
        store.run(iter(DeleteBackup(found[0].arn)))
    say(_json(found[0]) if json else f"{found[0].arn} deleted")


@commands.command()
@grouped
def restore(
    schema: SchemaName,
    to: To,
    where: Where = None,
    backup: Named = None,
    endpoint_url: Endpoint = None,
    bucket: Bucket = None,
    *,
    new: NewTable,
    json: AsJson = False,
) -> None:
    """Make a new table of a backup, and set what no restore brings: time to live, the stream, PITR."""
    with opened(schema, where, endpoint_url, None, bucket) as home, reported():
        target = _target(home, to, new)
        with target:
            if not new.go_on:
                found = _chosen(home, backup)
                target.run(backups.begin_restore(target.schema, found))
            _finish(home, target, new, (schema, to), json=json)


@commands.command()
@grouped
def pitr(
    schema: SchemaName,
    where: Where = None,
    enable: Annotated[bool, typer.Option("--enable", help="From now on, for 35 days.")] = False,
    at: Annotated[
        str | None, typer.Option(help="As of when: 2026-03-01T12:00:00Z, or latest.")
    ] = None,
    to: Annotated[str | None, typer.Option(help="The new table.")] = None,
    endpoint_url: Endpoint = None,
    bucket: Bucket = None,
    *,
    new: NewTable,
    json: AsJson = False,
) -> None:
    """Make a new table as this one was at a moment; or say which moments can be had."""
    with opened(schema, where, endpoint_url, None, bucket) as home, reported():
        asked = backups.enable_recovery if enable else backups.recovery_of
        recovery = home.run(asked(home.schema))
        if at is None and to is None:
            say(_json(recovery) if json else _window(recovery))
            return
        if at is None or to is None:
            raise RequestError("a new table is made with both: --at TIME --to NEW")
        moment = _moment(at)
        backups.check_moment(recovery, home.schema.table.name, moment)
        target = _target(home, to, new)
        with target:
            if not new.go_on:
                name = home.schema.table.name
                target.run(backups.begin_recovery(target.schema, name, moment))
            _finish(home, target, new, (schema, to), json=json)


def _chosen(home: Store, backup: str | None) -> Backup:
    if backup is not None:
        return home.run(backups.backup_named(home.schema, backup))
    found = [each for each in home.run(backups.backups(home.schema)) if each.is_available]
    if not found:
        raise RequestError(f"table {home.schema.table.name} has no backup that is available")
    return found[0]


def _target(home: Store, to: str, new: NewTable) -> Store:
    """A store on the table to be made.

    Raises:
        RequestError: it cannot be made there, or nobody says what becomes of payloads in the bucket.
    """
    known, bucket = home.schema.table.bucket, new.to_bucket
    if to.startswith(SQLITE) != _is_embedded(home):
        raise RequestError(
            "a backup of a table is restored to a table, and one of a file to sqlite:///NEW.db; between "
            "the two, use `dynastore export` and `dynastore import`"
        )
    if _is_embedded(home):
        return Store.connect(to, home.schema, create=False)
    if known is not None and bucket is None and not new.without_objects:
        raise RequestError(
            f"the payloads in bucket {known} are in no backup. Give the new table a bucket, "
            "--to-bucket, to which those that it refers to are copied; or say --without-objects, and "
            "sweep the old table no more as long as the new one is used"
        )
    if known is not None and bucket == known:
        raise RequestError(f"bucket {known} is the old table's; name another one with --to-bucket")
    return evolve(home, schema=in_bucket(home.schema, bucket).named(to))


def _finish(
    home: Store, target: Store, new: NewTable, named: tuple[str, str], *, json: bool
) -> None:
    """Wait until the new table is there, set it up, and bring its objects.

    Args:
        home: the old table.
        target: the new one.
        new: how it is made.
        named: the schema and the new table, as the command line names them.
        json: whether a program reads what is told.
    """
    embedded, (schema, to) = _is_embedded(home), named
    try:
        with Console(stderr=True).status(as_markup(f"making {to}; AWS takes minutes to hours")):
            while not target.run(backups.is_ready(target.schema)):
                pass
            steps = backups.set_up(target.schema, embedded=embedded, recovery=not new.no_pitr)
            restored = target.run(steps)
        adopted = None if embedded else _adopted(home, target, new.segments)
    except KeyboardInterrupt:
        _interrupted(to)
    say(_told(restored, adopted, json=json))
    if not json and not embedded:
        say(f"Not restored, and not set: {NOT_RESTORED}.", err=True)
    if not json:
        say(f"Now look at it: dynastore verify {schema} {to}", err=True)
    if adopted is not None and adopted.missing:
        give_up(f"{adopted.missing:,} objects are gone that items refer to", WRONG_ITEMS)


def _adopted(home: Store, target: Store, segments: int) -> Adopted | None:
    """The objects of the new table, copied to its bucket; None where they stay."""
    source, own = home.schema.table.bucket, target.schema.table.bucket
    if source is None or own in {None, source}:
        return None
    options = ScanOptions(segments)

    def one(cursor: str | None) -> Adopted:
        return target.run(adopt(target.schema, source, options, cursor))

    return shown("copying objects", one, None, lambda so_far: f"{so_far.copied:,} objects copied")


def _told(restored: Restored, adopted: Adopted | None, *, json: bool) -> str:
    if json:
        return _text({**asdict(restored), "objects": adopted and asdict(adopted)})
    told = [f"{restored.table} is ready"]
    if restored.set:
        told.append(f"set: {', '.join(restored.set)}")
    if adopted is not None:
        told.append(f"{adopted.copied:,} of {adopted.objects:,} objects copied")
    return "; ".join(told)


def _window(recovery: Recovery) -> str:
    if not recovery.enabled:
        return "point-in-time recovery is off; --enable turns it on"
    return f"as it was from {recovery.earliest} to {recovery.latest}"


def _moment(text: str) -> dt.datetime | None:
    """The moment that a text means; None for the latest.

    Raises:
        RequestError: it is none, or has no time zone.
    """
    if text == "latest":
        return None
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise RequestError(f"{text!r} is no time; write 2026-03-01T12:00:00Z, or latest") from error
    if moment.tzinfo is None:
        raise RequestError(f"{text!r} has no time zone; write {text}Z, or +02:00 behind it")
    return moment


def _interrupted(to: str) -> NoReturn:
    give_up(f"interrupted; {to} is being made all the same. Go on with --go-on", INTERRUPTED)


def _is_embedded(store: Store) -> bool:
    return store.place is not None and store.place.embedded


def _json(told: Backup | Recovery) -> str:
    return _text(asdict(told))


def _text(told: dict[str, Any]) -> str:
    return orjson.dumps(told).decode()
