"""Graphs of LangGraph whose threads were archived go on where they ended."""

from __future__ import annotations

import asyncio
import datetime as dt
import operator
from typing import Annotated, TypedDict

import pytest

pytest.importorskip("langgraph.graph", reason="langgraph")

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from dynastore import Store
from dynastore.agents.checkpoints.archives import archive_of
from dynastore.agents.checkpoints.archiving import archive_threads
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.testing import memory_store, recorded
from tests.cold import COLD, Moment, bucket_schema, seen

THREAD = {"configurable": {"thread_id": "t"}}


class State(TypedDict):
    said: Annotated[list[str], operator.add]


def answer(state: State) -> State:
    return {"said": [f"you said {state['said'][-1]}"]}


def ask(_: State) -> State:
    return {"said": [interrupt("sure?")]}


def inner():
    builder = StateGraph(State)
    builder.add_node("ask", ask)
    builder.add_edge(START, "ask")
    builder.add_edge("ask", END)
    return builder.compile()


def compiled(saver):
    builder = StateGraph(State)
    builder.add_node("answer", answer)
    builder.add_node("inner", inner())
    builder.add_edge(START, "answer")
    builder.add_edge("answer", "inner")
    builder.add_edge("inner", END)
    return builder.compile(checkpointer=saver)


@pytest.fixture
def clock():
    return Moment(dt.datetime.now(dt.UTC))


@pytest.fixture
def store(clock):
    with memory_store(bucket_schema(), clock=clock) as store:
        yield store


def archive(store: Store, clock: Moment) -> None:
    clock.now += COLD.older_than * 1.1
    assert store.run(archive_threads(store.schema, COLD)).archived == 1


def test_a_graph_that_asked_goes_on_with_the_answer(store, clock):
    graph = compiled(DynastoreSaver(store))
    graph.invoke({"said": ["tea"]}, THREAD)
    before = seen(store)
    archive(store, clock)
    graph = compiled(DynastoreSaver(store))
    assert graph.get_state(THREAD).next == ("inner",)
    done = graph.invoke(Command(resume="yes"), THREAD)
    # The state of the graph inside begins with that of the one around it.
    assert done["said"][-1] == "yes"
    found = seen(store)
    assert [found[place][0] for place in before] == [values for values, _ in before.values()]


def test_a_graph_that_is_awaited_goes_on(store, clock):
    async def run() -> None:
        graph = compiled(DynastoreSaver(store))
        await graph.ainvoke({"said": ["tea"]}, THREAD)
        archive(store, clock)
        graph = compiled(DynastoreSaver(store))
        assert (await graph.aget_state(THREAD)).next == ("inner",)
        assert (await graph.ainvoke(Command(resume="yes"), THREAD))["said"][-1] == "yes"

    asyncio.run(run())


def test_a_turn_of_a_process_that_remembers_the_thread_goes_on(store, clock):
    graph = compiled(DynastoreSaver(store))
    graph.invoke({"said": ["tea"]}, THREAD)
    graph.invoke(Command(resume="yes"), THREAD)
    said = graph.get_state(THREAD).values["said"]
    archive(store, clock)
    graph.invoke({"said": ["coffee"]}, THREAD)
    graph.invoke(Command(resume="no"), THREAD)
    assert graph.get_state(THREAD).values["said"][: len(said)] == said


def test_a_thread_that_was_archived_goes_on_as_cheaply_as_one_that_was_not(store, clock):
    def requests(count):
        graph = compiled(DynastoreSaver(store))
        with recorded(store) as sent:
            graph.get_state(THREAD)
        return [each.operation for each in sent][:count]

    compiled(DynastoreSaver(store)).invoke({"said": ["tea"]}, THREAD)
    before = requests(20)
    archive(store, clock)
    assert len(requests(40)) <= len(before) + 20
    clock.now += dt.timedelta(minutes=2)
    assert requests(20) == before
    assert store.run(archive_of(store.schema, "t")).state == "back"
