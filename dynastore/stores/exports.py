"""Exports: all items of a table as lines of JSON, and a table made of them; between any two places.

export(Store.connect("sqlite:///agent.db", schema), shelf_of("dump/"))
load(Store.connect("agent-state", schema), shelf_of("dump/"))

Both go on where a call before was killed: a note at the export says how far it came.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

from attrs import asdict, evolve, frozen

from ..clients.base import Client
from ..clients.shelves import FILES, PACKED, S3, BucketShelf, FileShelf, FolderShelf, Mark, Shelf
from ..errors import DataError, RequestError
from ..operations.exporting import importer
from ..operations.exporting.exporter import Exporter, Piece
from ..operations.exporting.importer import Checked
from ..operations.exporting.lines import Header, Total, fingerprint, line_of
from ..operations.reading.scanner import ScanOptions, is_empty
from ..requests import Now
from ..requests.tables import DescribeTable
from .store import Store

__all__ = ["Loaded", "check", "export", "load", "shelf_of", "total_of"]


@frozen
class Loaded:
    """What an import wrote so far.

    Attributes:
        items: how many, parts of payloads among them.
        objects: how many it looked at; those that were there are not written again.
        size_bytes: of both.
        line: the last one that is written.
        resumed: whether it goes on with an import that was killed.
    """

    items: int = 0
    objects: int = 0
    size_bytes: int = 0
    line: int = 0
    resumed: bool = False


def shelf_of(
    where: str, client: Callable[[], Client] | None = None, *, packed: bool | None = None
) -> Shelf:
    """Where an export is kept.

    Args:
        where: a file such as ``dump.jsonl.gz``; any other path is a folder; or ``s3://bucket/prefix``.
        client: makes a client of S3, where it is in a bucket.
        packed: whether it is compressed: by default a file as its name says, all others are.

    Raises:
        RequestError: it names no bucket.
    """
    if where.startswith(S3):
        bucket, _, prefix = where.removeprefix(S3).partition("/")
        if not bucket or client is None:
            raise RequestError(f"{where!r} names no bucket; write s3://bucket/prefix")
        prefix = f"{prefix.rstrip('/')}/" if prefix.strip("/") else ""
        return BucketShelf(client(), bucket, prefix, packed is not False)
    if "://" in where:
        raise RequestError(f"{where!r} is no place for an export; name a file, a folder or s3://…")
    path = Path(where).absolute()
    if path.is_file() or (path.name.endswith(FILES) and not path.is_dir()):
        return FileShelf(path, path.name.endswith(PACKED) if packed is None else packed)
    return FolderShelf(path, packed is not False)


def export(
    store: Store,
    shelf: Shelf,
    *,
    segments: int = 1,
    units_per_second: float | None = None,
    consistent: bool = False,
    progress: Callable[[Total], object] = lambda total: None,
) -> Total:
    """Write all items of a store's table, or of its scope, to a shelf, or go on with that.

    Each item is as it was at one moment, with its payloads. Of a table that is written to meanwhile, two
    items may be of two moments: export a backup, restored, where that matters.

    Args:
        store: what is exported.
        shelf: where to.
        segments: as of `Store.scan`; an export that goes on keeps those that it began with.
        units_per_second: read units to take on average.
        consistent: whether every write acknowledged before must be seen; costs twice the units.
        progress: called with the total so far after each piece.

    Raises:
        RequestError: there is another export, or another process goes on with this one, or what is
            wrong with the options.
        DynastoreError: something could not be read or written; call again, and it goes on.
    """
    options = ScanOptions(segments, units_per_second, consistent)
    of = _of(store)
    note = _note_of(of, shelf) or _note(of, options, shelf, Mark())
    ours = {"by": uuid4().hex}
    shelf.write_note({**note, **ours})
    options = evolve(options, segments=note["segments"])
    exporter = Exporter(store.schema, options, note["state"])
    mark = Mark(note["pieces"], note["size_bytes"])
    while True:
        piece = store.run(exporter.piece())
        head = () if mark.pieces else (line_of(_header(store)),)
        end = () if piece.cursor else (line_of(piece.total),)
        _check_ours(shelf, ours)
        mark = shelf.add(b"".join((*head, *piece.lines, *end)), mark)
        if piece.cursor is None:
            shelf.drop_note()
            return piece.total
        shelf.write_note({**_note(of, options, shelf, mark, piece), **ours})
        progress(piece.total)


def total_of(
    store: Store,
    *,
    segments: int = 1,
    units_per_second: float | None = None,
    consistent: bool = False,
    progress: Callable[[Total], object] = lambda total: None,
) -> Total:
    """What an export would have: counts and checksums. It reads all, and keeps nothing."""
    exporter = Exporter(store.schema, ScanOptions(segments, units_per_second, consistent))
    while not exporter.done:
        progress(store.run(exporter.piece()).total)
    return exporter.total


def check(shelf: Shelf) -> Checked:
    """Read an export to its end, and see that it is whole.

    Raises:
        RequestError: there is none.
        DataError: it is damaged, or was not finished.
    """
    if shelf.is_empty():
        raise RequestError(f"there is no export in {shelf.where}; check the path")
    return importer.check(shelf.lines(), shelf.where)


def load(
    store: Store,
    shelf: Shelf,
    checked: Checked | None = None,
    *,
    units_per_second: float | None = None,
    into_existing: bool = False,
    unknown_types: bool = False,
    progress: Callable[[Loaded], object] = lambda loaded: None,
) -> Loaded:
    """Write all that an export has into a store's table, or go on with that. The table is made if missing.

    Nobody should sweep the table meanwhile: payloads are written before the items that refer to them.

    Args:
        store: on the table, without a scope.
        shelf: where the export is.
        checked: what `check` said of it; it is checked otherwise.
        units_per_second: write units to take on average.
        into_existing: whether the table may have items; those of the same keys are replaced.
        unknown_types: whether items are welcome whose types the schema does not know.
        progress: called after each window of items.

    Raises:
        RequestError: the table has items, the schema does not know some, or it has no bucket for objects.
        DataError: the export is damaged; where it was checked before, all before that line is written.
        DynastoreError: something could not be written; call again, and it goes on.
    """
    if store.schema.scopes:
        raise RequestError(
            "an export says which scopes its items are in; import it without a scope"
        )
    checked = checked or check(shelf)
    checked.check_fits(store.schema, others=unknown_types)
    rate = ScanOptions(units_per_second=units_per_second).units_per_second
    store.create_table()
    name = _import_note(store)
    after = _begun(store, shelf, checked, name, into_existing=into_existing)
    done = Loaded(line=after, resumed=after > 0)
    for window in importer.windows(shelf.lines(), shelf.where, after):
        store.run(importer.write(store.schema, window, rate))
        done = evolve(
            done,
            items=done.items + len(window.items) + len(window.parts),
            objects=done.objects + len(window.objects),
            size_bytes=done.size_bytes + window.size_bytes,
            line=window.end,
        )
        shelf.write_note({"line": window.end, "checksum": _checksum(checked)}, name)
        progress(done)
    shelf.drop_note(name)
    return done


def _header(store: Store) -> Header:
    schema, now = store.schema, store.run(iter(Now()))
    return Header(schema.table.name, tuple(schema.scopes), fingerprint(schema), now.isoformat())


def _note(
    of: list[str], options: ScanOptions, shelf: Shelf, mark: Mark, piece: Piece | None = None
) -> dict[str, Any]:
    """How far an export is."""
    state = piece and {"total": piece.total.state, "cursor": piece.cursor}
    how = {"of": of, "packed": shelf.packed, "segments": options.segments}
    return {**how, **asdict(mark), "state": state}


def _check_ours(shelf: Shelf, ours: dict[str, str]) -> None:
    """Refuse to write between the pieces of another process, which took the export for killed.

    Raises:
        RequestError: there is one.
    """
    note = shelf.note()
    if note is None or note["by"] != ours["by"]:
        raise RequestError(
            f"another process has gone on with the export in {shelf.where}; let that one end it"
        )


def _of(store: Store) -> list[str]:
    return [_place(store), store.schema.prefix]


def _note_of(of: list[str], shelf: Shelf) -> Any:
    """How far an export of the same came; None where it begins.

    Raises:
        RequestError: there is another one.
        DataError: what was written is gone.
    """
    note = shelf.note()
    if note is None and not shelf.is_empty():
        raise RequestError(f"there is an export in {shelf.where}; name another place, or delete it")
    if note is not None and note["of"] != of:
        raise RequestError(
            f"in {shelf.where} is an unfinished export of {' '.join(note['of'])}; name another place, "
            "or delete it"
        )
    if note is not None and note["packed"] != shelf.packed:
        was = "compressed" if note["packed"] else "not compressed"
        raise RequestError(f"the unfinished export in {shelf.where} is {was}; go on with it so")
    if note is not None and note["pieces"] and shelf.is_empty():
        raise DataError(
            f"what was written of the export in {shelf.where} is gone; delete its note, and begin again"
        )
    return note


def _begun(store: Store, shelf: Shelf, checked: Checked, name: str, *, into_existing: bool) -> int:
    """How many lines are written already, once it is known that the table may be written to.

    That is noted before the first of them is.

    Raises:
        RequestError: it has items of others.
    """
    has_items = not store.run(is_empty(store.schema.table.name))
    note = shelf.note(name) if has_items else None
    if note is not None and note["checksum"] == _checksum(checked):
        return int(note["line"])
    if has_items and not into_existing:
        raise RequestError(
            f"table {store.schema.table.name} has items; import into an empty one, or say "
            "--into-existing to replace those of the same keys"
        )
    shelf.write_note({"line": 0, "checksum": _checksum(checked)}, name)
    return 0


def _import_note(store: Store) -> str:
    return f"import-{sha256(_place(store).encode()).hexdigest()[:12]}"


def _place(store: Store) -> str:
    """What tells the store's table from all others, as far as its server says that."""
    name = store.schema.table.name
    where = getattr(store.client, "endpoint", None) or (store.place.where if store.place else None)
    found = store.run(iter(DescribeTable(name)))
    return " ".join(filter(None, (f"{name} at {where}", found.identity)))


def _checksum(checked: Checked) -> str:
    return f"{checked.total.items.checksum:032x}{checked.total.objects.checksum:032x}"
