"""A follower that is killed again and again misses nothing, and keeps the order of each key."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import closing
from itertools import groupby
from pathlib import Path

import pytest

from dynastore import Store

from .follower_program import LEASE_SECONDS, SCHEMA, Counter

PROGRAM = Path(__file__).with_name("follower_program.py")
KEYS = 5
VALUES = 60  # of each key
KILLS = 6


def lines(path: Path) -> list[list[str]]:
    """What was appended, without a last line that was cut short by the kill."""
    return [line.split() for line in path.read_text().split("\n")[:-1]] if path.exists() else []


def wait_for(path: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while len(lines(path)) < count:
        assert time.monotonic() < deadline, f"{len(lines(path))} of {count} lines"
        time.sleep(0.002)


def test_a_follower_that_is_killed_misses_nothing_and_keeps_the_order(tmp_path):
    url, sink = f"sqlite:///{tmp_path / 'table.db'}", tmp_path / "sink"
    store = Store.connect(url, SCHEMA)
    assert list(store.changes(name="sink", follow=False)) == []
    values = iter(range(VALUES))

    def write(rounds: int) -> None:
        for value in [next(values) for _ in range(rounds)]:
            for name in range(KEYS):
                store.put(Counter(name=str(name), value=value))

    write(10)
    for kill in range(KILLS):
        with subprocess.Popen([sys.executable, PROGRAM, url, sink]) as follower:
            count = len(lines(sink))
            write(8)
            wait_for(sink, count + 3 + 5 * kill)  # of the 40 that were written
            follower.kill()
    write(2)
    time.sleep(LEASE_SECONDS)
    with closing(store), sink.open("a") as file:
        for change in store.changes(Counter, name="sink", follow=False):
            file.write(f"0 {change.new.name} {change.new.value}\n")

    seen = lines(sink)
    assert len({pid for pid, _, _ in seen}) == KILLS + 1, "each of them took part"
    assert len(seen) > KEYS * VALUES, "no kill came between taking and saving: prove it with more"
    for name in map(str, range(KEYS)):
        mine = [(pid, int(value)) for pid, each, value in seen if each == name]
        check_key(mine)


def check_key(mine: list[tuple[str, int]]) -> None:
    """All values; none before all those below it; in order in each run; the last one last."""
    highest = -1
    for _, value in mine:
        assert value <= highest + 1, "a write was passed over"
        highest = max(highest, value)
    assert highest == VALUES - 1
    assert mine[-1][1] == VALUES - 1
    for _, run in groupby(mine, key=lambda each: each[0]):
        values = [value for _, value in run]
        assert values == list(range(values[0], values[-1] + 1))


def test_the_check_finds_what_is_missing_and_what_is_out_of_order():
    right = [("1", value) for value in range(VALUES)]
    check_key(right)
    check_key(right[:10] + [("2", value) for value in range(5, VALUES)])
    for wrong in (right[:10] + right[11:], right[:-1], [*right, ("1", 3)]):
        with pytest.raises(AssertionError):
            check_key(wrong)
