"""Law 4 on generated schemas: plan and filters find what brute force finds, once and in order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dynastore.errors import RequestError
from dynastore.table import PRIMARY
from dynastore.telemetry.recording import recorded

from .answering import ask, check, empty_store, keep, key_of
from .generating import FAMILIES, Question, fulfils, questions, things


@pytest.mark.hypothesis  # so that make fuzz runs it
@pytest.mark.parametrize("family", FAMILIES)
def test_a_plan_finds_what_filtering_everything_finds(family):
    examples = settings().max_examples

    @given(questions(family))
    # In `make test` 2,004 of the 6 families.
    @settings(max_examples=examples * 334 // 100 if examples < 1_000 else examples)
    def answers(question: Question) -> None:
        check(empty_store(question.schema), question)

    answers()


@given(st.sampled_from(FAMILIES).flatmap(questions), st.data())
def test_what_stays_is_on_one_page_while_others_come_and_go(question, data):
    store = empty_store(question.schema)
    kept = keep(store, question)
    results = ask(store, question)
    assume(results.plan.ordering != "memory")
    (thing,) = question.schema.entities
    found: list[Any] = []
    cursor = None
    while True:
        page = results.page(limit=question.limit, cursor=cursor)
        found += map(key_of, page.entities)
        cursor = page.cursor
        if cursor is None:
            break
        other = thing(**data.draw(things(question.schema)))
        if key_of(other) not in kept:
            data.draw(st.sampled_from([store.put, store.delete]))(other)
    stayed = [key for key, each in kept.items() if fulfils(each, question)]
    assert all(found.count(key) == 1 for key in stayed)


@given(st.sampled_from(FAMILIES).flatmap(questions))
def test_a_table_read_consistently_gives_the_same(question):
    store = empty_store(question.schema)
    keep(store, question)
    results = ask(store, question)
    try:
        steady = results.consistent()
    except RequestError:
        assert any(path.index != PRIMARY for path in results.plan.paths)
        return
    assert all(path.index == PRIMARY for path in steady.plan.paths)
    with recorded(store) as sent:
        found = list(steady)
    assert all(each.request.consistent for each in sent)
    assert sorted(map(repr, found)) == sorted(map(repr, results))
