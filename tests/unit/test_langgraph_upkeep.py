"""What a saver does with whole threads refuses what would go wrong, before anything is sent."""

from __future__ import annotations

import datetime as dt
import operator
from typing import Annotated, TypedDict

import pytest

pytest.importorskip("langgraph.checkpoint.base", reason="needs the extra dynastore[langgraph]")

from langgraph.channels.delta import DeltaChannel
from langgraph.graph import START, StateGraph

from dynastore.errors import RequestError
from dynastore.integrations.langgraph import DynastoreSaver, DynastoreStore
from dynastore.testing import memory_store, recorded


def test_one_id_in_place_of_a_list_is_refused_and_nothing_is_deleted():
    saver = DynastoreSaver("sqlite://")
    with pytest.raises(
        RequestError, match=r"thread_ids is a list of ids, not '10'; write \['10'\]"
    ):
        saver.prune("10", strategy="delete")
    with pytest.raises(RequestError, match="run_ids is a list of ids"):
        saver.delete_for_runs("run-7")


@pytest.mark.parametrize("grace", [0, 60, dt.timedelta(-1), None])
def test_a_grace_that_cannot_be_waited_for_is_refused(grace):
    saver = DynastoreSaver("sqlite://")
    for call in (
        lambda: saver.prune(["t"], grace=grace),
        lambda: saver.delete_for_runs(["r"], grace=grace),
        lambda: saver.repair("t", grace=grace),
    ):
        with pytest.raises(RequestError, match="grace is a timedelta of zero or more"):
            call()


@pytest.mark.parametrize("frequency", [2, 3, 1000])
@pytest.mark.parametrize("keep_last", [1, 3])
def test_a_forked_thread_whose_values_are_made_of_writes_can_be_read_after_a_prune(
    frequency, keep_last
):
    saver = DynastoreSaver("sqlite://")
    channel = DeltaChannel(_joined, list, snapshot_frequency=frequency)
    fields = {"log": Annotated[list, channel], "n": Annotated[int, operator.add]}
    state = TypedDict("state", fields)
    builder = StateGraph(state)
    builder.add_node("a", lambda state: {"log": [f"a{len(state['log'])}"], "n": 1})
    builder.add_node("b", lambda state: {"log": [f"b{len(state['log'])}"], "n": 1})
    builder.add_edge(START, "a")
    builder.add_edge("a", "b")
    graph = builder.compile(checkpointer=saver)
    config = {"configurable": {"thread_id": "t"}}
    for turn in range(4):
        graph.invoke({"log": [f"u{turn}"], "n": 1}, config)
    fork = graph.update_state([*graph.get_state_history(config)][2].config, {"log": ["fork"]})
    graph.invoke(None, fork)
    graph.invoke({"log": ["last"], "n": 1}, config)
    before = [(each.values, each.next) for each in graph.get_state_history(config)]
    saver.prune(["t"], keep_last=keep_last, grace=dt.timedelta(0))
    after = [(each.values, each.next) for each in graph.get_state_history(config)]
    assert after == before[:keep_last]
    assert graph.invoke({"log": ["more"], "n": 1}, config)["n"] == before[0][0]["n"] + 3


def _joined(state, writes):
    return [*state, *(each for write in writes for each in write)]


def test_a_namespace_that_is_one_text_is_refused():
    store = DynastoreStore("sqlite://")
    with pytest.raises(RequestError, match="a namespace is a tuple"):
        store.put("users", "k", {"a": 1})
    with pytest.raises(RequestError, match="a namespace is a tuple"):
        store.search("users")


@pytest.mark.parametrize("call", ["prune", "delete_thread", "copy_thread", "check", "repair"])
def test_what_is_removed_or_copied_is_read_consistently_by_every_saver(call):
    """A read that misses what was written a moment ago would leave it, or what it refers to, behind."""
    with memory_store() as store:
        saver = DynastoreSaver(store, consistent=False)
        config = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
        checkpoint = {"id": "1", "channel_values": {"a": 1}, "channel_versions": {"a": 1}}
        saver.put(config, checkpoint, {}, {"a": 1})
        arguments = {"prune": [["t"]], "copy_thread": ["t", "u"]}
        with recorded(store) as sent:
            getattr(saver, call)(*arguments.get(call, ["t"]))
        reads = [each.request for each in sent if hasattr(each.request, "consistent")]
        assert reads
        assert all(each.consistent for each in reads)
