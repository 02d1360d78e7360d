"""``dynastore upcast``: which classes, a round at a time, and what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console

from ..errors import RequestError
from ..operations.upkeep.upcasts import Upcasted
from ..schema import Schema
from .endings import reported
from .options import (
    AsJson,
    DryRun,
    Endpoint,
    From,
    Rate,
    SchemaName,
    Scopes,
    Segments,
    Where,
    opened,
)
from .rounds import in_rounds


def upcast(
    schema: SchemaName,
    where: Where = None,
    entity: Annotated[
        str | None, typer.Option(help="The class; without it, all that have upcasters.")
    ] = None,
    endpoint_url: Endpoint = None,
    scope: Scopes = None,
    segments: Segments = 1,
    units_per_second: Rate = None,
    cursor: From = None,
    json: AsJson = False,
    dry_run: DryRun = False,
) -> None:
    """Rewrite the items that older code wrote, as their classes have them today. Reads all."""

    def one(cls: type[Any], cursor: str | None) -> Upcasted:
        return store.upcast(
            cls,
            dry_run=dry_run,
            segments=segments,
            units_per_second=units_per_second,
            cursor=cursor,
            rounds=1,
        )

    terminal = Console(stderr=True)
    with opened(schema, where, endpoint_url, scope) as store, reported():
        for cls in classes_of(store.schema, entity, cursor):
            told = partial(line, cls, dry_run=dry_run, as_json=json)
            typer.echo(told(shown(partial(one, cls), cursor, told, terminal)))


def classes_of(schema: Schema, name: str | None, cursor: str | None) -> list[type[Any]]:
    """The classes that are upcast.

    Raises:
        RequestError: none of that name has upcasters, or a cursor is given for several.
    """
    found = [
        cls
        for cls, codec in schema.codecs.items()
        if codec.spec.evolution.upcasters and name in {None, cls.__name__}
    ]
    if not found:
        raise RequestError(f"{name or 'no class of this schema'} has no upcasters; nothing is old")
    if cursor is not None and len(found) > 1:
        raise RequestError("a cursor is of one class; name it: --entity NAME")
    return found


def shown(
    one: Callable[[str | None], Upcasted],
    cursor: str | None,
    line: Callable[[Upcasted], str],
    terminal: Console,
) -> Upcasted:
    """All rounds of a class, and how far they are meanwhile."""
    with terminal.status("upcasting") as status:
        return in_rounds(one, cursor, lambda so_far: status.update(line(so_far)))


def line(cls: type[Any], done: Upcasted, *, dry_run: bool, as_json: bool) -> str:
    """What was done with a class."""
    if as_json:
        told = {"entity": cls.__name__, "items": done.items, "rewritten": done.rewritten}
        return orjson.dumps(told | {"cursor": done.cursor}).decode()
    became = "to rewrite" if dry_run else f"found, {done.rewritten:,} rewritten"
    return f"{cls.__name__}: {done.items:,} items of older schemas {became}"
