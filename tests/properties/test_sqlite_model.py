"""The SQLite engine against a model: a dict of items, its indexes sorted lists of it."""

from __future__ import annotations

from contextlib import closing
from decimal import Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dynastore.changes import Append, Increment, SetTo, Unset
from dynastore.clients.sqlite import SqliteClient
from dynastore.errors import ConditionFailed, RequestError
from dynastore.requests import BatchGetItem, DeleteItem, GetItem, Key, PutItem, Query, UpdateItem
from dynastore.requests.tables import CreateTable
from dynastore.table import PRIMARY, Index, Table
from dynastore.terms import Absent, BeginsWith, Between, Compare, Equal, IsNone, OneOf, Present

from .trying import tries

TABLE = Table("agents", (Index(1, 4), Index(2, 1), Index(7, 2)))
INDEXES = (PRIMARY, *TABLE.indexes)

# Where orders differ and prefixes end: by UTF-16, by locale, by length, at the last characters.
# Few texts, so that items share them.
LAST = "\U0010ffff"
TEXTS = [
    "a",
    "a#",
    "a" + LAST,
    f"a{LAST}z",
    "b",
    "B",
    "é",
    "\x00",
    "\ud7ffz",
    "\ue000",
    "\U00010000",
]
PREFIXES = ["a", "a" + LAST, "\ud7ff", LAST, "\x00"]
SHARED = ["a", "ab", LAST]

hashes = st.sampled_from(["h", "h", "h", "H"])
sort_keys = st.sampled_from([*TEXTS, LAST])
ranges = st.sampled_from(SHARED) | sort_keys
keys = st.builds(Key, hashes, sort_keys)
numbers = st.sampled_from(["-10", "-9", "0", "0.5", "9", "10", "12345678901234567890123456789"])
values = (
    st.builds(lambda text: {"S": text}, st.one_of(st.just(""), ranges))
    | st.builds(lambda number: {"N": number}, numbers)
    | st.builds(lambda binary: {"B": binary}, st.sampled_from(["", "AA==", "/w==", "/wE="]))
    | st.sampled_from([{"NULL": True}, {"BOOL": True}, {"L": [{"N": "1"}]}, {"M": {}}])
)

FIELDS = ("x", "y")
EXACT = Context(prec=100)


@st.composite
def attributes(draw):
    """Attributes besides the primary key; those of indexes are there or not."""
    item = {name: draw(values) for name in FIELDS if draw(st.booleans())}
    for index in TABLE.indexes:
        left_out = draw(st.sampled_from([None] * 6 + [*index.attributes]))
        for name in index.attributes:
            if name != left_out:
                item[name] = {"S": draw(hashes if name == index.hash else ranges)}
    return item


ordered = st.one_of(
    *(
        st.tuples(st.just(kind), st.lists(held, min_size=2, max_size=2))
        for kind, held in (("S", ranges), ("N", numbers), ("B", st.sampled_from(["AA==", "/w=="])))
    )
)
compared = st.one_of(
    st.builds(
        lambda operator, operand: Compare(operator, {operand[0]: operand[1][0]}),
        st.sampled_from(["<", "<=", ">", ">="]),
        ordered,
    ),
    ordered.map(
        lambda pair: Between(*sorted(({pair[0]: each} for each in pair[1]), key=binary_or_ordered))
    ),
    st.builds(lambda text: BeginsWith({"S": text}), ranges),
)
predicates = st.one_of(
    compared,
    values.map(Equal),
    st.lists(values, min_size=1, max_size=3).map(lambda several: OneOf(tuple(several))),
    st.sampled_from([IsNone(), Present(), Absent()]),
)
conditions = st.lists(st.tuples(st.sampled_from(FIELDS), predicates), max_size=2).map(tuple)
changes = st.one_of(
    values.map(SetTo),
    st.just(Unset()),
    st.builds(lambda by, start: Increment({"N": by}, {"N": start}), numbers, numbers),
    st.just(Append({"L": [{"S": "end"}]}, {"L": []})),
)
writes = st.one_of(
    st.builds(
        lambda key, rest, when: PutItem("agents", {**key.attributes, **rest}, when),
        keys,
        attributes(),
        conditions,
    ),
    st.builds(
        lambda key, made, moved, when: UpdateItem("agents", key, {**moved, **made}, when),
        keys,
        st.dictionaries(st.sampled_from(FIELDS), changes, max_size=2),
        st.dictionaries(
            st.sampled_from([name for index in TABLE.indexes for name in index.attributes]),
            st.just(Unset()) | ranges.map(lambda text: SetTo({"S": text})),
            max_size=2,
        ),
        conditions,
    ),
    st.builds(lambda key, when: DeleteItem("agents", key, when), keys, conditions),
)


@st.composite
def filled(draw):
    """Writes that leave a good number of items, some of them changed and deleted since."""
    puts = st.builds(
        lambda key, rest: PutItem("agents", {**key.attributes, **rest}), keys, attributes()
    )
    return draw(st.lists(puts, min_size=6, max_size=20)) + draw(st.lists(writes, max_size=6))


@st.composite
def queries(draw):
    """A query by any prefix of an index's attributes, the last one by any term."""
    index = draw(st.sampled_from(INDEXES))
    pinned = draw(st.sampled_from([0, 0, 0, *range(len(index.ranges) + 1)]))
    key = [(index.hash, Equal({"S": draw(hashes)}))]
    key += [(name, Equal({"S": draw(ranges)})) for name in index.ranges[:pinned]]
    if pinned < len(index.ranges) and draw(st.integers(0, 3)):
        key.append((index.ranges[pinned], draw(range_terms)))
    return Query(
        "agents",
        index,
        tuple(draw(st.permutations(key))),
        filter=draw(conditions | st.just(())),
        limit=draw(st.sampled_from([None, 1, 2, 3])),
        newest_first=draw(st.booleans()),
        count_only=draw(st.booleans()),
    )


range_terms = st.one_of(
    st.builds(
        lambda operator, text: Compare(operator, {"S": text}),
        st.sampled_from(["<", "<=", ">", ">="]),
        ranges,
    ),
    st.lists(ranges, min_size=2, max_size=2).map(
        lambda pair: Between(*({"S": text} for text in sorted(pair)))
    ),
    st.builds(lambda text: BeginsWith({"S": text}), st.sampled_from(PREFIXES)),
)


def model_order(value):
    """What values of one type are sorted by; in it, values of two types never compare."""
    ((kind, held),) = value.items()
    return Decimal(held) if kind == "N" else held.encode()


def model_holds(predicate, value):
    """The meaning of a predicate, spelt out. All values of the strategies above are canonical."""
    match predicate:
        case Absent():
            return value is None
        case IsNone():
            return value is None or value == {"NULL": True}
        case Present():
            return value is not None
        case Equal(expected):
            return value == expected
        case OneOf(several):
            return value in several
        case BeginsWith({"S": prefix}):
            return value is not None and value.get("S", "").encode().startswith(prefix.encode())
        case Compare(operator, bound):
            if value is None or value.keys() != bound.keys():
                return False
            left, right = binary_or_ordered(value), binary_or_ordered(bound)
            return {"<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[
                operator
            ]
        case Between(low, high):
            return model_holds(Compare(">=", low), value) and model_holds(
                Compare("<=", high), value
            )
    raise AssertionError(predicate)


def binary_or_ordered(value):
    """`model_order`, with the few binaries of the strategies in their order."""
    if "B" in value:
        return ["", "AA==", "/w==", "/wE="].index(value["B"])
    return model_order(value)


def model_all(conditions, item):
    """Whether all conditions hold."""
    return all(model_holds(predicate, item.get(name)) for name, predicate in conditions)


class Refused(Exception):
    """The model refuses a change."""


def model_change(change, value):
    """What a change makes of a value."""
    match change:
        case SetTo(new):
            return new
        case Unset():
            return None
        case Increment({"N": by}, start):
            if "N" not in (value or start):
                raise Refused
            total = EXACT.add(Decimal((value or start)["N"]), Decimal(by))
            text = f"{total:f}"
            return {"N": (text.rstrip("0").rstrip(".") if "." in text else text) if total else "0"}
        case Append({"L": added}, start):
            if "L" not in (value or start):
                raise Refused
            return {"L": (value or start)["L"] + added}
    raise AssertionError(change)


def model_write(items, write):
    """Carry out a write on a dict of items; whether its conditions held."""
    match write:
        case PutItem(_, item, when):
            key = Key.of(item)
        case UpdateItem(_, key, _, when) | DeleteItem(_, key, when):
            pass
    old = items.get(key)
    if not model_all(when, old or {}):
        return False
    match write:
        case PutItem(_, item):
            items[key] = item
        case UpdateItem(_, _, made):
            new = dict(old or key.attributes)
            new.update({name: model_change(each, new.get(name)) for name, each in made.items()})
            items[key] = {name: value for name, value in new.items() if value is not None}
        case DeleteItem():
            items.pop(key, None)
    return True


def entries(items, query):
    """The items a query reads, sorted, before its filter and limit."""
    names = tuple(dict.fromkeys((*query.index.attributes, "PK", "SK")))
    found = [
        item
        for item in items.values()
        if all(name in item for name in names) and model_all(query.key, item)
    ]
    found.sort(key=lambda item: [item[name]["S"].encode() for name in names])
    return found[::-1] if query.newest_first else found


def apply(client, items, write):
    """Carry out a write on both sides; they agree on its outcome."""
    try:
        expected = model_write(items, write)
    except Refused:
        expected = None
    if expected is None:
        with pytest.raises(RequestError):
            client.send(write)
    elif expected is False:
        with pytest.raises(ConditionFailed) as caught:
            client.send(write)
        assert caught.value.stored == items.get(caught.value.key)
    else:
        answer = client.send(write)
        if isinstance(write, UpdateItem):
            assert answer == items[write.key]


@given(st.lists(writes, max_size=15), st.lists(keys, min_size=1, max_size=5, unique=True))
@tries(120)
def test_items_are_what_the_writes_made_of_them(written, asked):
    with closing(SqliteClient(":memory:")) as client:
        client.send(CreateTable(TABLE))
        items = {}
        for write in written:
            apply(client, items, write)
        for key in {*items, *asked}:
            assert client.send(GetItem("agents", key)) == items.get(key)
        batch = client.send(BatchGetItem("agents", tuple(asked)))
        assert {Key.of(each): each for each in batch.items} == {
            key: items[key] for key in asked if key in items
        }


@given(st.data())
@tries(250)
def test_pages_together_are_what_filtering_and_sorting_all_items_gives(data):
    with closing(SqliteClient(":memory:")) as client:
        client.send(CreateTable(TABLE))
        items = {}
        for write in data.draw(filled()):
            apply(client, items, write)
        for query in data.draw(st.lists(queries(), min_size=1, max_size=6)):
            expected = entries(items, query)
            assert read_all(client, query, expected) == [
                item for item in expected if model_all(query.filter, item)
            ]


@given(st.data())
@tries(120)
def test_a_page_resumes_after_an_item_that_is_gone(data):
    with closing(SqliteClient(":memory:")) as client:
        client.send(CreateTable(TABLE))
        items = {}
        for write in data.draw(filled()):
            apply(client, items, write)
        query = data.draw(queries())
        expected = entries(items, query)
        page = client.send(query)
        if page.last_key:
            client.send(DeleteItem("agents", Key.of(page.last_key)))
            rest = read_all(client, resumed(query, page.last_key), expected[query.limit :])
            assert rest == [
                item for item in expected[query.limit :] if model_all(query.filter, item)
            ]


def read_all(client, query, expected):
    """All items of all pages; each page is checked against the items *expected* to be read."""
    kept = []
    while True:
        page = client.send(query)
        read = expected[: query.limit]
        passed = [item for item in read if model_all(query.filter, item)]
        assert page.count == len(passed)
        assert list(page.items) == ([] if query.count_only else passed)
        kept += passed
        if query.limit is None or len(read) < query.limit:
            assert page.last_key is None
            return kept
        names = {*query.index.attributes, "PK", "SK"}
        assert page.last_key == {name: read[-1][name] for name in names}
        expected = expected[query.limit :]
        query = resumed(query, page.last_key)


def resumed(query, start_key):
    """The query for the next page."""
    return Query(
        query.table,
        query.index,
        query.key,
        query.filter,
        query.limit,
        start_key,
        query.newest_first,
        query.consistent,
        query.count_only,
    )
