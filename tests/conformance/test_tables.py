"""Making the table, on every engine."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from attrs import frozen

from dynastore import Index, Schema, Table, VectorIndex, entity, gsi, key, ref
from dynastore.errors import TableMismatch, TableNotFound
from dynastore.requests import Request

from .drivers import at_once
from .engines import SERVERS
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


@entity("ticket")
class Plain:
    """An entity before there was an index."""

    ticket_id: str
    team: str = ""

    primary = key("T#{ticket_id}", "~")


@entity("ticket")
class Indexed:
    """The same with one."""

    ticket_id: str
    team: str = ""

    primary = key("T#{ticket_id}", "~")
    by_team = gsi(1, "TEAM#{team}", "{ticket_id}")


@frozen
class UpdateTable(Request[None]):
    """What a person does with the AWS CLI."""

    operation: ClassVar[str] = "UpdateTable"
    asked: Any

    def parameters(self) -> dict[str, Any]:
        return self.asked

    def read(self, response: Any) -> None:
        """Nothing."""


@pytest.mark.scans
def test_an_index_is_added_to_a_table_that_is_in_use(open_store, engine, settled):
    """On SQLite at once; elsewhere by what the error says."""
    old = open_store(Schema([Plain]))
    old.put(Plain(ticket_id="t1", team="db"))
    store = open_store(Schema([Indexed]), create=False)
    if engine in SERVERS:
        with pytest.raises(TableMismatch, match="aws dynamodb update-table") as mismatch:
            store.create_table()
        assert mismatch.value.differences == ("index GSI1 is missing",)
        for addition in mismatch.value.additions:
            store.run(UpdateTable(addition).__iter__())
    store.create_table()
    store.create_table()
    store.put(Indexed(ticket_id="t2", team="db"))
    assert [each.mended for each in store.reindex()] == [True]
    settled()
    assert [each.ticket_id for each in store.query(Indexed, team="db")] == ["t1", "t2"]
    old.update(ref(Plain, ticket_id="t1"), team="ui")  # by code that does not know the index
    settled()
    assert len(list(store.reindex())) == 1
    settled()
    assert [each.ticket_id for each in store.query(Indexed, team="ui")] == ["t1"]
    old.put(Plain(ticket_id="t1", team="ui"))
    settled()
    assert store.query(Indexed, team="ui").count() == 0
    assert store.query(Indexed, team="db").count() == 1


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


def test_a_vector_index_that_an_engine_drops_is_missed(open_store, engine):
    vectors = Table("dynastore", (Index(1),), vectors=VectorIndex(2))
    store = open_store(Schema([Note], vectors), create=False)
    if engine == "moto":
        with pytest.raises(TableMismatch) as mismatch:
            store.create_table()
        assert mismatch.value.differences == ("vector index VECTORS is missing",)
    else:
        store.create_table()
        store.create_table()


def test_another_vector_index_is_refused_with_all_differences(open_store, engine):
    if engine == "moto":
        pytest.skip("it drops vector indexes")
    vectors = Table("dynastore", (Index(1),), vectors=VectorIndex(2, fields=("title",)))
    open_store(Schema([Note], vectors)).create_table()
    other = Table("dynastore", (Index(1),), vectors=VectorIndex(3, distance="EUCLIDEAN"))
    store = open_store(Schema([Note], other), create=False)
    with pytest.raises(TableMismatch) as mismatch:
        store.create_table()
    assert mismatch.value.differences == (
        "vector index VECTORS has Dimensions 2, not 3",
        "vector index VECTORS has DistanceFunction COSINE, not EUCLIDEAN",
        "index VECTORS carries TYPE, TTL, title, not all attributes",
    )
