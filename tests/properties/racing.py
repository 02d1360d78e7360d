"""Operations on archives that overlap: stepped by hand, a request at a time, in any order."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import strategies as st

from dynastore.agents import cold
from dynastore.requests import Now, Together, Wait
from tests.properties.test_payload_races import Running

REQUEST = dt.timedelta(milliseconds=5)

schedules = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 9)), max_size=60)


@pytest.fixture(autouse=True, scope="module", name="_small_transactions")
def small_transactions():
    """What is archived takes several, between which others come."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cold, "TOGETHER", 2)
        yield


class Racing(Running):
    """An operation of a world, while time passes for all: with each request, and where one waits."""

    def __init__(self, name, world):
        self.world = world
        super().__init__(name, world.store, iter(()), world.operations)

    def step(self, choice=0):
        self.world.clock.now += REQUEST
        match self.asked:
            case Now():
                self._take(lambda: self.steps.send(self.world.clock.now))
            case Wait(seconds):
                self.world.clock.now += dt.timedelta(seconds=seconds)
                self._take(lambda: self.steps.send(None))
            case Together(()):
                self._take(lambda: self.steps.send(()))
            case _:
                super().step(choice)


def overlap(world, names, schedule):
    """Carry out operations as a schedule says, then to their ends; the world checks each."""
    running = [Racing(name, world) for name in names]
    for who, choice in schedule:
        one = running[who % len(running)]
        if not one.done:
            one.step(choice)
    for one in running:
        while not one.done:
            one.step()
        world.check(one)


def overtake(world, first, second, after):
    """Carry out some steps of an operation, then those of another in turn with the rest of it."""
    first, second = Racing(first, world), Racing(second, world)
    for _ in range(after):
        if not first.done:
            first.step()
    while not second.done:
        second.step()
        if not first.done:
            first.step()
    while not first.done:
        first.step()
    world.check(second)
