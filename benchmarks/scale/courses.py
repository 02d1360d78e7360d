"""How partitions adapt to one partition key that takes many writes, minute after minute."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from random import Random

from dynastore.agents import Memory, Span, agent_schema
from dynastore.values.attributes import AttributeMap

from .drawing import BEGAN, place_in
from .partitions import MINUTE, NEW_PARTITIONS, Call, Simulated, Touch, load
from .units import INDEXES

WRITES = 4_000  # a second, of one unit each
MINUTES = 20
CALLS = 500  # of each minute that are drawn
ONE_USER, SPANS = "memories of one user: ids", "SPANS: by time"


def courses(seed: int) -> Mapping[str, Sequence[float]]:
    """Writes a second that are carried out, by partition key."""
    draw = Random(seed)
    return {
        ONE_USER: _course(0, [_memories(draw) for _ in range(MINUTES)]),
        SPANS: _course(3, [_spans(number) for number in range(MINUTES)]),
    }


def _course(index: int, minutes: Sequence[Sequence[AttributeMap]]) -> list[float]:
    simulated = Simulated({index: NEW_PARTITIONS})
    done = []
    for items in minutes:
        places = [place_in(INDEXES[index], each) for each in items]
        calls = [Call("write", (Touch(index, each, load(1, 0)),)) for each in places]
        outcome = simulated.minute(calls, WRITES * MINUTE / CALLS)
        done.append(outcome.done["write"] / MINUTE)
    return done


def _memories(draw: Random) -> list[AttributeMap]:
    codec = agent_schema().codec(Memory)
    ids = (f"{draw.getrandbits(64):016x}" for _ in range(CALLS))
    made = (Memory(user_id="ann", memory_id=each, text="", created_at=BEGAN) for each in ids)
    return [codec.implied(each, "")[1] for each in made]


def _spans(minute: int) -> list[AttributeMap]:
    codec = agent_schema().codec(Span)
    step = dt.timedelta(minutes=1) / CALLS
    begun = (BEGAN + dt.timedelta(minutes=minute) + step * number for number in range(CALLS))
    made = (
        Span(trace_id=f"{at}", span_id=f"{at}", start_time=at, outline=[], content=b"")
        for at in begun
    )
    return [codec.implied(each, "")[1] for each in made]
