"""Moving a scope, request by request: killed at any of them, with others who write in between."""

from __future__ import annotations

import datetime as dt
import random
from contextlib import suppress
from itertools import count, islice

import pytest
from attrs import evolve

from dynastore import Store
from dynastore.clients.base import run
from dynastore.errors import ConflictError, RequestError, UnroutedWrites
from dynastore.operations.scopes.locations import LEASE_SECONDS, read_location
from dynastore.requests.tables import DescribeTable

from ..integration import scope_world
from ..integration.mortal import Killed, Life, move
from ..integration.scope_world import REQUEST_SECONDS, SCHEMA, Note, World, back, there

pytestmark = pytest.mark.scans


@pytest.fixture(autouse=True, params=["in_memory", "at_two_places"])
def worlds(request, monkeypatch):
    """Two tables at one place, and at two."""
    monkeypatch.setattr(scope_world, "in_memory", getattr(scope_world, request.param))


def requests_of(seed):
    life = Life()
    there(World(seed), life).finish()
    return life.requests


def test_a_scope_moves_with_all_in_it_and_back():
    world = World()
    moved = there(world, Life()).finish()
    assert moved.is_done
    world.check(world.private, world.shared)
    assert (moved.items, moved.changes, moved.repaired) == (moved.proven.items, 0, 0)
    assert moved.deleted == moved.items + moved.objects
    # Whoever read the entry before the seal may write so long, and what was sent then take so long.
    assert moved.sealed_seconds >= LEASE_SECONDS + REQUEST_SECONDS
    assert list(world.shared.scopes()) == ["qa", "qa2"]
    assert list(world.private.scopes()) == ["qa"]
    again = back(world, Life()).finish()
    world.check(world.shared, world.private)
    assert again.proven == moved.proven
    assert list(world.private.scopes()) == []


def test_a_scope_that_lives_there_already_is_left_alone():
    world = World()
    there(world, Life()).finish()
    moved = there(world, Life()).finish()
    assert (moved.is_done, moved.items) == (True, 0)
    world.check(world.private, world.shared)


def test_killed_at_any_request_and_begun_again_it_loses_nothing():
    for dies_at in range(requests_of(1) + 10):
        world = World(1)
        life = Life(dies_at, answered=True, meanwhile=world.write)
        try:
            there(world, life).finish()
        except Killed:
            there(world, Life(now=life.now, meanwhile=world.write)).finish()
        world.check(world.private, world.shared)


@pytest.mark.parametrize("seed", range(10))
def test_killed_again_and_again_there_and_back_it_loses_nothing(seed):
    world, draw, now = World(seed), random.Random(seed), None
    for direction, ends in ((there, world.private), (back, world.shared)):
        while True:
            life = Life(
                draw.randrange(5, 120), answered=draw.random() < 0.5, meanwhile=world.write, now=now
            )
            try:
                direction(world, life).finish()
            except Killed:
                now = life.now
                continue
            break
        now = life.now
        world.check(ends, world.shared if ends is world.private else world.private)


def test_a_loop_that_is_left_lets_writers_go_on_and_the_next_goes_on():
    for rounds in range(1, 100):
        world = World(2)
        life = Life(meanwhile=world.write)
        moving = iter(there(world, life))
        moved = [*islice(moving, rounds)][-1]
        moving.close()
        location = run(read_location(world.shared.schema, "qa"), world.shared.client)
        assert not location.sealed
        again = Life(meanwhile=world.write, now=life.now)
        stages = [each.stage for each in there(world, again)]
        assert "waiting" not in stages
        world.check(world.private, world.shared)
        if moved.is_done:
            break
    assert moved.is_done


def test_a_dry_run_writes_nothing():
    world = World()
    sent = []
    with world.shared.observed(lambda each: sent.append(each) or (lambda *_: None)):
        seen = move(Life(), "qa", world.shared, world.private, dry_run=True).finish()
    assert not [each for each in sent if each.writes]
    moved = there(world, Life()).finish()
    assert (seen.items, seen.size_bytes) == (moved.items, moved.size_bytes)


def test_another_mover_waits_until_the_lease_is_over():
    world = World()
    first = Life()
    moving = iter(there(world, first))
    while next(moving).stage != "following":
        pass
    stages = []
    for moved in there(world, Life(now=first.now)):
        stages.append(moved.stage)
        if len(stages) == 3:
            break
    assert stages == ["waiting"] * 3
    for _ in moving:
        pass
    world.check(world.private, world.shared)


def test_a_mover_that_slept_through_its_lease_writes_nothing_more():
    world = World()
    first = Life()
    moving = iter(there(world, first))
    while next(moving).stage != "following":
        pass
    second = Life(now=first.now)
    there(world, second).finish()
    world.check(world.private, world.shared)
    first.wait((second.now - first.now).total_seconds())
    with pytest.raises(ConflictError):
        for _ in moving:
            pass
    world.check(world.private, world.shared)


def test_writes_of_a_store_without_a_placement_are_found_and_not_deleted():
    world = World()
    stubborn, count = world.shared.scope("qa"), iter(range(100_000))

    def write_behind():
        if world.store() is not None and world.store().schema.table.name != "shared":
            name = f"late {next(count)}"
            stubborn.put(Note(name=name, text=name))

    with pytest.raises(UnroutedWrites) as failed:
        there(world, Life(meanwhile=write_behind)).finish()
    assert failed.value.has_left
    assert stubborn.get(Note, name="late 0")
    done = move(Life(), "qa", world.shared, world.private, discard_late=True).finish()
    assert done.is_done
    world.check(world.private, world.shared)


def test_writes_of_a_store_that_does_not_wait_end_the_move_before_it_has_moved():
    world = World()
    stubborn, names = world.shared.scope("qa"), (f"x{number}" for number in count())

    def write():
        name = next(names)
        world.notes[name] = stubborn.put(Note(name=name, text=name))

    with pytest.raises(UnroutedWrites) as failed:
        there(world, Life(meanwhile=write)).finish()
    assert not failed.value.has_left
    assert world.store().schema.table.name == "shared"
    there(world, Life()).finish()
    world.check(world.private, world.shared)


def test_writers_who_never_rest_do_not_keep_a_scope_from_moving():
    world, names = World(), (f"m{number}" for number in count())
    for moves, moved in enumerate(there(world, Life())):
        assert moves < 200, moved
        store = world.store()
        for name in islice(names, 60 if store else 0):  # each is two items
            world.notes[name] = store.put(Note(name=name, text=name))
    assert moved.is_done
    world.check(world.private, world.shared)


def test_what_is_in_the_target_already_is_not_mixed_with_what_moves():
    world = World()
    world.private.scope("qa").put(Note(name="old", text="old"))
    for dry_run in (True, False):
        with pytest.raises(RequestError, match="has items of scope 'qa' already"):
            move(Life(), "qa", world.shared, world.private, dry_run=dry_run).finish()
    world.private.delete_scope("qa")
    there(world, Life()).finish()
    world.check(world.private, world.shared)


def test_it_is_refused_where_the_scope_does_not_live_or_moves_elsewhere():
    world = World()
    third = Store.at(world.shared.place, SCHEMA.named("third"))
    third.create_table()
    with pytest.raises(RequestError, match=r"lives in table shared, not in (us:)?private"):
        move(Life(), "qa", world.shared, third, world.private).finish()
    moving = iter(there(world, Life()))
    while next(moving).stage != "following":
        pass
    moving.close()
    with pytest.raises(RequestError, match=r"on its way from table shared to (us:)?private"):
        move(Life(), "qa", world.shared, third).finish()
    there(world, Life()).finish()
    world.check(world.private, world.shared)


def test_without_writers_no_stream_is_read_and_nobody_is_waited_for():
    world = World()
    life = Life()
    move(life, "qa", world.shared, world.private, writers_stopped=True).finish()
    assert life.waited == 0
    world.check(world.private, world.shared)


def test_it_keeps_to_its_rate():
    world = World()
    life = Life()
    moved = move(
        life, "qa", world.shared, world.private, writers_stopped=True, units_per_second=2.0
    ).finish()
    world.check(world.private, world.shared)
    # At least a unit for each item to read it, and to write and to delete it in the table.
    assert life.waited >= moved.items * 2 / 2


class WithoutStream(Life):
    """The tables have no stream."""

    def send(self, store, request):
        answer = super().send(store, request)
        return evolve(answer, stream=None) if isinstance(request, DescribeTable) else answer


def test_a_table_without_a_stream_moves_only_without_writers():
    world = World()
    with pytest.raises(RequestError, match="has no stream"):
        there(world, WithoutStream()).finish()
    move(WithoutStream(), "qa", world.shared, world.private, writers_stopped=True).finish()
    world.check(world.private, world.shared)


def given_up(world, life):
    return move(life, "qa", world.shared, world.private, abandon=True)


def outcome(world, *lives):
    """What became of giving a move up, in one life or the next."""
    for life in lives:
        try:
            return given_up(world, life).finish().stage
        except Killed:
            continue
        except RequestError as error:
            return "left" if "lives in table" in str(error) else "not begun"
    raise AssertionError


def test_a_move_that_was_begun_is_given_up_wherever_it_was_stopped_or_killed():
    outcomes = set()
    for dies_at in range(2, requests_of(1) + 100, 8):
        world = World(1)
        life = Life(dies_at, answered=True, meanwhile=world.write)
        with suppress(Killed):
            there(world, life).finish()
        first = Life(dies_at % 25, answered=True, meanwhile=world.write, now=life.now)
        later = life.now + dt.timedelta(hours=1)
        became = outcome(world, first, Life(meanwhile=world.write, now=later))
        outcomes.add(became)
        if became != "left":
            world.check(world.shared, world.private)
            assert list(world.private.scopes()) == []
        there(world, Life(now=later + dt.timedelta(hours=1))).finish()
        world.check(world.private, world.shared)
    assert outcomes == {"not begun", "abandoned", "left"}


def test_a_move_that_is_given_up_half_way_may_go_on_after_all():
    world = World(1)
    moving = iter(there(world, Life(meanwhile=world.write)))
    while next(moving).stage != "following":
        pass
    moving.close()
    giving = iter(given_up(world, Life(meanwhile=world.write)))
    while next(giving).stage != "abandoning":
        pass
    giving.close()
    there(world, Life(meanwhile=world.write)).finish()
    world.check(world.private, world.shared)


def test_nothing_is_given_up_that_was_not_begun_or_is_done():
    world = World()
    with pytest.raises(RequestError, match="no move of scope 'qa' was begun"):
        given_up(world, Life()).finish()
    moving = iter(there(world, Life()))
    while next(moving).stage != "following":
        pass
    moving.close()
    third = Store.at(world.shared.place, SCHEMA.named("third"))
    with pytest.raises(RequestError, match="is on its way from table shared to"):
        move(Life(), "qa", world.shared, third, abandon=True).finish()
    there(world, Life()).finish()
    with pytest.raises(RequestError, match=r"lives in table (us:)?private by now"):
        given_up(world, Life()).finish()
    world.check(world.private, world.shared)
