"""Cursors are the same in every process, whatever its hash seed."""

from __future__ import annotations

import os
import subprocess
import sys

PROGRAM = """
from dynastore import Schema, any_of, entity, field, gsi, key, not_, one_of
from dynastore.testing import memory_store

@entity("word")
class Word:
    text: str
    lang: str
    tags: set[str] = field(factory=set)
    rank: int = 0
    primary = key("W#{lang}", "W#{text}")
    by_rank = gsi(1, "WORDS", "{rank}", shards=3, include=["tags"])

store = memory_store(Schema([Word]))
store.create_table()
for number in range(9):
    store.put(Word(text=f"w{number}", lang="en", tags={"a", f"b{number % 2}"}, rank=number % 3))
tags = {"a", "b0"}
for query in (
    store.query(Word, lang="en"),
    store.query(Word, lang=one_of("en", "de", "fr"), tags=tags),
    store.query(Word, lang="en", tags=one_of(tags, {"a", "b1"}, set())).order_by("rank"),
    store.query(Word, any_of(lang="en", rank=one_of(1, 2)), tags=not_({"z", "y"})),
    store.query(Word, lang="en", text=one_of("w1", "w2", "w3")).limit(3),
    store.query(Word, tags=tags).order_by("rank"),
):
    print(query.page(limit=1).cursor)
print(store.scan(Word, tags=tags, segments=3).page().cursor)
"""


def cursors(hash_seed: str) -> str:
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True
    )
    return run.stdout


def test_a_cursor_is_the_same_in_every_process():
    first = cursors("1")
    assert first.count("\n") == 7
    assert first.count("None") <= 1  # the scan's, if one round reads all
    assert cursors("2") == cursors("3") == first
