"""``dynastore threads``: the threads of a checkpointer, what is wrong with them, and mending it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator
from functools import partial, reduce
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast

import orjson
import typer
from attrs import asdict

from ..agents import agent_schema
from ..agents.checkpoints.clearing import PRUNED_GRACE
from ..agents.checkpoints.entities import Thread
from ..errors import DataError
from ..stores.store import Store
from .endings import FAILURE, USAGE, WRONG_ITEMS, give_up, reported
from .options import AsJson, Bucket, Endpoint, Scopes, Where, in_bucket
from .saying import say, visible

if TYPE_CHECKING:
    from ..agents.checkpoints.findings import Checked, Repaired
    from ..integrations.langgraph import DynastoreSaver

D = TypeVar("D", "Checked", "Repaired")

Threads = Annotated[
    list[str] | None, typer.Option("--thread", help="Only this one; again for others.")
]

commands = typer.Typer(
    help="List the threads of LangGraph, find what is broken, repair it.",
    no_args_is_help=True,
)


@commands.command("list")
def show(
    where: Where = None,
    endpoint_url: Endpoint = None,
    scope: Scopes = None,
    bucket: Bucket = None,
    user_id: Annotated[str | None, typer.Option(help="Only those of this user.")] = None,
    json: AsJson = False,
) -> None:
    """List the threads, those that began last first. One without a header is not among them."""
    with reported(), _opened(where, endpoint_url, scope, bucket) as store:
        for each in _all(_saver(store), user_id):
            say(_line(each, json))


@commands.command()
def check(
    where: Where = None,
    thread: Threads = None,
    endpoint_url: Endpoint = None,
    scope: Scopes = None,
    bucket: Bucket = None,
    json: AsJson = False,
) -> None:
    """Tell which checkpoints cannot be read, and what belongs to none. Reads all of each thread."""
    with reported(), _opened(where, endpoint_url, scope, bucket) as store:
        saver = _saver(store)
        found = (_told(saver.check, each, json=json) for each in _named(saver, thread))
        _end(None if each is None else each.is_there and each.is_sound for each in found)


@commands.command()
def repair(
    where: Where = None,
    thread: Threads = None,
    endpoint_url: Endpoint = None,
    scope: Scopes = None,
    bucket: Bucket = None,
    at_once: Annotated[
        bool,
        typer.Option(
            "--at-once", help="Delete now what is else deleted after an hour; no process may work."
        ),
    ] = False,
    json: AsJson = False,
) -> None:
    """Make the newest checkpoint that can be read the last one, and delete what belongs to none.

    What goes is hidden or marked first. Repair again after an hour to delete it.
    """
    with reported(), _opened(where, endpoint_url, scope, bucket) as store:
        saver = _saver(store)
        mend = partial(saver.repair, grace=dt.timedelta(0) if at_once else PRUNED_GRACE)
        done = (_told(mend, each, json=json) for each in _named(saver, thread))
        _end(None if each is None else each.found.is_there for each in done)


def _saver(store: Store) -> DynastoreSaver:
    try:
        from ..integrations.langgraph import DynastoreSaver
    except ModuleNotFoundError as missing:
        give_up(
            f'threads need {missing.name}: pip install ".[langgraph]" in a clone of dynastore',
            USAGE,
        )
    return DynastoreSaver(store)


def _told(call: Callable[[str], D], thread_id: str, *, json: bool) -> D | None:
    """What was done with a thread, told; None where it cannot be read here, as an encrypted one."""
    try:
        done = call(thread_id)
    except DataError as error:
        say(f"dynastore: {error}", err=True)
        return None
    say(_json(done) if json else str(done))
    return done


def _end(sound: Iterable[bool | None]) -> None:
    """End with the status that fits threads that are sound or not; None is one that cannot be read."""
    found = {*sound}
    if None in found:
        raise typer.Exit(FAILURE)
    if False in found:
        raise typer.Exit(WRONG_ITEMS)


def _named(saver: DynastoreSaver, names: list[str] | None) -> Iterator[str]:
    """The threads that a command is about: those that are named, or all that are listed."""
    if names:
        return iter(names)
    return (each.thread_id for each in _all(saver, None))


def _all(saver: DynastoreSaver, user_id: str | None) -> Iterator[Thread]:
    cursor: str | None = None
    while True:
        page = saver.threads(user_id=user_id, cursor=cursor)
        yield from page.entities
        cursor = page.cursor
        if cursor is None:
            return


def _opened(
    where: str | None, endpoint_url: str | None, scopes: list[str] | None, bucket: str | None
) -> Store:
    schema = in_bucket(agent_schema(), bucket)
    connected = Store.connect(where, schema, endpoint_url=endpoint_url, create=False)
    return reduce(Store.scope, scopes or (), connected)


def _line(thread: Thread, as_json: bool) -> str:
    if as_json:
        return orjson.dumps(asdict(cast("Any", thread))).decode()
    about = (thread.user_id, thread.component, thread.title)
    began = f"{thread.created_at:%Y-%m-%d %H:%M:%S}"
    return "  ".join([began, visible(thread.thread_id), *(visible(each) for each in about if each)])


def _json(done: Checked | Repaired) -> str:
    """Each finding says what it is."""

    def named(finding: Any) -> dict[str, Any]:
        return {"finding": type(finding).__name__.lower(), **asdict(finding)}

    if hasattr(done, "found"):
        found = {**asdict(done.found), "findings": [*map(named, done.found.findings)]}
        return orjson.dumps({**asdict(done), "found": found}).decode()
    return orjson.dumps({**asdict(done), "findings": [*map(named, done.findings)]}).decode()
