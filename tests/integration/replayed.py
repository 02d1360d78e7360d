"""An agent that says what real conversations say, and a checkpointer that compares two others.

The agent finds each step by the state alone, so it goes on after a crash, and forks, as one with a
model does. It notes the steps that were applied: one that is applied twice, or never, is seen.
"""

from __future__ import annotations

import operator
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import chain, islice
from typing import Annotated, Any, TypedDict

from attrs import frozen
from langchain_core.messages import (
    AIMessage,
    AnyMessage,
    HumanMessage,
    ToolMessage,
    convert_to_messages,
)
from langgraph.checkpoint.base import WRITES_IDX_MAP, BaseCheckpointSaver, CheckpointTuple
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, StateSnapshot, interrupt

from benchmarks.payloads import conversations
from dynastore import Store
from dynastore.agents.checkpoints.contents import Value
from dynastore.agents.checkpoints.entities import CheckpointValue, TaskWrites
from dynastore.agents.checkpoints.pending import Elsewhere, TaskWrite, write_of
from dynastore.clients.sqlite import Answer, SqliteClient
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.requests import Request

APPROVED = 7  # in each turn of which the number is a multiple of it, somebody has to agree


class State(TypedDict):
    """What the agent remembers."""

    messages: Annotated[list[AnyMessage], add_messages]
    steps: Annotated[list[str], operator.add]
    counts: dict[str, int]
    turn: int


@frozen
class Turn:
    """A turn: what the user says, and all that the agent and its tools say then."""

    asked: AnyMessage
    rest: Sequence[AnyMessage]

    @property
    def ids(self) -> list[str]:
        """Of the messages of the agent and the tools, in order."""
        return [each.id or "" for each in self.rest]


def script(count: int) -> list[Turn]:
    """The first turns of the conversations, one conversation after the other.

    Where they are too few, they are said again.
    """
    said = list(chain.from_iterable(map(_turns, conversations())))
    repeated = islice(chain.from_iterable([said] * (count // len(said) + 1)), count)
    return [_numbered(number, turn) for number, turn in enumerate(repeated)]


def _turns(messages: Sequence[dict[str, Any]]) -> Iterator[Turn]:
    found = convert_to_messages(messages)
    starts = [at for at, each in enumerate(found) if isinstance(each, HumanMessage)]
    for start, end in zip(starts, [*starts[1:], len(found)], strict=True):
        rest = found[start + 1 : end]
        if rest and isinstance(rest[-1], AIMessage):
            yield Turn(found[start], rest)


def _numbered(number: int, turn: Turn) -> Turn:
    """A turn whose messages say by their ids which they are."""
    asked, *rest = (
        each.model_copy(update={"id": f"{number}.{at}"})
        for at, each in enumerate([turn.asked, *turn.rest])
    )
    return Turn(asked, rest)


def agent(turns: Sequence[Turn]) -> StateGraph[Any]:
    """START -> agent <-> tools; some turns ask for approval first, in a graph of their own."""

    def said(state: State) -> AnyMessage:
        messages = state["messages"]
        last = max(at for at, each in enumerate(messages) if isinstance(each, HumanMessage))
        rest = turns[state["turn"]].rest
        return rest[min(len(messages) - last, len(rest)) - 1]

    def answer(state: State) -> dict[str, Any]:
        message = said(state)
        counts = {**state.get("counts", {}), message.type: len(state["messages"])}
        return {"messages": [message], "steps": [message.id], "counts": counts}

    def asks(state: State) -> str:
        return "tools" if getattr(state["messages"][-1], "tool_calls", None) else END

    def begins(state: State) -> str:
        return "approve" if state["turn"] % APPROVED == APPROVED - 1 else "agent"

    builder: StateGraph[Any] = StateGraph(State)
    builder.add_node("agent", answer)
    builder.add_node("tools", answer)
    builder.add_node("approve", _approval().compile())
    builder.add_conditional_edges(START, begins, ["approve", "agent"])
    builder.add_edge("approve", "agent")
    builder.add_conditional_edges("agent", asks, ["tools", END])
    builder.add_conditional_edges("tools", lambda state: _next(state, turns), ["tools", "agent"])
    return builder


def _next(state: State, turns: Sequence[Turn]) -> str:
    """What follows a tool: a step with several calls has a message for each."""
    last = state["messages"][-1].id or ""
    ids = turns[state["turn"]].ids
    following = turns[state["turn"]].rest[ids.index(last) + 1 :] if last in ids else []
    return "tools" if following and isinstance(following[0], ToolMessage) else "agent"


class Approval(TypedDict):
    """What the graph of an approval remembers."""

    counts: dict[str, int]


def _approval() -> StateGraph[Any]:
    builder: StateGraph[Any] = StateGraph(Approval)
    builder.add_node("ask", lambda state: {"counts": {"approved": interrupt("May I?")}})
    builder.add_edge(START, "ask")
    return builder


def asked(turns: Sequence[Turn], number: int) -> dict[str, Any]:
    """The input of a turn."""
    return {"messages": [turns[number].asked], "turn": number, "steps": [turns[number].asked.id]}


def following(turns: Sequence[Turn], number: int, state: StateSnapshot) -> Any:
    """What the agent is to be given, so that a turn ends: None where it just goes on."""
    if state.interrupts:
        return Command(resume=number)
    if state.tasks or is_done(turns, number, state):
        return None
    return asked(turns, number)


def is_done(turns: Sequence[Turn], number: int, state: StateSnapshot) -> bool:
    """Whether a turn has ended, and no other one is under way."""
    return not state.tasks and turns[number].ids[-1] in state.values.get("steps", ())


class Fault(Exception):
    """What a broken connection raises."""


class BreakingClient(SqliteClient):
    """SQLite whose connection breaks once, when it is told to.

    Attributes:
        left: how many requests are answered until it breaks; None if it does not.
        is_after: whether that request is carried out, though the answer is lost.
    """

    left: int | None = None
    is_after = False

    def answer(self, request: Request[Any]) -> Answer:
        """The response, unless it breaks."""
        breaks = self.left == 0
        self.left = None if breaks or self.left is None else self.left - 1
        if breaks and not self.is_after:
            raise Fault
        answer = super().answer(request)
        if breaks:
            raise Fault
        return answer


class Both(BaseCheckpointSaver[str]):
    """A checkpointer that writes to two others, and whose reads are the same in both.

    Attributes:
        tested: ours.
        model: LangGraph's own, in memory.
        store: where ours writes.
    """

    def __init__(self, store: Store, model: InMemorySaver) -> None:
        super().__init__()
        self.tested = DynastoreSaver(store)
        self.model = model
        self.store = store
        self._open: list[tuple[Callable[[], bool], Callable[[], Any]]] = []

    def get_next_version(self, current: Any, channel: None) -> str:
        return self.tested.get_next_version(current, channel)

    def get_tuple(self, config: Any) -> CheckpointTuple | None:
        return agreed(self.tested.get_tuple(config), self.model.get_tuple(config))

    async def aget_tuple(self, config: Any) -> CheckpointTuple | None:
        return agreed(await self.tested.aget_tuple(config), self.model.get_tuple(config))

    def list(self, config: Any, **options: Any) -> Iterator[CheckpointTuple]:
        ours, model = self.tested.list(config, **options), self.model.list(config, **options)
        for one, other in zip(ours, model, strict=True):
            agreed(one, other)
            yield one

    async def alist(self, config: Any, **options: Any) -> AsyncIterator[CheckpointTuple]:
        ours = [each async for each in self.tested.alist(config, **options)]
        for one, other in zip(ours, self.model.list(config, **options), strict=True):
            agreed(one, other)
            yield one

    def put(self, *given: Any) -> Any:
        with self._both(partial(self._has, *given), partial(self.model.put, *given)):
            return self.tested.put(*given)

    async def aput(self, *given: Any) -> Any:
        with self._both(partial(self._has, *given), partial(self.model.put, *given)):
            return await self.tested.aput(*given)

    def put_writes(self, *given: Any) -> None:
        with self._both(partial(self._wrote, *given), partial(self.model.put_writes, *given)):
            self.tested.put_writes(*given)

    async def aput_writes(self, *given: Any) -> None:
        with self._both(partial(self._wrote, *given), partial(self.model.put_writes, *given)):
            await self.tested.aput_writes(*given)

    def settle(self) -> None:
        """After a fault: the model is told of what was carried out, though no answer came."""
        for is_there, told in self._open:
            if is_there():
                told()
        self._open.clear()

    @contextmanager
    def _both(self, is_there: Callable[[], bool], told: Callable[[], Any]) -> Iterator[None]:
        try:
            yield
        except BaseException:  # one that is cancelled may have been carried out too
            self._open.append((is_there, told))
            raise
        told()

    def _has(self, config: Any, checkpoint: Any, *_: Any) -> bool:
        place = {**config["configurable"], "checkpoint_id": checkpoint["id"]}
        return self.tested.get_tuple({"configurable": place}) is not None

    def _wrote(self, config: Any, writes: Any, task_id: str, *_: Any) -> bool:
        place = {
            "thread_id": config["configurable"]["thread_id"],
            "namespace": config["configurable"]["checkpoint_ns"],
            "checkpoint_id": config["configurable"]["checkpoint_id"],
        }
        found = self.store.get(TaskWrites, **place, task_id=task_id)
        stored = {} if found is None else found.writes
        made = {WRITES_IDX_MAP.get(each[0], at): each for at, each in enumerate(writes)}
        return all(
            self._stored(place, stored.get(str(at)))
            == TaskWrite(name, Value(*self.serde.dumps_typed(value)))
            for at, (name, value) in made.items()
        )

    def _stored(self, place: dict[str, str], form: bytes | None) -> TaskWrite | Elsewhere | None:
        """A write of a task, which may be stored by itself."""
        found = None if form is None else write_of(form)
        if not isinstance(found, Elsewhere):
            return found
        value = self.store.get(CheckpointValue, **place, name=found.name)
        return None if value is None else write_of(value.content)


def agreed(one: CheckpointTuple | None, other: CheckpointTuple | None) -> CheckpointTuple | None:
    """Two readings of one checkpoint, which must be the same."""
    if one is None or other is None:
        assert one is other
        return one
    ids = [each.config["configurable"]["checkpoint_id"] for each in (one, other)]
    assert ids[0] == ids[1]
    assert one.checkpoint == other.checkpoint
    assert one.metadata == other.metadata
    assert one.parent_config == other.parent_config
    assert one.pending_writes == other.pending_writes
    return one
