"""Histories: writers that race, requests whose answers are lost, and writers that die.

An operation is a generator of requests, so any interleaving of several can be played, on any
engine, request by request: each is sent, or lost before, or carried out and its answer lost, or
carried out twice as after a retry; of a batch a part may be left unprocessed. Every moment is
compared with the `Model`, in which each write happens at once, at the moment when the engine
carried it out.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from .history import History
from .history_draws import calls

LIVE = 4  # writers at a time

FATES = ["ok"] * 9 + ["left", "left", "lost before", "lost after", "twice", "dies"]
PAUSES = [0] * 9 + [10]  # seconds that pass


def play(history: History, data: st.DataObject, steps: int, fates: Sequence[str] = FATES) -> None:
    """Play a drawn history, and compare every moment with the model."""
    checked = 0
    for _ in range(data.draw(st.integers(1, steps), "steps")):
        history.pause(data.draw(st.sampled_from(PAUSES), "pause"))
        begins = not history.live or (len(history.live) < LIVE and data.draw(st.booleans()))
        if begins:
            history.begin(data.draw(calls(history), "call"))
        else:
            history.step(
                data.draw(st.integers(0, LIVE - 1)), data.draw(st.sampled_from(fates), "fate")
            )
            if history.sent > checked:  # a read changes nothing
                history.check()
                checked = history.sent
    while history.live:
        history.step(0, "ok")
    history.check()
