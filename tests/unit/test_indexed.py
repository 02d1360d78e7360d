"""Documents by meaning through a vector index: which requests that takes, and what it may not find."""

from __future__ import annotations

import datetime as dt
import math

import pytest

pytest.importorskip("langgraph.store.base", reason="the extra dynastore[langgraph]")

from dynastore import Schema, Table, VectorIndex
from dynastore.agents import Aspect, Document, Embedding, Namespace, agent_schema
from dynastore.agents.documents import (
    Content,
    Known,
    Search,
    documents,
    packed,
    search,
    text_of_value,
    used,
    written,
)
from dynastore.errors import RequestError
from dynastore.integrations.langgraph import DynastoreStore
from dynastore.testing import lagging_store, memory_store, recorded

NOON = dt.datetime(2096, 3, 1, 12, tzinfo=dt.UTC)
ANN, BEN = ("users", "ann"), ("users", "ben")
EAST = (1.0, 0.0)


def towards(degrees):
    return [math.cos(math.radians(degrees)), math.sin(math.radians(degrees))]


def content(*degrees, minutes=None, **value):
    return Content(text_of_value(value), minutes, packed([towards(each) for each in degrees]))


class Indexed:
    """A table in memory with a vector index of two dimensions, and a clock that stands."""

    def __init__(self):
        self.now = NOON
        self.store = memory_store(agent_schema(VectorIndex(2)), clock=lambda: self.now)
        self.store.create_table()

    def put(self, contents):
        self.store.run(written(self.store.schema, contents, Known()))

    def search(self, prefix=ANN, **asked):
        asked = Search(prefix, vector=EAST, **asked)
        with recorded(self.store) as sent:
            found = self.store.run(search(self.store.schema, asked))
        return [each.name[1] for each in found], [each.request.operation for each in sent]

    def count(self, cls):
        return self.store.query(cls, first="users", second="ann").count()


@pytest.fixture
def table():
    table = Indexed()
    yield table
    table.store.close()


def test_the_nearest_of_a_namespace_are_two_requests(table):
    table.put({(ANN, f"{degrees}"): content(degrees) for degrees in (90, 10, 50, 30)})
    assert table.search(limit=2) == (["10", "30"], ["SearchVectors", "BatchGetItem"])


def test_what_they_cost_is_told(table):
    table.put({(ANN, f"{degrees}"): content(degrees) for degrees in (90, 10)})
    with recorded(table.store) as sent:
        table.store.run(search(table.store.schema, Search(ANN, vector=EAST, limit=1)))
    assert [each.units for each in sent] == [0.0, 1.0]
    assert (sent[0].purpose.entity, sent[0].purpose.pattern) == ("embedding", "VECTORS")


def test_one_tenant_never_finds_what_another_has(table):
    table.put({(ANN, "mine"): content(90), (BEN, "theirs"): content(0)})
    table.put({(("users", "ann#"), "theirs"): content(0)})
    names, requests = table.search(limit=1)
    assert (names, requests[0]) == (["mine"], "SearchVectors")
    tenant = table.store.scope("acme")
    tenant.run(written(tenant.schema, {(ANN, "theirs"): content(0)}, Known()))
    assert table.search(limit=1)[0] == ["mine"]


def test_a_longer_prefix_passes_over_what_else_is_in_the_partition(table):
    table.put({((*ANN, "old"), f"{degrees}"): content(degrees) for degrees in range(20)})
    table.put({((*ANN, "new"), "n"): content(80), ((*ANN, "new", "er"), "m"): content(70)})
    names, requests = table.search((*ANN, "new"), limit=2)
    assert names == ["m", "n"]
    assert requests == ["SearchVectors", "BatchGetItem"]


def test_a_prefix_of_several_partitions_is_searched_exactly(table):
    table.put({(ANN, "a"): content(10), (BEN, "b"): content(20)})
    names, requests = table.search(("users",), limit=2)
    assert names == ["a", "b"]
    assert "SearchVectors" not in requests


def test_more_than_100_are_searched_exactly(table):
    table.put({(ANN, f"{degrees:03}"): content(degrees) for degrees in range(120)})
    assert table.search(limit=1, offset=100)[0] == ["100"]
    assert "SearchVectors" not in table.search(limit=1, offset=100)[1]
    assert "SearchVectors" in table.search(limit=1, offset=99)[1]


def test_a_filter_that_the_nearest_100_do_not_pass_is_searched_exactly(table):
    table.put({(ANN, f"{119 - each:03}"): content(each, far=each > 110) for each in range(120)})
    names, requests = table.search(wanted={"far": True}, limit=3)
    assert names == ["008", "007", "006"]
    assert requests.count("SearchVectors") == 1
    assert "Query" in requests


def test_vectors_of_other_dimensions_are_searched_exactly(table):
    three = packed([[0.0, 1.0, 0.0]])
    table.put({(ANN, "three"): Content("{}", None, three), (ANN, "two"): content(10)})
    asked = Search(ANN, vector=(0.0, 1.0, 0.0), limit=1)
    (found,) = table.store.run(search(table.store.schema, asked))
    assert (found.name[1], found.score) == ("three", 1.0)
    assert table.search(limit=1)[0] == ["two"]


def test_a_document_of_several_texts_is_as_near_as_the_nearest_of_them(table):
    table.put({(ANN, "several"): content(170, 20, 90), (ANN, "one"): content(30)})
    names, requests = table.search(limit=2)
    assert names == ["several", "one"]
    assert requests[0] == "SearchVectors"
    assert (table.count(Embedding), table.count(Aspect)) == (2, 3)


def test_aspects_that_a_document_has_no_more_are_deleted(table):
    table.put({(ANN, "k"): content(10, 20, 30)})
    table.put({(ANN, "k"): content(170, 160)})
    assert table.count(Aspect) == 2
    table.put({(ANN, "k"): content(170)})
    assert (table.count(Embedding), table.count(Aspect)) == (1, 0)
    table.put({(ANN, "k"): content(10, 20)})
    table.put({(ANN, "k"): Content("{}")})
    assert (table.count(Embedding), table.count(Aspect)) == (0, 0)
    table.put({(ANN, "k"): content(10, 20)})
    table.put({(ANN, "k"): None})
    assert (table.count(Document), table.count(Embedding), table.count(Aspect)) == (0, 0, 0)


def test_what_a_document_meant_before_does_not_find_it():
    store = lagging_store(agent_schema(VectorIndex(2)), writes=1_000)
    store.run(written(store.schema, {(ANN, "k"): content(0), (ANN, "gone"): content(5)}, Known()))
    store.client.catch_up()
    later = {(ANN, "k"): content(170), (ANN, "gone"): None, (ANN, "new"): content(90)}
    store.run(written(store.schema, later, Known()))
    found = store.run(search(store.schema, Search(ANN, vector=EAST)))
    assert [(each.name[1], each.score) for each in found] == [("k", None), ("new", None)]
    store.client.catch_up()
    found = store.run(search(store.schema, Search(ANN, vector=EAST)))
    assert [each.name[1] for each in found] == ["new", "k"]
    store.close()


def test_what_is_used_is_found_as_long_as_it_lives(table):
    name = (ANN, "k")
    table.put({name: content(10, 20, minutes=60)})
    for _ in range(5):
        table.now += dt.timedelta(minutes=50)
        read = table.store.run(documents(table.store.schema, [name]))
        table.store.run(used(table.store.schema, read.values()))
    assert table.count(Aspect) == 2
    (found,) = table.store.run(search(table.store.schema, Search(ANN, vector=EAST)))
    assert found.score == pytest.approx(math.cos(math.radians(10)))


def test_a_vector_is_kept_once(table):
    table.put({(ANN, "k"): content(10)})
    (embedding,) = table.store.query(Embedding, first="users", second="ann")
    assert embedding.vectors == b""
    assert embedding.packed == packed([towards(10)])


def test_an_index_that_lacks_what_documents_are_found_by_is_refused():
    with (
        memory_store(agent_schema(VectorIndex(2, fields=("first",)))) as store,
        pytest.raises(RequestError, match="lacks second"),
    ):
        DynastoreStore(store)


def test_a_schema_without_aspects_is_refused_where_there_is_an_index():
    table = Table("agents", vectors=VectorIndex(2))
    with (
        memory_store(Schema([Document, Embedding, Namespace], table)) as store,
        pytest.raises(RequestError, match="Aspect"),
    ):
        DynastoreStore(store)


@pytest.mark.parametrize(
    "index", [VectorIndex(2, field="other"), VectorIndex(2, distance="EUCLIDEAN")]
)
def test_another_index_is_left_alone(index):
    store = memory_store(agent_schema(index))
    store.run(written(store.schema, {(ANN, "k"): content(10)}, Known()))
    with recorded(store) as sent:
        (found,) = store.run(search(store.schema, Search(ANN, vector=EAST)))
    assert found.score == pytest.approx(math.cos(math.radians(10)))
    assert "SearchVectors" not in [each.request.operation for each in sent]
    store.close()
