"""How long runners wait."""

from __future__ import annotations

from dynastore.clients.base import seconds_of
from dynastore.requests import Wait


def test_a_plain_wait_is_as_long_as_it_says():
    assert seconds_of(Wait(1.5), lambda: 0.25) == 1.5


def test_a_jittered_wait_is_a_random_part_of_it():
    assert seconds_of(Wait(2.0, jittered=True), lambda: 0.25) == 0.5
    assert len({seconds_of(Wait(2.0, jittered=True)) for _ in range(5)}) > 1
    assert all(0 <= seconds_of(Wait(2.0, jittered=True)) <= 2 for _ in range(100))
