"""What a plan reads, then filters, is what filtering everything in memory gives.

Entities are generated: one to four access patterns over the same fields, on indexes with one to
four range attributes, sparse by an optional field or by a predicate, with joined components. It
shrinks to a primary key alone.
"""

from __future__ import annotations

import operator
import types
from decimal import Decimal
from typing import Any

from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from dynastore import (
    Index,
    Schema,
    Table,
    after,
    before,
    begins_with,
    between,
    entity,
    gsi,
    increment,
    key,
    ref,
    since,
    unset,
    until,
)
from dynastore.errors import NoAccessPattern
from dynastore.requests import GetItem, UpdateItem
from dynastore.terms import BeginsWith, Between, Compare
from dynastore.testing import memory_store, recorded

ANNOTATIONS = {
    "owner": str,
    "name": str,
    "topic": str | None,
    "rank": int,
    "price": Decimal,
    "done": bool,
}
DEFAULTS = {"topic": None, "rank": 0, "price": Decimal(0), "done": False}
COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}

texts = st.sampled_from(["a", "a#", "a b", "ab", "b", "$", "\U0010ffff", ""])
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "owner": st.sampled_from(["o", "o#"]),
    "name": st.sampled_from(["1", "10", "1#", "2"]),
    "topic": st.none() | texts,
    "rank": st.sampled_from([-10, -2, 0, 1, 10, 11]),
    "price": st.sampled_from([Decimal(-1), Decimal(0), Decimal("1.5"), Decimal(12)]),
    "done": st.booleans(),
}

primaries = st.sampled_from(
    [
        ("OWNER#{owner}", "THING#{name}"),
        ("OWNER#{owner}", "THING#{rank}#{name}"),
        ("THINGS", "T#{owner}#{name}"),
        ("NAME#{name}", "X{owner}"),
    ]
)
hashes = st.sampled_from(["ALL", "OWNER#{owner}", "TOPIC#{topic}", "{topic}#{done}", "RANK#{rank}"])
components = st.lists(
    st.sampled_from(
        ["THING", "{rank}", "{price}", "{name}", "{topic?}", "{done}", "{owner}#{rank}", "Y{name}"]
    ),
    min_size=1,
    max_size=4,
    unique=True,
)
conditions = st.none() | st.fixed_dictionaries({"done": st.booleans()})
patterns = st.lists(st.tuples(hashes, components, conditions), max_size=3)


@st.composite
def schemas(draw: st.DrawFn) -> Schema:
    """A schema of one entity, Thing."""
    namespace: dict[str, Any] = {**DEFAULTS, "__annotations__": ANNOTATIONS}
    namespace["primary"] = key(*draw(primaries))
    drawn = draw(patterns)
    for number, (template, ranges, when) in enumerate(drawn, start=1):
        namespace[f"by_{number}"] = gsi(number, template, *ranges, when=when)
    thing = entity("thing")(types.new_class("Thing", exec_body=lambda body: body.update(namespace)))
    indexes = [Index(number, draw(st.integers(1, 4))) for number in range(1, len(drawn) + 1)]
    return Schema([thing], Table("things", tuple(indexes)))


things = st.fixed_dictionaries(VALUES)


def filters_on(name: str) -> st.SearchStrategy[Any]:
    values = VALUES[name]
    if name == "done":
        return values
    some = values.filter(lambda value: value is not None)
    ranges = [some.map(since), some.map(until), some.map(after), some.map(before)]
    between_two = st.builds(between, some, some)
    prefixes = [some.map(begins_with)] if ANNOTATIONS[name] is not int and name in TEXTS else []
    return st.one_of(values, *ranges, between_two, *prefixes)


TEXTS = {"owner", "name", "topic"}


@st.composite
def questions(draw: st.DrawFn) -> tuple[Schema, list[dict[str, Any]], dict[str, Any]]:
    """A schema, values of things, and filters.

    Filters of any fields would seldom reach far into a key. So most are drawn along a pattern: its
    partition by the values of a thing, its components from the left by equality, then by any test.
    """
    schema = draw(schemas())
    drawn = draw(st.lists(things, min_size=1, max_size=8))
    pattern = draw(st.sampled_from(schema.codec(schema.entities[0]).spec.patterns))
    model = draw(st.sampled_from(drawn))
    where = {name: model[name] for name in pattern.hash.fields} | dict(pattern.when)
    for name in pattern.sort.fields:
        go_on = draw(st.sampled_from(["equal", "equal", "any", "stop"]))
        if go_on == "stop":
            break
        where[name] = model[name] if go_on == "equal" else draw(filters_on(name))
    extra = st.sampled_from(list(ANNOTATIONS))
    if draw(st.sampled_from([False, False, True])):
        name = draw(extra)
        where[name] = draw(filters_on(name))
    if draw(st.sampled_from([False, False, False, True])):
        where.pop(draw(extra), None)
    return schema, drawn, where


def holds(test: Any, value: Any) -> bool:
    match test:
        case Compare(sign, bound):
            return value is not None and COMPARISONS[sign](value, bound)
        case Between(low, high):
            return value is not None and low <= value <= high
        case BeginsWith(text):
            return value is not None and value.startswith(text)
        case _:
            return bool(value == test)


def stored(schema: Schema, drawn: list[dict[str, Any]]) -> tuple[Any, dict[Any, Any]]:
    """A store with things, and the same things by primary key."""
    (thing,) = schema.entities
    store = memory_store(schema)
    store.create_table()
    kept = {}
    for values in drawn:
        each = store.put(thing(**values))
        kept[key_of(each)] = each
    return store, kept


def key_of(thing: Any) -> tuple[Any, ...]:
    return tuple(getattr(thing, name) for name in dict.fromkeys(type(thing).primary.fields))


@given(questions(), st.integers(1, 3))
@settings(max_examples=8 * settings().max_examples)
def test_a_plan_finds_what_filtering_everything_finds(question, limit):
    schema, drawn, where = question
    (thing,) = schema.entities
    store, kept = stored(schema, drawn)
    try:
        query = store.query(thing, **where)
    except NoAccessPattern:
        assert not all(isinstance(where.get(name), str) for name in thing.primary.hash.fields)
        return
    wanted = [
        each
        for each in kept.values()
        if all(holds(test, getattr(each, name)) for name, test in where.items())
    ]
    with recorded(store) as sent:
        found = list(query)
    assert {each.request.operation for each in sent} <= {"Query"}
    assert bool(sent) != query.plan.empty
    assert sorted(map(key_of, found)) == sorted(map(key_of, wanted))
    assert all(each == kept[key_of(each)] for each in found)
    assert list(query.newest_first()) == found[::-1]
    assert paged(query, limit) == found
    assert query.count() == len(found)


def paged(query: Any, limit: int) -> list[Any]:
    page = query.page(limit=limit)
    found = list(page.entities)
    while page.cursor is not None:
        page = query.page(limit=limit, cursor=page.cursor)
        assert len(page.entities) <= limit
        found += page.entities
    return found


ranks = VALUES["rank"] | st.integers(-3, 3).map(increment) | st.just(unset())
changes = st.fixed_dictionaries(
    {},
    optional={
        "topic": VALUES["topic"] | st.just(unset()),
        "rank": ranks,
        "price": VALUES["price"],
        "done": VALUES["done"],
    },
)


@given(
    schemas(), st.lists(things, min_size=1, max_size=4), st.lists(changes, max_size=4), st.data()
)
def test_after_any_update_every_item_is_the_one_that_a_put_would_write(
    schema, drawn, updates, data
):
    (thing,) = schema.entities
    store, kept = stored(schema, drawn)
    codec = schema.codec(thing)
    for change in updates:
        allowed = {n: c for n, c in change.items() if n not in thing.primary.fields}
        target = data.draw(st.sampled_from(list(kept.values())))
        key_values = dict(zip(dict.fromkeys(thing.primary.fields), key_of(target), strict=True))
        given_as = data.draw(st.sampled_from([ref(thing, **key_values), target]))
        if not allowed:
            continue
        changed = store.update(given_as, **allowed)
        kept[key_of(changed)] = changed
        with recorded(store) as sent:
            assert store.get(thing, **key_values) == changed
        item = store.client.answer(sent[0].request).value
        assert item == codec.encode(changed, "")


class Interrupted:
    """A client that lets another writer in before the first write."""

    overlaps = False

    def __init__(self, store: Any, other: Any) -> None:
        self.client = store.client
        self.observers = store.client.observers
        self.other: Any = other

    def send(self, request: Any) -> Any:
        if isinstance(request, UpdateItem) and self.other is not None:
            other, self.other = self.other, None
            other()
        return self.client.send(request)


@given(schemas(), things, changes, changes)
def test_writers_that_race_leave_no_stale_index(schema, values, mine, theirs):
    (thing,) = schema.entities
    store, _ = stored(schema, [values])
    key_values = {name: values[name] for name in thing.primary.fields}
    target = ref(thing, **key_values)
    mine, theirs = (
        {name: change for name, change in each.items() if name not in thing.primary.fields}
        for each in (mine, theirs)
    )
    if not mine or not theirs:
        return
    raced = evolve(store, client=Interrupted(store, lambda: store.update(target, **theirs)))
    changed = raced.update(target, **mine)
    get = GetItem(schema.table.name, schema.codec(thing).key(key_values, ""))
    assert store.client.send(get) == schema.codec(thing).encode(changed, "")
