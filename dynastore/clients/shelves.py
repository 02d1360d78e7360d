"""Shelves: where an export is kept, in a file, in a folder or in a bucket.

    dump.jsonl.gz            all pieces, one behind the other; gzip allows that
    dump/00000001.jsonl.gz   a piece a file, or an object
    dump.jsonl.gz.cursor     a note, beside a file; in a folder or bucket ``cursor``

A piece is on the disk before the note that tells of it. So whoever finds a note goes on behind what it
tells of, and what is there beyond that is written over.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from io import BytesIO
from itertools import count
from pathlib import Path
from typing import IO, Any, Protocol

import orjson
from attrs import field, frozen

from ..errors import AccessDenied, DataError, RequestError, ServiceError, Unavailable
from ..requests.objects import DeleteObject, GetObject, PutObject
from ..values.payload_forms import LARGEST_BYTES
from .base import Client

S3 = "s3://"
PACKED = ".gz"
FILES = (".jsonl", ".jsonl.gz", ".json", ".json.gz")  # how names of files end; others are folders
LEVEL = 6  # of gzip; 9 takes three times as long for some percent
MAGIC = b"\x1f\x8b"  # how gzip begins; RFC 1952
CURSOR = "cursor"

# That of the largest object, in base64 and with its keys. Some kilobytes of gzip may hold more.
LONGEST_LINE = LARGEST_BYTES // 3 * 4 + 64 * 1024


@frozen
class Mark:
    """What of an export is kept.

    Attributes:
        pieces: how many.
        size_bytes: of all of them, as they are kept.
    """

    pieces: int = 0
    size_bytes: int = 0

    def and_one_of(self, content: bytes) -> Mark:
        """With a piece more."""
        return Mark(self.pieces + 1, self.size_bytes + len(content))


class Shelf(Protocol):
    """Where an export is kept.

    Attributes:
        where: what names it.
        packed: whether what is added is compressed.
    """

    @property
    def where(self) -> str: ...  # noqa: D102
    @property
    def packed(self) -> bool: ...  # noqa: D102
    def is_empty(self) -> bool:
        """Whether nothing is there."""
        ...

    def add(self, piece: bytes, after: Mark) -> Mark:
        """Keep a piece of lines behind those that are to stay; it is there for good when this ends."""
        ...

    def lines(self) -> Iterator[bytes]:
        """The lines of all pieces, in order.

        Raises:
            DataError: a file is damaged or cut off.
        """
        ...

    def note(self, name: str = CURSOR) -> Any:
        """What was noted, or None."""
        ...

    def write_note(self, note: Any, name: str = CURSOR) -> None:
        """Note how far something is."""
        ...

    def drop_note(self, name: str = CURSOR) -> None:
        """Forget it."""
        ...


@frozen
class FileShelf:
    """One file.

    Attributes:
        path: its path.
        packed: whether it is compressed.
    """

    path: Path
    packed: bool

    @property
    def where(self) -> str:
        """Its path."""
        return str(self.path)

    def is_empty(self) -> bool:
        """Whether there is no such file."""
        with _told(self.path):
            return not self.path.exists()

    def add(self, piece: bytes, after: Mark) -> Mark:
        """Write behind what is to stay, and cut off what else was there.

        Raises:
            DataError: what is to stay is not there.
        """
        content = _packed(piece) if self.packed else piece
        with _told(self.path), self.path.open("r+b" if after.pieces else "wb") as file:
            if file.seek(0, os.SEEK_END) < after.size_bytes:
                raise DataError(f"{self.path} was cut off by somebody; delete it, and begin again")
            file.truncate(after.size_bytes)
            file.seek(after.size_bytes)
            file.write(content)
            _flush(file)
        return after.and_one_of(content)

    def lines(self) -> Iterator[bytes]:
        """Its lines."""
        with _told(self.path), self.path.open("rb") as file:
            yield from _lines(file, self.where)

    def note(self, name: str = CURSOR) -> Any:
        """What the file beside it says."""
        return _note(self._beside(name))

    def write_note(self, note: Any, name: str = CURSOR) -> None:
        """Write the file beside it."""
        _check_folder(self.path)
        _replace(self._beside(name), orjson.dumps(note))

    def drop_note(self, name: str = CURSOR) -> None:
        """Delete the file beside it."""
        with _told(self.path):
            self._beside(name).unlink(missing_ok=True)

    def _beside(self, name: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{name}")


@frozen
class FolderShelf:
    """A folder with a file for each piece.

    Attributes:
        path: its path.
        packed: whether files are compressed.
    """

    path: Path
    packed: bool = True

    @property
    def where(self) -> str:
        """Its path."""
        return str(self.path)

    def is_empty(self) -> bool:
        """Whether there is no piece in it."""
        with _told(self.path):
            return not self.path.is_dir() or not any(self.path.glob("????????.jsonl*"))

    def add(self, piece: bytes, after: Mark) -> Mark:
        """Write a file; it appears under its name when all of it is there."""
        content = _packed(piece) if self.packed else piece
        _replace(self.path / _piece_name(after.pieces + 1, packed=self.packed), content)
        return after.and_one_of(content)

    def lines(self) -> Iterator[bytes]:
        """The lines of its files."""
        for number in count(1):
            names = [_piece_name(number, packed=packed) for packed in (True, False)]
            with _told(self.path):
                there = [self.path / name for name in names if (self.path / name).exists()]
                if not there:
                    return
                with there[0].open("rb") as opened:
                    yield from _lines(opened, str(there[0]))

    def note(self, name: str = CURSOR) -> Any:
        """What the file in it says."""
        return _note(self.path / name)

    def write_note(self, note: Any, name: str = CURSOR) -> None:
        """Write the file in it; the folder is made if it is missing."""
        with _told(self.path):
            _check_folder(self.path)
            self.path.mkdir(exist_ok=True)
        _replace(self.path / name, orjson.dumps(note))

    def drop_note(self, name: str = CURSOR) -> None:
        """Delete the file in it."""
        with _told(self.path):
            (self.path / name).unlink(missing_ok=True)


@frozen
class BucketShelf:
    """Objects in a bucket of S3, one for each piece.

    Attributes:
        client: sends the requests.
        bucket: its name.
        prefix: what the names of the objects begin with.
        packed: whether objects are compressed.
    """

    client: Client = field(repr=False)
    bucket: str
    prefix: str
    packed: bool = True

    @property
    def where(self) -> str:
        """Its URL."""
        return f"{S3}{self.bucket}/{self.prefix}"

    def is_empty(self) -> bool:
        """Whether there is no first piece."""
        return self._first(1) is None

    def add(self, piece: bytes, after: Mark) -> Mark:
        """Write an object."""
        content = _packed(piece) if self.packed else piece
        self._put(_piece_name(after.pieces + 1, packed=self.packed), content)
        return after.and_one_of(content)

    def lines(self) -> Iterator[bytes]:
        """The lines of its objects."""
        for number in count(1):
            body = self._first(number)
            if body is None:
                return
            yield from _lines(BytesIO(body), f"{self.where}, piece {number}")

    def note(self, name: str = CURSOR) -> Any:
        """What an object says."""
        body = self.client.send(GetObject(self.bucket, self.prefix + name))
        return None if body is None else orjson.loads(body)

    def write_note(self, note: Any, name: str = CURSOR) -> None:
        """Write an object."""
        self._put(name, orjson.dumps(note))

    def drop_note(self, name: str = CURSOR) -> None:
        """Delete the object."""
        self.client.send(DeleteObject(self.bucket, self.prefix + name))

    def _first(self, number: int) -> bytes | bytearray | None:
        """The piece of a number, compressed or not."""
        for packed in (True, False):
            name = self.prefix + _piece_name(number, packed=packed)
            body = self.client.send(GetObject(self.bucket, name))
            if body is not None:
                return body
        return None

    def _put(self, name: str, body: bytes) -> None:
        put = PutObject(self.bucket, self.prefix + name, body, sha256(body).digest(), {})
        self.client.send(put)


def _piece_name(number: int, *, packed: bool) -> str:
    return f"{number:08}.jsonl{PACKED if packed else ''}"


def _packed(piece: bytes) -> bytes:
    return gzip.compress(piece, LEVEL, mtime=0)  # the same lines are the same bytes


def _lines(file: IO[bytes], where: str) -> Iterator[bytes]:
    """Lines of a file, whether it is compressed or not."""
    is_packed = file.read(len(MAGIC)) == MAGIC
    file.seek(0)
    text: IO[bytes] = gzip.GzipFile(fileobj=file) if is_packed else file  # type: ignore[assignment]
    try:
        while line := text.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE:
                raise DataError(f"{where} is damaged: it has a line of over {LONGEST_LINE:,} bytes")
            yield line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{where} is damaged or cut off: {error}") from error


def _note(path: Path) -> Any:
    with _told(path):
        try:
            return orjson.loads(path.read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None
        except orjson.JSONDecodeError as error:
            raise DataError(f"{path} is damaged; delete it, and begin again") from error


def _replace(path: Path, content: bytes) -> None:
    """Let a file have a content: it has the old one or all of the new one, whatever happens."""
    part = path.with_name(f"{path.name}.part")
    with _told(path):
        with part.open("wb") as file:
            file.write(content)
            _flush(file)
        part.replace(path)


def _flush(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise RequestError(f"there is no folder {path.parent} for {path.name}; make it first")


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Errors of the operating system, as ours."""
    try:
        yield
    except FileNotFoundError as error:
        raise RequestError(f"there is no {error.filename or path}; check the path") from error
    except PermissionError as error:
        raise AccessDenied(
            "EACCES", f"{error.filename or path} may not be used: {error}"
        ) from error
    except OSError as error:
        kind: type[ServiceError] = ServiceError if error.errno is None else Unavailable
        raise kind(type(error).__name__, f"{path} could not be read or written: {error}") from error
