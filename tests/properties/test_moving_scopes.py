"""Writers of a scope that is moved meanwhile: nothing acknowledged is lost, nothing old is read."""

from __future__ import annotations

import random
from itertools import count

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from dynastore import Placement, Schema, Store, entity, gsi, key
from dynastore.keys.addresses import name_in
from dynastore.operations.reading.reads import get
from dynastore.operations.scopes import routing
from dynastore.operations.scopes.locations import LEASE_SECONDS, seal, settle
from dynastore.operations.scopes.registry import Known
from dynastore.operations.scopes.routing import Leases, routed
from dynastore.operations.writing.writes import write
from dynastore.requests import GetItem, Key, Now, PutItem, Query, Request, Wait
from dynastore.terms import Equal
from dynastore.writes import Put

from .trying import tries

LONGEST = 3.0  # seconds from asking for a request to its answer, in this world
DONE = object()


@entity("note")
class Note:
    name: str
    number: int = 0

    primary = key("NOTE#{name}", "~")
    by_number = gsi(1, "N", "{number}")


PLAIN = Schema([Note]).named("shared")
QA = Placement(private=["other"]).placed(PLAIN).scoped("qa")
THERE = ("shared.there", "us:shared.there", "us:shared")


class World:
    """A clock, engines at two places, and what was acknowledged."""

    def __init__(self, lease, there):
        self.now = 0.0
        self.lease = lease
        self.there = there
        self.store = Store.connect(Placement("sqlite://", places={"us": "sqlite://"}), PLAIN)
        for each in ("shared", there):
            Store(PLAIN.named(each), self.store.client).create_table()
        self.acknowledged: dict[str, int] = {}

    def seconds(self):
        return (self.now,)


class Worker:
    """A process that writes numbers that grow, and reads what all have written."""

    def __init__(self, world, name, of):
        self.world, self.name = world, name
        self.leases = Leases(world.seconds)
        self.running = self._work(of)
        self.asked, self.since = next(self.running), world.now

    def _work(self, of):
        for number in count(1):
            note = Note(name=self.name, number=number)
            yield from self._run(write(QA, Put(note)))
            self.world.acknowledged[self.name] = number
            for name in of:
                least = self.world.acknowledged.get(name, 0)
                found = yield from self._run(get(QA, Note, {"name": name}, consistent=True))
                seen = 0 if found is None else found.number
                assert seen >= least, f"{self.name} read {seen} of {name}, and {least} was written"

    def _run(self, steps):
        return (yield from routed(QA, self.leases, Known(), steps, ["us"]))

    def step(self):
        """Its request is answered, and it asks for the next one; or it waits on."""
        if isinstance(self.asked, Wait) and self.world.now < self.since + self.asked.seconds:
            return
        answer = None
        if isinstance(self.asked, Request):
            answer = self.world.store.client.send(self.asked)
        assert not isinstance(self.asked, Now)
        self.asked, self.since = self.running.send(answer), self.world.now

    @property
    def is_due(self):
        return isinstance(self.asked, Request) and self.world.now >= self.since + LONGEST


def moving(world):
    """What a mover does, a request or some seconds at a time."""
    yield from seal(PLAIN, "qa", "mover")
    until = world.now + world.lease + LONGEST
    while world.now < until:
        yield None
    page = yield Query("shared", PLAIN.table.indexes[0], (("GSI1H", Equal({"S": "@qa#N"})),))
    for entry in page.items:
        item = yield GetItem("shared", Key.of(entry), consistent=True)
        yield PutItem(world.there, item)
    yield from settle(PLAIN, "qa", "mover", world.there)


def played(choices, lease=LEASE_SECONDS, there=THERE[0]):
    """Who does the next thing, as the choices say; the clock runs in between."""
    world = World(lease, there)
    names = ["ann", "bob", "cem"]
    workers = [Worker(world, name, names) for name in names]
    mover, answer = moving(world), None
    asked = next(mover)
    for who, seconds in choices:
        for late in [each for each in workers if each.is_due]:
            late.step()
        world.now += seconds
        if who < len(workers):
            workers[who].step()
        elif asked is not DONE:
            answer = world.store.client.send(asked) if asked is not None else None
            try:
                asked = mover.send(answer)
            except StopIteration:
                asked = DONE
    world.store.close()
    return asked is DONE


turns = st.lists(
    st.tuples(st.sampled_from([0, 1, 2, 3, 3]), st.sampled_from([0.0, 0.1, 0.5, 1.0])),
    min_size=60,
    max_size=160,
)


@tries(60)
@given(turns, st.sampled_from(THERE))
def test_a_move_loses_nothing_and_nothing_old_is_read(choices, there):
    played(choices, there=there)


def random_turns(number):
    chance = random.Random(number)
    return [
        (chance.choice([0, 1, 2, 3, 3]), chance.choice([0.0, 0.1, 0.5, 1.0])) for _ in range(200)
    ]


def found_wrong(**options):
    """Whether one of many plays is seen to go wrong."""
    for number in range(300):
        try:
            played(random_turns(number), **options)
        except AssertionError:
            return True
    return False


def test_most_moves_come_to_their_end():
    assert sum(played(random_turns(number)) for number in range(20)) >= 15


def test_a_mover_that_does_not_wait_is_seen_to_lose_writes():
    assert found_wrong(lease=-LONGEST)


def test_a_seal_that_is_remembered_is_seen_to_let_old_be_read(monkeypatch):
    def kept(self, scope, lease):
        self._leases[scope] = lease

    monkeypatch.setattr(Leases, "_keep", kept)
    assert found_wrong()


def test_a_lease_that_is_not_kept_to_is_seen_to_lose_writes(monkeypatch):
    monkeypatch.setattr(routing, "LEASE_SECONDS", 4 * LEASE_SECONDS)
    assert found_wrong()


def test_a_place_that_reads_ignore_is_seen_to_let_old_be_read(monkeypatch):
    sound = routing._moved

    def read_at_home(asked, schema, location):
        table = name_in(location.table) if isinstance(asked, GetItem) else location.table
        return sound(asked, schema, evolve(location, table=table))

    monkeypatch.setattr(routing, "_moved", read_at_home)
    assert found_wrong(there="us:shared")


def test_writes_that_do_not_wait_are_seen_to_be_lost(monkeypatch):
    sound = routing._open
    monkeypatch.setattr(routing, "_open", lambda *given, writes: sound(*given, writes=False))
    assert found_wrong()
