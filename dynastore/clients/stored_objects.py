"""The objects of a bucket in SQLite: in the file of the table, in rows of a megabyte each.

There is a bucket of every name.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import orjson

from ..requests.objects import (
    DeleteObject,
    GetObject,
    HeadObject,
    ListObjectsV2,
    ObjectsPage,
    PutObject,
    StoredObject,
)

CREATION = """
    CREATE TABLE IF NOT EXISTS dynastore_objects (
        bucket TEXT NOT NULL,
        name TEXT NOT NULL,
        place INTEGER NOT NULL,      -- of the row in its object, from 0
        metadata TEXT,               -- JSON, in the first row
        data BLOB NOT NULL,
        PRIMARY KEY (bucket, name, place)
    )
"""
ROW_BYTES = 1024 * 1024  # SQLite copies what it is given

LAST = chr(sys.maxunicode)  # after all that a name goes on with

ONE = "bucket = ? AND name = ?"

Writing: TypeAlias = PutObject | DeleteObject
Reading: TypeAlias = GetObject | HeadObject | ListObjectsV2


def write(connection: sqlite3.Connection, request: Writing) -> None:
    """Put or delete an object, within a transaction."""
    connection.execute(CREATION)
    connection.execute(f"DELETE FROM dynastore_objects WHERE {ONE}", (request.bucket, request.name))
    if isinstance(request, PutObject):
        insertion = "INSERT INTO dynastore_objects VALUES (?, ?, ?, ?, ?)"
        connection.executemany(insertion, _rows(request))


def read(connection: sqlite3.Connection, request: Reading) -> Any:
    """The response to a request that writes nothing."""
    tables = "SELECT 1 FROM sqlite_master WHERE name = 'dynastore_objects'"
    if connection.execute(tables).fetchone() is None:
        return ObjectsPage((), None) if isinstance(request, ListObjectsV2) else None
    match request:
        case GetObject():
            return _body(connection, request)
        case HeadObject():
            return _metadata(connection, request)
        case ListObjectsV2():
            return _page(connection, request)


def _rows(request: PutObject) -> Iterator[tuple[str, str, int, str | None, memoryview]]:
    metadata = orjson.dumps(dict(request.metadata)).decode()
    body = memoryview(request.body)
    for place, at in enumerate(range(0, len(body) or 1, ROW_BYTES)):
        said = None if place else metadata
        yield request.bucket, request.name, place, said, body[at : at + ROW_BYTES]


def _body(connection: sqlite3.Connection, request: GetObject) -> bytearray | None:
    selection = f"SELECT data FROM dynastore_objects WHERE {ONE} ORDER BY place"
    body: bytearray | None = None
    for (data,) in connection.execute(selection, (request.bucket, request.name)):
        body = body or bytearray()
        body += data
    return body


def _metadata(connection: sqlite3.Connection, request: HeadObject) -> Mapping[str, str] | None:
    selection = f"SELECT metadata FROM dynastore_objects WHERE {ONE} AND place = 0"
    row = connection.execute(selection, (request.bucket, request.name)).fetchone()
    metadata: Mapping[str, str] | None = None if row is None else orjson.loads(row[0])
    return metadata


def _page(connection: sqlite3.Connection, request: ListObjectsV2) -> ObjectsPage:
    selection = (
        "SELECT name, sum(length(data)) FROM dynastore_objects "
        "WHERE bucket = ? AND name > ? AND name >= ? AND name < ? "
        "GROUP BY name ORDER BY name LIMIT ?"
    )
    prefix, limit = request.prefix, request.limit
    values = (request.bucket, request.after, prefix, f"{prefix}{LAST}", limit + 1)
    found = [StoredObject(*row) for row in connection.execute(selection, values)]
    return ObjectsPage.of(found[:limit], more=len(found) > limit)
