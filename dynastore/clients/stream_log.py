"""The stream of a table in SQLite: a log of each item before and after its writes.

It begins when the stream is first described, that is with a table's first consumer: keeping it
makes a write of 300 bytes a quarter slower, one of 10 KB by half, and a file holds what was written
within a day. Triggers write it, so each write is in it in the transaction of the write itself,
in the order of commits, whichever process makes it. It is one shard, which is never closed.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

from ..capacity import PAGE_BYTES
from ..errors import ServiceError
from ..keys.templates import CONSUMERS
from ..requests import Key
from ..requests.streams import (
    RECORDS,
    DescribeStream,
    Event,
    GetRecords,
    GetShardIterator,
    RecordsPage,
    Shard,
    StreamDescription,
    StreamRecord,
)
from ..values.attributes import AttributeMap
from .layout import Layout, loaded

KEPT_SECONDS = 24 * 60 * 60  # as DynamoDB keeps records; Developer Guide, "DynamoDB Streams"
TRIMMED_AT_ONCE = 4  # old records that a write deletes: more than it adds, and never many

SHARD = Shard("log")
NOW = "(julianday('now') - 2440587.5) * 86400.0"  # epoch seconds, to the millisecond

_EXPIRED = "expired INTEGER NOT NULL DEFAULT 0"  # whether the engine deleted it for that

StreamRequest: TypeAlias = DescribeStream | GetShardIterator | GetRecords


def stream_of(table: str) -> str:
    """What names the stream of a table, in the place of an ARN."""
    return f"sqlite:table/{table}/stream/log"


def begun(connection: sqlite3.Connection, layout: Layout) -> bool:
    """Whether there is a log."""
    return "expired" in _columns(connection, layout)  # files from before have to get that one


def begin(connection: sqlite3.Connection, layout: Layout) -> None:
    """Log all writes from now on, within a transaction; nothing where that has begun."""
    log, rows = _log(layout), layout.rows
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {log} (sequence INTEGER PRIMARY KEY, at REAL NOT NULL, "
        f"old TEXT, new TEXT, {_EXPIRED})"
    )
    if not begun(connection, layout):
        connection.execute(f"ALTER TABLE {log} ADD COLUMN {_EXPIRED}")
    # The newest record is never trimmed, so sequence numbers go on from it, without a gap.
    oldest = f"SELECT sequence, at FROM {log} ORDER BY sequence LIMIT {TRIMMED_AT_ONCE}"
    trim = (
        f"DELETE FROM {log} WHERE sequence IN "
        f"(SELECT sequence FROM ({oldest}) WHERE at < {NOW} - {KEPT_SECONDS})"
    )
    for event, old, new in (
        ("INSERT", "NULL", "NEW.item"),
        ("UPDATE", "OLD.item", "NEW.item"),
        ("DELETE", "OLD.item", "NULL"),
    ):
        # An update that changes nothing is no change, as on AWS. A consumer's own item is none
        # either, or a table that only it writes to would trim what it has not read.
        row = "OLD" if event == "DELETE" else "NEW"
        connection.execute(
            f"CREATE TRIGGER IF NOT EXISTS {log}_{event.lower()} AFTER {event} ON {rows} "
            f"WHEN {old} IS NOT {new} AND instr({row}.PK, '{CONSUMERS}') = 0 BEGIN "
            f"INSERT INTO {log} (at, old, new) VALUES ({NOW}, {old}, {new}); {trim}; END"
        )


@contextmanager
def expiring(connection: sqlite3.Connection, layout: Layout) -> Iterator[None]:
    """What is deleted inside, within a transaction, is logged as expired, if there is a log."""
    if not _columns(connection, layout):
        yield
        return
    begin(connection, layout)
    _, newest = _ends(connection, layout)
    yield
    connection.execute(f"UPDATE {_log(layout)} SET expired = 1 WHERE sequence > ?", (newest,))


def answer(connection: sqlite3.Connection, layout: Layout, request: StreamRequest) -> Any:
    """The response to a request about a log that has begun.

    Raises:
        ServiceError: what comes next is no longer kept, as AWS answers.
    """
    match request:
        case DescribeStream():
            return StreamDescription(enabled=True, images=True, shards=(SHARD,))
        case GetShardIterator(start="AFTER_SEQUENCE_NUMBER", sequence=sequence):
            return str(sequence)
        case GetShardIterator(start="LATEST"):
            return str(_ends(connection, layout)[1])
        case GetShardIterator():
            return str(_ends(connection, layout)[0])
        case GetRecords(iterator=iterator):
            return _page(connection, layout, int(iterator))


def _log(layout: Layout) -> str:
    return f"dynastore_log_{layout.number}"


def _columns(connection: sqlite3.Connection, layout: Layout) -> set[str]:
    """Those of the log; none where there is no log."""
    found = connection.execute("SELECT name FROM pragma_table_info(?)", (_log(layout),))
    return {name for (name,) in found}


def _ends(connection: sqlite3.Connection, layout: Layout) -> tuple[int, int]:
    """The sequence number before the oldest record kept, and that of the newest; 0 without any."""
    # Both in one SELECT would read every record; each alone is one step in the primary key.
    log = _log(layout)
    ends = f"SELECT (SELECT min(sequence) FROM {log}), (SELECT max(sequence) FROM {log})"
    oldest, newest = connection.execute(ends).fetchone()
    return (oldest or 1) - 1, newest or 0


def _page(connection: sqlite3.Connection, layout: Layout, after: int) -> RecordsPage:
    before_oldest, _ = _ends(connection, layout)
    if after < before_oldest:
        raise ServiceError(
            "TrimmedDataAccessException", f"the records after {after} are no longer kept"
        )
    selection = (
        f"SELECT sequence, at, old, new, expired FROM {_log(layout)} WHERE sequence > ? "
        f"ORDER BY sequence LIMIT {RECORDS}"
    )
    records = [_record(layout, *row) for row in _fitting(connection.execute(selection, (after,)))]
    return RecordsPage(records, records[-1].sequence if records else str(after))


def _fitting(rows: Iterable[tuple[int, float, str | None, str | None, int]]) -> Iterable[Any]:
    """Rows from the start up to the one that fills a page."""
    size = 0
    for row in rows:
        yield row
        size += sum(len(image) for image in row[2:4] if isinstance(image, str))
        if size > PAGE_BYTES:
            return


def _record(
    layout: Layout, sequence: int, at: float, old: str | None, new: str | None, expired: int
) -> StreamRecord:
    before, after = _image(old), _image(new)
    return StreamRecord(
        id=f"{layout.table.name}-{sequence}",
        sequence=str(sequence),
        event=_event(before, after),
        key=Key.of(after or before or {}),
        old=before,
        new=after,
        at=dt.datetime.fromtimestamp(at, dt.UTC),
        expired=bool(expired),
    )


def _image(text: str | None) -> AttributeMap | None:
    return None if text is None else loaded(text)


def _event(old: AttributeMap | None, new: AttributeMap | None) -> Event:
    if old is None:
        return "INSERT"
    return "REMOVE" if new is None else "MODIFY"
