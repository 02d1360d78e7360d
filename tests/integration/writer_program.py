"""Writes at random and notes each write in a journal, until it is killed.

python writer_program.py TABLE_URL JOURNAL

A write has two lines in the journal: what is about to be asked, and what became of it::

    ["moved", {"transfer": "w3-17", "giver": 0, "taker": 2, "amount": 4}]
    "done"

What only this writer writes is noted by key, with what is stored then: ``["owned", {"tag w3-4": "red"}]``.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attrs import evolve

from dynastore import (
    Create,
    Schema,
    Store,
    Update,
    entity,
    field,
    gsi,
    increment,
    key,
    payload,
    ref,
    since,
    unique,
    version,
)
from dynastore.errors import ConflictError

COUNTERS, PAGES, ACCOUNTS, SLUGS = 3, 2, 4, 8  # few, so that writers meet
BALANCE = 100  # of each account at first
BATCH = 40  # notes of one put_many: more than one BatchWriteItem holds
DATA_BYTES = 2_000  # of a document; ten times what stays in its item


@entity("counter")
class Counter:
    """Its index entry depends on what it counts, so that an increment is guarded."""

    number: int
    count: int = 0

    primary = key("COUNTER#{number}", "~")
    by_count = gsi(1, "COUNTERS", "{count}#{number}")


@entity("tag")
class Tag:
    """With a unique value, which many want."""

    name: str
    slug: str

    primary = key("TAG#{name}", "~")
    one_slug = unique("slug")


@entity("page")
class Page:
    """With a revision: each writer adds lines to what it has read."""

    number: int
    lines: list[str] = field(factory=list)
    revision: int = version()

    primary = key("PAGE#{number}", "~")


@entity("account")
class Account:
    """What is moved from one to the other stays the same in all."""

    number: int
    balance: int = BALANCE

    primary = key("ACCOUNT#{number}", "~")


@entity("transfer")
class Transfer:
    """Written with the two accounts that it changes, or not at all."""

    name: str
    giver: int
    taker: int
    amount: int

    primary = key("TRANSFER#{name}", "~")


@entity("note")
class Note:
    """Written and deleted in batches."""

    name: str
    text: str

    primary = key("NOTE#{name}", "~")


@entity("doc")
class Doc:
    """Its data is in parts."""

    name: str
    title: str
    data: bytes = payload(compress_over=None, offload_over=DATA_BYTES // 10)

    primary = key("DOC#{name}", "~")


SCHEMA = Schema([Counter, Tag, Page, Account, Transfer, Note, Doc])


def data_of(seed: int) -> bytes:
    """What a document holds."""
    return random.Random(seed).randbytes(DATA_BYTES)


def furnish(store: Store) -> None:
    """Write what all writers change."""
    store.put_many([Counter(number=number) for number in range(COUNTERS)])
    store.put_many([Account(number=number) for number in range(ACCOUNTS)])
    store.put_many([Page(number=number) for number in range(PAGES)])


class Writer:
    """Makes random writes.

    Attributes:
        notes: what was asked, and what became of it.
    """

    def __init__(self, store: Store, name: str, note: Callable[[Any], None]) -> None:
        """A writer that has written nothing.

        Args:
            store: where to.
            name: no other writer's.
            note: keeps one line of the journal.
        """
        self._store = store
        self._name = name
        self._note = note
        self._draw = random.Random(name)
        self._made = 0
        self._tags: list[str] = []
        self._docs: dict[str, tuple[str, int]] = {}
        self._batches: list[list[str]] = []

    def step(self) -> None:
        """Make one write of any kind."""
        kinds = [self._count, self._line, self._move, self._tag, self._doc, self._batch]
        self._draw.choice(kinds)()

    @contextmanager
    def _noted(self, kind: str, told: dict[str, Any]) -> Iterator[None]:
        self._note([kind, told])
        try:
            yield
        except ConflictError:
            self._note("refused")
        else:
            self._note("done")

    def _new(self) -> str:
        self._made += 1
        return f"{self._name}-{self._made}"

    def _count(self) -> None:
        number, by = self._draw.randrange(COUNTERS), self._draw.randint(1, 9)
        with self._noted("counted", {"counter": number, "by": by}):
            self._store.update(ref(Counter, number=number), count=increment(by))

    def _line(self) -> None:
        number, line = self._draw.randrange(PAGES), self._new()
        page = self._store.get(Page, number=number)
        assert page is not None
        with self._noted("lined", {"page": number, "line": line}):
            self._store.put(evolve(page, lines=[*page.lines, line]))

    def _move(self) -> None:
        giver, taker = self._draw.sample(range(ACCOUNTS), 2)
        amount, name = self._draw.randint(1, 30), self._new()
        told = {"transfer": name, "giver": giver, "taker": taker, "amount": amount}
        less = Update(
            ref(Account, number=giver), balance=increment(-amount), when={"balance": since(amount)}
        )
        with self._noted("moved", told):
            self._store.transact(
                less,
                Update(ref(Account, number=taker), balance=increment(amount)),
                Create(Transfer(name=name, giver=giver, taker=taker, amount=amount)),
            )

    def _tag(self) -> None:
        slug = f"slug {self._draw.randrange(SLUGS)}"
        kind = self._draw.choice(["create", "rename", "delete"]) if self._tags else "create"
        name = self._new() if kind == "create" else self._draw.choice(self._tags)
        with self._noted("owned", {f"tag {name}": None if kind == "delete" else slug}):
            match kind:
                case "create":
                    self._store.create(Tag(name=name, slug=slug))
                    self._tags.append(name)
                case "rename":
                    self._store.update(ref(Tag, name=name), slug=slug)
                case "delete":
                    self._store.delete(ref(Tag, name=name))
                    self._tags.remove(name)

    def _doc(self) -> None:
        kind = self._draw.choice(["put", "title", "data", "delete"]) if self._docs else "put"
        name = self._new() if kind == "put" else self._draw.choice([*self._docs])
        title, seed = self._docs.get(name, ("", 0))
        if kind != "title":
            seed = self._draw.randrange(1_000_000)
        title = self._new() if kind != "data" else title
        with self._noted("owned", {f"doc {name}": None if kind == "delete" else [title, seed]}):
            match kind:
                case "put":
                    self._store.put(Doc(name=name, title=title, data=data_of(seed)))
                case "title":
                    self._store.update(ref(Doc, name=name), title=title)
                case "data":
                    self._store.update(ref(Doc, name=name), data=data_of(seed))
                case "delete":
                    self._store.delete(ref(Doc, name=name))
        self._docs[name] = title, seed
        if kind == "delete":
            del self._docs[name]

    def _batch(self) -> None:
        if self._batches and self._draw.random() < 0.5:
            names = self._batches.pop()
            with self._noted("owned", {f"note {name}": None for name in names}):
                self._store.delete_many([ref(Note, name=name) for name in names])
            return
        names = [self._new() for _ in range(BATCH)]
        with self._noted("owned", {f"note {name}": f"text of {name}" for name in names}):
            self._store.put_many([Note(name=name, text=f"text of {name}") for name in names])
        self._batches.append(names)


def main(url: str, path: str) -> None:
    journal = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    writer = Writer(
        Store.connect(url, SCHEMA),
        Path(path).name,
        lambda line: os.write(journal, json.dumps(line).encode() + b"\n"),
    )
    while True:
        writer.step()


if __name__ == "__main__":
    main(*sys.argv[1:])
