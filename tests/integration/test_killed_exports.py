"""Exports and imports that are killed at any point, and made again, until they are done."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from dynastore import Schema, Store, Table
from dynastore.clients.base import run
from dynastore.errors import DataError, RequestError
from dynastore.operations.exporting import exporter, importer, wholes
from dynastore.schema.homes import Placement
from dynastore.stores.exports import check, export, load, shelf_of
from dynastore.testing import memory_store

from ..conformance.filled import digest, objects_of
from . import export_program
from .export_program import SCHEMA, Note, Slug, fill, shrink

pytestmark = pytest.mark.scans

IN_BUCKET = SCHEMA.on(lambda table: Table(table.name, table.indexes, bucket="notes"))


class Killed(BaseException):
    """The process is no more."""


class Mortal:
    """Passes calls on, until it is killed; before one is carried out, or right after it."""

    def __init__(self, target, life, names):
        self._target, self._life, self._names = target, life, names

    def __getattr__(self, name):
        found = getattr(self._target, name)
        return self._life.counted(found) if name in self._names else found


class Life:
    """Counts what was begun; ends at a number."""

    def __init__(self, dies_at=None, *, after=False):
        self.begun, self._dies_at, self._after = 0, dies_at, after

    def counted(self, call):
        def counted(*args, **keywords):
            number, self.begun = self.begun, self.begun + 1
            if number == self._dies_at and not self._after:
                raise Killed
            answer = call(*args, **keywords)
            if number == self._dies_at:
                raise Killed
            return answer

        return counted


def mortal(store, shelf, life):
    """A store and a shelf of one life."""
    client = Mortal(store.client, life, {"send"})
    kept = Mortal(shelf, life, {"add", "write_note", "drop_note"})
    lives = Mortal(store, life, ())
    lives.run = lambda steps: run(steps, client)
    return lives, kept


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Pieces and windows of some items."""
    for module, name, value in shrink():
        monkeypatch.setattr(module, name, value)


@pytest.fixture(scope="module")
def source():
    store = memory_store(IN_BUCKET)
    fill(store, 8)
    store.put(Note(name="large", data=b"y" * 700_000))
    return store


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("name", ["{}.jsonl.gz", "{}.jsonl", "dump{}", "s3://dumps/{}"])
def test_an_export_goes_on_wherever_it_was_killed(source, tmp_path, monkeypatch, name, after):
    """A bucket is one of SQLite here; what S3 answers is seen in tests of the command."""
    monkeypatch.chdir(tmp_path)
    whole = digest(source)
    for dies_at in range(10**6):
        shelf = shelf_of(name.format(dies_at), lambda: memory_store().client)
        try:
            export(*mortal(source, shelf, life := Life(dies_at, after=after)), segments=2)
        except Killed:
            if shelf.is_empty() or shelf.note():  # not only the news that it is done is lost
                export(source, shelf)
        checked = check(shelf)
        assert checked.total.items == whole
        assert checked.total.objects.items == 1
        lines = Counter(shelf.lines())
        assert set(lines.values()) == {1}
        assert shelf.note() is None
        if life.begun <= dies_at:
            break
    assert dies_at > 15


@pytest.mark.parametrize("after", [False, True])
def test_an_import_goes_on_wherever_it_was_killed(source, tmp_path, after):
    shelf = shelf_of(str(tmp_path / "dump"))
    export(source, shelf)
    for dies_at in range(10**6):
        target = memory_store(IN_BUCKET)
        target.create_table()
        try:
            load(*mortal(target, shelf, life := Life(dies_at, after=after)))
        except Killed:
            if not any("import" in each.name for each in (tmp_path / "dump").iterdir()):
                with suppress(RequestError):  # only the news that it is done is lost
                    load(target, shelf)
            else:
                load(target, shelf)
        assert digest(target) == digest(source)
        assert objects_of(target) == objects_of(source)
        if life.begun <= dies_at:
            break
    assert dies_at > 15


def test_an_import_that_goes_on_writes_only_what_is_left(source, tmp_path):
    shelf = shelf_of(str(tmp_path / "dump"))
    export(source, shelf)
    target = memory_store(IN_BUCKET)
    target.create_table()
    with pytest.raises(Killed):
        load(*mortal(target, shelf, Life(15)))
    done = load(target, shelf)
    assert done.resumed
    assert done.items < digest(source).items


def of_other_account():
    """A session of another account in the same region."""
    role = "arn:aws:iam::222222222222:role/other"
    told = boto3.client("sts").assume_role(RoleArn=role, RoleSessionName="other")["Credentials"]
    return boto3.Session(told["AccessKeyId"], told["SecretAccessKey"], told["SessionToken"])


@pytest.mark.parametrize(
    "elsewhere", [of_other_account, lambda: boto3.Session(region_name="us-east-1")]
)
def test_an_import_goes_on_in_its_own_table_only(tmp_path, elsewhere):
    """And not in one of the same name in another account or region."""
    source = memory_store(SCHEMA)
    fill(source, 8)
    shelf = shelf_of(str(tmp_path / "dump"))
    export(source, shelf)
    with mock_aws():
        mine = Store.connect("agent-state", SCHEMA)
        with pytest.raises(Killed):
            load(*mortal(mine, shelf, Life(15)))
        other = Store.connect("agent-state", SCHEMA, session=elsewhere(), create=True)
        other.put(Note(name="other"))
        assert not load(other, shelf, into_existing=True).resumed
        assert digest(other).items == digest(source).items + 1
        assert load(mine, shelf).resumed
        assert digest(mine) == digest(source)


def test_an_import_goes_on_in_its_own_file_only(tmp_path):
    """Also where some scopes are in other files."""
    source = memory_store(SCHEMA)
    fill(source, 8)
    shelf = shelf_of(str(tmp_path / "dump"))
    export(source, shelf)
    urls = [f"sqlite:///{tmp_path / each}.db" for each in ("mine", "other", "third")]
    mine, other = (
        Store.connect(Placement(each, places={"third": urls[2]}), SCHEMA) for each in urls[:2]
    )
    with pytest.raises(Killed), mine:
        load(*mortal(mine, shelf, Life(15)))
    with other:
        other.put(Note(name="other"))
        assert not load(other, shelf, into_existing=True).resumed


@pytest.mark.parametrize("name", ["dump.jsonl.gz", "dump"])
def test_killed_by_the_system_again_and_again(tmp_path, name):
    """By SIGKILL, after each piece and each window that it tells of."""
    source, target = (f"sqlite:///{tmp_path / each}.db" for each in ("source", "target"))
    with Store.connect(source, SCHEMA) as store:
        fill(store, 12)
        whole = digest(store)
    shelf = str(tmp_path / name)
    assert lives("export", source, shelf) > 2
    assert check(shelf_of(shelf)).total.items == whole
    assert set(Counter(shelf_of(shelf).lines()).values()) == {1}
    assert lives("import", target, shelf) > 2
    with Store.connect(target, SCHEMA) as store:
        assert digest(store) == whole
        assert [*store.verify()] == []


def lives(what, where, shelf):
    """How many processes it took, each killed after the third thing that it told."""
    program = [sys.executable, "-m", "tests.integration.export_program", what, where, shelf]
    for number in range(1, 20):
        with subprocess.Popen(
            program, stdout=subprocess.PIPE, text=True, cwd=Path(export_program.__file__).parents[2]
        ) as process:
            told = [line for _, line in zip(range(3), process.stdout, strict=False)]
            process.send_signal(signal.SIGKILL)
        if "done\n" in told or process.returncode == 0:
            return number
    raise AssertionError("it never ends")


def cut(path, text):
    path.write_bytes(path.read_bytes()[: -len(text)])


BAD_ITEM = b'{"Item":{"SK":{"S":"~"}}}\n'
DAMAGES = {
    "without its last line": lambda lines: lines[:-1],
    "cut within a line": lambda lines: [*lines[:-1], lines[-1][:20]],
    "an item less": lambda lines: [*lines[:3], *lines[4:]],
    "an item twice": lambda lines: [*lines[:3], lines[2], *lines[3:]],
    "a value changed": lambda lines: [each.replace(b"text 7", b"text 8") for each in lines],
    "no header": lambda lines: lines[1:],
    "lines behind the last one": lambda lines: [*lines, lines[3]],
    "no JSON": lambda lines: [*lines[:3], b"{,}\n", *lines[4:]],
    "an item without a key": lambda lines: [*lines[:3], BAD_ITEM, *lines[4:]],
    "a later form": lambda lines: [lines[0].replace(b'"version":1', b'"version":2'), *lines[1:]],
    "nothing": lambda lines: [],
}


@pytest.mark.parametrize("damaged", DAMAGES.values(), ids=DAMAGES)
def test_what_is_damaged_or_cut_off_is_refused_before_anything_is_written(
    source, tmp_path, damaged
):
    path = tmp_path / "dump.jsonl"
    shelf = shelf_of(str(path))
    export(source, shelf)
    lines = path.read_bytes().splitlines(keepends=True)
    target = memory_store(IN_BUCKET)
    target.create_table()
    path.write_bytes(b"".join(damaged(lines)))
    with pytest.raises(DataError, match=str(path)):
        load(target, shelf)
    assert digest(target).items == 0
    assert objects_of(target) == {}


def test_a_damaged_archive_is_refused(source, tmp_path):
    path = tmp_path / "dump.jsonl.gz"
    export(source, shelf := shelf_of(str(path)))
    whole = path.read_bytes()
    for damaged in (whole[:-5], whole[:2_000] + b"\0\0\0" + whole[2_003:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match="damaged"):
            check(shelf)


def test_another_export_in_the_same_place_is_refused(source, tmp_path):
    shelf = shelf_of(str(tmp_path / "dump"))
    with pytest.raises(Killed):
        export(*mortal(source, shelf, Life(6)))
    with pytest.raises(RequestError, match="unfinished export of"):
        export(source.scope("team"), shelf)
    export(source, shelf)
    with pytest.raises(RequestError, match="there is an export in"):
        export(source, shelf)


def test_a_table_with_items_is_refused_unless_they_may_be_replaced(source, tmp_path):
    shelf = shelf_of(str(tmp_path / "dump"))
    export(source, shelf)
    target = memory_store(IN_BUCKET)
    target.put(Note(name="other"))
    with pytest.raises(RequestError, match="has items"):
        load(target, shelf)
    load(target, shelf, into_existing=True)
    assert digest(target).items == digest(source).items + 1


def test_what_the_schema_does_not_know_is_refused(source, tmp_path):
    shelf = shelf_of(str(tmp_path / "dump"))
    export(source, shelf)
    target = memory_store(Schema([Slug]))
    with pytest.raises(RequestError, match="type note, which this schema does not know"):
        load(target, shelf)
    with pytest.raises(RequestError, match="no bucket"):
        load(target, shelf, unknown_types=True)


def test_pieces_are_bounded(source, tmp_path, monkeypatch):
    """However much a round of reading brings, a piece ends behind the item that fills it."""
    monkeypatch.setattr(exporter, "PIECE_BYTES", 1)
    export(source, shelf_of(str(tmp_path / "dump")))
    assert len([*(tmp_path / "dump").iterdir()]) >= digest(source).items / 2
    assert wholes.TOGETHER_BYTES == 0
    assert importer.WINDOW == 4
