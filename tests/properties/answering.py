"""Law 4: what a plan finds is what filtering everything finds, read once and in order.

`check` asks one question of a store in every way there is, and compares with the things in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from attrs import evolve
from hypothesis import assume

from dynastore import Schema
from dynastore.errors import NoAccessPattern, RequestError
from dynastore.operations.reading.planned import first_requests
from dynastore.requests import BatchGetItem, GetItem, Query
from dynastore.telemetry.recording import recorded
from dynastore.testing import memory_store

from .generating import NOW, Question, fulfils


def empty_store(schema: Schema) -> Any:
    """A store in memory that takes `NOW` for the time."""
    return memory_store(schema, clock=lambda: NOW)


def keep(store: Any, question: Question) -> dict[Any, Any]:
    """Put the things of a question into a store; those that are left, by primary key."""
    (thing,) = question.schema.entities
    kept = {}
    for values in question.drawn:
        each = store.put(thing(**values))
        kept[key_of(each)] = each
    return kept


def key_of(thing: Any) -> tuple[Any, ...]:
    """The values of a thing's primary key."""
    return tuple(getattr(thing, name) for name in dict.fromkeys(type(thing).primary.fields))


def ask(store: Any, question: Question) -> Any:
    """The results of a question; the example is left out if no access pattern serves it."""
    (thing,) = question.schema.entities
    results = None
    try:
        results = store.query(thing, *question.combined, **question.where)
    except NoAccessPattern:
        where = question.where
        assert not all(isinstance(where.get(name), str | int) for name in thing.primary.fields)
    except RequestError as error:
        if "more than 100" not in str(error):
            raise
    assume(results is not None)
    return results.order_by(*question.order) if question.order else results


def check(store: Any, question: Question, settled: Callable[[], None] = lambda: None) -> None:
    """Ask in every way, and compare with what is known.

    Args:
        store: an empty one that takes `NOW` for the time.
        question: what is kept there, and asked.
        settled: lets indexes that lag catch up.
    """
    kept = keep(store, question)
    settled()
    results = ask(store, question)
    wanted = [each for each in kept.values() if fulfils(each, question)]
    with recorded(store) as sent:
        found = list(results)
    check_requests(store.schema, results.plan, [each.request for each in sent])
    assert len(sent) >= results.plan.cost.requests
    assert sorted(map(repr, map(key_of, found))) == sorted(map(repr, map(key_of, wanted)))
    assert all(each == kept[key_of(each)] for each in found)
    check_order(question, results.plan, found)
    check_parts(question, results, found)


def check_requests(schema: Schema, plan: Any, sent: Sequence[Any]) -> None:
    """Nothing is scanned, and what is sent is what the plan says (law 9)."""
    assert {type(request) for request in sent} <= {Query, GetItem, BatchGetItem}
    assert bool(sent) != plan.empty
    said = first_requests(schema, plan, NOW)
    for request in sent:
        if isinstance(request, Query):
            assert evolve(request, limit=None, start_key=None) in said


def check_order(question: Question, plan: Any, found: Sequence[Any]) -> None:
    """The results are in the order asked for, or in that of the index."""
    if question.order:
        ranks = _ranks(question, found)
        assert ranks == sorted(ranks)
    elif len(plan.paths) == 1 and plan.paths[0].method == "Query":
        codec = question.schema.codec(type(found[0])) if found else None
        items = [codec.encode(each, "") for each in found] if codec else []
        texts = [[item[name]["S"] for name in plan.index.ranges] for item in items]
        assert texts == sorted(texts)


def _ranks(question: Question, found: Sequence[Any]) -> list[list[tuple[bool, Any]]]:
    return [[_rank(getattr(each, name)) for name in question.order] for each in found]


def _rank(value: Any) -> tuple[bool, Any]:
    return value is not None, value if value is not None else 0


def check_parts(question: Question, results: Any, found: list[Any]) -> None:
    """Pages, slices, the count, the opposite order and selected fields agree with all results."""
    assert paged(results, question.limit) == found
    assert results.count() == len(found)
    piece = results.slice(1, question.limit)
    assert (list(piece.entities), piece.total) == (found[1 : 1 + question.limit], len(found))
    check_first(question, results, found)
    backwards = list(results.newest_first())
    assert sorted(map(repr, backwards)) == sorted(map(repr, found))
    if len(results.plan.paths) == 1:
        assert backwards == found[::-1]
    assert paged(results.newest_first(), question.limit) == backwards
    if question.selected:
        columns = [{name: getattr(e, name) for name in question.selected} for e in found]
        chosen = results.select(*question.selected)
        assert sorted(map(repr, chosen)) == sorted(map(repr, columns))
        assert sorted(map(repr, paged(chosen, question.limit))) == sorted(map(repr, columns))


def check_first(question: Question, results: Any, found: list[Any]) -> None:
    """The first few are those of all; where they are sorted, others may be as early as these."""
    count = question.limit
    limited = results.limit(count)
    first = list(limited)
    assert paged(limited, 2) == first
    assert limited.count() == len(first)
    assert limited.slice(1, 1).total == len(first)
    if question.order:
        assert _ranks(question, first) == _ranks(question, found[:count])
        assert _ranks(question, [results.first()] * bool(found)) == _ranks(question, found[:1])
    else:
        assert first == found[:count]
        assert results.first() == (found[0] if found else None)


def paged(results: Any, limit: int) -> list[Any]:
    """All results, read page by page, each from the cursor of the one before."""
    page = results.page(limit=limit)
    found = list(page.entities)
    while page.cursor is not None:
        page = results.page(limit=limit, cursor=page.cursor)
        assert len(page.entities) <= limit
        found += page.entities
    return found
