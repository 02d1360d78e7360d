"""Turns and single operations of agents, and what they take."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import Any

from attrs import frozen
from langchain_core.runnables import RunnableConfig

from .chat import DocumentState, Turn, chat, fanned
from .meters import Measured, Taken

Open = Callable[[], AbstractContextManager[Measured]]

CONFIG: RunnableConfig = {"configurable": {"thread_id": "t1"}}


@frozen
class Mean:
    """What a turn took on the average.

    Attributes:
        requests: how many.
        write_units: those of items.
        read_units: those of items.
        dollars: of a million turns.
    """

    requests: float
    write_units: float
    read_units: float
    dollars: float


@frozen
class Course:
    """What the turns of one thread took.

    Attributes:
        turns: of each turn.
        stored_bytes: after the last one.
    """

    turns: Sequence[Taken]
    stored_bytes: int

    def mean(self, first: int = 0, last: int | None = None) -> Mean:
        """What a turn took, of those from one on to before another."""
        some = self.turns[first:last]
        total = sum(some, Taken())
        figures = (total.requests, total.write_units, total.read_units, total.dollars)
        return Mean(*(each / len(some) for each in figures))

    @property
    def growth(self) -> float:
        """Write units of a turn, in times of those of a turn of the first half."""
        return self.mean().write_units / self.mean(0, len(self.turns) // 2).write_units


def course(open_: Open, turns: Sequence[Turn], run_ids: bool = False) -> Course:
    """What turns take in a new thread.

    Args:
        open_: opens a checkpointer.
        turns: what is said.
        run_ids: whether each turn's checkpoints are found by the id of its run.
    """
    with open_() as measured:
        taken = list(_taken(measured, turns, run_ids=run_ids))
        return Course(taken, measured.stored_bytes())


def _taken(measured: Measured, turns: Sequence[Turn], *, run_ids: bool = False) -> Iterator[Taken]:
    graph = chat(turns).compile(checkpointer=measured.saver)
    for number, turn in enumerate(turns):
        config: RunnableConfig = {**CONFIG}
        if run_ids:
            config["metadata"] = {"run_id": f"00000000-0000-4000-8000-{number:012}"}
        before = measured.taken
        graph.invoke({"messages": [turn.asked]}, config)
        yield measured.taken - before


def operations(open_: Open, turns: Sequence[Turn]) -> dict[str, Taken]:
    """What single calls take after all turns but one; then that one, and the thread is deleted."""
    with open_() as measured:
        graph, saver = chat(turns).compile(checkpointer=measured.saver), measured.saver
        for turn in turns[:-1]:
            graph.invoke({"messages": [turn.asked]}, CONFIG)
        reads: dict[str, Callable[[], Any]] = {
            "get_state": lambda: graph.get_state(CONFIG),
            "get_state_history(10)": lambda: list(graph.get_state_history(CONFIG, limit=10)),
            "list, filter matches nothing": lambda: list(saver.list(CONFIG, filter={"kind": "x"})),
        }
        found = {name: _of(measured, read) for name, read in reads.items()}
        graph.invoke({"messages": [turns[-1].asked]}, CONFIG)
        graph.update_state(CONFIG, {"messages": []})
        count = len(list(saver.list(CONFIG)))
        deletion = _of(measured, lambda: saver.delete_thread("t1"))
        return {**found, f"delete_thread of {count} checkpoints": deletion}


def fan_out(open_: Open, tasks: int) -> Taken:
    """What a graph takes that runs many tasks at once."""
    with open_() as measured:
        graph = fanned(tasks).compile(checkpointer=measured.saver)
        return _of(measured, lambda: graph.invoke({"found": []}, CONFIG))


def document(open_: Open, turns: Sequence[Turn], document: bytes, *, is_input: bool) -> Taken:
    """What a chat about a document takes.

    Args:
        open_: opens a checkpointer.
        turns: what is said.
        document: what it is about.
        is_input: whether it comes with the first message; else the state has it before.
    """
    with open_() as measured:
        graph = chat(turns, DocumentState).compile(checkpointer=measured.saver)
        about = {"document": document}

        def talk() -> None:
            if not is_input:
                graph.update_state(CONFIG, about)
            for number, turn in enumerate(turns):
                more = about if is_input and number == 0 else {}
                graph.invoke({"messages": [turn.asked], **more}, CONFIG)

        return _of(measured, talk)


def _of(measured: Measured, call: Callable[[], Any]) -> Taken:
    before = measured.taken
    call()
    return measured.taken - before
