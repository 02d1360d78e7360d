"""The agents that are measured, and what they say; no model is asked.

An agent's steps are found by the state alone, so a graph goes on after a crash and forks as one with
a model does.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import Annotated, Any, TypedDict
from uuid import UUID

from attrs import frozen
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, convert_to_messages
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Send

from ..payloads import conversations

MESSAGE_CHARACTERS = 2_048


class State(TypedDict):
    """What a chat remembers."""

    messages: Annotated[list[AnyMessage], add_messages]


class DocumentState(State):
    """What a chat about a document remembers."""

    document: bytes


@frozen
class Turn:
    """A turn of a conversation.

    Attributes:
        asked: what the user says.
        planned: what the first step adds to it: a plan, or calls of tools and what these brought.
        answered: what the second one adds.
    """

    asked: AnyMessage
    planned: Sequence[AnyMessage]
    answered: AnyMessage


def chat(turns: Sequence[Turn], remembers: type[State] = State) -> StateGraph[Any]:
    """START -> plan -> answer: the agent that says what some turns say."""

    def now(state: State) -> Turn:
        asked = sum(isinstance(each, HumanMessage) for each in state["messages"])
        return turns[asked - 1]

    builder: StateGraph[Any] = StateGraph(remembers)
    builder.add_node("plan", lambda state: {"messages": [*now(state).planned]})
    builder.add_node("answer", lambda state: {"messages": [now(state).answered]})
    builder.add_edge(START, "plan")
    builder.add_edge("plan", "answer")
    builder.add_edge("answer", END)
    return builder


def made_turns(count: int) -> list[Turn]:
    """Turns of three messages of 2 KB, cut from all that is said in the conversations."""
    text = _text(3 * count * MESSAGE_CHARACTERS)
    ids = _ids()
    cuts = (text[at : at + MESSAGE_CHARACTERS] for at in range(0, len(text), MESSAGE_CHARACTERS))
    return [
        Turn(
            HumanMessage(next(cuts), id=next(ids)),
            [AIMessage(next(cuts), id=next(ids))],
            AIMessage(next(cuts), id=next(ids)),
        )
        for _ in range(count)
    ]


def real_turns(count: int) -> list[Turn]:
    """Turns of the conversations as they are, one conversation after the other."""
    return list(islice(_real_turns(), count))


def _real_turns() -> Iterator[Turn]:
    ids = _ids()
    for messages in map(said, conversations()):
        starts = [at for at, each in enumerate(messages) if isinstance(each, HumanMessage)]
        for start, end in zip(starts, [*starts[1:], len(messages)], strict=True):
            asked, *rest = messages[start:end]
            for each in messages[start:end]:
                each.id = next(ids)
            if rest:
                yield Turn(asked, rest[:-1], rest[-1])


def said(messages: Sequence[dict[str, Any]]) -> list[AnyMessage]:
    """The messages of a conversation as LangChain has them."""
    return list(convert_to_messages(messages))


def _ids() -> Iterator[str]:
    """Ids as those of models are, but the same in each run."""
    draw = random.Random(0)
    while True:
        yield str(UUID(int=draw.getrandbits(128), version=4))


def _text(least: int) -> str:
    """All that is said in the conversations; sentences of them in random order where it is too little."""
    found = "\n".join(each["content"] for each in chain(*conversations()) if each["content"])
    if len(found) >= least:
        return found
    sentences = found.replace("\n", " ").split(". ")
    draw = random.Random(0)
    while len(found) < least:
        # A number of its own keeps a sentence from being the same twice.
        found += f"{draw.choice(sentences)} {draw.randrange(1_000_000)}. "
    return found


class FannedState(TypedDict):
    """What a graph with many tasks remembers."""

    found: Annotated[list[str], operator.add]


def fanned(tasks: int) -> StateGraph[FannedState]:
    """START -> as many tasks at once -> join."""
    builder = StateGraph(FannedState)
    builder.add_node("look", lambda number: {"found": [f"what task {number} found"]})
    builder.add_node("join", lambda _: {"found": ["all"]})
    builder.add_conditional_edges(START, lambda _: [Send("look", each) for each in range(tasks)])
    builder.add_edge("look", "join")
    builder.add_edge("join", END)
    return builder
