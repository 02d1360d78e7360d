"""Two tables, a scope that moves between them, and a writer who goes where the scope lives."""

from __future__ import annotations

import random

from attrs import evolve

from dynastore import (
    Placement,
    Schema,
    Store,
    entity,
    field,
    gsi,
    increment,
    key,
    payload,
    unique,
    version,
)
from dynastore.clients.base import run
from dynastore.clients.opening import Settings, place_of, with_places
from dynastore.codec.payload_objects import name_prefix
from dynastore.operations.scopes.locations import read_location
from dynastore.requests import Scan
from dynastore.requests.objects import ListObjectsV2
from dynastore.table import CONSUMER, TYPE
from dynastore.testing import memory_store

from .mortal import move


@entity("note")
class Note:
    """With everything that becomes items of its own, or attributes of ours."""

    name: str
    text: str = ""
    data: bytes = payload(default=b"", compress_over=None, offload_over=100)
    tags: set[str] = field(factory=set)
    count: int = 0
    revision: int = version()

    primary = key("NOTE#{name}", "~")
    by_text = gsi(1, "TEXT#{text}", "{name}")
    one_text = unique("text")


SCHEMA = Schema([Note])
DATA = random.Random(1).randbytes(2_000)


def in_memory():
    """A shared and a private table."""
    shared = memory_store(SCHEMA.named("shared"))
    return shared, Store.at(shared.place, SCHEMA.named("private"))


def at_two_places(home="sqlite://", elsewhere="sqlite://", *, bucket=None):
    """A shared table, and a private one at another place."""
    place = with_places(place_of(home, Settings()), Placement(places={"us": elsewhere}).places)
    kept = SCHEMA.on(lambda table: evolve(table, bucket=bucket))
    there = kept.on(lambda table: evolve(table, bucket=bucket and f"us:{bucket}"))
    shared = Store.at(place, kept.named("shared"), create=True)
    return shared, evolve(shared, schema=there.named("us:private"))


def in_two_files():
    """Each with a bucket of its own, which has the same name."""
    return at_two_places(bucket="loads")


class World:
    """A shared and a private table, and a writer whose store goes where the scope lives.

    Attributes:
        notes: name -> what was acknowledged; what there must be in the end.
    """

    def __init__(self, seed=0, stores=None):
        self.shared, self.private = stores or in_memory()
        for store in (self.shared, self.private):
            store.create_table()
        self.random = random.Random(seed)
        self.notes = {}
        self.shared.put(Note(name="outside", text="outside"))
        self.shared.scope("qa2").put(Note(name="beside", text="beside"))
        for number in range(4):
            self.put(number)
        inside = self.shared.scope("qa").scope("in")
        self.nested = inside.put(Note(name="nested", text="nested", data=DATA))

    def store(self):
        """Where the scope lives; None while it is sealed."""
        location = run(read_location(self.shared.schema, "qa"), self.shared.client)
        if location.sealed:
            return None
        moved = location.table == self.private.schema.table.name
        lives = self.private if moved else self.shared
        return lives.scope("qa")

    def put(self, number):
        name = f"n{number}"
        text, data = f"{name} {self.random.random()}", DATA[: self.random.choice((0, 2_000))]
        store = self.store()
        known = self.notes.get(name)
        new = Note(name=name, text=text, data=data, tags={"a", "b"})
        if store is not None:
            if known:
                store.delete(known)
            self.notes[name] = store.create(new)

    def write(self):
        """One write of somebody, at random; refused while the scope is sealed."""
        name = f"n{self.random.randrange(6)}"
        store = self.store()
        known = self.notes.get(name)
        if store is None:
            return
        if known is None:
            self.notes[name] = store.create(Note(name=name, text=name + "t", data=DATA))
        elif self.random.random() < 0.3:
            store.delete(self.notes.pop(name))
        else:
            self.notes[name] = store.update(known, count=increment(1))

    def check(self, lives, empty):
        """The scope is in one place, all of it, as it was acknowledged; and nothing else moved."""
        found = {each.name: each for each in lives.scope("qa").scan(Note)}
        assert found == self.notes
        for name, note in self.notes.items():
            assert lives.scope("qa").get_unique(Note, text=note.text).name == name
        assert [*lives.scope("qa").scope("in").scan(Note)] == [self.nested]
        assert [*lives.verify()] == []
        assert not [each for each in stored(empty) if each["PK"]["S"].startswith("@qa#")]
        if bucket := empty.schema.table.bucket:
            assert not empty.client.send(ListObjectsV2(bucket, name_prefix(["qa"]), 10)).objects
            assert lives.sweep(dry_run=True).litter == 0
        assert self.shared.get(Note, name="outside")
        assert self.shared.scope("qa2").get(Note, name="beside")
        for store in (self.shared, self.private):
            assert not [each for each in stored(store) if each[TYPE]["S"] == CONSUMER]
        location = run(read_location(self.shared.schema, "qa"), self.shared.client)
        assert (location.table or "shared", location.mover) == (lives.schema.table.name, None)


def stored(store):
    """All items of a table, without those that register scopes."""
    page = store.client.send(Scan(store.schema.table.name))
    return [each for each in page.items if each[TYPE]["S"] != "~scope"]


REQUEST_SECONDS = 1.0  # fewer looks at changes while the move waits for requests under way


def there(world, life):
    return move(life, "qa", world.shared, world.private, request_seconds=REQUEST_SECONDS)


def back(world, life):
    return move(life, "qa", world.shared, world.shared, request_seconds=REQUEST_SECONDS)
