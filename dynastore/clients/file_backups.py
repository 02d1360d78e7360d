"""Backups of an SQLite file: copies of all of it, each as it was at one moment, in a folder beside it.

    agent.db
    agent.db.backups/nightly-20260301T120000123456Z.db

SQLite copies page by page while others read and write; what they write meanwhile is not in the copy,
or all of it is.
"""

from __future__ import annotations

import datetime as dt
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..errors import RequestError, ServiceError, TableNotFound
from ..requests import Request
from ..requests.backups import (
    Backup,
    BackupsPage,
    CreateBackup,
    DeleteBackup,
    DescribeBackup,
    DescribeContinuousBackups,
    ListBackups,
    RestoreTableFromBackup,
    RestoreTableToPointInTime,
    UpdateContinuousBackups,
)
from . import catalog
from .lanes import Lane, connected, is_missing, service_error

NAME = re.compile(r"[A-Za-z0-9_.-]{3,255}")  # of a backup; CreateBackup, API reference
BACKUPS = CreateBackup | DeleteBackup | DescribeBackup | ListBackups | RestoreTableFromBackup
CONTINUOUS = DescribeContinuousBackups | RestoreTableToPointInTime | UpdateContinuousBackups

_MOMENT = "%Y%m%dT%H%M%S%fZ"
_FILE = re.compile(r"(?P<name>[A-Za-z0-9_.-]{3,255})-(?P<moment>\d{8}T\d{12}Z)\.db")


def answer(request: Request[Any], path: Path | None, lane: Lane) -> Any:
    """The response to a request about backups.

    Args:
        request: which.
        path: of the file that it is about, or that is to be made; None in memory.
        lane: a connection to it.

    Raises:
        RequestError: a file cannot do that, or a database in memory.
        ServiceError: there is no such backup or table, or the file is there already.
    """
    if isinstance(request, CONTINUOUS):
        raise RequestError(
            "SQLite keeps no past, so there is no point-in-time recovery of a file; make backups of "
            "it: `dynastore backup create`"
        )
    if not isinstance(request, BACKUPS):
        raise RequestError(
            f"the SQLite engine does not answer {request.operation}; use another request"
        )
    if path is None:
        raise RequestError(
            f"{request.operation} is for files and tables, and this database is in memory; use a file"
        )
    match request:
        case CreateBackup(table=table, name=name):
            if is_missing(path) or not _has_table(path, table):
                raise TableNotFound(
                    "ResourceNotFoundException", f"there is no table {table} in {path}"
                )
            with lane as connection:
                return create(connection, path, table, name)
        case ListBackups(table=table):
            return listed(path, table)
        case DescribeBackup(backup=backup):
            return described(backup)
        case DeleteBackup(backup=backup):
            return deleted(backup)
        case RestoreTableFromBackup():
            return restore(request.backup, request.table, path)


def create(connection: sqlite3.Connection, file: Path, table: str, name: str) -> Backup:
    """Copy a file, by a connection to it.

    Raises:
        RequestError: no backup can be called so.
    """
    if not NAME.fullmatch(name):
        raise RequestError(
            f"{name!r} names no backup; use 3 to 255 letters, digits, '_', '-' and '.'"
        )
    folder = _folder(file)
    folder.mkdir(exist_ok=True)
    now = dt.datetime.now(dt.UTC)
    copy = folder / f"{name}-{now.strftime(_MOMENT)}.db"
    _copied(connection, copy)
    return _told(copy, table)


def described(backup: str, table: str = "") -> Backup:
    """What is known of a backup.

    Raises:
        ServiceError: there is none.
    """
    file = Path(backup)
    if not _FILE.fullmatch(file.name) or is_missing(file):
        raise ServiceError(
            "BackupNotFoundException",
            f"there is no backup {backup}; `dynastore backup list` has them",
        )
    return _told(file, table)


def listed(file: Path, table: str) -> BackupsPage:
    """All backups of a file that have a table."""
    copies = sorted(_folder(file).glob("*.db"))
    ours = [each for each in copies if _FILE.fullmatch(each.name) and _has_table(each, table)]
    return BackupsPage([_told(each, table) for each in ours])


def deleted(backup: str) -> Backup:
    """Delete a backup; what it was.

    Raises:
        ServiceError: there is none.
    """
    found = described(backup)
    Path(backup).unlink()
    return found


def restore(backup: str, table: str, file: Path) -> None:
    """Make a file of a backup.

    Raises:
        ServiceError: there is no such backup, the table is not in it, or the file is there already.
    """
    described(backup)
    if not is_missing(file):
        raise ServiceError(
            "TableAlreadyExistsException", f"{file} is there already; restore to a new file"
        )
    if not _has_table(Path(backup), table):
        raise ServiceError("TableNotFoundException", f"there is no table {table} in {backup}")
    with closing(connected(Path(backup))) as connection:
        _copied(connection, file)


def _copied(connection: sqlite3.Connection, copy: Path) -> None:
    """Copy to a file, which is there when all of it is on the disk.

    Raises:
        RequestError: its folder is not there.
        ServiceError: SQLite cannot.
    """
    if not copy.parent.is_dir():
        raise RequestError(f"there is no folder {copy.parent} for {copy.name}; make it first")
    part = copy.with_name(f"{copy.name}.{uuid4().hex}.part")
    try:
        with closing(sqlite3.connect(part)) as target:
            connection.backup(target)
            target.execute("PRAGMA journal_mode = DELETE")  # one file, and none beside it
        with part.open("rb") as written:
            os.fsync(written.fileno())
        part.rename(copy)
    except sqlite3.Error as error:
        raise service_error(error, copy) from error
    finally:
        part.unlink(missing_ok=True)


def _told(file: Path, table: str) -> Backup:
    told = _FILE.fullmatch(file.name)
    assert told is not None, "it is one of ours"
    created = dt.datetime.strptime(told["moment"], _MOMENT).replace(tzinfo=dt.UTC)
    return Backup(str(file), told["name"], table, "AVAILABLE", created, file.stat().st_size)


def _has_table(file: Path, table: str) -> bool:
    try:
        with closing(connected(file)) as connection:
            return catalog.find(connection, table) is not None
    except sqlite3.Error as error:
        raise service_error(error, file) from error


def _folder(file: Path) -> Path:
    return file.with_name(f"{file.name}.backups")
