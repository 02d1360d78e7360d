"""``dynastore patterns``: the access patterns of a schema as a table, and what is odd about them."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
from attrs import asdict
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from ..planner.plan import counted
from ..schema.overview import Row, remarks, rows
from ..schema.schema import Schema


def show(console: Console, schema: Schema) -> None:
    """Print a row for each access pattern, then the remarks."""
    table = Table(title=f"Table {schema.table.name}", title_justify="left", header_style="bold")
    table.add_column("Access pattern", no_wrap=True)
    table.add_column("Index", no_wrap=True)
    table.add_column("Partition key | range key", overflow="fold")
    for heading in ("Items", "Read", "Write"):
        table.add_column(heading, justify="right", no_wrap=True)
    found = rows(schema)
    for row, following in zip(found, [*found[1:], None], strict=True):
        last = following is None or following.entity != row.entity
        table.add_row(*_cells(row), end_section=last)
    console.print(table)
    console.print(
        "Items, and the units of reading them, are of one whole partition; write units are of one "
        "put. They follow the hints of @entity(count=, item_bytes=, distinct=), or defaults.",
        style="dim",
        highlight=False,
    )
    for remark in remarks(schema):
        console.print(f"! {remark}", style="yellow", highlight=False)


def _cells(row: Row) -> list[str]:
    carried = row.index.fields
    slim = "" if carried is None else f"\n[dim]carries {', '.join(carried) or 'its keys'}[/dim]"
    sparse = f"\n[dim]only if {escape(row.when)}[/dim]" if row.when else ""
    return [
        f"{row.entity}.{row.pattern}",
        row.index.name or "table",
        escape(f"{row.partition} | {', '.join(row.ranges)}") + sparse + slim,
        f"{row.cost.items:,.0f}",
        counted(row.cost.units),
        str(row.write_units),
    ]


def lines(schema: Schema) -> Iterator[str]:
    """A JSON object for each access pattern, and a summary."""
    found = rows(schema)
    for row in found:
        told = {**asdict(row), "index": row.index.name, "carries": row.index.fields}
        yield orjson.dumps(told).decode()
    yield orjson.dumps({"patterns": len(found), "remarks": remarks(schema)}).decode()
