"""LangGraph's store on every engine, blocking and awaited.

The sections tell what users of a DynamoDB store for LangGraph meet today, and what they find here.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import math
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

pytest.importorskip("langgraph.store.base", reason="the extra dynastore[langgraph]")

from langgraph.store.base import GetOp, InvalidNamespaceError, ListNamespacesOp, PutOp, SearchOp

from dynastore import VectorIndex
from dynastore.agents import Document, agent_schema
from dynastore.errors import RequestError
from dynastore.integrations.langgraph import DynastoreStore
from dynastore.telemetry.recording import recorded

from .engines import ADAPTER_PAIRS

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)

NOON = dt.datetime(2096, 3, 1, 12, tzinfo=dt.UTC)
MEBIBYTE = 1024 * 1024


class Clock:
    """A clock that stands until it is told otherwise."""

    def __init__(self):
        self.now = NOON

    def __call__(self):
        return self.now

    def pass_minutes(self, minutes):
        self.now += dt.timedelta(minutes=minutes)


class Waiting:
    """A DynastoreStore whose awaited methods are waited for, under the names of the blocking ones."""

    def __init__(self, store, runner):
        self.store = store
        self.runner = runner

    def __getattr__(self, name):
        awaited = getattr(self.store, f"a{name}")
        return lambda *args, **keywords: self.runner.run(awaited(*args, **keywords))


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def backend(open_store, clock):
    store = open_store(agent_schema(), clock=clock)
    store.create_table()
    return getattr(store, "target", store)


@pytest.fixture
def open_memory(backend, mode, runner):
    """Opens a LangGraph store on the test's table; each is as one of another process."""

    def open_memory(**options):
        store = DynastoreStore(backend, **options)
        return Waiting(store, runner) if mode == "awaited" else store

    return open_memory


@pytest.fixture
def memory(open_memory):
    return open_memory()


def keys(items):
    return [item.key for item in items]


def sent(backend, call):
    """How many requests of each kind a call makes."""
    with recorded(backend) as requests:
        call()
    return Counter(each.request.operation for each in requests)


# What every store does


def test_what_was_put_is_read(memory):
    memory.put(("users", "ann"), "food", {"likes": "tea"})
    item = memory.get(("users", "ann"), "food")
    assert (item.namespace, item.key, item.value) == (("users", "ann"), "food", {"likes": "tea"})
    assert item.created_at == item.updated_at == NOON
    assert memory.get(("users", "ann"), "drink") is None
    assert memory.get(("users", "bob"), "food") is None


def test_what_is_put_again_keeps_when_it_was_created(memory, clock):
    memory.put(("users", "ann"), "food", {"likes": "tea"})
    clock.pass_minutes(5)
    memory.put(("users", "ann"), "food", {"likes": "rum"})
    item = memory.get(("users", "ann"), "food")
    assert item.value == {"likes": "rum"}
    assert (item.created_at, item.updated_at) == (NOON, NOON + dt.timedelta(minutes=5))


def test_what_was_deleted_is_gone(memory):
    memory.put(("users", "ann"), "food", {"likes": "tea"})
    memory.delete(("users", "ann"), "food")
    memory.delete(("users", "ann"), "food")
    assert memory.get(("users", "ann"), "food") is None
    assert memory.search(("users", "ann")) == []


@pytest.mark.parametrize(
    "namespace", [(), ("",), ("a", ""), ("a.b",), ("a\x00",), ("langgraph", "a"), (1,)]
)
def test_what_is_no_namespace_is_refused(memory, backend, namespace):
    def put():
        with pytest.raises(InvalidNamespaceError):
            memory.put(namespace, "k", {})

    assert not sent(backend, put)


def test_pages_of_a_search_follow_each_other(memory):
    memory.batch([PutOp(("docs", "a"), f"k{n:02}", {"n": n}) for n in range(25)])
    pages = [memory.search(("docs", "a"), limit=10, offset=at) for at in (0, 10, 20, 30)]
    assert [key for page in pages for key in keys(page)] == [f"k{n:02}" for n in range(25)]
    assert memory.search(("docs", "a"), limit=0) == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"n": 2}, [2]),
        ({"n": {"$eq": 2}}, [2]),
        ({"n": {"$ne": 2}}, [0, 1, 3, 4]),
        ({"n": {"$gt": 2}}, [3, 4]),
        ({"n": {"$gte": 2, "$lt": 4}}, [2, 3]),
        ({"n": {"$lte": 0}}, [0]),
        ({"even": True, "n": {"$gt": 0}}, [2, 4]),
        ({"of": {"half": 1.5}}, [3]),
        ({"of": {"half": {"$lt": 1}}}, [0, 1]),
        ({"path": ["a", 4]}, [4]),
        ({"missing": None}, [0, 1, 2, 3, 4]),
        ({"missing": {"$gt": 1}}, []),
        ({"text": {"$gte": "n3"}}, [3, 4]),
    ],
)
def test_a_search_filters_by_the_value(memory, wanted, found):
    values = [
        {
            "n": n,
            "even": n % 2 == 0,
            "of": {"half": n / 2, "x": 1},
            "path": ["a", n],
            "text": f"n{n}",
        }
        for n in range(5)
    ]
    memory.batch([PutOp(("f", "x"), f"k{n}", value) for n, value in enumerate(values)])
    assert [item.value["n"] for item in memory.search(("f", "x"), filter=wanted)] == found


def test_an_operator_that_there_is_not_is_refused(memory, backend):
    def search():
        with pytest.raises(RequestError, match=r"no operator '\$like'"):
            memory.search(("f", "x"), filter={"of": {"name": {"$like": "a%"}}})

    assert not sent(backend, search)


def test_a_large_value_is_kept_in_parts(memory):
    value = {"text": "tea " * 500_000, "noise": [math.sin(n) for n in range(60_000)]}
    memory.put(("users", "ann"), "book", value)
    assert memory.get(("users", "ann"), "book").value == value
    assert memory.search(("users", "ann"))[0].value == value
    memory.put(("users", "ann"), "book", {"text": "short"})
    assert memory.get(("users", "ann"), "book").value == {"text": "short"}


def test_a_batch_reads_what_was_there_before_it(memory):
    memory.put(("a",), "k", {"n": 1})
    results = memory.batch(
        [
            PutOp(("a",), "k", {"n": 2}),
            GetOp(("a",), "k"),
            SearchOp(("a",)),
            ListNamespacesOp(),
            GetOp(("a",), "none"),
        ]
    )
    assert results[0] is None
    assert results[1].value == results[2][0].value == {"n": 1}
    assert results[3:] == [[("a",)], None]
    assert memory.get(("a",), "k").value == {"n": 2}


def test_many_may_put_into_a_new_namespace_at_once(backend, mode, runner):
    memory = DynastoreStore(backend)
    names = [f"k{n:02}" for n in range(20)]
    if mode == "awaited":

        async def put_all():
            await asyncio.gather(*(memory.aput(("new", "one"), key, {}) for key in names))

        runner.run(put_all())
    else:
        with ThreadPoolExecutor(10) as threads:
            list(threads.map(lambda key: memory.put(("new", "one"), key, {}), names))
    found = runner.run(memory.asearch(("new",), limit=100)) if mode == "awaited" else None
    assert keys(found or memory.search(("new",), limit=100)) == names


# Today namespaces are joined with ":": ('user:1', 'x') is ('user', '1:x'), and one tenant reads another's.


def test_store_namespaces_that_would_join_alike_are_apart(memory):
    alike = [("user:1", "x"), ("user", "1:x"), ("user:1:x",), ("user", "1", "x"), ("user#1", "x")]
    for number, namespace in enumerate(alike):
        memory.put(namespace, "k", {"of": number})
    for number, namespace in enumerate(alike):
        assert memory.get(namespace, "k").value == {"of": number}
        assert [item.value["of"] for item in memory.search(namespace)] == [number]
    assert memory.list_namespaces() == sorted(alike)


# Today floats are refused, and ints become Decimal.


def test_store_values_come_back_exactly_as_json_has_them(memory):
    value = {
        "whole": 1,
        "float": 1.0,
        "tiny": 5e-324,
        "minus": -0.0,
        "big": 10**60,
        "third": 1 / 3,
        "none": None,
        "yes": True,
        "list": [1, [2.5, [None, {"": {}}]], []],
        "text": "ü \ud83c 😀 \x00",
    }
    memory.put(("users", "ann"), "v", value)
    for item in (memory.get(("users", "ann"), "v"), memory.search(("users", "ann"))[0]):
        assert repr(item.value) == repr(value)


@pytest.mark.parametrize("value", [{1: "a"}, {"a": {None: 1}}, {"a": {1, 2}}, {"a": object()}, [1]])
def test_store_values_that_would_come_back_changed_are_refused(memory, backend, value):
    def put():
        with pytest.raises(RequestError, match="value of a document"):
            memory.put(("users", "ann"), "v", value)

    assert not sent(backend, put)


# Today list_namespaces scans the table; that no test here makes a Scan is checked for all of them.


def test_store_namespaces_are_listed_from_the_registry(memory, backend):
    spaces = [("a", "b", "c"), ("a", "b", "d", "e"), ("a", "b", "d", "i"), ("a", "c", "f"), ("z",)]
    memory.batch([PutOp(namespace, f"k{n}", {}) for n in range(3) for namespace in spaces])
    assert sent(backend, memory.list_namespaces) == {"Query": 1}
    assert memory.list_namespaces() == spaces
    assert memory.list_namespaces(prefix=("a", "b")) == spaces[:3]
    assert memory.list_namespaces(prefix=("a", "*", "d")) == spaces[1:3]
    assert memory.list_namespaces(suffix=("d", "*")) == spaces[1:3]
    assert memory.list_namespaces(prefix=("a",), suffix=("f",)) == [("a", "c", "f")]
    assert memory.list_namespaces(max_depth=2) == [("a", "b"), ("a", "c"), ("z",)]
    assert memory.list_namespaces(limit=2, offset=1) == spaces[1:3]
    assert memory.list_namespaces(max_depth=2, limit=1, offset=1) == [("a", "c")]
    assert memory.list_namespaces(prefix=("a", "b", "c", "d")) == []


def test_store_a_namespace_is_listed_while_it_has_items(open_memory, clock):
    one, other = open_memory(), open_memory()
    one.put(("a", "b"), "k", {})
    other.put(("a", "b"), "l", {}, ttl=10)
    one.put(("a", "c"), "k", {}, ttl=10)
    other.delete(("a", "b"), "k")
    assert one.list_namespaces() == [("a", "b"), ("a", "c")]
    clock.pass_minutes(11)
    assert one.list_namespaces() == []
    one.put(("a", "b"), "k", {})
    assert other.list_namespaces() == [("a", "b")]


# Today a search has no prefix, filters after Limit, and stops at 1 MB.


def test_store_a_search_below_two_labels_is_one_key_condition(memory, backend):
    spaces = [
        ("u", "ann"),
        ("u", "ann", "x"),
        ("u", "ann", "x", "y"),
        ("u", "ann", "xy"),
        ("u", "bob"),
    ]
    memory.batch([PutOp(namespace, "k", {}) for namespace in spaces])
    below = {
        prefix: [each for each in spaces if each[: len(prefix)] == prefix] for prefix in spaces
    }
    for prefix, expected in below.items():
        assert [item.namespace for item in memory.search(prefix)] == expected
        assert sent(backend, lambda prefix=prefix: memory.search(prefix)) == {"Query": 1}


def test_store_a_search_below_fewer_labels_reads_only_partitions_there_are(memory, backend):
    spaces = [(f"t{n % 3}", f"u{n:02}") for n in range(30)] + [("t1",), ("t1", "u01", "deep")]
    memory.batch([PutOp(namespace, "k", {}) for namespace in spaces])
    everything = memory.search((), limit=100)
    assert [item.namespace for item in everything] == sorted(spaces)
    found = memory.search(("t1",), limit=100)
    assert [item.namespace for item in found] == sorted(s for s in spaces if s[0] == "t1")
    # the registry, then partitions until there are three items
    assert sent(backend, lambda: memory.search(("t1",), limit=3))["Query"] <= 1 + 3


def test_store_a_search_goes_on_until_the_limit_is_met(memory):
    """Behind more than a page of items that do not pass."""
    noise = [math.sin(n) for n in range(18_000)]  # 350 KB, which do not compress
    puts = [PutOp(("big", "x"), f"k{n}", {"n": n, "noise": noise}) for n in range(6)]
    memory.batch([*puts, *(PutOp(("big", "x"), f"m{n:03}", {"n": n}) for n in range(150))])
    found = memory.search(("big", "x"), filter={"n": {"$gte": 140}}, limit=5, offset=2)
    assert keys(found) == ["m142", "m143", "m144", "m145", "m146"]


# Today a refresh gives items the store's TTL: it shortens their own, and gives permanent items one.


def test_store_a_read_lets_an_item_live_as_long_again_as_it_was_given(open_memory, clock):
    memory = open_memory(ttl={"default_ttl": 10, "refresh_on_read": True})
    memory.put(("u", "ann"), "long", {}, ttl=60)
    memory.put(("u", "ann"), "default", {})
    memory.put(("u", "ann"), "kept", {}, ttl=None)
    for _ in range(3):
        clock.pass_minutes(9)
        assert keys(memory.search(("u", "ann"))) == ["default", "kept", "long"]
    clock.pass_minutes(11)
    assert memory.get(("u", "ann"), "default") is None
    assert memory.get(("u", "ann"), "long") is not None
    clock.pass_minutes(59)
    assert keys(memory.search(("u", "ann"))) == ["kept", "long"]
    clock.pass_minutes(100_000)
    assert keys(memory.search(("u", "ann"))) == ["kept"]


def test_store_a_read_that_is_not_to_refresh_does_not(open_memory, clock, backend):
    memory = open_memory(ttl={"default_ttl": 10, "refresh_on_read": False})
    memory.put(("u", "ann"), "k", {})
    clock.pass_minutes(9)
    assert sent(backend, lambda: memory.get(("u", "ann"), "k")) == {"GetItem": 1}
    assert memory.search(("u", "ann"))
    clock.pass_minutes(2)
    assert memory.get(("u", "ann"), "k") is None
    memory.put(("u", "ann"), "k", {})
    clock.pass_minutes(9)
    assert memory.get(("u", "ann"), "k", refresh_ttl=True)
    clock.pass_minutes(9)
    assert memory.get(("u", "ann"), "k")


def test_store_an_expired_item_is_no_item(memory, clock):
    memory.put(("u", "ann"), "k", {"n": 1}, ttl=0.5)
    memory.put(("u", "ann"), "l", {"n": 2})
    clock.pass_minutes(0.6)
    assert memory.get(("u", "ann"), "k") is None
    assert keys(memory.search(("u", "ann"), limit=1)) == ["l"]
    memory.put(("u", "ann"), "k", {"n": 3})
    assert memory.get(("u", "ann"), "k").created_at == clock.now


@pytest.mark.parametrize("ttl", [0, -1, math.nan, math.inf, 10**12])
def test_store_a_ttl_that_is_none_is_refused(memory, ttl):
    with pytest.raises(RequestError, match="ttl"):
        memory.put(("u", "ann"), "k", {}, ttl=ttl)


# Today abatch loses the last of two puts to one key, and sends one request per operation.


def test_store_the_last_of_two_puts_to_one_key_wins(memory):
    memory.batch([PutOp(("a", "b"), "k", {"n": 1}), PutOp(("a", "b"), "k", {"n": 2})])
    assert memory.get(("a", "b"), "k").value == {"n": 2}
    memory.batch([PutOp(("a", "b"), "k", {"n": 3}), PutOp(("a", "b"), "k", None)])
    assert memory.get(("a", "b"), "k") is None
    memory.batch([PutOp(("a", "b"), "k", None), PutOp(("a", "b"), "k", {"n": 4})])
    assert memory.get(("a", "b"), "k").value == {"n": 4}


def test_store_operations_of_a_batch_share_requests(memory, backend):
    memory.put(("a", "b"), "k", {})
    puts = [PutOp(("a", "b"), f"k{n:02}", {"n": n}) for n in range(50)]
    assert sent(backend, lambda: memory.batch(puts)) == {"BatchGetItem": 1, "BatchWriteItem": 2}
    gets = [GetOp(("a", "b"), f"k{n % 50:02}") for n in range(120)]
    assert sent(backend, lambda: memory.batch(gets)) == {"BatchGetItem": 1}
    assert [item.value["n"] for item in memory.batch(gets)] == [n % 50 for n in range(120)]


# By meaning


def embed(texts):
    """How often each letter comes in a text."""
    return [[float(text.lower().count(chr(97 + at))) for at in range(26)] for text in texts]


async def aembed(texts):
    return embed(texts)


INDEX = {"dims": 26, "embed": embed, "fields": ["text"]}


@pytest.fixture
def understanding(open_memory):
    return open_memory(index=INDEX)


def test_a_search_by_meaning_gives_the_nearest_first(understanding):
    texts = {"tea": "green tea", "rum": "dark rum", "cat": "a cat"}
    for key, text in texts.items():
        understanding.put(("u", "ann"), key, {"text": text, "n": len(text)})
    understanding.put(("u", "ann"), "mute", {"n": 0})
    found = understanding.search(("u", "ann"), query="tea")
    assert keys(found) == ["tea", "cat", "rum", "mute"]
    assert found[0].score == pytest.approx(cosine("tea", "green tea"), abs=1e-6)
    assert found[3].score is None
    assert keys(understanding.search(("u", "ann"), query="tea", limit=1, offset=1)) == ["cat"]
    assert keys(understanding.search(("u",), query="rum", limit=1)) == ["rum"]
    assert keys(understanding.search(("u",), query="tea", filter={"n": 8})) == ["rum"]


def cosine(one, other):
    a, b = embed([one, other])
    return sum(x * y for x, y in zip(a, b, strict=True)) / (math.hypot(*a) * math.hypot(*b))


def test_texts_of_an_item_are_understood_each_by_itself(understanding):
    understanding.put(("u", "ann"), "k", {"parts": ["xxx", "yyy"]}, index=["parts[*]"])
    understanding.put(("u", "ann"), "l", {"text": "xyz"})
    assert [item.score for item in understanding.search(("u", "ann"), query="y")] == [
        pytest.approx(1),
        pytest.approx(1 / math.sqrt(3)),
    ]


def test_vectors_of_many_texts_are_kept_in_parts(understanding):
    texts = [f"{'x' * (n % 7)}y{'z' * (n % 5)}" for n in range(5_000)]
    understanding.put(("u", "ann"), "k", {"parts": [*texts, "abc"]}, index=["parts[*]"])
    assert understanding.search(("u", "ann"), query="abc")[0].score == pytest.approx(1)


def test_vectors_of_what_was_replaced_or_deleted_find_nothing(understanding, open_memory):
    for key in ("again", "mute", "gone"):
        understanding.put(("u", "ann"), key, {"text": "tea"})
    understanding.put(("u", "ann"), "again", {"text": "rum"})
    understanding.put(("u", "ann"), "mute", {"text": "tea"}, index=False)
    understanding.delete(("u", "ann"), "gone")
    found = understanding.search(("u", "ann"), query="tea")
    assert [(item.key, item.score) for item in found] == [("again", 0), ("mute", None)]
    open_memory().put(("u", "ann"), "again", {"text": "by one who understands nothing"})
    found = understanding.search(("u", "ann"), query="tea")
    assert [item.score for item in found] == [None, None]


def test_reading_does_not_pay_for_vectors(understanding, backend):
    understanding.put(("u", "ann"), "k", {"text": "tea"})
    assert sent(backend, lambda: understanding.get(("u", "ann"), "k")) == {"GetItem": 1}
    with recorded(backend) as requests:
        found = understanding.search(("u", "ann"))
    assert keys(found) == ["k"]
    assert [each.request.operation for each in requests] == ["Query"]


def test_what_a_document_means_lives_as_long_as_it(understanding, clock):
    understanding.put(("u", "ann"), "k", {"text": "tea"}, ttl=10)
    for _ in range(5):
        clock.pass_minutes(9)
        assert understanding.search(("u", "ann"), query="tea")[0].score == pytest.approx(1)
    clock.pass_minutes(11)
    assert understanding.search(("u", "ann"), query="tea") == []


def test_a_vector_of_other_dimensions_is_refused(open_memory, backend):
    memory = open_memory(index=INDEX | {"dims": 3})
    with pytest.raises(RequestError, match="26 dimensions"):
        memory.put(("u", "ann"), "k", {"text": "tea"})
    with pytest.raises(RequestError, match="26 dimensions"):
        memory.search(("u", "ann"), query="tea")


def test_an_embedding_function_may_be_awaited(open_memory, mode):
    memory = open_memory(index=INDEX | {"embed": aembed})
    if mode == "blocking":  # nothing can wait for it
        for call in (
            lambda: memory.put(("u", "ann"), "k", {"text": "tea"}),
            lambda: memory.search(("u", "ann"), query="tea"),
        ):
            with pytest.raises(RequestError, match=r"an async function: call aput\(\)"):
                call()
        return
    memory.put(("u", "ann"), "k", {"text": "tea"})
    assert memory.search(("u", "ann"), query="tea")[0].score == pytest.approx(1)


# How it is opened


def test_reads_may_be_eventual(open_memory, backend):
    memory = open_memory(consistent=False)
    memory.put(("u", "ann"), "k", {})
    with recorded(backend) as requests:
        memory.get(("u", "ann"), "k")
        memory.search(("u", "ann"))
        memory.list_namespaces()
    assert [each.request.consistent for each in requests] == [False] * 3


def test_it_is_opened_by_where_the_table_is(tmp_path):
    where = f"sqlite:///{tmp_path / 'agent.db'}"
    with DynastoreStore.from_conn_string(where) as memory:
        memory.setup()
        memory.put(("u", "ann"), "k", {"n": 1})

    async def read():
        async with DynastoreStore.from_conn_string(where) as memory:
            await memory.asetup()
            return await memory.aget(("u", "ann"), "k"), memory.get(("u", "ann"), "k")

    awaited, blocking = asyncio.run(read())
    assert awaited == blocking
    assert awaited.value == {"n": 1}


def test_a_store_without_the_entities_is_refused():
    from dynastore import Schema
    from dynastore.testing import memory_store

    with pytest.raises(RequestError, match="lacks Embedding, Namespace; put them into it"):
        DynastoreStore(memory_store(Schema([Document])))


def test_scopes_are_apart(backend, runner, mode):
    stores = [DynastoreStore(backend.scope(name)) for name in ("one", "two")]
    one, two = (Waiting(each, runner) if mode == "awaited" else each for each in stores)
    one.put(("u", "ann"), "k", {})
    assert two.search(()) == []
    assert two.list_namespaces() == []
    assert one.list_namespaces() == [("u", "ann")]


# With a vector index of the table. A test of properties has the same answers with it and without.


@pytest.mark.fault("moto", reason="drops vector indexes in silence", strict=True)
def test_a_vector_index_finds_the_same(open_store, mode, runner, settled):
    def embed(texts):
        return [[1.0, *(float(text.count(letter)) for letter in "abc")] for text in texts]

    store = open_store(agent_schema(VectorIndex(4)))
    store.create_table()
    backend = getattr(store, "target", store)
    memory = DynastoreStore(backend, index={"dims": 4, "embed": embed, "fields": ["texts[*]"]})
    memory = Waiting(memory, runner) if mode == "awaited" else memory
    ann, ben = ("users", "ann"), ("users", "ben")
    memory.batch([PutOp(ann, "one", {"texts": ["ab"]}), PutOp(ann, "two", {"texts": ["c", "aab"]})])
    memory.put((*ann, "deeper"), "three", {"texts": ["a"]})
    memory.put(ben, "theirs", {"texts": ["aab"]})
    settled()
    with recorded(backend) as sent:
        found = memory.search(ann, query="aab", limit=2)
    assert [(item.key, round(item.score, 4)) for item in found] == [("two", 1.0), ("one", 0.9428)]
    assert sent[0].operation == "SearchVectors"
    (deeper,) = memory.search((*ann, "deeper"), query="aab")
    assert (deeper.key, round(deeper.score, 4)) == ("three", 0.866)
    memory.put(ann, "two", {"texts": ["ccc"]})
    memory.delete(ann, "one")
    assert "one" not in [item.key for item in memory.search(ann, query="aab")]
    settled()
    assert [item.key for item in memory.search(ann, query="aab")] == ["three", "two"]
