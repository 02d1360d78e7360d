"""One store whose scopes are at several places: two files, or two regions of a server."""

from __future__ import annotations

import datetime as dt
from itertools import count

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")
pytest.importorskip("langgraph.checkpoint", reason="needs the extra dynastore[test]")


from dynastore import (
    Create,
    Elsewhere,
    Placement,
    Private,
    Schema,
    Store,
    entity,
    gsi,
    key,
    ref,
    unique,
)
from dynastore.clients.opening import with_places
from dynastore.clock import utc_now
from dynastore.errors import RequestError
from dynastore.operations.scopes.locations import seal, settle
from dynastore.requests import Scan
from dynastore.table import CONSUMER, TYPE
from dynastore.testing import recorded
from tests.properties import scoped_calls

from .drivers import Awaited
from .engines import PAIRS

pytestmark = [pytest.mark.scans, pytest.mark.on(*PAIRS)]

numbers = count()
NOON = dt.datetime(2026, 11, 16, 12, tzinfo=dt.UTC)


@entity("note")
class Note:
    name: str
    text: str = ""

    primary = key("NOTE#{name}", "~")
    by_text = gsi(1, "TEXT#{text}", "{name}")


@entity("tag")
class Tag:
    name: str
    word: str | None = None

    primary = key("TAG#{name}", "~")
    of_word = unique("word")


SCHEMA = Schema([Note, Tag])
PRIVATE = {
    "qa": Private(place="us"),
    "support": Private(only=[Note], place="us"),
    "sales": Private(but=[Note], place="us"),
    "dev": Private(),
}


@pytest.fixture
def us(engine, mode, session, request):
    """Another place of the engine."""
    match engine:
        case "moto" | "ministack":
            at = None
            if (engine, mode) != ("moto", "blocking"):
                at = request.getfixturevalue(f"{engine}_url")
            return Elsewhere(region_name="us-west-2", endpoint_url=at, session=session)
        case url if url.startswith("http"):
            pytest.skip("one server of one region")
    folder = request.getfixturevalue("tmp_path")
    return Elsewhere(f"sqlite:///{folder / 'us.db'}")


@pytest.fixture
def open_placed(open_store, us):
    """Opens a store with a placement: ``open_placed(schema, private)``."""
    opened = []

    def open_placed(schema, private, clock=utc_now):
        home = open_store(schema, clock=clock)
        target = home.target if isinstance(home, Awaited) else home
        placement = Placement(private=private, places={"us": us})
        place = with_places(target.place, placement.places, clock)
        store = type(target).at(place, placement.placed(schema), create=True, clock=clock)
        opened.append(Awaited(store, home.runner) if isinstance(home, Awaited) else store)
        return opened[-1]

    yield open_placed
    for each in opened:
        each.close()


@pytest.fixture
def schema():
    """Tables of this test's own."""
    return SCHEMA.named(f"places-{next(numbers)}")


@pytest.fixture
def store(open_placed, schema):
    return open_placed(schema, PRIVATE)


def target(store):
    return store.target if isinstance(store, Awaited) else store


def kept(store, table):
    """What a table holds, but for entries of scopes and places of consumers."""
    found = store.run(iter(Scan(table))).items
    return [each for each in found if each[TYPE]["S"] not in {"~scope", CONSUMER}]


@pytest.fixture
def items(us):
    """The items of a table: those at the other place by a store that knows no other."""

    def items(store, address):
        table = address.removeprefix("us:")
        if table == address:
            return kept(store, table)
        with Store.connect(
            us.url or table,
            SCHEMA,
            region_name=us.region_name,
            endpoint_url=us.endpoint_url,
            session=us.session,
            create=False,
        ) as there:
            return kept(there, table)

    return items


@pytest.fixture
def keys(items):
    return lambda store, table: {each["PK"]["S"] for each in items(store, table)}


def test_a_scope_is_kept_at_its_place_and_is_used_as_any(store, schema, settled, keys):
    name = schema.table.name
    for scope in ("qa", "dev", "other"):
        inside = store.scope(scope)
        inside.put_many([Note(name=f"n{each}", text="x") for each in range(30)])
        inside.transact(Create(Tag(name="t", word="tea")), Create(Note(name="a", text="y")))
        inside.scope("in").update(inside.scope("in").put(Note(name="b")), text="x")
        settled()
        assert inside.get(Note, name="a") == Note(name="a", text="y")
        assert inside.get_unique(Tag, word="tea") == Tag(name="t", word="tea")
        assert len(inside.get_many([ref(Note, name=f"n{each}") for each in range(30)])) == 30
        assert inside.transact_get(ref(Note, name="a"), ref(Tag, name="t"))[0].text == "y"
        assert [each.name for each in inside.query(Note, text="y")] == ["a"]
        inside.delete_many([ref(Note, name=f"n{each}") for each in range(30)])
    settled()
    assert set(store.scopes()) == {"qa", "dev", "other"}
    assert {each.partition("#")[0] for each in keys(store, name)} == {"@other"}
    assert {each.partition("#")[0] for each in keys(store, f"{name}.dev")} == {"@dev"}
    assert {each.partition("#")[0] for each in keys(store, f"us:{name}.qa")} == {"@qa"}


def test_many_go_to_each_place_and_come_from_each(store, schema, keys):
    name = schema.table.name
    for scope in ("support", "sales"):
        inside = store.scope(scope)
        both = [
            *(Note(name=f"n{each}") for each in range(30)),
            *(Tag(name=f"t{n}") for n in range(3)),
        ]
        inside.put_many(both)
        found = inside.get_many([ref(Note, name="n7"), ref(Tag, name="t1"), ref(Note, name="none")])
        assert found == [Note(name="n7"), Tag(name="t1"), None]
    assert len(keys(store, name)) == 33
    assert len(keys(store, f"us:{name}.support")) == 30
    assert len(keys(store, f"us:{name}.sales")) == 3


def test_what_happens_at_one_moment_is_refused_across_places_before_anything_is_sent(store):
    support = store.scope("support")
    support.put(Note(name="a"))
    support.put(Tag(name="a"))
    with recorded(target(store)) as sent:
        for call in (
            lambda: support.transact(Create(Note(name="b")), Create(Tag(name="b"))),
            lambda: support.transact_get(ref(Note, name="a"), ref(Tag, name="a")),
            lambda: support.collection(Note, Tag, name="a"),
        ):
            with pytest.raises(RequestError, match=r"two places|is kept in table"):
                call()
    assert sent == []


def test_changes_of_a_scope_at_another_place_are_followed_there(store, schema):
    qa = store.scope("qa")
    assert list(qa.changes(Note, name="first", follow=False)) == []  # SQLite's stream begins so
    qa.put(Note(name="a"))
    qa.put(Note(name="a", text="x"))
    changes = list(qa.changes(Note, name="audit", start="oldest", follow=False))
    assert [each.new for each in changes] == [Note(name="a"), Note(name="a", text="x")]
    found = store.run(iter(Scan(f"us:{schema.table.name}.qa"))).items
    assert CONSUMER in {each[TYPE]["S"] for each in found}


@pytest.mark.parametrize("home", ["", ".qa"])
def test_a_scope_that_was_moved_to_another_place_is_used_there_and_once_it_is_back_here(
    open_placed, schema, home, keys
):
    before = open_placed(schema, {"qa": Private()} if home else {})
    name = schema.table.name
    before.scope("qa").put(Note(name="old"))
    before.create_table()
    us = Private(place="us")
    open_placed(schema, {"qa": us}).create_table()
    for here, there in ((f"{name}{home}", f"us:{name}.qa"), (f"us:{name}.qa", f"{name}{home}")):
        before.run(seal(schema, "qa", "mover"))
        before.run(settle(schema, "qa", "mover", there))
        for store in (open_placed(schema, {"qa": us}), open_placed(schema, {})):
            qa, old = store.scope("qa"), keys(store, here)
            for _ in range(2):  # no name is free, if something is left where it should not be
                qa.put_many([Note(name=f"n{each}", text="x") for each in range(3)])
                qa.transact(Create(Tag(name="t", word="tea")), Create(Note(name="new")))
                assert qa.get_unique(Tag, word="tea") == Tag(name="t", word="tea")
                assert "@qa#NOTE#new" in keys(store, there)
                qa.transact_get(ref(Note, name="new"), ref(Tag, name="t"))
                qa.delete(ref(Tag, name="t"))
                qa.delete_many([ref(Note, name=each) for each in ("n0", "n1", "n2", "new")])
            assert keys(store, here) == old


@pytest.mark.parametrize("bucket", [False, True])
def test_a_scope_at_another_place_works_as_if_it_were_alone(open_placed, engine, bucket, items):
    """All methods of a store, with what is across scopes left out, which is about the shared table."""
    if bucket and engine not in {"sqlite-file", "sqlite-memory", "sqlite-lagging"}:
        pytest.skip("buckets of servers have tests of their own")
    plain = scoped_calls.SCHEMA if bucket else scoped_calls.PLAIN
    schema = plain.named(f"places-{next(numbers)}")
    private = {"mine": Private(place="us"), "theirs": Private()}
    store = open_placed(schema, private, clock=lambda: NOON)
    theirs = store.scope("theirs")
    scoped_calls.everything(theirs)
    tables = (schema.table.name, f"{schema.table.name}.theirs")
    before = [items(store, each) for each in tables]
    answers = scoped_calls.everything(store.scope("mine").scope("in"))
    with Store.connect("sqlite://", plain, clock=lambda: NOON) as alone:
        expected = scoped_calls.everything(alone.scope("mine").scope("in"))
    assert answers[:-2] == expected[:-2]
    assert items(store, f"us:{schema.table.name}.mine")
    assert [items(store, each) for each in tables] == before


def test_the_adapters_of_both_frameworks_work_at_another_place(open_placed, mode, items):
    if mode == "awaited":
        pytest.skip("the same operations as blocking; the adapters' own tests have both")
    from dynastore.agents import agent_schema

    schema = agent_schema().named(f"places-{next(numbers)}")
    store = open_placed(schema, {"mine": Private(place="us")})
    scoped_calls.work_of_frameworks(store.scope("mine"))
    assert items(store, schema.table.name) == []
    assert items(store, f"us:{schema.table.name}.mine")
