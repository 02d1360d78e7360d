"""Documents in namespaces: what calls take, and what races and crashes cannot do."""

from __future__ import annotations

import datetime as dt

import pytest

from dynastore import VectorIndex
from dynastore.agents import agent_schema
from dynastore.agents.documents import (
    Content,
    Known,
    Listing,
    Path,
    Search,
    documents,
    namespaces,
    packed,
    search,
    text_of_value,
    unit,
    used,
    value_in,
    written,
)
from dynastore.errors import DynastoreError, RequestError
from dynastore.testing import memory_store, recorded

NOON = dt.datetime(2096, 3, 1, 12, tzinfo=dt.UTC)
ANN = ("users", "ann")
NAME = (ANN, "k")
VECTORS = {"east": [1.0, 0.0], "north": [0.0, 1.0], "west": [-1.0, 0.0]}
TEXT = text_of_value({"text": "x" * 700})


class Table:
    """A table in memory, with a vector index or without, and a clock that stands."""

    def __init__(self, vectors=None):
        self.now = NOON
        self.vectors = vectors
        self.store = memory_store(agent_schema(vectors), clock=lambda: self.now)
        self.store.create_table()
        self.known = Known()

    def put(self, contents):
        self.store.run(written(self.store.schema, contents, self.known))

    def read(self):
        return self.store.run(documents(self.store.schema, [NAME])).get(NAME)

    def search(self, **asked):
        return self.store.run(search(self.store.schema, Search(**asked)))


@pytest.fixture(params=[None, VectorIndex(2)], ids=["exact", "indexed"])
def vectors(request):
    return request.param


@pytest.fixture
def table(vectors):
    table = Table(vectors)
    yield table
    table.store.close()


def content(direction, minutes=None):
    return Content(text_of_value({"to": direction}), minutes, packed([VECTORS[direction]]))


def interrupted(steps, place, call):
    """The same operation, with a call before its request number *place*."""
    asked = next(steps)
    try:
        while True:
            if place == 0:
                call()
            place -= 1
            asked = told(steps, (yield from outcome_of(asked)))
    except StopIteration as stop:
        return stop.value


def killed(steps, place):
    """The same operation, which ends before its request number *place*."""
    asked = next(steps)
    try:
        for _ in range(place):
            asked = told(steps, (yield from outcome_of(asked)))
    except StopIteration:
        return
    steps.close()


def outcome_of(asked):
    """The answer to what an operation asked, or the error."""
    try:
        return (yield from asked)
    except DynastoreError as error:
        return error


def told(steps, outcome):
    """What an operation asks for next."""
    return steps.throw(outcome) if isinstance(outcome, DynastoreError) else steps.send(outcome)


# What calls take: the table in docs/how-to/langgraph-store.md


def taken(table, steps):
    with recorded(table.store) as sent:
        table.store.run(steps)
    reads = sum(each.units for each in sent if not each.request.writes)
    writes = sum(each.units for each in sent if each.request.writes)
    return len(sent), reads, writes


def test_a_put_reads_and_writes_what_is_put(table):
    schema, known = table.store.schema, table.known
    assert taken(table, written(schema, {NAME: Content(TEXT)}, known)) == (5, 2, 3)
    assert taken(table, written(schema, {NAME: Content(TEXT)}, known)) == (2, 1, 1)
    assert taken(table, written(schema, {NAME: Content(TEXT)}, Known())) == (3, 2, 1)
    many = {(ANN, f"k{n}"): Content(TEXT) for n in range(50)}
    assert taken(table, written(schema, many, known)) == (3, 50, 50)


def test_reading_takes_what_is_read(table):
    table.put({(ANN, f"k{n}"): Content(TEXT) for n in range(50)})
    table.put({(("tenants", f"t{n:03}"), "k"): Content(TEXT) for n in range(200)})
    schema = table.store.schema
    assert taken(table, documents(schema, [(ANN, "k1")])) == (1, 1, 0)
    assert taken(table, documents(schema, [(ANN, f"k{n}") for n in range(50)])) == (1, 50, 0)
    assert taken(table, search(schema, Search(ANN))) == (1, 3, 0)
    assert taken(table, namespaces(schema, Listing())) == (1, 3, 0)


def test_a_delete_writes_what_is_deleted(table):
    table.put({(ANN, f"k{n}"): Content(TEXT) for n in range(2)})
    schema = table.store.schema
    assert taken(table, written(schema, {(ANN, "k0"): None}, table.known)) == (3, 1, 2)
    assert taken(table, written(schema, {(ANN, "k1"): None}, table.known)) == (1, 0, 1)


# Races and crashes; those of the registry are in tests/properties/test_namespaces.py


@pytest.mark.parametrize("place", range(6))
@pytest.mark.parametrize("after", [content("east"), content("east", 60), None])
def test_a_use_changes_nothing_that_was_put_or_deleted_meanwhile(table, after, place):
    table.put({NAME: content("east", minutes=10)})
    read = table.read()
    table.now += dt.timedelta(minutes=5)
    done = []

    def put():
        table.put({NAME: after})
        done.append(after)

    table.store.run(interrupted(used(table.store.schema, [read]), place, put))
    table.now += dt.timedelta(minutes=40)
    assert (table.read() is not None) == any(done)
    assert [each.score for each in table.search(prefix=ANN, vector=(1.0, 0.0))] == [1] * any(done)


def right(found):
    """Whether every score is that of the value it stands beside, or none."""
    to = [(value_in(each.document.value)["to"], each.score) for each in found]
    return all(score is None or score == pytest.approx(VECTORS[text][0]) for text, score in to)


@pytest.mark.parametrize(
    "after", [{NAME: content("west")}, {NAME: Content('{"to":"west"}')}, {NAME: None}]
)
@pytest.mark.parametrize("place", range(5))
def test_a_vector_finds_only_the_value_it_is_of(table, place, after):
    table.put({NAME: content("east"), (ANN, "other"): content("north")})
    steps = search(table.store.schema, Search(ANN, vector=(1.0, 0.0)))
    found = table.store.run(interrupted(steps, place, lambda: table.put(after)))
    assert right(found)
    assert right(table.search(prefix=ANN, vector=(1.0, 0.0)))


@pytest.mark.parametrize(
    "after", [content("west"), content("west", 1), Content('{"to":"west"}'), None]
)
@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("place", range(8))
def test_a_writer_that_is_killed_leaves_no_vector_of_another_value(table, place, many, after):
    table.put({NAME: content("east")})
    contents = {NAME: after} | ({(ANN, "other"): content("north")} if many else {})
    table.store.run(killed(written(table.store.schema, contents, Known()), place))
    found = table.search(prefix=ANN, vector=(1.0, 0.0))
    assert right(found)
    assert len(found) == len({each.name for each in found})


def sides(*directions):
    """A value with several vectors."""
    text = text_of_value({"to": directions[0], "and": directions[1:]})
    return Content(text, None, packed([VECTORS[each] for each in directions]))


def likest(value):
    """The score of a value for what is in the east."""
    return max(VECTORS[each][0] for each in (value["to"], *value.get("and", ())))


@pytest.mark.parametrize(
    "before",
    [None, content("east"), sides("east", "north"), Content('{"to":"east"}')],
    ids=["new", "one vector", "two vectors", "no vector"],
)
@pytest.mark.parametrize("mine", [content("east"), sides("east", "north"), None])
@pytest.mark.parametrize(
    "other", [content("west"), content("east"), sides("west", "north", "west")]
)
@pytest.mark.parametrize("more", [{}, {(ANN, "other"): content("north")}], ids=["one", "two"])
def test_of_two_writers_at_once_the_last_leaves_its_value_with_its_vectors(
    vectors, before, mine, other, more
):
    for place in range(30):
        table, done = Table(vectors), []
        table.put({NAME: before, **more})
        table.now += dt.timedelta(seconds=1)

        def put(table=table, done=done):
            table.now += dt.timedelta(milliseconds=1)
            table.put({NAME: other, **more})
            done.append(other)

        steps = written(table.store.schema, {NAME: mine, **more}, Known())
        table.store.run(interrupted(steps, place, put))
        assert table.read() is not None or mine is None
        for each in table.search(prefix=ANN, vector=(1.0, 0.0)):
            assert each.score == likest(each.value)
        table.store.close()
        if not done:
            return
    raise AssertionError("the other one never wrote after all of it")


# Registers and walks of several pages


def test_a_listing_goes_on_behind_a_page_of_the_registry(table):
    spaces = [(f"t{n // 300}", f"u{n:04}") for n in range(1_250)]
    table.put({(each, "k"): Content("{}") for each in spaces})
    schema = table.store.schema

    def listed(**asked):
        return table.store.run(namespaces(schema, Listing(**asked)))

    assert listed(depth=1) == [(f"t{n}",) for n in range(5)]
    assert listed(limit=5_000) == spaces
    assert listed(paths=(Path("suffix", ("u1249",)),)) == spaces[-1:]
    assert [each.name[0] for each in table.search(prefix=(), limit=5_000)] == spaces


def test_what_no_document_can_be_compared_with_is_refused():
    for wrong in ({"n": {"$in": [1]}}, {"n": {"of": {"$gt": 1, "x": 2}}}, [("n", 1)]):
        with pytest.raises(RequestError):
            Search(ANN, wrong)
    for number in (-1, 1.0, True):
        with pytest.raises(RequestError):
            Search(ANN, limit=number)
        with pytest.raises(RequestError):
            Listing(offset=number)
    for prefix in ("users", ("users", ""), (1,)):
        with pytest.raises(RequestError):
            Search(prefix)


def test_a_vector_without_a_length_is_like_nothing(table):
    table.put({NAME: Content("{}", None, packed([[0.0, 0.0]]))})
    score = 0 if table.vectors is None else None  # an index of directions does not take it
    assert [each.score for each in table.search(prefix=ANN, vector=(1.0, 0.0))] == [score]
    assert [each.score for each in table.search(prefix=ANN, vector=tuple(unit([0.0, 0.0])))] == [0]
    with pytest.raises(RequestError, match="finite"):
        packed([[float("nan"), 1.0]])


def test_vectors_of_a_model_of_other_dimensions_are_passed_over(table):
    table.put({NAME: content("east")})
    assert [each.score for each in table.search(prefix=ANN, vector=(1.0, 0.0, 0.0))] == [None]
