"""A scope moves between tables of DynamoDB, from a file into DynamoDB and back, blocking and awaited."""

from __future__ import annotations

import asyncio
import datetime as dt
import random
from decimal import Decimal

import pytest
from moto import mock_aws

from dynastore import AsyncStore, Schema, Store, Table, entity, field, gsi, key, payload, unique
from dynastore.errors import RequestError
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
    import boto3

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


def test_a_scope_moves_between_tables_of_dynamodb_while_it_is_written_to_and_its_mover_killed(aws):
    stores = [Store.connect(name, scope_world.SCHEMA) for name in ("shared", "private")]
    world, draw, now, kills = World(1, stores), random.Random(1), None, 0
    for direction, lives, empty in (
        (there, world.private, world.shared),
        (back, world.shared, world.private),
    ):
        moved = None
        while moved is None:
            dies_at = draw.randrange(20, 90)
            life = Life(dies_at, answered=True, meanwhile=world.write, now=now)
            try:
                moved = direction(world, life).finish()
            except Killed:
                kills += 1
            now = life.now
        assert moved.changes > 0
        world.check(lives, empty)
    assert kills > 1


def test_awaited_it_moves_as_well():
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
