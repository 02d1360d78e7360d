"""A scope moves between tables of DynamoDB, from a file into DynamoDB and back, blocking and awaited."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
from contextlib import suppress
from decimal import Decimal

import boto3
import pytest
from attrs import evolve
from moto import mock_aws

from dynastore import (
    AsyncStore,
    Elsewhere,
    Placement,
    Schema,
    Store,
    Table,
    entity,
    field,
    gsi,
    key,
    payload,
    unique,
)
from dynastore.errors import RequestError, UnknownPlace
from dynastore.operations.moving.stages import ScopeMoved
from dynastore.table import Index
from dynastore.testing import memory_store

from . import scope_world
from .mortal import Killed, Life
from .scope_world import World, back, there

pytestmark = pytest.mark.scans

BUCKET = "agent-payloads"


@entity("note", expires="until")
class Note:
    """With a value of each kind that engines write in ways of their own."""

    name: str
    text: str = ""
    amount: Decimal = Decimal(0)
    tags: set[str] = field(factory=set)
    numbers: set[int] = field(factory=set)
    keys: set[bytes] = field(factory=set)
    raw: bytes = b""
    nested: dict[str, list[bytes | int]] = field(factory=dict)
    data: bytes = payload(default=b"", offload_over=1_000)
    until: dt.datetime | None = None

    primary = key("NOTE#{name}", "~")
    by_text = gsi(1, "TEXT#{text}", "{name}")
    one_text = unique("text")


INDEXES = (Index(1),)
SCHEMA = Schema([Note], Table("shared", INDEXES, bucket=BUCKET))
TOMORROW = dt.datetime.now(dt.UTC) + dt.timedelta(days=1)
NOTES = {
    name: Note(
        name=name,
        text=f"text of {name}",
        amount=Decimal("1.50"),
        tags={"b", "a"},
        numbers={10, 2},
        keys={b"\xff", b"a"},
        raw=b"\x00\xff",
        nested={"list": [b"\x01", 1]},
        data=random.Random(name).randbytes(3_000),
        until=TOMORROW,
    )
    for name in map(str, range(40))
}


@pytest.fixture
def aws():
    with mock_aws(config={"core": {"mock_credentials": False}}):
        yield


def on_dynamodb(table):
    store = Store.connect(table, SCHEMA)
    store.create_table()
    return store


def make_bucket(store):
    location = {"LocationConstraint": "eu-west-1"}
    boto3.client("s3").create_bucket(Bucket=BUCKET, CreateBucketConfiguration=location)
    return store


def found(store):
    return {each.name: each for each in store.scope("qa").scan(Note)}


def furnished(store):
    store.create_table()
    store.put(Note(name="outside", text="outside"))
    for each in NOTES.values():  # one after the other: moto's transactions know no threads
        store.scope("qa").put(each)
    return store


def test_a_scope_of_a_file_moves_into_dynamodb_and_back(aws, tmp_path):
    file = furnished(Store.connect(f"sqlite:///{tmp_path / 'table.db'}", SCHEMA))
    table = make_bucket(on_dynamodb("agent-state"))
    with pytest.raises(RequestError, match="another region, account or file"):
        file.move_scope("qa", table)
    moved = file.move_scope("qa", table, writers_stopped=True).finish()
    assert (moved.is_done, moved.repaired) == (True, 0)
    assert moved.objects == len(NOTES)
    assert found(table) == NOTES
    assert found(file) == {}
    assert [*table.verify()] == []
    assert list(table.scopes()) == ["qa"]
    assert table.scope("qa").get_unique(Note, text="text of 7") == NOTES["7"]
    assert file.get(Note, name="outside")
    back = file.move_scope("qa", file, source=table, writers_stopped=True).finish()
    assert back.proven == moved.proven
    assert (found(file), found(table)) == (NOTES, {})
    assert list(table.scopes()) == []


def in_one_region():
    return [Store.connect(name, scope_world.SCHEMA) for name in ("shared", "private")]


def in_two_regions():
    return scope_world.at_two_places("shared", Elsewhere(region_name="us-east-1"))


@pytest.mark.parametrize("stores", [in_one_region, in_two_regions])
def test_a_scope_moves_between_tables_of_dynamodb_while_it_is_written_to_and_its_mover_killed(
    aws, stores
):
    world, draw, now, kills = World(1, stores()), random.Random(1), None, 0
    for direction, lives, empty in (
        (there, world.private, world.shared),
        (back, world.shared, world.private),
    ):
        is_done, followed = False, 0
        while not is_done:
            dies_at = draw.randrange(20, 90)
            life = Life(dies_at, answered=True, meanwhile=world.write, now=now)
            try:
                for moved in direction(world, life):
                    followed = max(followed, moved.changes)
                is_done = True
            except Killed:
                kills += 1
            now = life.now
        assert followed > 0
        world.check(lives, empty)
    assert kills > 1


def test_payloads_in_the_bucket_of_another_place_are_not_lost_either():
    for dies_at in range(5, 250, 25):
        world = World(1, scope_world.in_two_files())
        life = Life(dies_at, answered=True, meanwhile=world.write)
        with suppress(Killed):
            there(world, life).finish()
        there(world, Life(now=life.now, meanwhile=world.write)).finish()
        world.check(world.private, world.shared)
        back(world, Life(now=life.now + dt.timedelta(hours=1))).finish()
        world.check(world.shared, world.private)


PLACED = Placement("shared", places={"us": Elsewhere(region_name="us-east-1", bucket="us-loads")})


def test_stores_that_were_opened_before_follow_a_scope_and_its_payloads_to_another_region(
    aws, short_leases
):
    home = furnished(make_bucket(Store.connect(PLACED, SCHEMA)))
    boto3.client("s3", region_name="us-east-1").create_bucket(Bucket="us-loads")
    writer, unaware = (Store.connect(each, SCHEMA) for each in (PLACED, Placement("shared")))
    for each in (writer, unaware):
        assert each.scope("qa").get(Note, name="7") == NOTES["7"]
    there = Store.connect("private", SCHEMA, region_name="us-east-1")
    there.create_table()
    moved = home.move_scope("qa", "us:private", request_seconds=0.1).finish()
    assert (moved.is_done, moved.repaired) == (True, 0)
    assert moved.target == "us:private"
    time.sleep(short_leases)
    qa = writer.scope("qa")
    qa.put(evolve(NOTES["1"], data=NOTES["2"].data * 2))
    assert qa.get(Note, name="1").data == NOTES["2"].data * 2
    assert qa.get(Note, name="7") == NOTES["7"]
    with pytest.raises(UnknownPlace, match=r"scope 'qa' is kept at place 'us'"):
        unaware.scope("qa").put(NOTES["1"])
    # The tables themselves, as whoever connects to one of them sees it.
    there = Store.connect("private", in_bucket("us-loads"), region_name="us-east-1")
    assert found(there).keys() == NOTES.keys()
    assert [*there.verify()] == []
    assert there.sweep(dry_run=True).litter == 0
    assert there.delete_scope("qa", dry_run=True).objects == len(NOTES) + 1
    assert found(Store.connect("shared", SCHEMA)) == {}
    assert Store.connect("shared", SCHEMA).delete_scope("qa", dry_run=True).objects == 0
    back = writer.move_scope("qa", "shared", request_seconds=0.1).finish()
    assert back.is_done
    time.sleep(short_leases)
    assert unaware.scope("qa").get(Note, name="1").data == NOTES["2"].data * 2
    assert found(there) == {}


def test_without_names_of_places_nobody_can_follow(tmp_path):
    shared = memory_store(SCHEMA)
    with pytest.raises(UnknownPlace, match="scope 'qa' is kept at place 'us'"):
        shared.move_scope("qa", "us:private")
    other = Store.connect(f"sqlite:///{tmp_path}/other.db", SCHEMA.named("private"))
    with pytest.raises(RequestError, match=r"places=.*'us:TABLE'"):
        shared.move_scope("qa", other)


def test_tables_and_buckets_of_one_name_at_two_places_are_told_apart_or_refused(
    tmp_path, short_leases
):
    us = f"sqlite:///{tmp_path}/us.db"
    for place, refused in ((us, True), (Elsewhere(us, bucket="us-loads"), False)):
        home = Store.connect(Placement("sqlite://", places={"us": place}), SCHEMA)
        furnished(home)
        moving = home.move_scope("qa", "us:shared", request_seconds=0.1)
        if refused:
            with pytest.raises(RequestError, match="give the place another bucket"):
                moving.finish()
            continue
        assert moving.finish().objects == len(NOTES)
        assert home.move_scope("qa", "us:shared").finish().is_done  # lives there already
        there = Store.connect(us, in_bucket("us-loads"))
        assert found(there) == NOTES
        assert found(Store.at(home.place, SCHEMA)) == {}


def test_writers_follow_a_scope_to_another_bucket_of_the_same_place(short_leases):
    placement = Placement("sqlite://", places={"us": "sqlite://"})
    home = furnished(Store.connect(placement, SCHEMA))
    writer = Store.at(home.place, home.schema)
    target = evolve(home, schema=in_bucket("other-bucket").named("private"))
    assert home.move_scope("qa", target, request_seconds=0.1).finish().objects == len(NOTES)
    writer.scope("qa").put(evolve(NOTES["1"], data=NOTES["2"].data))
    assert writer.scope("qa").get(Note, name="1").data == NOTES["2"].data
    there = Store.at(home.place, in_bucket("other-bucket").named("private"))
    assert found(there)["1"].data == NOTES["2"].data
    assert there.delete_scope("qa", dry_run=True).objects == len(NOTES) + 1


def in_bucket(name):
    return SCHEMA.on(lambda table: evolve(table, bucket=name))


def test_awaited_it_moves_as_well(short_leases):
    shared = memory_store(SCHEMA)
    furnished(shared)

    async def moved() -> list[ScopeMoved]:
        store = shared.awaited()
        return [each async for each in store.move_scope("qa", "private", request_seconds=0.1)]

    async def left() -> None:
        store = shared.awaited()
        async for each in store.move_scope("qa", "private", request_seconds=0.1):
            if each.stage == "following":
                break

    asyncio.run(left())
    stages = asyncio.run(moved())
    assert stages[-1].is_done
    assert "waiting" not in {each.stage for each in stages}
    private = Store.at(shared.place, SCHEMA.named("private"))
    assert (found(private), found(shared)) == (NOTES, {})
    assert AsyncStore.move_scope.__kwdefaults__ == Store.move_scope.__kwdefaults__
