"""A thread that is checked or repaired while it is pruned: what goes meanwhile is not broken."""

from __future__ import annotations

import datetime as dt

import pytest

pytest.importorskip("langgraph.checkpoint.base", reason="needs the extra dynastore[langgraph]")

from langgraph.checkpoint.base import empty_checkpoint

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.agents.checkpoints import examining
from dynastore.integrations.langgraph import DynastoreSaver

NO_GRACE = dt.timedelta(0)
REQUESTS = 16  # more than a check of this thread sends


class Racing(Store):
    """A store that lets another work between two requests of an operation."""

    def run(self, steps, /):
        return super().run(self._raced(steps))

    def _raced(self, steps):
        answer, sent = None, 0
        while True:
            try:
                asked = steps.send(answer)
            except StopIteration as done:
                return done.value
            if sent == RACE["at"]:
                RACE["other"]()
            sent += 1
            answer = yield asked


RACE: dict = {"at": None, "other": None}


def turn(saver, number, config):
    messages = [f"message {each} {'x' * 600}" for each in range(number + 1)]
    checkpoint = empty_checkpoint() | {
        "channel_values": {"messages": messages},
        "channel_versions": {"messages": number + 1},
    }
    versions = checkpoint["channel_versions"]
    return saver.put(config, checkpoint, {"source": "loop", "step": number}, versions)


@pytest.fixture
def where(tmp_path):
    url = f"sqlite:///{tmp_path / 'table.db'}"
    saver = DynastoreSaver(url)
    config = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    for number in range(4):
        config = turn(saver, number, config)
    return url


@pytest.fixture(autouse=True)
def one_by_one(monkeypatch):
    """Every checkpoint is read by a request of its own, so that others come between."""
    monkeypatch.setattr(examining, "AT_ONCE", 1)


@pytest.mark.parametrize("at", range(REQUESTS))
@pytest.mark.parametrize("method", ["check", "repair"])
def test_pruning_at_any_moment_breaks_nothing(where, at, method):
    other = DynastoreSaver(where)
    racing = DynastoreSaver(Racing.connect(where, agent_schema()))
    RACE.update(at=at, other=lambda: other.prune(["t"], grace=NO_GRACE))
    found = getattr(racing, method)("t")
    assert found.is_sound
    other.prune(["t"], grace=NO_GRACE)
    newest = other.get_tuple({"configurable": {"thread_id": "t", "checkpoint_ns": ""}})
    assert newest.metadata["step"] == 3
    assert len(newest.checkpoint["channel_values"]["messages"]) == 4
