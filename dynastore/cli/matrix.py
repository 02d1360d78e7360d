"""``dynastore patterns``: the access patterns of a schema as a table, and what is odd about them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson
from attrs import asdict
from rich.console import Console
from rich.padding import Padding
from rich.table import Table

from ..planner.plan import counted
from ..schema.overview import Row, remarks, rows
from ..schema.schema import Schema
from .saying import as_markup

WIDE = 100  # columns of a terminal from which a table is easier to read than lines


def show(console: Console, schema: Schema) -> None:
    """Print each access pattern, as a row of a table where there is room for it, then the remarks."""
    found = rows(schema)
    if console.width < WIDE:
        console.print(f"Table {schema.table.name}\n", style="italic", highlight=False)
        for row in found:
            _print_apart(console, row)
    else:
        console.print(_table(f"Table {schema.table.name}", found))
    console.print(
        "Items, and the units of reading them, are of one whole partition; write units are of one "
        "put. They follow the hints of @entity(count=, item_bytes=, distinct=), or defaults.",
        style="dim",
        highlight=False,
    )
    for remark in remarks(schema):
        console.print(f"! {as_markup(remark)}", style="yellow", highlight=False)


def _table(title: str, found: Sequence[Row]) -> Table:
    table = Table(title=title, title_justify="left", header_style="bold")
    table.add_column("Access pattern", no_wrap=True)
    table.add_column("Index", no_wrap=True)
    table.add_column("Partition key | range key", overflow="fold")
    for heading in ("Items", "Read", "Write"):
        table.add_column(heading, justify="right", no_wrap=True)
    for place, row in enumerate(found):
        last = place + 1 == len(found) or found[place + 1].entity != row.entity
        keys = "\n".join([_keys(row), *(f"[dim]{note}[/dim]" for note in _notes(row))])
        table.add_row(
            f"{row.entity}.{row.pattern}", _index(row), keys, *_figures(row), end_section=last
        )
    return table


def _print_apart(console: Console, row: Row) -> None:
    """A row in lines of its own: beside columns of figures its keys would have a word a line."""
    items, read, write = _figures(row)
    took = f"{items} {'item' if items == '1' else 'items'}, {read} to read, {write} to write"
    console.print(f"[bold]{row.entity}.{row.pattern}[/] on {_index(row)}: {took}", highlight=False)
    console.print(Padding(_keys(row), (0, 0, 0, 2)), highlight=False)
    for note in _notes(row):
        console.print(Padding(note, (0, 0, 0, 2)), style="dim", highlight=False)


def _keys(row: Row) -> str:
    return as_markup(f"{row.partition} | {', '.join(row.ranges)}")


def _notes(row: Row) -> Iterator[str]:
    if row.when:
        yield f"only if {as_markup(row.when)}"
    if row.index.fields is not None:
        yield f"carries {', '.join(row.index.fields) or 'its keys'}"


def _index(row: Row) -> str:
    return row.index.name or "table"


def _figures(row: Row) -> tuple[str, str, str]:
    return f"{row.cost.items:,.0f}", counted(row.cost.units), str(row.write_units)


def lines(schema: Schema) -> Iterator[str]:
    """A JSON object for each access pattern, and a summary."""
    found = rows(schema)
    for row in found:
        told = {**asdict(row), "index": row.index.name, "carries": row.index.fields}
        yield orjson.dumps(told).decode()
    yield orjson.dumps({"patterns": len(found), "remarks": remarks(schema)}).decode()
