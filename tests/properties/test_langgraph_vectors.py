"""LangGraph's store with a vector index and without: whatever is done, both answer the same.

Up to the order of items that are equally near, and to rounding: the index compares numbers of 32
bits and tells a distance.
"""

from __future__ import annotations

import asyncio

import pytest

pytest.importorskip("langgraph.store.base", reason="the extra dynastore[langgraph]")

from hypothesis import given
from hypothesis import strategies as st
from langgraph.store.base import PutOp, SearchOp

from dynastore.agents import Aspect, Document, Embedding, agent_schema
from dynastore.integrations.langgraph import DynastoreStore
from dynastore.table import VectorIndex
from dynastore.testing import lagging_store, memory_store

ALL = 100  # the most that a vector index finds
DIMS = 4
SCHEMA = agent_schema(VectorIndex(DIMS))
SLACK = 1e-6  # of a score; 32-bit floats have 7 digits

LABELS = st.sampled_from(["a", "b", "a#", "\x01"])
SPACES = st.lists(LABELS, min_size=1, max_size=4).map(tuple)
PREFIXES = st.lists(LABELS, max_size=4).map(tuple)
KEYS = st.sampled_from(["", "k", "k#0", "k#"])
TEXTS = st.text("abcxyz", max_size=5)
VALUES = st.fixed_dictionaries(
    {"more": st.lists(TEXTS, max_size=3)},
    optional={"text": TEXTS, "rank": st.integers(0, 2)},
)
PUTS = st.builds(
    PutOp,
    SPACES,
    KEYS,
    st.none() | VALUES | VALUES,
    index=st.none() | st.none() | st.just(False) | st.just(["text"]),
    ttl=st.none(),
)
FILTERS = st.none() | st.none() | st.fixed_dictionaries({"rank": st.integers(0, 2)})
SEARCHES = st.builds(SearchOp, PREFIXES, FILTERS, st.integers(0, 4), st.integers(0, 3), TEXTS)
BATCHES = st.lists(st.lists(PUTS, max_size=5), max_size=5)


def embed(texts):
    """What is never without a direction."""
    pairs = ("ax", "by", "cz")
    return [[1.0, *(float(text.count(a) - text.count(b)) for a, b in pairs)] for text in texts]


INDEX = {"dims": DIMS, "embed": embed, "fields": ["text", "more[*]"]}


def name(item):
    return item.namespace, item.key


def assert_alike(found, expected, everything):
    """Both are as near, item after item, and each is as near as it is."""
    scores = {name(item): item.score for item in everything}
    values = {name(item): item.value for item in everything}
    assert len(found) == len(expected)
    assert len({name(item) for item in found}) == len(found)
    for item, theirs in zip(found, expected, strict=True):
        assert item.value == values[name(item)]
        assert item.score == pytest.approx(scores[name(item)], abs=SLACK)
        assert item.score == pytest.approx(theirs.score, abs=SLACK)
        if theirs.score is None:
            assert name(item) == name(theirs)


@pytest.mark.parametrize("mode", ["blocking", "awaited"])
@given(batches=BATCHES, op=SEARCHES)
def test_answers_are_the_same_with_a_vector_index_and_without(mode, batches, op):
    with memory_store() as plain, memory_store(SCHEMA) as store, asyncio.Runner() as runner:
        exact, memory = DynastoreStore(plain, index=INDEX), DynastoreStore(store, index=INDEX)

        def answer(ops):
            return memory.batch(ops) if mode == "blocking" else runner.run(memory.abatch(ops))

        for puts in batches:
            exact.batch(puts)
            answer(puts)
        (found,), (expected,) = answer([op]), exact.batch([op])
        (everything,) = exact.batch([op._replace(limit=1_000, offset=0)])
        assert_alike(found, expected, everything)


@given(batches=BATCHES, op=SEARCHES)
def test_an_index_that_lags_finds_nothing_that_is_not_so_any_more(batches, op):
    op = op._replace(limit=ALL, offset=0)
    with memory_store() as plain, lagging_store(SCHEMA, writes=8) as store:
        exact, memory = DynastoreStore(plain, index=INDEX), DynastoreStore(store, index=INDEX)
        for puts in batches:
            exact.batch(puts)
            memory.batch(puts)
        (found,), (everything,) = memory.batch([op]), exact.batch([op])
        scores = {name(item): item.score for item in everything}
        assert {name(item) for item in found} == scores.keys()
        for item in found:
            assert item.score is None or item.score == pytest.approx(scores[name(item)], abs=SLACK)


@given(batches=BATCHES)
def test_what_is_deleted_leaves_no_vector_behind(batches):
    names = {(op.namespace, op.key) for puts in batches for op in puts}
    with memory_store(SCHEMA) as store:
        memory = DynastoreStore(store, index=INDEX)
        for puts in batches:
            memory.batch(puts)
        memory.batch([PutOp(*each, None) for each in names])
        for first, second, *_ in {(*namespace, "") for namespace, _ in names}:
            for cls in (Document, Embedding, Aspect):
                assert not [*store.query(cls, first=first, second=second)]
