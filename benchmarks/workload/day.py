"""A day of an agent: what it asks of its memory in one conversation after the other."""

from __future__ import annotations

import os
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path
from threading import Lock
from typing import Any, Generic, TypeAlias, TypeVar

import orjson
from attrs import evolve, frozen

from dynastore import Schema
from dynastore.agents import Checkpoint, Memory, Run, Session
from dynastore.agents.conversations.listing import entries
from dynastore.agents.conversations.loading import load
from dynastore.agents.conversations.recent import Recent
from dynastore.agents.conversations.saving import save, save_run
from dynastore.agents.kept import Kept
from dynastore.agents.memories.keeping import memories_of, save_memory
from dynastore.cli.conversations import Conversation, conversations, entities_of
from dynastore.operations.reading.reads import read_all
from dynastore.operations.writing.writes import write
from dynastore.planner import Ask
from dynastore.requests import Steps
from dynastore.writes import Put

from ..payloads import VARIABLE

T = TypeVar("T")

CHECKPOINTS = 3  # of a turn of a graph with two nodes
IDS = (
    200  # conversations that are told apart; then they are had again, so that a soak does not grow
)
MODEL = "large-2026-01"
SCOPE = "benchmark"  # that all of it is written in, so that it can be deleted as one

Operation: TypeAlias = tuple[str, Steps[Any]]
"""What it is counted under, and what carries it out."""


@frozen
class Said:
    """A conversation as what remembers it."""

    session: Session
    runs: tuple[Run, ...]
    memory: Memory

    @classmethod
    def of(cls, conversation: Conversation) -> Said:
        """That of a conversation of the file."""
        made = [*entities_of(conversation)]
        return cls(
            next(each for each in made if isinstance(each, Session)),
            tuple(each for each in made if isinstance(each, Run)),
            next(each for each in made if isinstance(each, Memory)),
        )


def said() -> list[Said]:
    """The conversations that ``DYNASTORE_CONVERSATIONS`` names, or the demo's."""
    named = os.environ.get(VARIABLE)
    return [Said.of(each) for each in conversations(Path(named) if named else None) if each.turns]


class Shared(Generic[T]):
    """What several threads or tasks take from, each thing once."""

    def __init__(self, things: Iterator[T]) -> None:
        """Nothing was taken."""
        self._things = things
        self._lock = Lock()

    def __iter__(self) -> Iterator[T]:
        while True:
            with self._lock:
                thing = next(self._things)
            yield thing


class Agent:
    """An agent in one process: what it does, and what it remembers of what it did."""

    def __init__(self, schema: Schema) -> None:
        """It has done nothing."""
        self._schema = schema
        self._recent = Recent()
        self._owners: Kept[str, str] = Kept()
        # Each of those in flight has a conversation of its own: nobody else knows its id meanwhile.
        self.conversations = Shared(zip(cycle(range(IDS)), cycle(said()), strict=False))

    def operations(self, number: int, had: Said) -> Iterator[Operation]:
        """Those of a conversation, in their order; each is carried out before the next is asked for."""
        session = evolve(_any(had.session), session_id=f"{had.session.session_id}-{number}")
        user_id = session.user_id
        yield "list sessions", entries(self._schema, {"user_id": user_id}, updated=True)
        yield "save session", save(self._schema, self._recent, session, {})
        steps = count()
        for run in had.runs:
            run_id = f"{run.run_id}-{session.session_id}"
            mine = evolve(_any(run), session_id=session.session_id, run_id=run_id)
            yield "load session", load(self._schema, self._recent, session.session_id)
            yield "read memories", memories_of(self._schema, user_id)
            yield "read checkpoint", self._newest_checkpoint(session.session_id)
            for _ in range(CHECKPOINTS):
                yield "put checkpoint", self._put_checkpoint(mine, next(steps))
            yield "save run", save_run(self._schema, self._recent, mine, dated=True)
            yield "save session", save(self._schema, self._recent, session, {run_id: MODEL})
        memory = evolve(_any(had.memory), memory_id=f"{had.memory.memory_id}-{number}")
        yield "save memory", save_memory(self._schema, self._owners, memory)

    def _newest_checkpoint(self, thread_id: str) -> Steps[Any]:
        where = {"thread_id": thread_id, "namespace": ""}
        ask = Ask(newest_first=True, consistent=True, limit=1)
        return read_all(self._schema, self._schema.plan(Checkpoint, where, (), ask))

    def _put_checkpoint(self, run: Run, step: int) -> Steps[Any]:
        content = orjson.dumps(run.messages) if step % CHECKPOINTS == 0 else b"\x00" * 200
        return write(
            self._schema,
            Put(
                Checkpoint(
                    thread_id=run.session_id,
                    checkpoint_id=f"{step:06}",
                    parent_id=f"{step - 1:06}" if step else None,
                    content=content,
                )
            ),
        )


def _any(entity: Any) -> Any:
    """An entity, whose class type checkers do not know as one of attrs'."""
    return entity
