"""``dynastore archive`` and ``dynastore archived``: cold threads in the bucket, which, and back again."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal, TypeAlias

import orjson
import typer
from attrs import asdict, evolve, frozen

from ..agents.checkpoints.archives import Archive as ThreadsArchive
from ..agents.checkpoints.archiving import archive_threads, archived_threads
from ..agents.checkpoints.entities import ThreadArchive
from ..agents.checkpoints.returning import bring_back
from ..agents.cold import Archived, Cold
from ..agents.conversations.archives import Archive as SessionsArchive
from ..agents.conversations.archiving import archive_sessions, archived_sessions, restore_session
from ..agents.conversations.entities import SessionArchive
from ..errors import RequestError
from ..operations.reading.reader import Page
from ..requests import Steps
from ..schema.schema import Schema
from ..stores.store import Store
from .endings import USAGE, WRONG_ITEMS, give_up, reported
from .groups import grouped
from .options import AsJson, Bucket, DryRun, From, Rate, TableOptions
from .rounds import shown
from .saying import say, visible

AGE = re.compile(r"([1-9]\d{0,5})([hdw])")
UNITS = {"h": dt.timedelta(hours=1), "d": dt.timedelta(days=1), "w": dt.timedelta(weeks=1)}

Name: TypeAlias = Literal["threads", "sessions"]
Archive: TypeAlias = ThreadsArchive | SessionsArchive


@frozen
class Kind:
    """What can be archived.

    Attributes:
        name: in the plural.
        entity: of its archives.
        archive: archives what is cold of it.
        archived: lists what is archived.
    """

    name: Name
    entity: type[Any]
    archive: Callable[..., Steps[Archived]]
    archived: Callable[..., Steps[Page[Any]]]


KINDS = (
    Kind("threads", ThreadArchive, archive_threads, archived_threads),
    Kind("sessions", SessionArchive, archive_sessions, archived_sessions),
)

Only = Annotated[
    Name | None,
    typer.Option(help="Threads of LangGraph, or sessions of Agno; by default what the schema has."),
]

commands = typer.Typer(help="List what was archived, and bring it back.", no_args_is_help=True)


def _kinds(schema: Schema, only: Name | None) -> Sequence[Kind]:
    """What is asked for; without, what the schema has."""
    if only is not None:
        return [each for each in KINDS if each.name == only]
    return [each for each in KINDS if each.entity in schema.entities] or KINDS


@grouped
def archive(
    table: TableOptions,
    older_than: Annotated[
        str, typer.Option(help="How long nobody worked on it: 12h, 90d, 26w.")
    ] = "",
    only: Only = None,
    bucket: Bucket = None,
    units_per_second: Rate = None,
    cursor: From = None,
    json: AsJson = False,
    dry_run: DryRun = False,
) -> None:
    """Move threads and sessions that nobody works on any more out of the table into its bucket.

    They come back by themselves when somebody uses them. Lists show them as before.
    """
    age = _age(older_than)
    with table.opened(bucket) as store:
        kinds, at = _left(_kinds(store.schema, only), cursor)
        cold = Cold(age, units_per_second=units_per_second, dry_run=dry_run)
        damaged = 0
        with reported():
            for each in kinds:
                done = _archived(store, each, cold, at)
                _tell(each, done, json=json, dry_run=dry_run)
                damaged += len(done.damaged)
                at = None
    if damaged:
        raise typer.Exit(WRONG_ITEMS)


def _left(kinds: Sequence[Kind], cursor: str | None) -> tuple[Sequence[Kind], str | None]:
    """What an earlier call left to do, and where it goes on with the first of it."""
    if cursor is None:
        return kinds, None
    name, _, at = cursor.partition(":")
    names = [each.name for each in kinds]
    if not at or name not in names:
        known = " or ".join(f"{each}:" for each in names)
        give_up(f"--cursor is what an earlier call said; it begins with {known}", USAGE)
    return kinds[names.index(name) :], at


def _archived(store: Store, kind: Kind, cold: Cold, cursor: str | None) -> Archived:
    """Archive what is cold of a kind, round after round."""

    def one(cursor: str | None) -> Archived:
        at = None if cursor is None else cursor.removeprefix(f"{kind.name}:")
        done = store.run(kind.archive(store.schema, cold, cursor=at, rounds=1))
        return done if done.cursor is None else evolve(done, cursor=f"{kind.name}:{done.cursor}")

    def told(so_far: Archived) -> str:
        return line(kind.name, so_far, dry_run=cold.dry_run)

    return shown(f"archiving {kind.name}", one, cursor, told)


def _tell(kind: Kind, done: Archived, *, json: bool, dry_run: bool) -> None:
    """Say what was archived of a kind."""
    if json:
        say(orjson.dumps({"only": kind.name, **asdict(done)}).decode())
        return
    say(line(kind.name, done, dry_run=dry_run))
    for each in done.large:
        say(f"{kind.name[:-1]} {visible(each)} is larger than 64 MB, and stays", err=True)
    for each in done.damaged:
        say(
            f"{kind.name[:-1]} {visible(each)} lacks something; whoever reads it is told what",
            err=True,
        )


def _age(text: str) -> dt.timedelta:
    """How long ago: a number and a unit."""
    found = AGE.fullmatch(text)
    if found is None:
        give_up(f"--older-than is a number of hours, days or weeks, as 90d, not {text!r}", USAGE)
    return int(found[1]) * UNITS[found[2]]


def line(name: Name, done: Archived, *, dry_run: bool) -> str:
    """What a person reads of an archiving."""
    if dry_run:
        became = f"{done.archived:,} would be archived"
    else:
        became = f"{done.archived:,} archived, {done.items:,} items of {done.item_bytes:,} bytes"
    stay = {"used since": done.warm, "undated": done.undated, "too large": len(done.large)}
    stay |= {"damaged": len(done.damaged)}
    left = "".join(f", {count:,} {why}" for why, count in stay.items() if count)
    return f"{done.seen:,} {name} that began before; {became}{left}"


@commands.command("list")
@grouped
def show(
    table: TableOptions,
    only: Only = None,
    bucket: Bucket = None,
    json: AsJson = False,
) -> None:
    """List what is archived, what was first first, and how much it holds."""
    with table.opened(bucket) as store, reported():
        for each in _kinds(store.schema, only):
            _list(store, each, json=json)


def _list(store: Store, kind: Kind, *, json: bool) -> None:
    """List what is archived of a kind."""
    total = size = 0
    cursor: str | None = None
    while True:
        page = store.run(kind.archived(store.schema, cursor=cursor))
        for each in page:
            total, size = total + 1, size + each.item_bytes
            say(_json(each) if json else _told(each))
        cursor = page.cursor
        if cursor is None:
            break
    figures = {kind.name: total, "item_bytes": size}
    plain = f"{total:,} {kind.name} are archived; their items have {size:,} bytes uncompressed"
    say(orjson.dumps(figures).decode() if json else plain)


@commands.command()
@grouped
def restore(
    table: TableOptions,
    thread: Annotated[str, typer.Option(help="Id of a thread.")] = "",
    session: Annotated[str, typer.Option(help="Id of a session.")] = "",
    user: Annotated[str | None, typer.Option(help="Whose session it must be.")] = None,
    bucket: Bucket = None,
    json: AsJson = False,
) -> None:
    """Put one thread, or one session, back into the table before somebody uses it."""
    with table.opened(bucket) as store, reported():
        if bool(thread) is bool(session):
            raise RequestError("say which thread, or which session: --thread ID, --session ID")
        if user is not None and not session:
            raise RequestError("--user is of a session; leave it out")
        steps = (
            bring_back(store.schema, thread)
            if thread
            else restore_session(store.schema, session, user)
        )
        was_away = store.run(steps)
    kind, name = ("thread", thread) if thread else ("session", session)
    if json:
        say(orjson.dumps({kind: name, "was_archived": was_away}).decode())
    elif was_away:
        say(f"{kind} {visible(name)} is back")
    else:
        say(f"{kind} {visible(name)} is not archived")
    if not was_away:
        raise typer.Exit(WRONG_ITEMS)


def _told(archive: Archive) -> str:
    since = f"{archive.since:%Y-%m-%d %H:%M:%S}"
    return (
        f"{since}  {visible(_id(archive))}  {archive.items:,} items, {archive.item_bytes:,} bytes"
    )


def _id(archive: Archive) -> str:
    return archive.session_id if isinstance(archive, SessionsArchive) else archive.thread_id


def _json(archive: Archive) -> str:
    return orjson.dumps(asdict(archive)).decode()
