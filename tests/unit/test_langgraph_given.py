"""What is wrong with what a saver or a store is given is said where it is given."""

from __future__ import annotations

import asyncio
import datetime as dt
from contextlib import closing

import boto3
import pytest
from moto import mock_aws

pytest.importorskip("langgraph.checkpoint.base", reason="needs the extra dynastore[langgraph]")

from langgraph.checkpoint.base import empty_checkpoint
from langgraph.store.base import GetOp, ListNamespacesOp, MatchCondition, PutOp, SearchOp

from dynastore import Schema
from dynastore.agents import Thread
from dynastore.agents.checkpoints.labels import labels
from dynastore.errors import RequestError
from dynastore.integrations.langgraph import DynastoreSaver, DynastoreStore
from dynastore.testing import memory_store, recorded

CONFIG = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
PLACE = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "1"}}


def embed(texts):
    return [[1.0, 2.0] for _ in texts]


def named(**more):
    return {"configurable": {"thread_id": "t", "checkpoint_ns": "", **more}}


def holding(**values):
    return empty_checkpoint() | values


@pytest.fixture
def store():
    with closing(memory_store()) as store:
        yield store


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"ttl": "5"}, r'ttl is a dict such as {"default_ttl": 60}, not \'5\''),
        ({"ttl": 5}, "ttl is a dict"),
        ({"ttl": {"default_ttl": "5"}}, "a ttl is minutes"),
        ({"ttl": {"default_ttl": True}}, "a ttl is minutes"),
        ({"ttl": {"default_ttl": 0}}, "a ttl is minutes"),
        ({"ttl": {"refresh_on_read": "no"}}, r'ttl\["refresh_on_read"\] is True or False'),
        ({"index": True}, "index is a dict"),
        ({"index": False}, "index is a dict"),
        ({"index": "text"}, "index is a dict"),
        ({"index": {}}, r'index\["embed"\] is an embedding model'),
        ({"index": {"embed": 3}}, r'index\["embed"\] is an embedding model'),
        ({"index": {"embed": "none:such"}}, r'index\["embed"\]: Could not load'),
        ({"index": {"embed": embed, "dims": "2"}}, r'index\["dims"\] is a whole number'),
        ({"index": {"embed": embed, "dims": True}}, r'index\["dims"\] is a whole number'),
        ({"index": {"embed": embed, "fields": "text"}}, r'index\["fields"\] is a list of paths'),
        ({"index": {"embed": embed, "fields": [3]}}, r'index\["fields"\] is a list of paths'),
        ({"consistent": "no"}, "consistent is True or False"),
        ({"ttl": {"defaultttl": 1}}, "ttl has no 'defaultttl'; it has default_ttl, omit_expired, "),
        ({"index": {"embed": embed, "dim": 2}}, "index has no 'dim'; it has dims, embed, fields"),
        ({"region_name": "eu-west-1"}, "a store is given, so region_name has no effect"),
    ],
)
def test_wrong_settings_of_a_store_are_refused(store, options, says):
    with pytest.raises(RequestError, match=says):
        DynastoreStore(store, **options)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"serde": "json"}, "serde is a serializer"),
        ({"ttl": "5"}, "ttl is a timedelta"),
        ({"ttl": 5}, "ttl is a timedelta"),
        ({"ttl": dt.timedelta(0)}, "ttl is a timedelta above zero"),
        ({"ttl": dt.timedelta.max}, "up to 100 years"),
        ({"consistent": None}, "consistent is True or False"),
    ],
)
def test_wrong_settings_of_a_saver_are_refused(store, options, says):
    with pytest.raises(RequestError, match=says):
        DynastoreSaver(store, **options)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda memory: memory.put(("a",), "k", {}, ttl="5"), "a ttl is minutes"),
        (lambda memory: memory.put(("a",), "k", {}, index="text"), "index is a list of paths"),
        (lambda memory: memory.put(("a",), "k", {}, index=True), "index is a list of paths"),
        (lambda memory: memory.put(("a",), "k", {}, index=[3]), "index is a list of paths"),
        (lambda memory: memory.search(("a",), filter="x"), "a filter is a dict"),
        (lambda memory: memory.search(("a",), query=["x"]), "query is a text"),
        (lambda memory: memory.search(("a",), limit="5"), "a limit or an offset"),
        (lambda memory: memory.list_namespaces(prefix="users"), "prefix is a tuple"),
        (lambda memory: memory.list_namespaces(max_depth="2"), "a limit or an offset"),
        (lambda memory: memory.batch(None), "ops is a list"),
        (lambda memory: memory.batch([GetOp(None, "k")]), "a namespace is a tuple"),
        (lambda memory: memory.batch([PutOp(5, "k", {})]), "a namespace is a tuple"),
        (lambda memory: memory.batch([SearchOp(None)]), "a namespace is a tuple"),
        (lambda memory: memory.batch([ListNamespacesOp(5)]), "match_conditions is a list"),
        (lambda memory: memory.batch([ListNamespacesOp((5,))]), "match_conditions is a list"),
        (
            lambda memory: memory.batch([ListNamespacesOp((MatchCondition("middle", ("a",)),))]),
            "a match_type is one of prefix, suffix, not 'middle'",
        ),
        (
            lambda memory: memory.batch([ListNamespacesOp((MatchCondition("prefix", None),))]),
            "prefix is a tuple",
        ),
        (lambda memory: memory.search(("a",), filter={1: 2}), "a filter names fields"),
        (lambda memory: memory.search(("a",), filter={"x": {1: 2}}), "a filter names fields"),
        (
            lambda memory: memory.search(("a",), filter={"x": {"$gt": None}}),
            r"by \$gt with a number",
        ),
        (
            lambda memory: memory.search(("a",), filter={"x": {"$lte": [1]}}),
            "with a number or a text",
        ),
    ],
)
@pytest.mark.parametrize("index", [None, {"embed": embed, "fields": ["text"]}])
def test_wrong_arguments_of_a_store_are_refused(store, index, call, says):
    memory = DynastoreStore(store, index=index)
    with recorded(store) as sent, pytest.raises(RequestError, match=says):
        call(memory)
    assert sent == []


@pytest.mark.parametrize(
    ("made", "says"),
    [
        (None, "makes a list of vectors, not None"),
        (7.0, "makes a list of vectors"),
        ([], "made 0 vectors of 1 texts"),
        ([1.0], "an embedding is a list of numbers, not 1.0"),
        ([None], "an embedding is a list of numbers"),
        ([["a", "b"]], "an embedding is a list of numbers"),
        ([[float("inf"), 1.0]], "an embedding is made of finite numbers"),
    ],
)
@pytest.mark.parametrize("dims", [None, 2])
def test_what_a_model_makes_that_is_no_vector_is_refused(store, made, dims, says):
    memory = DynastoreStore(store, index={"embed": lambda _: made, "dims": dims})
    with recorded(store) as sent, pytest.raises(RequestError, match=says):
        memory.put(("a",), "k", {"text": "x"})
    assert sent == []


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda saver: saver.get_tuple(None), "a config is a dict"),
        (lambda saver: saver.get_tuple("t"), "a config is a dict"),
        (lambda saver: saver.get_tuple({"configurable": "t"}), "a config is a dict"),
        (lambda saver: saver.get_tuple({"configurable": {"thread_id": ["t"]}}), "thread_id is a"),
        (lambda saver: saver.list("t"), "a config is a dict"),
        (lambda saver: saver.alist("t"), "a config is a dict"),
        (lambda saver: saver.list(CONFIG, filter="x"), "filter is a dict"),
        (lambda saver: saver.alist(None, filter="x"), "filter is a dict"),
        (lambda saver: saver.list(CONFIG, filter={3: 4}), "filter is a dict"),
        (lambda saver: saver.list(CONFIG, before="x"), "before is a dict"),
        (lambda saver: saver.list(CONFIG, limit="1"), "limit is a whole number"),
        (lambda saver: saver.list(CONFIG, limit=1.5), "limit is a whole number"),
        (lambda saver: saver.list(CONFIG, limit=True), "limit is a whole number"),
        (lambda saver: saver.delete_thread(None), "thread_id is a text, not None"),
        (lambda saver: saver.check(["t"]), "thread_id is a text"),
        (lambda saver: saver.repair(None), "thread_id is a text"),
        (lambda saver: saver.repair("t", grace=7), "grace is a timedelta"),
        (lambda saver: saver.copy_thread(None, "t"), "source_thread_id is a text"),
        (lambda saver: saver.prune(None), "thread_ids is a list"),
        (lambda saver: saver.prune([None]), "each of thread_ids is a text"),
        (lambda saver: saver.prune(["t"], strategy=7), "a strategy is"),
        (lambda saver: saver.prune(["t"], keep_last="1"), "keep_last is 1 or more"),
        (lambda saver: saver.delete_for_runs(7), "run_ids is a list"),
        (lambda saver: saver.threads(limit="1"), "a page has a whole number"),
        (lambda saver: saver.threads(user_id=["ann"]), "user_id is a text"),
        (
            lambda saver: saver.get_delta_channel_history(config=CONFIG, channels="ab"),
            "channels is a list",
        ),
        (lambda saver: saver.put_writes(PLACE, "ab", "task"), "writes are pairs"),
        (lambda saver: saver.put_writes(PLACE, [("a", 1, 2)], "task"), "a write is a pair"),
        (lambda saver: saver.put_writes(PLACE, [(7, 1)], "task"), "a write is a pair"),
        (lambda saver: saver.put(CONFIG, {}, {}, {}), "a checkpoint has"),
        (lambda saver: saver.put(CONFIG, empty_checkpoint(), "x", {}), "metadata is a dict"),
        (lambda saver: saver.put(CONFIG, empty_checkpoint(), {}, ["a"]), "new_versions is a dict"),
        (lambda saver: saver.put(None, empty_checkpoint(), {}, {}), "a config is a dict"),
        (lambda saver: saver.get_tuple(named(checkpoint_ns=["a"])), "checkpoint_ns is a text"),
        (lambda saver: saver.list(named(checkpoint_ns={"a": 1})), "checkpoint_ns is a text"),
        (lambda saver: saver.get_tuple(named(checkpoint_id=["a"])), "checkpoint_id is a text"),
        (lambda saver: saver.list(named(checkpoint_id={"a": 1})), "checkpoint_id is a text"),
        (
            lambda saver: saver.list(CONFIG, before=named(checkpoint_id=[])),
            "checkpoint_id is a text",
        ),
        (
            lambda saver: saver.get_delta_channel_history(
                config=named(checkpoint_id=["a"]), channels=["x"]
            ),
            "checkpoint_id is a text",
        ),
        (
            lambda saver: saver.put_writes(named(checkpoint_id={"a": 1}), [("x", 1)], "t"),
            "checkpoint_id is a text",
        ),
        (
            lambda saver: saver.put(named(checkpoint_id=["a"]), empty_checkpoint(), {}, {}),
            "checkpoint_id is a text",
        ),
        (lambda saver: saver.put(CONFIG, holding(id=["a"]), {}, {}), "the id of a checkpoint is"),
        (lambda saver: saver.put(CONFIG, holding(id=None), {}, {}), "the id of a checkpoint is"),
        (
            lambda saver: saver.put(CONFIG, holding(channel_values=[1]), {}, {}),
            "channel_values is a",
        ),
        (
            lambda saver: saver.put(CONFIG, holding(channel_values=None), {}, {}),
            "channel_values is",
        ),
        (
            lambda saver: saver.put(CONFIG, holding(channel_values={1: 2}), {}, {}),
            "name of a channel",
        ),
        (
            lambda saver: saver.put(CONFIG, holding(channel_versions=[1]), {}, {}),
            "channel_versions is",
        ),
        (
            lambda saver: saver.put(CONFIG, empty_checkpoint(), {}, {"\ud800": 1}),
            "name of a channel",
        ),
        (
            lambda saver: saver.put(CONFIG, holding(channel_values={"\ud800": 1}), {}, {}),
            "channel_values: the name of a channel",
        ),
        (lambda saver: saver.put_writes(PLACE, [("\ud800", 1)], "task"), "the name of a channel"),
        (
            lambda saver: saver.put(
                CONFIG, empty_checkpoint(), {"counters_since_delta_snapshot": 5}, {}
            ),
            "is LangGraph's own dict, not 5",
        ),
        (lambda saver: saver.prune(["t"], grace=dt.timedelta.max), "up to 100 years"),
        (lambda saver: saver.repair("t", grace=dt.timedelta.max), "up to 100 years"),
        (lambda saver: saver.delete_for_runs(["r"], grace=dt.timedelta.max), "up to 100 years"),
    ],
)
def test_wrong_arguments_of_a_saver_are_refused(store, call, says):
    with recorded(store) as sent, pytest.raises(RequestError, match=says):
        call(DynastoreSaver(store))
    assert sent == []


def test_all_that_langgraph_has_in_a_ttl_and_an_index_is_taken(store):
    ttl = {
        "default_ttl": None,
        "refresh_on_read": False,
        "omit_expired": True,
        "sweep_interval_minutes": 5,
    }
    DynastoreStore(store, ttl=ttl, index={"embed": embed, "dims": 2, "fields": None})


@pytest.mark.parametrize(
    "config",
    [
        {"configurable": {"api_key": "SECRET", "user_id": "ann"}},
        {"configurable": ["SECRET"]},
        {"configurable": {"thread_id": "", "api_key": "SECRET"}},
        ["SECRET"],
    ],
)
def test_what_is_told_of_a_config_are_names_and_no_values(store, config):
    with pytest.raises(RequestError) as raised:
        DynastoreSaver(store).get_tuple(config)
    assert "SECRET" not in str(raised.value)


def test_what_a_config_has_in_place_of_a_thread_is_told(store):
    with pytest.raises(RequestError, match="this has api_key, user_id"):
        DynastoreSaver(store).get_tuple({"configurable": {"api_key": "x", "user_id": "ann"}})


def test_a_saver_is_refused_a_store_without_its_entities():
    lacking = memory_store(Schema([Thread]))
    with pytest.raises(RequestError, match="lacks Checkpoint, CheckpointValue, TaskWrites; put"):
        DynastoreSaver(lacking)


@pytest.mark.parametrize("cls", [DynastoreSaver, DynastoreStore])
def test_a_table_may_be_in_another_region(cls):
    with mock_aws(), cls.from_conn_string("agent-state", region_name="eu-west-3") as adapter:
        adapter.setup()
        there = boto3.client("dynamodb", region_name="eu-west-3")
        assert there.list_tables()["TableNames"] == ["agent-state"]


def test_a_key_that_is_too_long_is_told_by_its_parts(store):
    long = {"configurable": {"thread_id": "t", "checkpoint_ns": "n" * 1_100}}
    with pytest.raises(RequestError, match="shorter values of namespace and checkpoint_id"):
        DynastoreSaver(store).put(long, empty_checkpoint(), {}, {})


@pytest.mark.parametrize(
    ("namespace", "key"),
    [(("a", "b"), "k" * 2_000), (("a", "b", "c" * 1_100), "k"), (("a" * 2_100, "b"), "k")],
)
def test_a_namespace_or_a_key_that_is_too_long_is_told(store, namespace, key):
    memory = DynastoreStore(store)
    for call in (lambda: memory.put(namespace, key, {}), lambda: memory.get(namespace, key)):
        with pytest.raises(RequestError, match=r"the namespace \('a.* with the key 'k.* would be"):
            call()


def test_a_folder_that_is_missing_is_told(tmp_path):
    saver = DynastoreSaver(f"sqlite:///{tmp_path / 'none' / 'agent.db'}")
    with pytest.raises(RequestError, match=r"there is no folder .*none for agent\.db"):
        saver.threads()


def test_an_id_may_be_a_number(store):
    saver = DynastoreSaver(store)
    numbered = {"configurable": {"thread_id": 7, "checkpoint_ns": ""}}
    saver.put(numbered, empty_checkpoint(), {}, {})
    assert saver.get_tuple({"configurable": {"thread_id": "7"}}) is not None
    assert asyncio.run(saver.aget_tuple(numbered)) is not None
    saver.delete_thread(7)
    assert saver.get_tuple(numbered) is None


def test_an_empty_checkpoint_id_names_none_as_for_langgraph(store):
    saver = DynastoreSaver(store)
    config = {"configurable": {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": ""}}
    for saved in ("1", "2"):
        checkpoint = {"id": saved, "channel_values": {}, "channel_versions": {}}
        saver.put(config, {**checkpoint, "ts": "", "v": 4}, {}, {})
    assert saver.get_tuple(config).checkpoint["id"] == "2"
    assert saver.get_tuple(config).parent_config is None
    assert [each.checkpoint["id"] for each in saver.list(config, before=config)] == ["2", "1"]
    assert len(saver.threads().entities) == 1


def test_a_number_of_a_class_of_its_own_has_the_label_of_what_it_equals():
    """Such as NumPy's float64: read back it is a float, by which it is then looked for."""
    number = type("float64", (float,), {})
    assert labels({"score": number(0.5)}) == labels({"score": 0.5}) != frozenset()
    assert labels({"score": number(2)}) == labels({"score": 2})
