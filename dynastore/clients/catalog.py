"""The tables of an SQLite file: their definitions, so that whoever opens it next knows them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import orjson
from attrs import asdict, evolve

from ..errors import RequestError
from ..requests.tables import TableDescription, vector_definition
from ..table import INDEX_LIMIT, NAME, PRIMARY, Index, Table, VectorIndex
from .layout import Layout
from .stream_log import stream_of

VIRTUAL = 2  # "hidden" of a computed column in table_xinfo; SQLite docs, PRAGMA table_xinfo

CREATION = """
    CREATE TABLE IF NOT EXISTS dynastore_tables (
        number INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        indexes TEXT NOT NULL,       -- JSON: [[number, range_count, fields], ...]
        ttl INTEGER NOT NULL         -- whether time to live is enabled
    )
"""

# Apart, since files were made before there were vector indexes.
VECTORS_CREATION = """
    CREATE TABLE IF NOT EXISTS dynastore_vectors (
        number INTEGER PRIMARY KEY,  -- of the table
        definition TEXT NOT NULL     -- JSON: {"name": ..., "field": ..., ...}
    )
"""


def find(connection: sqlite3.Connection, name: str) -> Layout | None:
    """The layout of a table; None if the file does not have it."""
    if not _has(connection, "dynastore_tables"):
        return None
    columns = "SELECT number, indexes FROM dynastore_tables WHERE name = ?"
    found = connection.execute(columns, (name,)).fetchone()
    if found is None:
        return None
    number, indexes = found
    table = Table(
        name,
        tuple(_index(*each) for each in orjson.loads(indexes)),
        vectors=_vectors(connection, number),
    )
    layout = Layout(number, table)
    described = connection.execute(f"PRAGMA table_xinfo({layout.rows})").fetchall()
    computed = {column[1] for column in described if column[6] == VIRTUAL}
    return evolve(
        layout, computed=frozenset(each.number for each in table.indexes if each.hash in computed)
    )


def _index(number: int, range_count: int, fields: list[str] | None) -> Index:
    return Index(number, range_count, None if fields is None else tuple(fields))


def _has(connection: sqlite3.Connection, name: str) -> bool:
    found = connection.execute("SELECT 1 FROM sqlite_master WHERE name = ?", (name,))
    return found.fetchone() is not None


def _vectors(connection: sqlite3.Connection, number: int) -> VectorIndex | None:
    """The vector index of a table, or None."""
    if not _has(connection, "dynastore_vectors"):
        return None
    columns = "SELECT definition FROM dynastore_vectors WHERE number = ?"
    found = connection.execute(columns, (number,)).fetchone()
    if found is None:
        return None
    definition = orjson.loads(found[0])
    fields = definition.pop("fields")
    return VectorIndex(**definition, fields=None if fields is None else tuple(fields))


def _keep_vectors(connection: sqlite3.Connection, number: int, index: VectorIndex) -> None:
    connection.execute(VECTORS_CREATION)
    insertion = "INSERT INTO dynastore_vectors (number, definition) VALUES (?, ?)"
    connection.execute(insertion, (number, orjson.dumps(asdict(index)).decode()))


def create(connection: sqlite3.Connection, table: Table) -> bool:
    """Add a table, within a transaction; or to the one of that name the indexes that it lacks.

    Returns:
        Whether there was none of that name.
    """
    connection.execute(CREATION)
    if (layout := find(connection, table.name)) is not None:
        _extend(connection, layout, table)
        return False
    insertion = "INSERT INTO dynastore_tables (name, indexes, ttl) VALUES (?, ?, 0)"
    number = connection.execute(insertion, (table.name, _text(table.indexes))).lastrowid
    assert number is not None  # every INSERT has one
    for statement in Layout(number, table).creation:
        connection.execute(statement)
    if table.vectors is not None:
        _keep_vectors(connection, number, table.vectors)
    return True


def _extend(connection: sqlite3.Connection, layout: Layout, table: Table) -> None:
    """Add indexes, unless there are others of the same numbers, so that the two do not fit."""
    known = {index.number: index for index in layout.table.indexes}
    if any(known.get(each.number, each).attributes != each.attributes for each in table.indexes):
        return
    added = [index for index in table.indexes if index.number not in known]
    for index in added:
        for statement in layout.addition(index):
            connection.execute(statement)
    if added:
        indexes = _text((*layout.table.indexes, *added))
        change = "UPDATE dynastore_tables SET indexes = ? WHERE number = ?"
        connection.execute(change, (indexes, layout.number))
    if table.vectors is not None and layout.table.vectors is None:
        connection.execute(evolve(layout, table=table).vector_index)
        _keep_vectors(connection, layout.number, table.vectors)


def _text(indexes: Iterable[Index]) -> str:
    """Indexes as the file keeps them."""
    return orjson.dumps([(each.number, each.range_count, each.fields) for each in indexes]).decode()


def expires(connection: sqlite3.Connection, layout: Layout) -> bool:
    """Whether time to live is enabled."""
    ttl = "SELECT ttl FROM dynastore_tables WHERE number = ?"
    return bool(connection.execute(ttl, (layout.number,)).fetchone()[0])


def let_expire(connection: sqlite3.Connection, layout: Layout) -> None:
    """Enable time to live.

    Raises:
        RequestError: it is enabled already, as AWS answers.
    """
    enabling = "UPDATE dynastore_tables SET ttl = 1 WHERE number = ? AND ttl = 0"
    if not connection.execute(enabling, (layout.number,)).rowcount:
        raise RequestError(
            f"time to live of {layout.table.name} is enabled already; there is nothing to do"
        )
    connection.execute(layout.expiry_index)


def description(table: Table) -> TableDescription:
    """A table as DescribeTable tells it."""
    indexes = (PRIMARY, *table.indexes)
    return TableDescription(
        active=True,
        key_schemas={index.name: index.attributes for index in indexes},
        projections={str(index.name): index.carried for index in table.indexes},
        stream=stream_of(table.name),
        vectors={table.vectors.name: vector_definition(table.vectors)} if table.vectors else {},
    )


def check_name(name: str) -> None:
    """Refuse a table name that AWS refuses.

    Raises:
        RequestError: it is too short or long, or has other characters.
    """
    if not NAME.fullmatch(name):
        raise RequestError(
            f"{name!r} is no table name; use 3 to 255 letters, digits, '_', '-', '.'"
        )


def check(table: Table) -> None:
    """Refuse a table that AWS refuses to create.

    Raises:
        RequestError: its name or its indexes are wrong.
    """
    check_name(table.name)
    numbers = [index.number for index in table.indexes]
    if 0 in numbers or len(set(numbers)) < len(numbers):
        raise RequestError(
            f"indexes of {table.name} need numbers of their own, from 1 to {INDEX_LIMIT}"
        )
