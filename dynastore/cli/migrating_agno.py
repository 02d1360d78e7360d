"""``dynastore migrate agno``: what another of Agno's databases has moves in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from attrs import asdict
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from ..errors import RequestError
from . import asking
from .endings import USAGE, WRONG_ITEMS, give_up, reported
from .migrating import opened
from .options import Endpoint, Scopes, Where
from .saying import say

if TYPE_CHECKING:
    from ..integrations.agno.moving.migration import Migrated, Migration, Mode


def agno(
    from_db: Annotated[
        str, typer.Option("--from", help="MODULE:DB, such as app.storage:db; it is only read.")
    ],
    where: Where = None,
    topic: Annotated[
        list[str] | None, typer.Option("--topic", help="Only this one; again for others.")
    ] = None,
    endpoint_url: Endpoint = None,
    scope: Scopes = None,
    page_size: Annotated[
        int | None, typer.Option(help="Rows to read at a time; else what suits the old database.")
    ] = None,
    clocks: Annotated[
        float, typer.Option(help="Seconds by which times may differ; for what a mirror wrote.")
    ] = 0.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Write nothing.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Only compare.")] = False,
    json: Annotated[bool, typer.Option("--json", help="The result as JSON.")] = False,
) -> None:
    """Move what another of Agno's databases has: sessions, runs, memories and all else it can list.

    What is missing or older here is written, read again and compared; what is here and equal is passed
    over, so a call that was interrupted is made again.
    """
    with reported():
        if dry_run and verify:
            raise RequestError("--dry-run writes nothing, and neither does --verify; give one")
        mode: Mode = "dry-run" if dry_run else "verify" if verify else "migrate"
        old = asking.object_named(from_db, "db", "app.storage:db")
        with opened(where, endpoint_url, scope, writes=mode == "migrate") as store:
            options: Any = {"mode": mode, "page_size": page_size, "clocks": clocks}
            migration = _migration(old, store, topics=topic, **options)
            done = _moved(migration)
    say(_json(done, mode) if json else lines(done, mode))
    if done.total.differing:
        if not json:
            say(_differences(done), err=True)
        raise typer.Exit(WRONG_ITEMS)


def _migration(old: Any, store: Any, *, topics: list[str] | None, **options: Any) -> Migration:
    try:
        from ..integrations.agno.moving.migration import NAMES, Migration
    except ModuleNotFoundError as missing:
        give_up(f'this needs {missing.name}: pip install ".[agno]" in a clone of dynastore', USAGE)
    return Migration(old, store, topics=topics or NAMES, **options)


def _moved(migration: Migration) -> Migrated:
    """Move everything, and show how far it is: a bar for each topic."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    tasks: dict[str, Any] = {}
    console = Console(stderr=True)
    bars = Progress(*columns, TimeElapsedColumn(), console=console, disable=not console.is_terminal)
    with bars as progress:

        def show(topic: str, done: Migrated, total: int | None) -> None:
            if topic not in tasks:
                tasks[topic] = progress.add_task(topic, total=None)
            rows = done.counts[topic].rows
            progress.update(tasks[topic], completed=rows, total=max(total or 0, rows))

        try:
            return migration.run(show)
        finally:
            migration.close()


def lines(done: Migrated, mode: Mode) -> str:
    """What was done, a line for each topic, and one for all."""
    became = "to write" if mode == "dry-run" else "written"
    told = []
    for name, each in {**done.counts, "all": done.total}.items():
        if name in done.passed:
            continue
        parts = {"here before": each.equal, became: each.written, "differences": each.differing}
        counted = [f"{count:,} {what}" for what, count in parts.items() if count]
        told.append(", ".join([f"{name}: {each.rows:,}", *counted]))
    return "\n".join([*told, *(f"{name}: passed over: {why}" for name, why in done.passed.items())])


def _differences(done: Migrated) -> str:
    more = done.total.differing - len(done.differences)
    told = [str(each) for each in done.differences]
    return "\n".join([*told, *([f"and {more:,} more"] if more > 0 else [])])


def _json(done: Migrated, mode: Mode) -> str:
    return orjson.dumps({"mode": mode, **asdict(done), "total": asdict(done.total)}).decode()
