"""A scope moves while eight writers go on, and the mover is killed five times: nothing is lost, or twice."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
import time
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from hypothesis import settings

from dynastore import Store, increment, ref

from .move_program import PRIVATE, SCHEMA, Counter, Note, Slug, placement

pytestmark = [pytest.mark.scans, pytest.mark.hypothesis]

PROGRAM = Path(__file__).with_name("move_program.py")
FUZZED = settings.default.max_examples > 1_000  # make fuzz
ITEMS = 10_000 if FUZZED else 400
RATE = 6_000 if FUZZED else 2_000  # units: some seconds of copying, to be killed in
WRITERS = 8
PAUSE = (
    0.01 if FUZZED else 0.1
)  # seconds between a writer's writes; other tests run beside the small one
KILLED_WITHIN = 0.2  # seconds from the begin of the stage
KILLED_IN = ("copying", "following", "sealed", "leaving", "cleaning")


class Writer(threading.Thread):
    """Writes to notes and a slug of its own, and counts with all others.

    Attributes:
        notes: name -> what was acknowledged.
        counted: how many increments were.
        longest: the longest that a write took, in seconds.
        error: what ended it.
    """

    def __init__(self, store, number, stop):
        super().__init__()
        self.store, self.number, self.stop = store.scope("qa"), number, stop
        self.notes = {}
        self.counted, self.longest, self.slug, self.error = 0, 0.0, "", None
        self.random = random.Random(number)

    def run(self):
        try:
            for at in count():
                if self.stop.is_set():
                    return
                begun = time.monotonic()
                self.write(at)
                self.longest = max(self.longest, time.monotonic() - begun)
                time.sleep(PAUSE)
        except Exception as error:  # noqa: BLE001 - whatever it is, the test tells it
            self.error = error

    def write(self, at):
        name = f"w{self.number}-{self.random.randrange(30)}"
        draw = self.random.random()
        if draw < 0.2:
            self.store.update(ref(Counter, name="all"), count=increment(1))
            self.counted += 1
        elif draw < 0.4:
            self.store.delete(ref(Note, name=name))
            self.notes.pop(name, None)
        elif draw < 0.5:
            text = f"{self.number} {at}"
            self.store.put(Slug(name=f"s{self.number}", text=text))
            self.slug = text
        else:
            data = self.random.randbytes(self.random.choice((0, 0, 0, 500)))
            note = Note(name=name, text=str(at), tags={"a", str(at)}, data=data)
            self.notes[name] = self.store.put(note)
            assert self.store.consistent().get(Note, name=name) == self.notes[name]


def killed_in(command, stage, draw):
    """Begin the move, and kill it some time after it came to a stage; what it said."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as mover:
        said = []
        for line in mover.stdout:
            said.append(line.strip())
            if line.strip() == stage:
                time.sleep(draw.random() * KILLED_WITHIN)
                mover.kill()
        return said


def move(seed, *words):
    """Kill the mover in each stage, then let it come to its end."""
    draw = random.Random(seed)
    command = [sys.executable, str(PROGRAM), *words]
    for stage in KILLED_IN:
        assert stage in killed_in(command, stage, draw)
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "stage='done'" in done.stdout
    return done.stdout


def check(there, old, writers, first):
    """The scope is in one table, as it was acknowledged to its writers."""
    with closing(there), closing(old):
        scope = there.scope("qa")
        notes = {each.name: each for each in first}
        for writer in writers:
            notes |= writer.notes
        assert {each.name: each for each in scope.scan(Note)} == notes
        counted = sum(each.counted for each in writers)
        assert scope.get(Counter, name="all").count == counted
        for writer in writers:
            found = scope.get_unique(Slug, text=writer.slug)
            assert found == Slug(name=f"s{writer.number}", text=writer.slug)
        assert [*there.verify()] == []
        for cls in (Note, Counter, Slug):
            assert [*old.scope("qa").scan(cls)] == []
        sizes = old.scope_figures().by_scope
        assert sizes["qa",].items == 1  # its entry
        assert old.get(Note, name="outside") == Note(name="outside")
        assert old.delete_scope("qa", dry_run=True).objects == 0
    return len(notes), counted


@pytest.mark.parametrize("elsewhere", [False, True], ids=["one place", "another place"])
def test_a_scope_moves_under_load_and_its_mover_is_killed_five_times(tmp_path, elsewhere):
    url = f"sqlite:///{tmp_path / 'table.db'}"
    us = f"sqlite:///{tmp_path / 'us.db'}" if elsewhere else None
    with closing(Store.connect(placement(url, us), SCHEMA)) as store:
        store.put(Note(name="outside"))
        qa = store.scope("qa")
        first = [Note(name=f"n{each}", text="first") for each in range(ITEMS)]
        qa.put_many(first)
        qa.put(Counter(name="all"))
        stop = threading.Event()
        writers = [Writer(store, number, stop) for number in range(WRITERS)]
        for each in writers:
            each.start()
        try:
            to = (f"us:{PRIVATE}", str(RATE), us) if us else (PRIVATE, str(RATE))
            told = move(1, url, "qa", *to)
            time.sleep(0.5)
        finally:
            stop.set()
            for each in writers:
                each.join()
    assert [each.error for each in writers if each.error] == []
    there = Store.connect(us or url, SCHEMA.named(PRIVATE))
    items, counted = check(there, Store.connect(url, SCHEMA), writers, first)
    longest = max(each.longest for each in writers)
    print(f"{items} notes, {counted} increments, longest write {longest:.1f} s\n{told}")
