"""``dynastore upcast``: which classes, a round at a time, and what is said of it."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

import orjson
import typer

from ..errors import RequestError
from ..operations.upkeep.upcasts import Upcasted
from ..schema.schema import Schema
from .endings import WRONG_ITEMS, give_up, reported, status_of
from .groups import grouped
from .options import AsJson, DryRun, PaceOptions, TableOptions
from .rounds import Stopped, shown
from .saying import say, visible


@grouped
def upcast(
    table: TableOptions,
    pace: PaceOptions,
    entity: Annotated[
        str | None, typer.Option(help="The class; without it, all that have upcasters.")
    ] = None,
    json: AsJson = False,
    dry_run: DryRun = False,
) -> None:
    """Rewrite the items that older code wrote, as their classes have them today. Reads all."""

    def one(cls: type[Any], cursor: str | None) -> Upcasted:
        return store.upcast(cls, dry_run=dry_run, **pace.at(cursor), rounds=1)

    failed = 0
    with table.opened() as store, reported():
        for cls in classes_of(store.schema, entity, pace.cursor):
            told = partial(line, cls, dry_run=dry_run, as_json=json)
            try:
                done = shown("upcasting", partial(one, cls), pace.cursor, told)
            except Stopped as stopped:
                give_up(f"{stopped} --entity {cls.__name__}", status_of(stopped))
            say(told(done))
            failed += done.failed
            if done.failed and not json:
                say(failures(done), err=True)
    if failed:
        raise typer.Exit(WRONG_ITEMS)


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
        whose = (
            "no class of this schema has upcasters" if name is None else f"{name} has no upcasters"
        )
        raise RequestError(f"{whose}; nothing is old")
    if cursor is not None and len(found) > 1:
        raise RequestError("a cursor is of one class; name it: --entity NAME")
    return found


def line(cls: type[Any], done: Upcasted, *, dry_run: bool, as_json: bool) -> str:
    """What was done with a class."""
    if as_json:
        told = {"entity": cls.__name__, "items": done.items, "rewritten": done.rewritten}
        failures = {str(key): str(error) for key, error in done.failures.items()}
        told |= {"failed": done.failed, "failures": failures, "cursor": done.cursor}
        return orjson.dumps(told).decode()
    became = "to rewrite" if dry_run else f"found, {done.rewritten:,} rewritten"
    failed = f", {done.failed:,} cannot be upcast" if done.failed else ""
    return f"{cls.__name__}: {done.items:,} items of older schemas {became}{failed}"


def failures(done: Upcasted) -> str:
    """Why items cannot be upcast: a line for each of the first, and how many more there are."""
    more = done.failed - len(done.failures)
    lines = [visible(str(error)) for error in done.failures.values()]
    return "\n".join([*lines, *([f"and {more:,} more"] if more else [])])
