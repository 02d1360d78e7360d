"""Threads as an application leaves them in the table of DynamoDBSaver."""

from __future__ import annotations

import operator
import random
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, Send, interrupt

OLD_TABLE = "old-checkpoints"
BIG = random.Random(1).randbytes(150_000).hex()  # larger than what a checkpoint holds itself
FAN = 3  # tasks at once
SMALL = 5  # checkpoints of a thread that is quickly written
WRITES = 12  # of one task: as texts, 10 sorts before 2


class State(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    seen: Annotated[list[int], operator.add]
    document: str
    approved: bool


class Inner(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]


def make_table(client: Any, name: str = OLD_TABLE) -> None:
    client.create_table(
        TableName=name,
        KeySchema=[
            {"AttributeName": "PK", "KeyType": "HASH"},
            {"AttributeName": "SK", "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": "PK", "AttributeType": "S"},
            {"AttributeName": "SK", "AttributeType": "S"},
        ],
        BillingMode="PAY_PER_REQUEST",
    )


def graph(saver: Any) -> Any:
    """A graph with a graph inside, tasks at once, an interrupt and a large value."""
    inner = StateGraph(Inner)
    inner.add_node("look", lambda _: {"messages": [AIMessage("looked", id=_id())]})
    inner.add_edge(START, "look")

    outer = StateGraph(State)
    outer.add_node("answer", lambda _: {"messages": [AIMessage("x" * 700, id=_id())]})
    outer.add_node("inner", inner.compile(checkpointer=True))
    outer.add_node("count", lambda state: {"seen": [state["at"]]})
    outer.add_node("read", lambda _: {"document": BIG})
    outer.add_node("approve", lambda _: {"approved": interrupt("May I?")})
    outer.add_edge(START, "answer")
    outer.add_edge("answer", "inner")
    outer.add_conditional_edges(
        "inner", lambda _: [Send("count", {"at": at}) for at in range(FAN)], ["count"]
    )
    outer.add_edge("count", "read")
    outer.add_edge("read", "approve")
    outer.add_edge("approve", END)
    return outer.compile(checkpointer=saver)


_numbers = iter(range(1_000_000))


def _id() -> str:
    return f"message-{next(_numbers)}"


def config_of(thread: str, **more: Any) -> Any:
    return {"configurable": {"thread_id": thread, **more}}


def fill(saver: Any) -> list[str]:
    """Write a finished thread, one that waits for a person, one with a fork, and one by hand."""
    compiled = graph(saver)
    for thread in ("done", "waiting", "forked"):
        ask(compiled, thread, "hello")
    for thread in ("done", "forked"):
        compiled.invoke(Command(resume=True), config_of(thread))
    ask(compiled, "done", "and again")
    old = list(compiled.get_state_history(config_of("forked")))[2]
    compiled.update_state(old.config, {"document": "another"})
    by_hand(saver)
    return ["by-hand", "done", "forked", "waiting"]


def ask(compiled: Any, thread: str, text: str) -> None:
    config = config_of(thread) | {"metadata": {"user_id": "ann"}}
    compiled.invoke({"messages": [HumanMessage(text, id=_id())]}, config)


def by_hand(saver: Any) -> None:
    """A checkpoint with many writes of several tasks, and one whose parent is not there."""
    first = saver.put(
        config_of("by-hand", checkpoint_ns="", checkpoint_id="gone"),
        empty_checkpoint() | {"channel_values": {"a": {"k": 1.5}}, "channel_versions": {"a": 1}},
        {"source": "loop", "step": 0},
        {"a": 1},
    )
    for task, path in (("b-task", "~0"), ("a-task", "~1")):
        writes = [("seen", number) for number in range(WRITES)]
        saver.put_writes(first, [*writes[:3], ("__error__", "boom"), *writes[3:]], task, path)


def small(saver: Any) -> None:
    """Some checkpoints of one thread, and one of a graph inside: quickly written."""
    config = config_of("one", checkpoint_ns="")
    for step in range(SMALL):
        config = _turn(saver, config, step)
    saver.put_writes(config, [("messages", "waits"), ("document", BIG)], "task", "~0")
    _turn(saver, config_of("one", checkpoint_ns="inner"), 0)


def _turn(saver: Any, config: Any, step: int) -> Any:
    messages = [HumanMessage(f"message {at} {'x' * 600}", id=f"m{at}") for at in range(step + 1)]
    checkpoint = empty_checkpoint() | {
        "channel_values": {"messages": messages, "document": BIG},
        "channel_versions": {"messages": step + 1, "document": 1},
    }
    return saver.put(config, checkpoint, {"source": "loop", "step": step, "user_id": "ann"}, {})
