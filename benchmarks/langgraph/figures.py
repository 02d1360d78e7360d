"""The figures of a checkpointer, and the bars that ours has to clear."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping

from attrs import frozen

from .chat import made_turns, real_turns
from .measuring import Course, Open, course, document, fan_out, operations

TURNS = 50
DOCUMENT = random.Random(0).randbytes(2_000_000)  # nothing of it can be compressed
DOCUMENT_TURNS = 10

MADE, REAL = "2 KB messages", "conversations"


@frozen(order=True)
class Figure:
    """What is measured.

    Attributes:
        of: of which agent, or which call.
        unit: requests, units or bytes.
    """

    of: str
    unit: str


_OF_CHAT: Mapping[str, float | None] = {
    "requests a turn": 9,
    "write units a turn": 16,
    "write units a turn, with run ids": 20,
    "read units a turn": None,
    "bytes stored": 600_000,
    "growth of a turn's write units": 1.1,
}

# Bars of one thread of 50 turns; None where a figure is only shown.
BARS: Mapping[Figure, float | None] = {
    **{Figure(text, unit): bar for text in (MADE, REAL) for unit, bar in _OF_CHAT.items()},
    Figure("get_state", "requests"): 2,
    Figure("get_state", "read units"): 60,
    Figure("get_state_history(10)", "requests"): 3,
    Figure("get_state_history(10)", "read units"): None,
    Figure("list, filter matches nothing", "requests"): 4,
    Figure("list, filter matches nothing", "read units"): None,
    Figure("delete_thread of 205 checkpoints", "requests"): 20,
    Figure("fan-out of 50 tasks", "writes"): 56,
    Figure("2 MB document, set once, and 10 turns", "bytes written"): 2_500_000,
    Figure("2 MB document, in a message's input", "bytes written"): None,
}


def figures(open_: Open) -> dict[Figure, float]:
    """All figures of a checkpointer, in the order of the bars."""
    found = {**dict(_of_chats(open_)), **dict(_of_calls(open_)), **dict(_of_documents(open_))}
    return {figure: found[figure] for figure in BARS}


def is_met(figure: Figure, value: float) -> bool:
    """Whether a figure is at its bar or below."""
    bar = BARS[figure]
    return bar is None or value <= bar


def _of_chats(open_: Open) -> Iterator[tuple[Figure, float]]:
    for text, turns in {MADE: made_turns(TURNS), REAL: real_turns(TURNS)}.items():
        plain, with_runs = course(open_, turns), course(open_, turns, run_ids=True)
        for unit, value in _of_course(plain, with_runs).items():
            yield Figure(text, unit), value


def _of_course(plain: Course, with_runs: Course) -> dict[str, float]:
    mean = plain.mean()
    return {
        "requests a turn": mean.requests,
        "write units a turn": mean.write_units,
        "write units a turn, with run ids": with_runs.mean().write_units,
        "read units a turn": mean.read_units,
        "bytes stored": plain.stored_bytes,
        "growth of a turn's write units": plain.growth,
    }


def _of_calls(open_: Open) -> Iterator[tuple[Figure, float]]:
    for name, taken in operations(open_, made_turns(TURNS + 1)).items():
        yield Figure(name, "requests"), taken.requests
        yield Figure(name, "read units"), taken.read_units
    yield Figure("fan-out of 50 tasks", "writes"), fan_out(open_, 50).writes


def _of_documents(open_: Open) -> Iterator[tuple[Figure, float]]:
    turns = made_turns(DOCUMENT_TURNS)
    once, put_in = (document(open_, turns, DOCUMENT, is_input=each) for each in (False, True))
    unit = "bytes written"
    yield Figure("2 MB document, set once, and 10 turns", unit), once.written_bytes
    yield Figure("2 MB document, in a message's input", unit), put_in.written_bytes
