"""Vector indexes, on every engine that has them."""

from __future__ import annotations

import math

import pytest

from dynastore import Schema, Table, VectorIndex, entity, key
from dynastore.errors import RequestError
from dynastore.requests import SearchVectors
from dynastore.schema.schema import DEFAULT_NAME

pytestmark = pytest.mark.fault("moto", reason="drops vector indexes in silence", strict=True)

SLACK = 1e-6  # of a score; 32-bit floats have 7 digits


@entity("fact")
class Fact:
    """What is known, and where it points to."""

    user_id: str
    fact_id: str
    title: str = ""
    body: str = ""
    vector: tuple[float, ...] | None = None

    primary = key("USER#{user_id}", "FACT#{fact_id}")


@pytest.fixture
def opened(open_store, settled):
    """Makes a table with a vector index and some facts, and gives what asks it."""

    def opened(facts, index):
        store = open_store(Schema([Fact], Table(DEFAULT_NAME, vectors=index)))
        for each in facts:
            store.put(each)
        settled()
        table = store.schema.table.name

        def ask(vector, top=100, attributes=(), user_id="ann"):
            request = SearchVectors(table, index, f"USER#{user_id}", vector, top, attributes)
            return store.run(request.__iter__())

        return ask

    return opened


def fact(fact_id, *vector, user_id="ann", **more):
    return Fact(user_id=user_id, fact_id=fact_id, vector=vector or None, **more)


def ids(answer):
    return [near.item["fact_id"]["S"] for near in answer.found]


FACTS = (
    fact("far", -1.0, 0.0),
    fact("near", 0.5, 0.125),
    fact("alike", 3.5, 0.0),
    fact("none"),
    fact("theirs", 1.0, 0.0, user_id="ben"),
)


def test_the_nearest_of_one_partition_are_found(opened):
    ask = opened(FACTS, VectorIndex(2))
    answer = ask((1.0, 0.0))
    assert ids(answer) == ["alike", "near", "far"]
    scores = [0.0, 1 - 0.5 / math.hypot(0.5, 0.125), 2.0]
    assert [near.score for near in answer.found] == pytest.approx(scores, abs=SLACK)
    assert ids(ask((1.0, 0.0), top=2)) == ["alike", "near"]
    assert ids(ask((1.0, 0.0), user_id="ben")) == ["theirs"]
    assert ids(ask((1.0, 0.0), user_id="eve")) == []
    assert answer.searched_bytes > 0


@pytest.mark.parametrize(
    ("distance", "order", "score"),
    [
        ("COSINE", ["alike", "near", "far"], 0.0),
        ("EUCLIDEAN", ["near", "far", "alike"], math.hypot(0.5, 0.125)),
        ("DOT_PRODUCT", ["alike", "near", "far"], 3.5),
    ],
)
def test_each_distance_has_its_order(opened, distance, order, score):
    answer = opened(FACTS, VectorIndex(2, distance=distance))((1.0, 0.0))
    assert ids(answer) == order
    assert answer.found[0].score == pytest.approx(score, abs=SLACK)


def test_an_entry_has_what_the_index_carries_but_not_the_vector(opened):
    ask = opened(
        [fact("f1", 1.0, 0.0, title="T", body="B")], VectorIndex(2, fields=("title", "fact_id"))
    )
    (near,) = ask((1.0, 0.0)).found
    assert near.item.keys() == {"PK", "SK", "TYPE", "title", "fact_id"}
    (near,) = ask((1.0, 0.0), attributes=("title", "vector")).found
    assert near.item == {"title": {"S": "T"}, "vector": {"L": [{"N": "1"}, {"N": "0"}]}}


def test_an_index_may_carry_everything(opened):
    (near,) = opened([fact("f1", 1.0, 0.0, title="T", body="B")], VectorIndex(2))((1.0, 0.0)).found
    assert near.item.keys() == {"PK", "SK", "TYPE", "user_id", "fact_id", "title", "body"}


def test_a_vector_that_does_not_fit_the_index_is_refused(open_store):
    store = open_store(Schema([Fact], Table(DEFAULT_NAME, vectors=VectorIndex(2))))
    with pytest.raises(RequestError):
        store.put(fact("f1", 1.0))
    with pytest.raises(RequestError):
        store.put(fact("f1", 1e60, 0.0))
    assert store.query(Fact, user_id="ann").count() == 0


def test_an_item_leaves_the_index_with_its_vector(open_store, settled):
    index = VectorIndex(2)
    store = open_store(Schema([Fact], Table(DEFAULT_NAME, vectors=index)))
    store.put(fact("f1", 1.0, 0.0))
    store.put(fact("f2", 0.0, 1.0))
    store.update(fact("f1"), vector=None)
    store.delete(fact("f2"))
    settled()
    request = SearchVectors(store.schema.table.name, index, "USER#ann", (1.0, 0.0), 5)
    assert store.run(request.__iter__()).found == []
