"""The drill: a table with all kinds of items is kept, made anew elsewhere, and is the same."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from itertools import count

import pytest
from attrs import evolve

from dynastore import Store
from dynastore.errors import RequestError, ServiceError, TableNotFound
from dynastore.operations import backups
from dynastore.operations.exporting.adopting import adopt
from dynastore.operations.reading.scanner import ScanOptions
from dynastore.requests.backups import DeleteBackup
from dynastore.requests.objects import DeleteObject
from dynastore.requests.tables import DescribeTable, DescribeTimeToLive
from dynastore.stores.exports import check, export, load, shelf_of, total_of

from .filled import BUCKET, File, digest, fill, filled_schema, items_of, objects_of

pytestmark = pytest.mark.scans

PLACES = ("sqlite", "moto", "ministack")
NUMBERS = count()


@pytest.fixture
def open_at(tmp_path, request, session):
    """Opens a store at a place, on a table of its own."""
    with ExitStack() as opened:

        def open_at(place, *, bucket=None, name=None):
            name = name or f"drill-{next(NUMBERS)}"
            schema = filled_schema(name, bucket)
            if place == "sqlite":
                store = Store.connect(f"sqlite:///{tmp_path / f'{name}.db'}", schema)
            else:
                url = request.getfixturevalue(f"{place}_url")
                store = Store.connect(name, schema, session=session, endpoint_url=url)
                store.create_table()
                if bucket:
                    place = {"LocationConstraint": session.region_name}
                    client = session.client("s3", endpoint_url=url)
                    client.create_bucket(Bucket=bucket, CreateBucketConfiguration=place)
            return opened.enter_context(store)

        yield open_at


@pytest.mark.parametrize("target", PLACES)
@pytest.mark.parametrize("source", PLACES)
def test_an_export_is_imported_wherever(open_at, tmp_path, source, target):
    number = next(NUMBERS)
    old = open_at(source, bucket=f"old-{number}")
    new = open_at(target, bucket=f"new-{number}")
    fill(old, seed=number, each=1)
    old.put(File(name="object", data=bytes(range(256)) * 2_000))
    shelf = shelf_of(str(tmp_path / "dump"))
    total = export(old, shelf, segments=3)
    assert total.items == digest(old)
    assert total.objects.items == 4
    assert check(shelf).total == total
    loaded = load(new, shelf)
    assert (loaded.items, loaded.objects) == (total.items.items, 4)
    assert digest(new) == digest(old) == total_of(new).items
    assert objects_of(new) == objects_of(old)
    assert [*new.verify()] == []
    assert new.get(File, name="object").data == bytes(range(256)) * 2_000
    assert [*new.scopes()] == ["team 1"]


@pytest.mark.parametrize("place", PLACES)
def test_what_is_in_parts_comes_with_its_item(open_at, tmp_path, place):
    old, new = open_at(place), open_at("sqlite")
    fill(old, each=1)
    total = export(old, shelf := shelf_of(str(tmp_path / "dump.jsonl.gz")))
    assert (total.entities["~part"], total.missing) == (6, 0)
    load(new, shelf)
    assert digest(new) == total.items == digest(old)
    assert new.scope("team 1").get(File, name="f2") == old.scope("team 1").get(File, name="f2")


@pytest.mark.parametrize("place", ["moto", "ministack"])
def test_a_table_is_made_of_a_backup_and_has_what_it_needs(open_at, place):
    """ministack and moto restore at once; what a table that is long in the making does: tests/unit."""
    old = open_at(place)
    fill(old, each=1)
    made = old.run(backups.create_backup(old.schema, "nightly"))
    before = digest(old)
    old.put(File(name="later"))
    assert old.run(backups.backup_named(old.schema, "nightly")) == made
    new = evolve(old, schema=old.schema.named(f"{old.schema.table.name}-new"))
    with pytest.raises(TableNotFound):
        new.run(iter(DescribeTable(new.schema.table.name)))
    new.run(backups.begin_restore(new.schema, made))
    while not new.run(backups.is_ready(new.schema)):
        pass
    is_set = new.run(backups.set_up(new.schema, embedded=False)).set
    assert is_set == ("time to live", "stream", "point-in-time recovery")
    assert digest(new) == before
    assert [*new.verify()] == []
    name = new.schema.table.name
    assert new.run(iter(DescribeTimeToLive(name))) == "TTL"
    assert new.run(iter(DescribeTable(name))).stream is not None
    assert new.run(backups.recovery_of(new.schema)).enabled
    changes = new.changes(File, name="search", follow=False)
    assert [*changes] == []
    new.put(File(name="after"))
    assert [each.new.name for each in changes] == ["after"]
    with pytest.raises(ServiceError, match="TableAlreadyExists"):
        new.run(backups.begin_restore(new.schema, made))
    old.run(iter(DeleteBackup(made.arn)))
    assert old.run(backups.backups(old.schema)) == []
    with pytest.raises(RequestError, match="has no backup 'nightly'; it has none"):
        old.run(backups.backup_named(old.schema, "nightly"))


@pytest.mark.parametrize("place", ["moto", "ministack"])
def test_a_table_is_made_as_another_is_now(open_at, place):
    """Both servers copy the table as it is, whatever moment is asked for, and keep no earlier ones.

    What is sent of a moment is compared with botocore's model in tests/unit/test_backups.py; that a
    moment outside of the window is refused, before anything is sent, is tested here.
    """
    old = open_at(place)
    fill(old, each=1)
    name = old.schema.table.name
    assert not old.run(backups.recovery_of(old.schema)).enabled
    with pytest.raises(RequestError, match="--enable"):
        backups.check_moment(old.run(backups.recovery_of(old.schema)), name, None)
    recovery = old.run(backups.enable_recovery(old.schema))
    assert recovery.enabled
    with pytest.raises(RequestError, match="can be had as it was from"):
        backups.check_moment(
            evolve(recovery, earliest=dt.datetime.now(dt.UTC)),
            name,
            dt.datetime(2020, 1, 1, tzinfo=dt.UTC),
        )
    new = evolve(old, schema=old.schema.named(f"{name}-new"))
    new.run(backups.begin_recovery(new.schema, name, None))
    while not new.run(backups.is_ready(new.schema)):
        pass
    new.run(backups.set_up(new.schema, embedded=False))
    assert digest(new) == digest(old)
    assert [*new.verify()] == []


@pytest.mark.parametrize("place", PLACES)
def test_an_async_store_makes_and_lists_backups(open_at, runner, place):
    store = open_at(place)
    store.put(File(name="f"))

    async def kept():
        awaited = store.awaited()
        made = await awaited.run(backups.create_backup(store.schema, "nightly"))
        found = await awaited.run(backups.backups(store.schema))
        await awaited.close()
        return made, found

    made, found = runner.run(kept())
    assert found == [made] == store.run(backups.backups(store.schema))


@pytest.mark.parametrize("place", ["moto", "ministack"])
def test_an_async_store_makes_a_table_as_another_is_now(open_at, runner, place):
    store = open_at(place)
    store.put(File(name="f"))
    name = store.schema.table.name
    new = store.schema.named(f"{name}-new")

    async def recovered():
        awaited = store.awaited()
        recovery = await awaited.run(backups.enable_recovery(store.schema))
        await awaited.run(backups.begin_recovery(new, name, recovery.latest))
        while not await awaited.run(backups.is_ready(new)):
            pass
        await awaited.close()

    runner.run(recovered())
    assert digest(evolve(store, schema=new)) == digest(store)


def test_a_file_is_kept_as_it_was_at_one_moment(open_at, tmp_path):
    old = open_at("sqlite", bucket=BUCKET)
    fill(old)
    made = old.run(backups.create_backup(old.schema, "nightly"))
    before, objects = digest(old), objects_of(old)
    old.put(File(name="later"))
    newer = old.run(backups.create_backup(old.schema, "nightly"))
    assert old.run(backups.backups(old.schema)) == [newer, made]
    assert old.run(backups.backup_named(old.schema, "nightly")) == newer
    new = Store.connect(f"sqlite:///{tmp_path / 'new.db'}", old.schema, create=False)
    new.run(backups.begin_restore(new.schema, made))
    assert new.run(backups.is_ready(new.schema))
    assert new.run(backups.set_up(new.schema, embedded=True)).set == ()
    assert (digest(new), objects_of(new)) == (before, objects)
    assert [*new.verify()] == []
    assert new.run(iter(DescribeTimeToLive(new.schema.table.name))) == "TTL"
    with pytest.raises(ServiceError, match="is there already"):
        new.run(backups.begin_restore(new.schema, made))
    with pytest.raises(RequestError, match="SQLite keeps no past"):
        new.run(backups.recovery_of(new.schema))
    new.close()


@pytest.mark.parametrize("place", ["moto", "ministack"])
def test_a_restored_table_has_copies_of_its_objects(open_at, session, place):
    """No sweep of the old table touches them, though it deletes what only the new one refers to."""
    number = next(NUMBERS)
    old = open_at(place, bucket=f"live-{number}")
    fill(old, each=1)
    made = old.run(backups.create_backup(old.schema, "nightly"))
    bucket = old.schema.table.bucket
    name = f"{old.schema.table.name}-new"
    shelter = open_at(place, bucket=f"new-{number}", name=f"shelter-{number}").schema.table.bucket
    new = evolve(old, schema=old.schema.on(lambda table: evolve(table, name=name, bucket=shelter)))
    new.run(backups.begin_restore(new.schema, made))
    while not new.run(backups.is_ready(new.schema)):
        pass
    done = new.run(adopt(new.schema, bucket, ScanOptions()))
    assert (done.objects, done.copied, done.missing, done.cursor) == (3, 3, 0, None)
    again = new.run(adopt(new.schema, bucket, ScanOptions()))
    assert (again.objects, again.copied, again.missing) == (3, 0, 0)
    for each in objects_of(old):
        old.client.send(DeleteObject(bucket, each))  # as a sweep does, a day after it was replaced
    assert len(new.get(File, name="f2").data) == 450_000
    assert new.sweep().litter == 0


@pytest.mark.parametrize("place", PLACES)
def test_a_bucket_that_has_the_payloads_of_another_table_is_refused(open_at, tmp_path, place):
    """The sweep of that table would delete them."""
    old = open_at(place, bucket=f"shared-{next(NUMBERS)}")
    fill(old, each=1)
    export(old, shelf := shelf_of(str(tmp_path / "dump")))
    other = evolve(old, schema=old.schema.named("another-agents-table"))
    with pytest.raises(RequestError, match="a bucket of its own"):
        load(other, shelf)
    assert items_of(other) == []
    load(old, shelf, into_existing=True)  # its own are its own


def test_objects_that_are_gone_are_told(open_at):
    old = open_at("moto", bucket=f"gone-{next(NUMBERS)}")
    old.put(File(name="lost", data=b"x" * 450_000))
    for each in objects_of(old):
        old.client.send(DeleteObject(old.schema.table.bucket, each))
    assert total_of(old).missing == 1
    schema = old.schema.on(lambda table: evolve(table, bucket=None))
    with pytest.raises(RequestError, match="name it: --bucket"):
        total_of(evolve(old, schema=schema))
    assert len(items_of(old)) == 1
