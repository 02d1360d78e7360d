"""What users of other DynamoDB checkpointers meet, and here do not: a test for each, on every engine."""

from __future__ import annotations

import datetime as dt
import operator
import random
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict

import pytest

pytest.importorskip("langgraph.graph", reason="needs the extra dynastore[test]")

from langgraph.channels import DeltaChannel
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.serde.encrypted import EncryptedSerializer
from langgraph.checkpoint.serde.jsonplus import JsonPlusSerializer
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt

from dynastore.agents import agent_schema
from dynastore.agents.checkpoints.entities import Checkpoint, CheckpointValue, TaskWrites, Thread
from dynastore.agents.checkpoints.findings import Litter
from dynastore.errors import DataError, PartialFailure, PayloadMissing, RequestError, Unavailable
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.requests import (
    BatchGetItem,
    BatchWriteItem,
    DeleteItem,
    GetItem,
    PutItem,
    Query,
    TransactWriteItems,
    UpdateItem,
)
from dynastore.testing import recorded
from dynastore.writes import Delete

from .drivers import Awaited
from .engines import ADAPTER_PAIRS

pytestmark = pytest.mark.on(*ADAPTER_PAIRS)

WRITING = PutItem | UpdateItem | DeleteItem | BatchWriteItem | TransactWriteItems


class Calls:
    """A saver, whose awaited methods are called where the store is awaited."""

    def __init__(self, store: Any, **options: Any) -> None:
        self.store = store
        self.is_awaited = isinstance(store, Awaited)
        self.target = store.target if self.is_awaited else store
        self.saver = DynastoreSaver(self.target, **options)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if not self.is_awaited:
            found = getattr(self.saver, name)
            return (lambda *a, **k: [*found(*a, **k)]) if name == "list" else found
        awaited = getattr(self.saver, f"a{name}")

        async def collected(*arguments: Any, **options: Any) -> Any:
            return [each async for each in awaited(*arguments, **options)]

        call = collected if name == "list" else awaited
        return lambda *arguments, **options: self.store.runner.run(call(*arguments, **options))

    def invoke(self, graph: Any, *arguments: Any, **options: Any) -> Any:
        if not self.is_awaited:
            return graph.invoke(*arguments, **options)
        return self.store.runner.run(graph.ainvoke(*arguments, **options))

    def state(self, graph: Any, config: Any, **options: Any) -> Any:
        if not self.is_awaited:
            return graph.get_state(config, **options)
        return self.store.runner.run(graph.aget_state(config, **options))

    def history(self, graph: Any, config: Any) -> list[Any]:
        if not self.is_awaited:
            return [*graph.get_state_history(config)]

        async def collected() -> list[Any]:
            return [each async for each in graph.aget_state_history(config)]

        return self.store.runner.run(collected())

    def update(self, graph: Any, config: Any, values: Any) -> Any:
        if not self.is_awaited:
            return graph.update_state(config, values)
        return self.store.runner.run(graph.aupdate_state(config, values))

    def sent(self) -> Any:
        return recorded(self.target)


@pytest.fixture
def calls(open_store):
    return Calls(open_store(agent_schema()))


def config(thread="t", namespace="", checkpoint_id=None):
    named = {"thread_id": thread, "checkpoint_ns": namespace}
    return {"configurable": named | ({"checkpoint_id": checkpoint_id} if checkpoint_id else {})}


def put(calls, before, metadata=None, **values):
    """A checkpoint whose channels are all new; its config."""
    checkpoint = empty_checkpoint()
    versions = {name: calls.saver.get_next_version(None, None) for name in values}
    checkpoint |= {"channel_values": values, "channel_versions": versions}
    return calls.put(before, checkpoint, metadata or {"source": "loop", "step": 1}, versions)


class State(TypedDict):
    messages: Annotated[list, operator.add]


def chat(saver, answer=lambda state: f"answer {len(state['messages'])}"):
    builder = StateGraph(State)
    builder.add_node("model", lambda state: {"messages": [answer(state)]})
    builder.add_edge(START, "model")
    builder.add_edge("model", END)
    return builder.compile(checkpointer=saver)


# --- the rows


def test_pending_writes_are_sorted_as_numbers_and_by_the_path_of_their_task(calls):
    place = put(calls, config())
    calls.put_writes(place, [("c", at) for at in range(12)], "task-b", "~1")
    calls.put_writes(place, [("c", "first")], "task-c", "~0")
    found = calls.get_tuple(place).pending_writes
    assert [value for _, _, value in found] == ["first", *range(12)]


def test_metadata_of_a_config_does_not_overwrite_step_and_source(calls):
    graph = chat(calls.saver)
    run = config() | {"metadata": {"step": 99, "source": "mine", "tag": "kept"}}
    calls.invoke(graph, {"messages": ["hello"]}, run)
    found = calls.state(graph, config())
    assert (found.metadata["step"], found.metadata["source"]) == (1, "loop")
    assert found.metadata["tag"] == "kept"
    assert len(calls.invoke(graph, {"messages": ["again"]}, run)["messages"]) == 4


def test_a_thread_of_more_than_400_kb_goes_on_without_a_bucket(calls):
    graph = chat(calls.saver, lambda state: f"{len(state['messages'])} " + "text " * 30_000)
    for turn in range(4):
        calls.invoke(graph, {"messages": [f"question {turn}"]}, config())
    found = calls.state(graph, config()).values["messages"]
    assert len(found) == 8
    assert sum(map(len, found)) > 550_000
    again = Calls(calls.store)  # another process
    assert again.get_tuple(config()).checkpoint["channel_values"]["messages"] == found


def test_one_value_of_more_than_400_kb_is_read_as_it_was(calls):
    document = random.Random(1).randbytes(900_000)
    place = put(calls, config(), document=document)
    calls.put_writes(place, [("document", document)], "task")
    found = Calls(calls.store).get_tuple(config())
    assert found.checkpoint["channel_values"]["document"] == document
    assert found.pending_writes == [("task", "document", document)]


def test_a_payload_that_is_missing_is_an_error_and_not_an_older_checkpoint(calls):
    first = put(calls, config(), document="old")
    put(calls, first, document="x" * 300_000)
    for each in list(calls.store.query(CheckpointValue, thread_id="t")):
        calls.store.transact(Delete(each))
    for saver in (calls, Calls(calls.store)):
        with pytest.raises(PayloadMissing, match=r"thread 't', checkpoint .*'document'"):
            saver.get_tuple(config())
        with pytest.raises(PayloadMissing):
            saver.list(config())
    assert calls.get_tuple(first).checkpoint["channel_values"] == {"document": "old"}


def test_a_write_that_is_missing_is_an_error(calls):
    place = put(calls, config())
    calls.put_writes(place, [("document", "small")], "task 1")
    calls.put_writes(place, [("document", random.Random(1).randbytes(90_000))], "task 2")
    for each in list(calls.store.query(CheckpointValue, thread_id="t")):
        calls.store.transact(Delete(each))
    with pytest.raises(PayloadMissing, match="which task task 2 wrote"):
        calls.get_tuple(place)


def test_reads_are_consistent_unless_a_call_says_otherwise(calls):
    place = put(calls, config(), document="x" * 300_000)
    calls.put_writes(place, [("c", "x" * 90_000)], "task")
    eventual = Calls(calls.store)
    eventual.saver = calls.saver.eventual()
    for saver, expected in ((calls, True), (eventual, False), (calls, True)):
        with saver.sent() as sent:
            assert saver.get_tuple(config()) is not None
            assert len(saver.list(config())) == 1
        reads = [each.request for each in sent]
        assert {each.consistent for each in reads if isinstance(each, Query)} == {expected}
        keyed = [each for each in reads if isinstance(each, BatchGetItem | GetItem)]
        assert {each.consistent for each in keyed} == {expected}


@dataclass
class Point:
    x: int
    y: int


def test_the_serializer_is_the_one_that_was_given(open_store):
    class Marked(JsonPlusSerializer):
        def dumps_typed(self, value):
            type_, data = super().dumps_typed(value)
            return f"marked {type_}", data

        def loads_typed(self, value):
            assert value[0].startswith("marked ")
            return super().loads_typed((value[0].removeprefix("marked "), value[1]))

    calls = Calls(open_store(agent_schema()), serde=Marked())
    place = put(calls, config(), a=[1, 2], b="text")
    calls.put_writes(place, [("a", 3)], "task")
    found = calls.get_tuple(config())
    assert found.checkpoint["channel_values"] == {"a": [1, 2], "b": "text"}
    assert found.pending_writes == [("task", "a", 3)]


def test_an_allowlist_reaches_the_serializer(open_store):
    strict = JsonPlusSerializer(allowed_msgpack_modules=None)
    calls = Calls(open_store(agent_schema()), serde=strict)
    place = put(calls, config(), point=Point(1, 2))
    assert calls.get_tuple(place).checkpoint["channel_values"]["point"] != Point(1, 2)
    calls.saver = calls.saver.with_allowlist([(Point.__module__, "Point")])
    assert calls.get_tuple(place).checkpoint["channel_values"]["point"] == Point(1, 2)


def test_a_serializer_that_is_replaced_is_used_at_once(calls):
    put(calls, config(), a="secret words")
    calls.saver.serde = EncryptedSerializer.from_pycryptodome_aes(key=b"0" * 16)
    place = put(calls, config("u"), a="secret words")
    assert calls.get_tuple(place).checkpoint["channel_values"] == {"a": "secret words"}
    (item,) = calls.store.query(Checkpoint, thread_id="u")
    assert b"secret words" not in item.content


def test_an_encrypted_conversation_is_read_and_its_text_is_not_stored(open_store):
    pytest.importorskip("Crypto", reason="needs the extra dynastore[test]")
    serde = EncryptedSerializer.from_pycryptodome_aes(key=b"0123456789abcdef")
    calls = Calls(open_store(agent_schema()), serde=serde)
    graph = chat(calls.saver)
    for _ in range(4):
        calls.invoke(graph, {"messages": ["secret words"]}, config())
    found = Calls(calls.store, serde=serde).get_tuple(config())
    assert found.checkpoint["channel_values"]["messages"].count("secret words") == 4
    for cls in (Checkpoint, TaskWrites):
        stored = [str(each).encode() for each in calls.store.query(cls, thread_id="t")]
        assert stored
        assert not any(b"secret words" in each for each in stored)


@pytest.mark.parametrize(
    "other", [None, EncryptedSerializer.from_pycryptodome_aes(key=b"another key of 1")]
)
def test_what_the_serializer_cannot_read_is_named(open_store, settled, other):
    serde = EncryptedSerializer.from_pycryptodome_aes(key=b"0123456789abcdef")
    calls = Calls(open_store(agent_schema()), serde=serde)
    place = put(calls, config("secret"), a="words")
    stranger = Calls(calls.store, serde=other)
    put(stranger, config("open"), a="words")
    settled()
    says = rf"thread 'secret', checkpoint {place['configurable']['checkpoint_id']}: .*msgpack\+aes.*serde="
    for read in (
        lambda: stranger.get_tuple(config("secret")),
        lambda: stranger.list(config("secret")),
        lambda: stranger.list(config("secret"), filter={"source": "loop"}),
        lambda: stranger.list(None),
    ):
        with pytest.raises(DataError, match=says):
            read()
    with pytest.raises(DataError, match=r"msgpack\+aes.*serde="):
        stranger.prune(["secret"])
    assert len(stranger.list(config("open"))) == 1


def test_a_write_or_a_value_that_the_serializer_cannot_read_is_named(calls):
    place = put(calls, config(), plain="words")
    calls.saver.serde = EncryptedSerializer.from_pycryptodome_aes(key=b"0123456789abcdef")
    calls.put_writes(place, [("log", "secret")], "task 7")
    calls.saver.serde = JsonPlusSerializer()
    with pytest.raises(DataError, match=r"thread 't', .* channel 'log', which task task 7 wrote"):
        calls.get_tuple(place)


def test_a_conversation_is_written_once_and_not_again_at_every_step(calls):
    graph = chat(calls.saver, lambda state: f"{len(state['messages'])} " + "text " * 400)
    for turn in range(20):
        calls.invoke(graph, {"messages": [f"question {turn}" + " word" * 400]}, config())
    messages = calls.state(graph, config()).values["messages"]
    new = sum(map(len, messages))
    stored = sum(len(each.content) for each in calls.store.query(Checkpoint, thread_id="t"))
    assert stored < 4 * new  # written whole at every step it is 30 times


def test_the_writes_of_a_task_are_one_request(calls):
    place = put(calls, config())
    with calls.sent() as sent:
        calls.put_writes(place, [("a", 1), ("b", 2), ("c", "x" * 1_000)], "task")
    assert len(sent) == 1


def test_a_task_may_add_more_than_an_item_holds(calls):
    place = put(calls, config())
    writes = [("a", random.Random(at).randbytes(30_000)) for at in range(18)]
    calls.put_writes(place, writes[:9], "task")
    calls.put_writes(place, writes, "task")
    found = calls.get_tuple(place).pending_writes
    assert [(channel, value) for _, channel, value in found] == writes


def test_a_task_may_add_to_what_it_wrote_any_number_of_times(calls):
    place = put(calls, config())
    writes = [("a", random.Random(at).randbytes(30_000)) for at in range(30)]
    for count in range(1, 31):
        special = ("__error__", f"failed {count} times")
        calls.put_writes(place, [*writes[:count], special], "task")
    calls.put_writes(place, [("a", "too late")] * 30, "task")
    found = [(channel, value) for _, channel, value in calls.get_tuple(place).pending_writes]
    assert found == [("__error__", "failed 30 times"), *writes]
    assert not [each for each in calls.check("t").findings if not isinstance(each, Litter)]


def test_two_processes_may_add_to_what_a_task_wrote(calls):
    place = put(calls, config())
    writes = [("a", random.Random(at).randbytes(30_000)) for at in range(24)]
    other = Calls(calls.store)
    for count in range(2, 25, 2):
        calls.put_writes(place, writes[: count - 1], "task")
        other.put_writes(place, writes[:count], "task")
    found = [(channel, value) for _, channel, value in other.get_tuple(place).pending_writes]
    assert found == writes


def test_thousands_of_small_writes_of_a_task_are_a_few_requests(calls):
    place = put(calls, config())
    writes = [("a", f"{at} " + random.Random(at).randbytes(100).hex()) for at in range(4_000)]
    with calls.sent() as sent:
        calls.put_writes(place, writes, "task")
    assert len(sent) <= 8
    found = [(channel, value) for _, channel, value in calls.get_tuple(place).pending_writes]
    assert found == writes


def test_more_writes_than_an_item_has_room_to_name_are_refused(calls):
    place = put(calls, config())
    with calls.sent() as sent, pytest.raises(RequestError, match=r"task 'task' .* 8,001 .* 8,000"):
        calls.put_writes(place, [("a", 1)] * 8_001, "task")
    assert sent == []


def test_a_filter_and_before_are_key_conditions_and_filters_at_the_server(calls):
    before = config()
    for step in range(150):
        before = put(calls, before, {"source": "loop", "step": step}, c=step)
    with calls.sent() as sent:
        assert calls.list(config(), filter={"source": "input"}) == []
    assert len(sent) <= 4
    ids = [each.checkpoint["id"] for each in calls.list(config())]
    with calls.sent() as sent:
        found = calls.list(config(), before=config(checkpoint_id=ids[140]), limit=3)
    assert [each.checkpoint["id"] for each in found] == ids[141:144]
    assert len(sent) <= 3


def test_deleting_a_thread_deletes_its_partition_and_nothing_else(calls):
    for thread in ("t", "t2"):
        before = config(thread)
        for step in range(40):
            before = put(calls, before, {"step": step}, c=step, d="x" * 300_000 if step == 3 else 0)
            calls.put_writes(before, [("c", 1)], "task")
    with calls.sent() as sent:
        calls.delete_thread("t")
    assert len(sent) <= 20
    for cls in (Checkpoint, TaskWrites, CheckpointValue):
        assert list(calls.store.query(cls, thread_id="t")) == []
        assert list(calls.store.query(cls, thread_id="t2"))
    assert calls.store.get(Thread, thread_id="t") is None
    assert len(calls.list(config("t2"))) == 40


def test_what_could_not_be_deleted_is_reported(calls, monkeypatch):
    put(calls, config(), c=1)

    def refused(*_: Any) -> Any:
        raise Unavailable("Gone", "no answer")
        yield

    monkeypatch.setattr("dynastore.operations.writing.batches._delete", refused)
    with pytest.raises((PartialFailure, Unavailable)):
        calls.delete_thread("t")
    monkeypatch.undo()
    assert calls.get_tuple(config()) is not None
    calls.delete_thread("t")
    assert calls.get_tuple(config()) is None


def test_awaited_calls_use_no_threads_where_the_engine_needs_none(calls, engine):
    if not calls.is_awaited or engine.startswith("sqlite"):
        pytest.skip("SQLite blocks, so it has one thread; blocking calls need none")
    put(calls, config(), c=1)
    before = threading.active_count()
    for _ in range(5):
        put(calls, config(), c=1)
        calls.get_tuple(config())
        calls.list(config())
    assert threading.active_count() <= before


def test_making_a_saver_sends_nothing(open_store):
    store = open_store(agent_schema())
    target = store.target if isinstance(store, Awaited) else store
    with recorded(target) as sent:
        DynastoreSaver(target).with_allowlist([("a", "b")])
        DynastoreSaver(target, ttl=dt.timedelta(days=1)).eventual()
    assert sent == []


@pytest.mark.parametrize("wrong", [{"ttl": 3}, {"ttl": dt.timedelta(0)}, {"store": 7}])
def test_wrong_arguments_are_refused(wrong):
    with pytest.raises(RequestError):
        DynastoreSaver(**({"store": "sqlite://"} | wrong))


# --- also


def test_all_threads_are_listed(calls, settled):
    for thread in ("t", "u"):
        put(calls, put(calls, config(thread)))
    settled()
    found = [each.config["configurable"]["thread_id"] for each in calls.list(None)]
    assert sorted(found) == ["t", "t", "u", "u"]
    assert len(calls.list(None, limit=3)) == 3


def test_a_thread_that_is_only_a_graph_inside_another_is_listed_too(calls, settled):
    memory = InMemorySaver()
    inner = config("inner only", "inner:1")
    inner["configurable"] |= {"user_id": "ann"}
    for saver in (calls, _Memory(memory)):
        put(saver, put(saver, inner), {"source": "loop", "step": 2, "user_id": "ann"})
        put(saver, config("both", "inner:1"))
        put(saver, config("both"))
    settled()
    found, wanted = calls.list(None), [*memory.list(None)]
    assert sorted(_place(each) for each in found) == sorted(_place(each) for each in wanted)
    assert [each.thread_id for each in calls.threads(user_id="ann").entities] == ["inner only"]


class _Memory:
    def __init__(self, saver):
        self.saver, self.put = saver, saver.put


def _place(found):
    """Thread and namespace of a checkpoint, and its step; ids are random."""
    named = found.config["configurable"]
    return named["thread_id"], named["checkpoint_ns"], found.metadata["step"]


def test_a_graph_inside_another_writes_no_header_where_there_is_one(calls):
    put(calls, config())
    with calls.sent() as sent:
        put(calls, put(calls, config(namespace="inner:1")))
    assert [type(each.request) for each in sent] == [PutItem, PutItem]


def test_a_limit_of_0_gives_nothing_and_sends_nothing(calls):
    put(calls, config())
    with calls.sent() as sent:
        assert calls.list(config(), limit=0) == []
        assert calls.list(None, limit=0) == []
    assert sent == []


def test_graphs_in_graphs_have_their_own_namespaces(calls):
    inner = StateGraph(State)
    inner.add_node("ask", lambda _: {"messages": [interrupt("name?")]})
    inner.add_edge(START, "ask")
    outer = StateGraph(State)
    outer.add_node("inner", inner.compile())
    outer.add_edge(START, "inner")
    graph = outer.compile(checkpointer=calls.saver)
    calls.invoke(graph, {"messages": ["hello"]}, config())
    paused = calls.state(graph, config(), subgraphs=True)
    assert paused.tasks[0].state.config["configurable"]["checkpoint_ns"].startswith("inner:")
    found = calls.invoke(graph, Command(resume="Ann"), config())
    assert found["messages"][-1] == "Ann"


def test_a_fork_from_an_old_checkpoint_leaves_the_other_line_as_it_was(calls):
    graph = chat(calls.saver)
    for turn in range(3):
        calls.invoke(graph, {"messages": [f"question {turn}"]}, config())
    before = calls.history(graph, config())
    old = next(each for each in before if len(each.values["messages"]) == 2)
    forked = calls.update(graph, old.config, {"messages": ["edited"]})
    assert calls.state(graph, forked).values["messages"][-1] == "edited"
    assert len(calls.state(graph, forked).values["messages"]) == 3
    for each in before:
        assert calls.state(graph, each.config).values == each.values


def test_time_travel_runs_again_from_where_it_was(calls):
    graph = chat(calls.saver)
    calls.invoke(graph, {"messages": ["one"]}, config())
    calls.invoke(graph, {"messages": ["two"]}, config())
    old = next(each for each in calls.history(graph, config()) if each.next == ("model",))
    found = calls.invoke(graph, None, old.config)
    assert found["messages"] == ["one", "answer 1", "two", "answer 3"]


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_an_interrupt_is_resumed_with_any_durability(open_store, calls, durability):
    builder = StateGraph(State)
    builder.add_node("ask", lambda _: {"messages": [interrupt("name?")]})
    builder.add_node("greet", lambda state: {"messages": [f"hello {state['messages'][-1]}"]})
    builder.add_edge(START, "ask")
    builder.add_edge("ask", "greet")
    graph = builder.compile(checkpointer=calls.saver)
    calls.invoke(graph, {"messages": ["hi"]}, config(), durability=durability)
    again = Calls(calls.store)  # another process goes on
    graph = builder.compile(checkpointer=again.saver)
    assert again.state(graph, config()).next == ("ask",)
    found = again.invoke(graph, Command(resume="Ann"), config(), durability=durability)
    assert found["messages"] == ["hi", "Ann", "hello Ann"]
    assert calls.state(graph, config()).values == found


@pytest.mark.parametrize("durability", ["sync", "async", "exit"])
def test_a_delta_channel_is_rebuilt_as_in_memory_and_after_prune(calls, durability):
    class Lasting(TypedDict):
        messages: Annotated[list, DeltaChannel(_extended, snapshot_frequency=4)]

    def run(saver: Any, invoke: Callable[..., Any]) -> Any:
        builder = StateGraph(Lasting)
        builder.add_node("model", lambda state: {"messages": [f"a{len(state['messages'])}"]})
        builder.add_edge(START, "model")
        graph = builder.compile(checkpointer=saver)
        for turn in range(7):
            invoke(graph, {"messages": [f"q{turn}"]}, config(), durability=durability)
        return graph

    graph = run(calls.saver, calls.invoke)
    model = InMemorySaver()
    expected = run(model, lambda graph, *a, **k: graph.invoke(*a, **k)).get_state(config())
    assert calls.state(graph, config()).values == expected.values
    assert len(expected.values["messages"]) == 14
    calls.prune(["t"], grace=dt.timedelta(0))
    assert len(calls.list(config())) == 1
    assert calls.state(graph, config()).values == expected.values


def _extended(state, writes):
    return [*state, *(each for write in writes for each in write)]


def test_a_fan_out_of_50_tasks_is_one_write_request_a_task(calls):
    builder = StateGraph(State)
    builder.add_node("split", lambda _: {})
    builder.add_node("work", lambda at: {"messages": [at]})
    builder.add_edge(START, "split")
    builder.add_conditional_edges("split", lambda _: [Send("work", at) for at in range(50)])
    graph = builder.compile(checkpointer=calls.saver)
    with calls.sent() as sent:
        found = calls.invoke(graph, {"messages": ["begin"]}, config())
    assert found["messages"] == ["begin", *range(50)]
    assert sum(isinstance(each.request, WRITING) for each in sent) <= 56


def test_threads_are_found_by_user_and_by_assistant(calls, settled):
    for at, user in enumerate(("ann", "bob", "ann")):
        run = config(f"t{at}")
        run["configurable"] |= {"user_id": user, "assistant_id": "support"}
        put(calls, run)
    settled()
    assert {each.thread_id for each in calls.threads(user_id="ann").entities} == {"t0", "t2"}
    assert len(calls.threads(component="support").entities) == 3


@pytest.mark.parametrize("user_id", [7, "7"])
def test_threads_of_a_user_whose_id_is_a_number_are_found_by_it_and_by_its_text(
    calls, settled, user_id
):
    run = config()
    run["configurable"] |= {"user_id": user_id, "assistant_id": user_id, "run_id": user_id}
    put(calls, run)
    settled()
    assert [each.thread_id for each in calls.threads(user_id=7)] == ["t"]
    assert [each.user_id for each in calls.threads(user_id="7").entities] == ["7"]
    assert [each.component for each in calls.threads(component=7).entities] == ["7"]
    calls.delete_for_runs([7], grace=dt.timedelta(0))
    assert calls.get_tuple(config()) is None


@pytest.mark.parametrize("user_id", [True, 7.5, ["ann"]])
def test_a_user_id_that_is_no_id_is_metadata_only(calls, user_id):
    put(calls, config(), {"source": "loop", "step": 0, "user_id": user_id})
    assert calls.get_tuple(config()).metadata["user_id"] == user_id
    (thread,) = calls.store.query(Thread, thread_id="t")
    assert thread.user_id is None
