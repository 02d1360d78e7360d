"""Connections to an SQLite file, safe across threads, processes and forks."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from types import TracebackType
from weakref import WeakSet

from ..errors import AccessDenied, RequestError, ServiceError, Unavailable
from .deadlines import Deadline

BUSY_SECONDS = 30.0  # how long to wait for another process's write
RETRY_SECONDS = 0.01  # between tries of what SQLite's own waiting does not cover

PRIMARY_CODE = (
    0xFF  # the part of an extended result code that says what kind of error it is; SQLite docs
)


class _Waiting(threading.local):
    """Until when this thread waits for others at most; None for as long as is usual."""

    until: Deadline | None = None


_waiting = _Waiting()


@contextmanager
def waiting_until(deadline: Deadline) -> Iterator[None]:
    """Let this thread wait for others no longer than until *deadline*.

    Raises:
        DeadlineExceeded: it is over already.
    """
    deadline.allow("the file was free")
    _waiting.until = deadline
    try:
        yield
    finally:
        _waiting.until = None


class Lane:
    """One connection, which one thread at a time has: ``with lane as connection``.

    It is opened when it is first needed. SQLite's errors leave the ``with`` as errors of ours.

    No connection to a file is open while this process forks. SQLite forbids to use an inherited
    one, and to open another beside it is no better: SQLite keeps per file what the *process* has
    locked, the child inherits that note but not the locks, and then the parent deletes the
    write-ahead log that the child still writes to (seen: an acknowledged write was lost). So a fork
    waits for what is under way, closes, and both sides open anew.

    Attributes:
        path: the file; None in memory.
    """

    def __init__(self, path: Path | None) -> None:
        self.path = path
        self._lock = Lock()
        self._connection: sqlite3.Connection | None = None
        self._process = os.getpid()
        self._closed = False
        with _registering:
            _lanes.add(self)

    def __enter__(self) -> sqlite3.Connection:
        deadline = _waiting.until
        self._acquire(deadline)
        try:
            return self._usable(deadline)
        except BaseException as error:
            self._lock.release()
            if isinstance(error, sqlite3.Error):
                raise service_error(error, self.path) from error
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if _waiting.until is not None and self._connection is not None:
            _limit_waits(self._connection, BUSY_SECONDS)
        self._lock.release()
        if isinstance(error, sqlite3.Error):
            raise service_error(error, self.path) from error

    def close(self) -> None:
        """Close the connection for good."""
        with self._lock:
            self._closed = True
            self._disconnect()

    def pause(self) -> None:
        """Wait for the thread that has the lane, and let none in until `resume`."""
        self._lock.acquire()

    def let_go(self) -> None:
        """Close a connection to a file; what is in memory would be lost. Only while paused."""
        if self.path:
            self._disconnect()

    def resume(self) -> None:
        """Let threads in again."""
        self._lock.release()

    def _acquire(self, deadline: Deadline | None) -> None:
        if deadline is None:
            self._lock.acquire()
        elif not self._lock.acquire(timeout=max(0.0, deadline.left)):
            raise deadline.exceeded("before other threads had ended with the file")

    def _usable(self, deadline: Deadline | None) -> sqlite3.Connection:
        if self._closed:
            raise RequestError("this client is closed; connect again")
        if self._connection is None:
            self._process = os.getpid()
            self._connection = connected(self.path)
        elif self._process != os.getpid():
            # In memory the child has a copy: what it writes would be lost without a word. A file
            # gets here only where a fork was made behind Python's back.
            raise RequestError(
                "this process inherited its store by a fork; connect again after it, to a file"
            )
        if deadline is not None:
            _limit_waits(self._connection, min(BUSY_SECONDS, deadline.left))
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None and self._process == os.getpid():
            self._connection.close()
            self._connection = None


_registering = Lock()
_lanes: WeakSet[Lane] = WeakSet()
_paused: list[Lane] = []


def _before_fork() -> None:
    _registering.acquire()
    for lane in list(_lanes):
        lane.pause()
        _paused.append(lane)
        lane.let_go()


def _after_fork() -> None:
    while _paused:
        _paused.pop().resume()
    _registering.release()


if hasattr(os, "register_at_fork"):  # not on Windows, which has no fork
    os.register_at_fork(
        before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork
    )


def connected(path: Path | None) -> sqlite3.Connection:
    """A new connection to an existing file, or to a new database in memory."""
    connection = _opened(f"{path.as_uri()}?mode=rw" if path else ":memory:")
    try:
        # FULL: the log is on the disk before a write is acknowledged, so a power cut loses nothing;
        # NORMAL would lose the last writes. Measured on an SSD: 160 µs a write instead of 30.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS: plain fsync stops at the drive's cache
    except BaseException:
        connection.close()
        raise
    return connection


def is_missing(path: Path) -> bool:
    """Whether there is no such file. One that cannot be looked at may be there."""
    try:
        path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return True
    except OSError:
        return False
    return False


def create(path: Path) -> None:
    """Make the file unless it is there. Write-ahead logging stays with the file.

    Raises:
        RequestError: its folder is not there.
        ServiceError: SQLite cannot.
    """
    if not path.parent.is_dir():
        raise RequestError(f"there is no folder {path.parent} for {path.name}; make it first")
    left = BUSY_SECONDS if _waiting.until is None else _waiting.until.left
    until = time.monotonic() + left
    while True:
        try:
            return _write_ahead(path)
        except sqlite3.Error as error:
            if not _is_locked(error) or time.monotonic() > until:
                raise service_error(error, path) from error
        time.sleep(RETRY_SECONDS)  # SQLite does not wait itself when two switch the mode at once


def _write_ahead(path: Path) -> None:
    connection = _opened(f"{path.as_uri()}?mode=rwc")
    try:
        connection.execute("PRAGMA journal_mode = WAL")
    finally:
        connection.close()


def _opened(database: str) -> sqlite3.Connection:
    return sqlite3.connect(
        database, uri=True, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def _limit_waits(connection: sqlite3.Connection, seconds: float) -> None:
    """Have SQLite wait for other processes so long at most."""
    connection.execute(f"PRAGMA busy_timeout = {max(0, round(seconds * 1000))}")


def _is_locked(error: sqlite3.Error) -> bool:
    return _code(error) in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


def _code(error: sqlite3.Error) -> int:
    return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & PRIMARY_CODE


def service_error(error: sqlite3.Error, path: Path | None) -> ServiceError:
    """What an error of SQLite means to the caller; to be raised from it."""
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    where = path or "the database in memory"
    match _code(error):
        case sqlite3.SQLITE_BUSY | sqlite3.SQLITE_LOCKED | sqlite3.SQLITE_PROTOCOL:
            return Unavailable(
                name, f"{where} is locked by another process; try again, or end that one"
            )
        case sqlite3.SQLITE_FULL:
            return Unavailable(name, f"the disk of {where} is full; make room and try again")
        case sqlite3.SQLITE_IOERR | sqlite3.SQLITE_NOMEM:
            return Unavailable(
                name, f"{where} could not be read or written ({error}); check its disk"
            )
        case (
            sqlite3.SQLITE_CANTOPEN
            | sqlite3.SQLITE_READONLY
            | sqlite3.SQLITE_PERM
            | sqlite3.SQLITE_AUTH
        ):
            needs = "it and its folder must exist and be readable and writable to this process"
            return AccessDenied(name, f"{where} cannot be opened for writing; {needs}")
        case sqlite3.SQLITE_NOTADB:
            return ServiceError(
                name, f"{where} is no SQLite file; give another path, or move it away"
            )
        case sqlite3.SQLITE_CORRUPT:
            return ServiceError(name, f"{where} is damaged; restore it from a backup")
        case _:
            return ServiceError(name, f"{where}: {error}")
