"""Threads that another checkpointer began, whose versions are numbers, go on."""

from __future__ import annotations

import operator
from typing import Annotated, Any, TypedDict

import pytest

pytest.importorskip("langgraph.graph", reason="needs the extra dynastore[test]")

from langgraph.graph import END, START, StateGraph

from dynastore.integrations.langgraph import DynastoreSaver


class State(TypedDict):
    log: Annotated[list[str], operator.add]


class Counting(DynastoreSaver):
    """Counts versions as LangGraph's default does."""

    def get_next_version(self, current: Any, channel: None) -> Any:
        return (current or 0) + 1


def graph(saver):
    builder = StateGraph(State)
    builder.add_node("first", lambda _: {"log": ["first"]})
    builder.add_node("second", lambda _: {"log": ["second"]})
    builder.add_edge(START, "first")
    builder.add_edge("first", "second")
    builder.add_edge("second", END)
    return builder.compile(checkpointer=saver)


@pytest.mark.parametrize("begins", [Counting, DynastoreSaver])
def test_a_thread_goes_on_with_versions_of_the_kind_that_it_has(tmp_path, begins):
    where = f"sqlite:///{tmp_path / 'agent.db'}"
    config = {"configurable": {"thread_id": "t"}}
    graph(begins(where)).invoke({"log": ["a"]}, config)
    saver = DynastoreSaver(where)
    for _ in range(2):
        found = graph(saver).invoke({"log": ["b"]}, config)
    assert found["log"] == ["a", "first", "second", *["b", "first", "second"] * 2]
    versions = saver.get_tuple(config).checkpoint["channel_versions"].values()
    assert {type(each) for each in versions} == {int if begins is Counting else str}
