"""Making the table, on every engine."""

from __future__ import annotations

import pytest

from dynastore import Schema
from dynastore.errors import TableNotFound

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
