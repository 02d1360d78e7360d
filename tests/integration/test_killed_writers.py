"""Writers of one SQLite file that are killed again and again: law 12, for whole processes."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
from attrs import evolve
from hypothesis import settings

from dynastore import Store, increment, ref
from dynastore.entities.uniques import GUARD
from dynastore.errors import PayloadMissing
from dynastore.requests import DeleteItem, Key, Scan
from dynastore.table import PART
from dynastore.testing import memory_store

from .journals import check, read
from .writer_program import SCHEMA, Account, Counter, Doc, Note, Page, Transfer, Writer, furnish

PROGRAM = Path(__file__).with_name("writer_program.py")
KILLS = 5 if settings.default.max_examples <= 100 else 50  # in make test, in make fuzz
WRITERS = 3  # at a time

pytestmark = pytest.mark.scans


@pytest.mark.hypothesis  # so that make fuzz runs it
def test_whenever_writers_are_killed_nothing_acknowledged_is_lost_and_nothing_is_torn(tmp_path):
    url = f"sqlite:///{tmp_path / 'table.db'}"
    with closing(Store.connect(url, SCHEMA, create=True)) as store:
        furnish(store)
    journals: list[Path] = []
    live: list[subprocess.Popen[bytes]] = []

    def start() -> None:
        journals.append(tmp_path / f"w{len(journals)}")
        journals[-1].touch()  # a writer may be killed before it makes it
        live.append(subprocess.Popen([sys.executable, PROGRAM, url, journals[-1]]))

    def kill(at: int) -> None:
        writer = live.pop(at)
        writer.kill()
        assert writer.wait() == -signal.SIGKILL, "it had ended by itself"

    for _ in range(WRITERS):
        start()
    for _ in range(KILLS):
        wait_for(journals[-1], live[-1], random.randint(1, 60))
        kill(random.randrange(WRITERS))
        start()
    wait_for(journals[-1], live[-1], 20)
    while live:
        kill(0)
    with closing(Store.connect(url, SCHEMA)) as store:
        check(store, [read(path.read_text()) for path in journals])


def wait_for(journal: Path, writer: subprocess.Popen[bytes], lines: int) -> None:
    """Wait until a writer has noted so much."""
    deadline = time.monotonic() + 60
    while not journal.exists() or journal.read_bytes().count(b"\n") < lines:
        assert writer.poll() is None, "it ended by itself"
        assert time.monotonic() < deadline, f"no {lines} lines in {journal}"
        time.sleep(0.001)


def lose(store, tag):
    """Delete all items of a type behind the store's back."""
    page = store.client.send(Scan(SCHEMA.table.name))
    for item in page.items:
        if item["TYPE"]["S"] == tag:
            store.client.send(DeleteItem(SCHEMA.table.name, Key.of(item)))


def lose_line(store):
    page = next(each for each in store.scan(Page) if each.lines)
    store.put(evolve(page, lines=page.lines[1:]))


WRONGS = {
    "a counter went back": lambda s: s.update(ref(Counter, number=0), count=increment(-1)),
    "a counter went on": lambda s: s.update(ref(Counter, number=0), count=increment(1)),
    "a line is lost": lose_line,
    "money is lost": lambda s: s.update(ref(Account, number=0), balance=increment(-1)),
    "transfers are lost": lambda s: lose(s, "transfer"),
    "a transfer nobody asked for": lambda s: s.put(Transfer(name="x", giver=0, taker=1, amount=0)),
    "notes are lost": lambda s: lose(s, "note"),
    "a note nobody wrote": lambda s: s.put(Note(name="x", text="x")),
    "a document is another": lambda s: s.update(
        ref(Doc, name=next(iter(s.scan(Doc))).name), title="x"
    ),
    "parts are lost": lambda s: lose(s, PART),
    "guards are lost": lambda s: lose(s, GUARD),
    "tags are lost, and their guards left": lambda s: lose(s, "tag"),
}


@pytest.mark.parametrize("wrong", [None, *WRONGS])
def test_the_check_finds_what_is_wrong(wrong):
    store, lines = memory_store(SCHEMA), []
    store.create_table()
    furnish(store)
    writer = Writer(store, "w", lines.append)
    for _ in range(80):
        writer.step()
    assert {"done", "refused"} <= {line for line in lines if isinstance(line, str)}
    check(store, [lines])
    if wrong:
        WRONGS[wrong](store)
        with pytest.raises((AssertionError, PayloadMissing)):
            check(store, [lines])


def test_a_write_that_is_open_may_have_happened_or_not():
    store = memory_store(SCHEMA)
    store.create_table()
    furnish(store)
    store.put(Note(name="n", text="new"))
    for before in ([], [["owned", {"note n": "old"}], "done"]):
        check(store, [[*before, ["owned", {"note n": "new"}]]])
        check(
            store, [[*before, ["owned", {"note n": "new"}], "done", ["owned", {"note n": "next"}]]]
        )
        with pytest.raises(AssertionError):
            check(store, [[*before, ["owned", {"note n": "next"}]]])
        with pytest.raises(AssertionError):
            check(store, [[*before, ["owned", {"note n": "new"}], "refused"]])
