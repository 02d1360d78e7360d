"""LangGraph's own InMemoryStore as the model: whatever is done, both answer the same.

Where they do not, and why:

- A search is in the order of namespace and key here, in that of insertion there: a table has no
  other order that pages could go by.
- A namespace without items is not listed here; there, reading one or emptying it lists it.
- A comparison with what has no order finds nothing here; there it raises TypeError or ValueError,
  so that one item without the field makes a namespace unsearchable.
- Items without vectors follow those with some on all pages here; there each page repeats them.
- What is put again has the vectors of its new value only here; there those of the old one stay.
- `created_at` is the first put's here, as in LangGraph's PostgresStore; there it is the last one's.
- Tuples in values come back as lists here, keys that are no text are refused.
"""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("langgraph.store.base", reason="the extra dynastore[langgraph]")

from hypothesis import given
from hypothesis import strategies as st
from langgraph.store.base import GetOp, ListNamespacesOp, MatchCondition, PutOp, SearchOp
from langgraph.store.memory import InMemoryStore

from dynastore.integrations.langgraph import DynastoreStore
from dynastore.testing import memory_store

ALL = 10_000

LABELS = st.sampled_from(["a", "b", "a:b", "#", "@a", "$", "a#", "a$20", "ü", " ", "\x01", "*"])
SPACES = st.lists(LABELS, min_size=1, max_size=3).map(tuple)
PREFIXES = st.lists(LABELS, max_size=3).map(tuple)
KEYS = st.sampled_from(["", "k", "k#", "k$", "😀", "a\x00b"])

SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3)
)
FEW = st.sampled_from([None, True, 0, 1, 1.0, -0.5, 10**30, "", "1", "a", [1, "a"], {"x": 1}, {}])
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=5,
)
VALUES = st.dictionaries(st.sampled_from(["x", "y", ""]), FEW | JSON, max_size=3)
BOUNDS = st.sampled_from([True, 0, 1, 1.0, -0.5, 10**30, "", "1", "a"])  # others are refused
ORDERS = st.dictionaries(st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), BOUNDS, max_size=1)
EQUALS = st.dictionaries(st.sampled_from(["$eq", "$ne"]), FEW, min_size=1, max_size=1)
TESTS = FEW | st.builds(lambda one, other: {**one, **other}, EQUALS, ORDERS) | ORDERS
FILTERS = st.none() | st.dictionaries(
    st.sampled_from(["x", "y"]), TESTS | st.fixed_dictionaries({"x": TESTS}), max_size=2
)

NONE = st.none()
PUTS = st.builds(PutOp, SPACES, KEYS, NONE | VALUES | VALUES, index=NONE, ttl=NONE)
GETS = st.builds(GetOp, SPACES, KEYS)
LIMITS = st.integers(0, 4) | st.just(ALL)
SEARCHES = st.builds(SearchOp, PREFIXES, FILTERS, LIMITS, st.integers(0, 3), query=NONE)
PATHS = st.builds(MatchCondition, st.sampled_from(["prefix", "suffix"]), PREFIXES)
LISTS = st.builds(
    ListNamespacesOp,
    st.lists(PATHS, max_size=2).map(tuple),
    st.none() | st.integers(0, 3),
    LIMITS,
    st.integers(0, 2),
)
BATCHES = st.lists(st.lists(PUTS | PUTS | GETS | SEARCHES | LISTS, max_size=6), max_size=5)


class Model:
    """An InMemoryStore whose answers are put in our order."""

    def __init__(self):
        self.store = InMemoryStore()

    def batch(self, ops):
        for namespace in [each for each, items in self.store._data.items() if not items]:
            del self.store._data[namespace]
        reads = [self._read(op) for op in ops]
        self.store.batch([op for op in ops if isinstance(op, PutOp)])
        return reads

    def _read(self, op):
        match op:
            case PutOp():
                return None
            case GetOp(namespace, key):
                return seen(self.store._data.get(namespace, {}).get(key))
            case SearchOp():
                return self._search(op)
        return self.store.batch([op])[0]

    def _search(self, op):
        try:
            found = self.store.batch([op._replace(limit=ALL, offset=0)])[0]
        except (TypeError, ValueError):  # what has no order
            return None
        found.sort(key=lambda item: (item.namespace, item.key))
        return [seen(item) for item in found[op.offset : op.offset + op.limit]]


def seen(item):
    return item and (item.namespace, item.key, repr(item.value))


def ours(answer):
    match answer:
        case [(str(), *_), *_]:
            return answer
        case list():
            return [each if isinstance(each, tuple) else seen(each) for each in answer]
    return seen(answer)


@pytest.mark.parametrize("mode", ["blocking", "awaited"])
@given(batches=BATCHES)
def test_every_answer_is_that_of_the_store_in_memory(mode, batches):
    model = Model()
    with memory_store() as store, asyncio.Runner() as runner:
        memory = DynastoreStore(store)
        for ops in batches:
            expected = model.batch(ops)
            got = memory.batch(ops) if mode == "blocking" else runner.run(memory.abatch(ops))
            for op, answer, theirs in zip(ops, map(ours, got), expected, strict=True):
                if not isinstance(op, SearchOp) or theirs is not None:
                    assert answer == theirs, op


TEXTS = st.text("abcxyz", min_size=1, max_size=6)


def embed(texts):
    return [[float(text.count(letter)) for letter in "abcxyz"] for text in texts]


@given(
    st.dictionaries(st.tuples(SPACES, KEYS), TEXTS, max_size=8),
    TEXTS,
    PREFIXES,
    st.integers(0, 5),
    st.integers(0, 3),
)
def test_scores_are_those_of_the_store_in_memory(texts, query, prefix, limit, offset):
    model = InMemoryStore(index={"dims": 6, "embed": embed, "fields": ["text"]})
    unique = {text: name for name, text in texts.items()}  # it refuses two items of one text
    puts = [PutOp(*name, {"text": text}) for text, name in unique.items()]
    with memory_store() as store:
        memory = DynastoreStore(store, index={"dims": 6, "embed": embed, "fields": ["text"]})
        model.batch(puts)
        memory.batch(puts)
        everything = model.search(prefix, query=query, limit=ALL)
        scores = {(item.namespace, item.key): item.score for item in everything}
        found = memory.search(prefix, query=query, limit=limit, offset=offset)
        assert len(found) == len(everything[offset : offset + limit])
        for item, theirs in zip(found, everything[offset:], strict=False):
            assert item.score == pytest.approx(scores[item.namespace, item.key], abs=1e-6)
            assert item.score == pytest.approx(theirs.score, abs=1e-6)
