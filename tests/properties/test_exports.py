"""An export of any table, imported, is that table: every item, every value, every object."""

from __future__ import annotations

import datetime as dt
import tempfile
import types
from functools import reduce
from pathlib import Path
from unittest import mock

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from dynastore import Schema, Store, entity, gsi, key, payload, unique
from dynastore.codec.payloads import EPOCH, Pointer
from dynastore.keys.templates import scope_prefix
from dynastore.operations.exporting import exporter, importer, wholes
from dynastore.operations.exporting.lines import StoredForm, line_of, read_line
from dynastore.operations.moving.digests import is_same
from dynastore.requests import Key, PutItem
from dynastore.stores.exports import check, export, load, shelf_of
from dynastore.testing import memory_store
from dynastore.values.attributes import AttributeMap

from ..conformance.filled import items_of, objects_of
from .entities import texts, typed_values
from .trying import tries

pytestmark = pytest.mark.scans

# A day ago: expired, and not long enough ago for the engine to delete it.
ENDS = (
    None,
    dt.datetime.now(dt.UTC) - dt.timedelta(days=1),
    dt.datetime(2090, 1, 1, tzinfo=dt.UTC),
)
NAMES = ("dump", "dump.jsonl", "dump.jsonl.gz")


def thing_of(kind, offload_over):
    namespace = {
        "__annotations__": {
            "name": str,
            "value": kind,
            "slug": str | None,
            "gone": dt.datetime | None,
            "data": bytes,
        },
        "slug": None,
        "gone": None,
        "data": payload(default=b"", compress_over=None, offload_over=offload_over),
        "primary": key("THING#{name}", "~"),
        "by_slug": gsi(1, "SLUG", "{slug?}"),
        "one_slug": unique("slug"),
    }
    made = types.new_class("Thing", exec_body=lambda body: body.update(namespace))
    return entity("thing", expires="gone")(made)


@st.composite
def filled_tables(draw):
    """A store with things of a drawn class, in scopes and outside, in a table with a bucket or not."""
    kind, values = draw(typed_values)
    thing = thing_of(kind, draw(st.sampled_from([100, None])))
    schema = Schema([thing])
    bucket = draw(st.sampled_from([None, "things"]))
    store = memory_store(schema.on(lambda table: evolve(table, bucket=bucket)))
    store.create_table()
    taken = set()
    for _ in range(draw(st.integers(0, 6))):
        scopes = draw(st.lists(st.sampled_from(["qa", "a b", "żółw"]), max_size=2))
        made = thing(
            name=draw(texts.filter(bool)),
            value=draw(values),
            slug=draw(st.none() | texts),
            gone=draw(st.sampled_from(ENDS)),
            data=draw(st.binary(max_size=3)) * draw(st.sampled_from([1, 100])),
        )
        names = {(*scopes, "name", made.name)}
        if made.slug is not None:
            names.add((*scopes, "slug", made.slug))
        if taken & names:
            continue  # what is replaced or refused leaves litter, which no export has
        taken |= names
        reduce(Store.scope, scopes, store).put(made)
    return store


@tries(40)
@given(
    filled_tables(),
    st.sampled_from(NAMES),
    st.sampled_from([1, 3]),
    st.sampled_from([1, 300, 8 * 1024 * 1024]),
    st.sampled_from([1, 4, 500]),
)
def test_an_import_of_an_export_is_the_table(store, name, segments, piece_bytes, window):
    target = memory_store(store.schema)
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.object(exporter, "PIECE_BYTES", piece_bytes),
        mock.patch.object(wholes, "TOGETHER_BYTES", piece_bytes),
        mock.patch.object(importer, "WINDOW", window),
    ):
        shelf = shelf_of(str(Path(folder) / name))
        total = export(store, shelf, segments=segments)
        assert check(shelf).total == total
        load(target, shelf)
    assert by_key(target) == by_key(store)
    assert total.items.items == len(by_key(store))
    if store.schema.table.bucket:
        assert objects_of(target) == objects_of(store)
    assert [*target.verify()] == [*store.verify()] == []


def by_key(store):
    return {Key.of(each): each for each in items_of(store)}


digits = st.integers(1, 10**38 - 1).map(str) | st.sampled_from(
    ["0", "-1E-130", "9.9999999999999999999999999999999999999E+125", "1.50", "-0.1"]
)
binaries = st.binary(max_size=5)
leaves = st.one_of(
    st.fixed_dictionaries({"S": texts}),
    st.fixed_dictionaries({"N": digits}),
    st.fixed_dictionaries({"B": binaries}),
    st.fixed_dictionaries({"BOOL": st.booleans()}),
    st.just({"NULL": True}),
    st.fixed_dictionaries({"SS": st.lists(texts, min_size=1, max_size=3, unique=True)}),
    st.fixed_dictionaries({"BS": st.lists(binaries, min_size=1, max_size=3, unique=True)}),
    st.fixed_dictionaries({"NS": st.lists(digits, min_size=1, max_size=2, unique=True)}),
)
attribute_values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.fixed_dictionaries({"L": st.lists(inner, max_size=3)}),
        st.fixed_dictionaries({"M": st.dictionaries(texts.filter(bool), inner, max_size=3)}),
    ),
    max_leaves=6,
)
raw_items = st.dictionaries(texts.filter(bool), attribute_values, max_size=4).map(
    lambda some: {**some, "PK": {"S": "RAW#1"}, "SK": {"S": "~"}}
)


@given(raw_items)
def test_whatever_item_there_is_comes_back(item: AttributeMap):
    """Also one of no class, as other programs have in the same table."""
    schema = Schema([thing_of(int, None)])
    old, new = memory_store(schema), memory_store(schema)
    old.create_table()
    old.client.send(PutItem(schema.table.name, item))
    with tempfile.TemporaryDirectory() as folder:
        shelf = shelf_of(str(Path(folder) / "dump"))
        if item.get("TYPE") != {"S": "~part"}:
            assert export(old, shelf).missing == 0
            load(new, shelf, unknown_types=True)
            ((_, found),) = by_key(new).items()
            assert is_same(found, item)


@given(raw_items)
def test_a_line_says_what_the_item_is(item):
    assert is_same(read_line(line_of(item)), item)


@given(
    st.lists(texts.filter(bool), max_size=2), texts, texts, st.binary(max_size=30), st.datetimes()
)
def test_a_line_says_what_the_object_is(scopes, text, field, body, now):
    owner = Key(f"{scope_prefix(scopes)}DOC#{text}", text)
    pointer = Pointer.to_object(body, abs(now.replace(tzinfo=dt.UTC) - EPOCH) + EPOCH)
    stored = StoredForm(wholes.object_name(owner, field, pointer), owner, field, body)
    assert read_line(line_of(stored)) == stored
