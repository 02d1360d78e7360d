"""Making the table, on every engine."""

from __future__ import annotations

import pytest

from dynastore import Index, Schema, Table, entity, gsi, key
from dynastore.errors import TableMismatch, TableNotFound

from .drivers import at_once
from .test_items import Note


def test_without_a_table_a_call_says_so(open_store):
    store = open_store(Schema([Note]), create=False)
    with pytest.raises(TableNotFound):
        store.get(Note, user_id="ann", note_id="n1")


def test_several_that_start_at_once_all_succeed(open_store):
    store = open_store(Schema([Note]), create=False)
    outcomes = at_once(store, lambda each, number: each.create_table(), 4)
    assert outcomes == [None] * 4
    assert store.get(Note, user_id="ann", note_id="n1") is None


def test_making_a_table_again_changes_nothing(open_store):
    store = open_store(Schema([Note]))
    store.put(Note(user_id="ann", note_id="n1"))
    store.create_table()
    assert store.get(Note, user_id="ann", note_id="n1")


@entity("tag")
class Tag:
    """An entity on an index that the table of notes does not have."""

    name: str
    rank: int = 0

    primary = key("TAG#{name}", "TAG")
    ranked = gsi(2, "TAGS", "{rank}")


def test_a_table_that_does_not_fit_is_refused_with_all_differences(open_store):
    open_store(Schema([Note])).create_table()
    classic = Table("dynastore", (Index(1, 1), Index(2)))
    store = open_store(Schema([Note, Tag], classic), create=False)
    with pytest.raises(TableMismatch) as mismatch:
        store.create_table()
    assert mismatch.value.differences == (
        "GSI1 is (GSI1H, GSI1R1, GSI1R2, GSI1R3, GSI1R4), not (GSI1PK, GSI1SK)",
        "index GSI2 is missing",
    )
