"""What single calls of LangGraph take on a thread of ten turns, and on its memory store.

In tables that hold other things too: of ours any, of the peer's checkpoints of other threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.store.base import BaseStore

from dynastore import Store
from dynastore.integrations.langgraph import DynastoreStore

from ..cost.measured import Cost, cost
from .chat import chat, made_turns
from .measuring import CONFIG, Open
from .meters import Taken

TURNS = 10
DOCUMENTS = 40

SAVING: Mapping[str, Callable[[Any, BaseCheckpointSaver[Any]], Any]] = {
    "a turn": lambda graph, _: graph.invoke({"messages": [_last().asked]}, CONFIG),
    "get_state": lambda graph, _: graph.get_state(CONFIG),
    "get_state_history(10)": lambda graph, _: list(graph.get_state_history(CONFIG, limit=10)),
    "list, filter matches nothing": lambda _, saver: list(saver.list(CONFIG, filter={"kind": "x"})),
    "update_state": lambda graph, _: graph.update_state(CONFIG, {"messages": []}),
    "delete_thread": lambda _, saver: saver.delete_thread("t1"),
}

REMEMBERING: Mapping[str, Callable[[BaseStore], Any]] = {
    "put": lambda store: store.put(("users", "ann"), "new", {"text": "tea"}),
    "put, known": lambda store: store.put(("users", "ann"), "d1", {"text": "rum"}),
    "get": lambda store: store.get(("users", "ann"), "d1"),
    "search, 10": lambda store: store.search(("users", "ann"), limit=10),
    "search, filter": lambda store: store.search(("users", "ann"), filter={"n": 3}, limit=10),
    "list_namespaces of a prefix": lambda store: store.list_namespaces(prefix=("users",)),
    "delete": lambda store: store.delete(("users", "ann"), "d1"),
}


def saver_costs(open_: Open) -> dict[str, Taken]:
    """What calls of a checkpointer take, after nine turns."""
    turns = made_turns(TURNS)
    with open_() as measured:
        graph = chat(turns).compile(checkpointer=measured.saver)
        for turn in turns[:-1]:
            graph.invoke({"messages": [turn.asked]}, CONFIG)
        found = {}
        for name, call in SAVING.items():
            before = measured.taken
            call(graph, measured.saver)
            found[name] = measured.taken - before
        return found


def store_costs(store: Store) -> dict[str, Cost]:
    """What calls of our memory store take, with 40 documents in a namespace."""
    memory = DynastoreStore(store)
    for number in range(DOCUMENTS):
        memory.put(("users", "ann"), f"d{number}", {"text": "tea " * 50, "n": number % 10})
    return {
        name: cost(store, lambda _, call=call: call(memory)) for name, call in REMEMBERING.items()
    }


def as_cost(taken: Taken) -> Cost:
    """Requests and units of both kinds together."""
    return Cost(taken.requests, taken.read_units + taken.write_units)


def _last() -> Any:
    return made_turns(TURNS)[-1]
