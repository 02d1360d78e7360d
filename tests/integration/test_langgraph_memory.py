"""A graph of LangGraph with DynastoreStore: what one thread learns, another knows."""

from __future__ import annotations

import asyncio
from typing import TypedDict

import pytest

pytest.importorskip("langgraph.graph", reason="langgraph")

from langgraph.graph import END, START, StateGraph
from langgraph.store.base import BaseStore

from dynastore.integrations.langgraph import DynastoreStore
from dynastore.testing import memory_store


class State(TypedDict):
    said: str
    known: list[str]


def remember(state: State, *, store: BaseStore) -> dict:
    store.put(("users", "ann"), state["said"], {"text": state["said"]})
    return {"known": [item.value["text"] for item in store.search(("users", "ann"))]}


async def aremember(state: State, *, store: BaseStore) -> dict:
    await store.aput(("users", "ann"), state["said"], {"text": state["said"]})
    return {"known": [item.value["text"] for item in await store.asearch(("users", "ann"))]}


def compiled(node, memory):
    builder = StateGraph(State)
    builder.add_node("remember", node)
    builder.add_edge(START, "remember")
    builder.add_edge("remember", END)
    return builder.compile(store=memory)


def test_nodes_remember_across_calls_blocking_and_awaited():
    with memory_store() as store:
        memory = DynastoreStore(store)
        graph = compiled(remember, memory)
        assert graph.invoke({"said": "green tea"})["known"] == ["green tea"]
        assert graph.invoke({"said": "rum"})["known"] == ["green tea", "rum"]
        answer = asyncio.run(compiled(aremember, memory).ainvoke({"said": "a cat"}))
        assert answer["known"] == ["a cat", "green tea", "rum"]
