"""Exports that somebody has changed: they are refused before anything is written."""

from __future__ import annotations

from hashlib import sha256

import orjson
import pytest

from dynastore import Schema, Table, entity, gsi, key, payload
from dynastore.errors import DataError
from dynastore.operations.exporting.lines import Header, Total, line_of, read_line
from dynastore.requests.objects import GetObject, PutObject
from dynastore.stores.exports import check, export, load, shelf_of
from dynastore.testing import memory_store, recorded

pytestmark = pytest.mark.scans


@entity("doc")
class Doc:
    name: str
    data: bytes = payload(default=b"", compress_over=None, offload_over=100)

    primary = key("DOC#{name}", "~")
    by_name = gsi(1, "NAME#{name}", "~")


SCHEMA = Schema([Doc])
IN_BUCKET = Schema([Doc], Table("dynastore", SCHEMA.table.indexes, bucket="docs"))
ITEM = {"PK": {"S": "DOC#d"}, "SK": {"S": "~"}, "TYPE": {"S": "doc"}, "name": {"S": "d"}}
HEAD = line_of(Header("dynastore", (), "", "2026-03-01"))


def nested(levels):
    return '{"M":{"a":' * levels + '{"S":""}' + "}}" * levels


def with_value(text):
    return b'{"Item":{"PK":{"S":"DOC#d"},"SK":{"S":"~"},"x":%s}}\n' % text.encode()


@pytest.mark.parametrize(
    "text",
    [
        *("5", "null", "{}", '{"S":3}', '{"S":"a","N":"1"}', '{"N":"x"}', '{"N":"NaN"}'),
        *('{"B":"@@@"}', '{"L":null}', '{"SS":[]}', '{"BOOL":"x"}', '{"Q":"a"}', '{"N":"1E999"}'),
        *(nested(40), nested(200), nested(500), nested(5_000)),
    ],
)
def test_a_value_that_no_table_holds_is_damage(tmp_path, text):
    (tmp_path / "dump.jsonl").write_bytes(HEAD + with_value(text))
    with pytest.raises(DataError, match="line 2"):
        check(shelf_of(str(tmp_path / "dump.jsonl")))


@pytest.mark.parametrize("told", [{"items": "5"}, {"items": None}, {"objects": [1]}])
def test_a_last_line_without_figures_is_damage(tmp_path, told):
    end = orjson.dumps({"End": {**Total().state, **told}})
    (tmp_path / "dump.jsonl").write_bytes(HEAD + end)
    with pytest.raises(DataError, match="line 2"):
        check(shelf_of(str(tmp_path / "dump.jsonl")))


def changed(tmp_path, store, change, scopes=()):
    """An export of a store whose lines are changed, and whose last line fits them again."""
    for each in scopes:
        store = store.scope(each)
    export(store, shelf := shelf_of(str(tmp_path / "dump.jsonl")))
    head, *lines, _ = (tmp_path / "dump.jsonl").read_bytes().splitlines(keepends=True)
    total, lines = Total(), [orjson.dumps(change(orjson.loads(each))) + b"\n" for each in lines]
    for each in lines:
        told = orjson.loads(each)
        try:
            read = read_line(each)
        except DataError:
            continue
        total = total.with_item(read) if "Item" in told else total.with_object(read)
    (tmp_path / "dump.jsonl").write_bytes(b"".join([head, *lines, line_of(total)]))
    return shelf


@pytest.mark.parametrize("name", ["reports/march.csv", "../../march.csv"])
def test_an_object_is_written_under_no_name_but_its_own(tmp_path, name):
    """In the same bucket may be what is none of ours."""
    old, new = memory_store(IN_BUCKET), memory_store(IN_BUCKET)
    new.create_table()
    new.client.send(PutObject("docs", "reports/march.csv", b"march", sha256(b"march").digest(), {}))
    old.put(Doc(name="d", data=b"x" * 500))

    def change(line):
        return line if "Item" in line else {**line, "Object": {**line["Object"], "name": name}}

    with pytest.raises(DataError, match="line 2"):
        load(new, changed(tmp_path, old, change))
    assert new.client.send(GetObject("docs", "reports/march.csv")) == b"march"


@pytest.mark.parametrize("name", ["PK", "GSI1H"])
@pytest.mark.parametrize("outside", ["@b#DOC#d", "DOC#d", "@a"])
def test_an_export_of_a_scope_writes_nothing_outside_of_it(tmp_path, name, outside):
    old, new = memory_store(SCHEMA), memory_store(SCHEMA)
    new.scope("b").put(Doc(name="d"))
    old.scope("a").put(Doc(name="d"))

    def change(line):
        item = line["Item"]
        return {"Item": {**item, name: {"S": outside}}} if "name" in item else line

    shelf = changed(tmp_path, old, change, ["a"])
    with recorded(new) as sent, pytest.raises(DataError, match=f"{name}.*outside of scope a"):
        load(new, shelf, into_existing=True)
    assert not sent


def test_an_export_of_a_scope_has_its_entry_and_those_in_it(tmp_path):
    old, new = memory_store(SCHEMA), memory_store(SCHEMA)
    for place in (old.scope("a"), old.scope("a").scope("b c"), old.scope("z")):
        place.put(Doc(name="d", data=b"x" * 500))
    export(old.scope("a"), shelf := shelf_of(str(tmp_path / "outer")))
    load(new, shelf)
    assert [*new.scopes()] == ["a"]
    assert new.scope("a").scope("b c").get(Doc, name="d").data == b"x" * 500
    export(old.scope("a").scope("b c"), shelf := shelf_of(str(tmp_path / "inner")))
    assert check(shelf).total.entities == {"doc": 1, "~part": 1, "~scope": 1}
