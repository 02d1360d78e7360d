"""Items that have drifted are found and mended, on every engine; racing writers lose nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any, Literal

import pytest

from dynastore import (
    Drifted,
    Malformed,
    Misplaced,
    Schema,
    entity,
    gsi,
    increment,
    key,
    ref,
    unique,
)
from dynastore.changes import SetTo, Unset
from dynastore.errors import ConditionFailed, InvalidCursor
from dynastore.operations.upkeep.findings import Tally
from dynastore.requests import DeleteItem, GetItem, Key, UpdateItem

from .drivers import Awaited, at_once
from .engines import PAIRS

pytestmark = [pytest.mark.scans, pytest.mark.on(*PAIRS)]

NOON = dt.datetime(2030, 1, 5, 12, tzinfo=dt.UTC)


@entity("task", expires="expires_at")
class Task:
    """Something an agent has to do."""

    owner: str
    task_id: str
    status: Literal["open", "done"] = "open"
    team: str | None = None
    digest: bytes = b"\x00\xff"
    visits: int = 0
    expires_at: dt.datetime | None = None

    primary = key("OWNER#{owner}", "TASK#{task_id}")
    by_team = gsi(1, "TEAM#{team}", "TASK", "{status}", "{task_id}", shards=3)
    open_ones = gsi(2, "OPEN", "{digest}#{owner}", when={"status": "open"})


SCHEMA = Schema([Task])
T1 = Key("OWNER#ann", "TASK#t1")


@pytest.fixture
def store(open_store):
    return open_store(SCHEMA)


def task(number=1, **changes):
    return Task(**{"owner": "ann", "task_id": f"t{number}", "team": "core", **changes})


def send(store, request):
    """Send a request as it is, behind the back of all operations."""
    if isinstance(store, Awaited):
        return store.runner.run(store.target.client.send(request))
    return store.client.send(request)


def drift(store, key_=T1, **attributes):
    """Overwrite attributes of an item; None removes one."""
    changes = {n: Unset() if v is None else SetTo(v) for n, v in attributes.items()}
    send(store, UpdateItem(store.schema.table.name, key_, changes))


def item(store, key_=T1):
    return send(store, GetItem(store.schema.table.name, key_, consistent=True))


def test_nothing_is_wrong_with_what_was_written(store):
    store.put_many([task(number, expires_at=NOON) for number in range(5)])
    store.update(ref(Task, owner="ann", task_id="t1"), status="done")
    store.scope("qa").scope("n 1").put(task())
    verified = store.verify()
    assert list(verified) == []
    assert verified.tally == Tally(items=8, scopes=2)
    assert verified.cursor is None


@pytest.mark.parametrize(
    "attributes",
    [
        {"GSI1H": {"S": "TEAM#other#0"}},
        {"GSI1R2": {"S": "done"}},
        {"GSI2H": None},
        {"GSI1H": None, "GSI1R1": None},
        {"TTL": None},
        {"TTL": {"N": "17"}},
        {"status": {"S": "done"}},
        {"team": {"NULL": True}},
        {"digest": {"B": b"\x01"}},
    ],
)
def test_what_has_drifted_is_found_and_mended(store, settled, attributes):
    store.put_many([task(number, expires_at=NOON) for number in range(3)])
    drift(store, **attributes)
    before = item(store)

    (found,) = store.verify()
    assert isinstance(found, Drifted)
    assert (found.key, found.entity, found.mended) == (T1, "Task", False)
    assert list(store.reindex(dry_run=True)) == [found]
    assert item(store) == before

    mending = store.reindex()
    (mended,) = mending
    assert mended.mended
    assert mended.differences == found.differences
    assert mending.tally == Tally(items=3, drifted=1, mended=1)
    assert list(store.verify()) == []
    after = store.get(Task, owner="ann", task_id="t1")
    settled()
    assert store.query(Task, status="open").count() == 3 - (after.status == "done")
    assert store.query(Task, team="core").count() == 3 - (after.team is None)


def test_index_attributes_of_no_pattern_are_removed(open_store):
    @entity("plain")
    class Plain:
        name: str
        primary = key("PLAIN#{name}", "PLAIN")

    store = open_store(Schema([Task, Plain]))
    store.put(Plain(name="x"))
    drift(store, Key("PLAIN#x", "PLAIN"), GSI2H={"S": "OPEN"}, GSI2R1={"S": "x"})
    (found,) = store.reindex()
    assert found.differences.keys() == {"GSI2H", "GSI2R1"}
    assert item(store, Key("PLAIN#x", "PLAIN")).keys() == {"PK", "SK", "TYPE", "name"}


def test_a_wrong_key_is_reported_and_left(store):
    store.put(task())
    drift(store, task_id={"S": "t2"}, GSI1H={"S": "TEAM#x#0"})
    stored = item(store)
    mending = store.reindex()
    assert list(mending) == [Misplaced(T1, "Task", Key("OWNER#ann", "TASK#t2"))]
    assert mending.tally.wrong == 1
    assert item(store) == stored


def test_malformed_items_are_reported_and_unknown_ones_counted(store):
    store.put_many([task(1), task(2), task(3)])
    drift(store, visits={"S": "many"})
    drift(store, Key("OWNER#ann", "TASK#t2"), TYPE={"S": "chore"})
    drift(store, Key("OWNER#ann", "TASK#t3"), TYPE=None)
    mending = store.reindex()
    (found,) = mending
    assert isinstance(found, Malformed)
    assert "$.visits" in str(found.error)
    assert mending.tally == Tally(items=3, unknown={"chore": 1, None: 1}, malformed=1)


def test_guards_of_unique_values_are_not_unknown(open_store):
    @entity("member")
    class Member:
        name: str
        email: str
        primary = key("MEMBER#{name}", "~")
        one_email = unique("email")

    store = open_store(Schema([Member]))
    store.put_many([Member(name=name, email=f"{name}@example.com") for name in "abc"])
    verified = store.verify()
    assert list(verified) == []
    assert verified.tally == Tally(items=6, guards=3)


def test_scopes_are_told_from_the_partition_keys(store):
    team = store.scope("qa").scope("n#1")
    team.put(task())
    store.put(task())
    hidden = Key(f"{team.schema.prefix}OWNER#ann", "TASK#t1")
    drift(store, hidden, GSI2H={"S": "OPEN"})  # outside its scope
    assert [each.key for each in store.verify()] == [hidden]
    assert list(store.scope("other").verify()) == []
    (mended,) = store.scope("qa").reindex()
    assert mended.differences["GSI2H"].implied == {"S": f"{team.schema.prefix}OPEN"}
    assert list(store.verify()) == []


def test_it_goes_on_where_it_stopped(store):
    some = [task(number) for number in range(40)]
    store.put_many(some)
    for number in range(40):
        drift(store, Key("OWNER#ann", f"TASK#t{number}"), GSI2H=None)
    first = store.reindex(units_per_second=40)
    seen = first.page()
    assert 1 <= len(seen) < 40
    seen += store.reindex(cursor=first.cursor)
    assert {each.key for each in seen} == {Key("OWNER#ann", f"TASK#t{n}") for n in range(40)}
    assert list(store.verify(segments=3)) == []
    with pytest.raises(InvalidCursor):
        store.scope("qa").verify(cursor=first.cursor)


def racing(store: Any, write: Callable[[], None]) -> None:
    """Let somebody write an item between its examination and the first attempt to mend it."""
    target = store.target if isinstance(store, Awaited) else store
    client, send_plain = target.client, target.client.send
    writes = [write]

    def send_late(request):
        if isinstance(request, UpdateItem) and writes:
            writes.pop()()
        return send_plain(request)

    async def send_late_async(request):
        if isinstance(request, UpdateItem) and writes:
            await writes.pop()()
        return await send_plain(request)

    client.send = send_late_async if isinstance(store, Awaited) else send_late


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ({"status": "done"}, "done"),
        ({"team": "other"}, "open"),
        ({"visits": increment(5)}, "open"),
    ],
)
def test_a_writer_in_between_loses_nothing(open_store, change, left):
    store, other = open_store(SCHEMA), open_store(SCHEMA)
    store.put(task())
    drift(store, GSI1R2={"S": "gone"}, GSI1H=None)
    target = ref(Task, owner="ann", task_id="t1")
    writer = other.target if isinstance(other, Awaited) else other
    before = store.get(Task, owner="ann", task_id="t1")
    racing(store, lambda: writer.update(target, **change))
    list(store.reindex())
    found = other.get(Task, owner="ann", task_id="t1")
    assert found.status == left
    assert found != before
    assert list(other.verify()) == []


def test_an_item_deleted_in_between_is_not_made_again(open_store):
    store, other = open_store(SCHEMA), open_store(SCHEMA)
    store.put(task())
    drift(store, GSI1R2={"S": "gone"})
    writer = other.target if isinstance(other, Awaited) else other
    racing(store, lambda: writer.client.send(DeleteItem(writer.schema.table.name, T1)))
    assert list(store.reindex()) == []
    assert item(other) is None


@pytest.mark.fault(
    "moto",
    reason="checks and writes in two steps, between which threads interfere",
    strict=False,
)
def test_many_racing_writers_lose_nothing(store):
    store.put_many([task(number) for number in range(4)])
    for number in range(4):
        drift(store, Key("OWNER#ann", f"TASK#t{number}"), GSI1H=None, GSI1R2={"S": "x"})

    def work(each, number):
        if number == 0:
            return _reindexed(each)
        return each.update(
            ref(Task, owner="ann", task_id=f"t{number % 4}"), visits=increment(1), status="done"
        )

    outcomes = at_once(store, work, 9)
    assert not [each for each in outcomes if isinstance(each, ConditionFailed)]
    list(store.reindex())
    assert list(store.verify()) == []
    found = list(store.query(Task, owner="ann").consistent())
    assert [each.visits for each in found] == [2, 2, 2, 2]
    assert {each.status for each in found} == {"done"}


def _reindexed(store):
    verified = store.reindex()
    return verified.page()
