"""Exports that meet another one, or what is left of one, where they are kept."""

from __future__ import annotations

import gzip

import pytest

from dynastore import Schema, entity, key
from dynastore.clients import shelves
from dynastore.errors import DataError, RequestError
from dynastore.operations.exporting import exporter
from dynastore.stores.exports import check, export, shelf_of
from dynastore.testing import memory_store

pytestmark = pytest.mark.scans


@entity("doc")
class Doc:
    name: str
    text: str = "x" * 300_000

    primary = key("DOC#{name}", "~")


class Killed(BaseException):
    """What ends a process."""


@pytest.fixture
def store(monkeypatch):
    """One whose export has several pieces."""
    monkeypatch.setattr(exporter, "PIECE_BYTES", 1_000)
    made = memory_store(Schema([Doc]))
    made.put_many([Doc(name=f"d{number}") for number in range(12)])
    return made


@pytest.fixture(params=["dump", "dump.jsonl", "dump.jsonl.gz"])
def path(request, tmp_path):
    return tmp_path / request.param


def kill(_):
    raise Killed


def test_of_two_exports_to_one_place_the_first_gives_way(store, path):
    """Or each would write between the pieces of the other, and neither be whole."""
    ended = []

    def another(_):
        store.put(Doc(name="new"))
        ended.append(export(store, shelf_of(str(path))))

    with pytest.raises(RequestError, match="another process"):
        export(store, shelf_of(str(path)), progress=another)
    assert [check(shelf_of(str(path))).total] == ended


def test_two_exports_that_begin_at_once_are_one(store, path):
    shelf = shelf_of(str(path))
    ended = []

    class Slow(type(shelf)):
        def write_note(self, note, name=shelves.CURSOR):
            super().write_note(note, name)
            if not ended:
                ended.append(None)
                ended[0] = export(store, shelf)

    with pytest.raises(RequestError, match="another process"):
        export(store, Slow(shelf.path, shelf.packed))
    assert [check(shelf).total] == ended


@pytest.mark.parametrize("packed", [True, False])
def test_an_export_is_not_compressed_by_halves(store, path, packed):
    with pytest.raises(Killed):
        export(store, shelf_of(str(path), packed=packed), progress=kill)
    with pytest.raises(RequestError, match="go on with it so"):
        export(store, shelf_of(str(path), packed=not packed))
    total = export(store, shelf_of(str(path), packed=packed))
    assert check(shelf_of(str(path))).total == total


def test_an_export_whose_beginning_is_gone_is_no_success(store, path):
    with pytest.raises(Killed):
        export(store, shelf_of(str(path)), progress=kill)
    for each in path.glob("0*"):
        each.unlink()
    if path.is_file():
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match="begin again"):
        export(store, shelf_of(str(path)))


def test_a_line_that_does_not_end_is_damage(monkeypatch, tmp_path):
    """Some kilobytes of gzip hold gigabytes of one letter."""
    monkeypatch.setattr(shelves, "LONGEST_LINE", 1_000)
    (tmp_path / "dump.jsonl.gz").write_bytes(gzip.compress(b"x" * 1_000_000))
    read = iter(shelf_of(str(tmp_path / "dump.jsonl.gz")).lines())
    with pytest.raises(DataError, match="a line of over 1,000 bytes"):
        next(read)
