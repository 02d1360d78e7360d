"""langgraph-checkpoint-aws on moto: the calls and threads that `benchmarks.langgraph` measures of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from attrs import astuple
from langgraph.checkpoint.base import empty_checkpoint

from ..langgraph import LONG_TURNS, PEERS
from ..langgraph.calls import saver_costs
from ..langgraph.chat import made_turns
from ..langgraph.figures import figures
from ..langgraph.measuring import course
from ..langgraph.meters import Measured, Taken
from ..langgraph.peer import theirs
from .meter import Sent

SAVERS = dict(zip(PEERS, (theirs, partial(theirs, gzip=True)), strict=True))


def costs(size: int) -> dict[str, Sent]:
    """What each call takes among so many checkpoints of other threads."""
    found = saver_costs(partial(_among, size))
    return {f"LangGraph: {name}": _sent(taken) for name, taken in found.items()}


def threads() -> Mapping[str, Any]:
    """Figures and courses of threads, by saver, as JSON."""
    turns = made_turns(LONG_TURNS)
    found = {}
    for name, open_ in SAVERS.items():
        taken = course(open_, turns)
        found[name] = {
            "figures": [[each.of, each.unit, value] for each, value in figures(open_).items()],
            "turns": [[*astuple(each)] for each in taken.turns],
            "stored_bytes": taken.stored_bytes,
        }
    return found


@contextmanager
def _among(size: int) -> Iterator[Measured]:
    with theirs() as measured:
        for number in range(size):
            place = {"configurable": {"thread_id": f"other-{number // 10}", "checkpoint_ns": ""}}
            measured.saver.put(place, empty_checkpoint(), {"step": number}, {})
        yield measured


def _sent(taken: Taken) -> Sent:
    return Sent(taken.requests, taken.read_units + taken.write_units, taken.written_bytes)
