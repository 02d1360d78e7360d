"""Expiry as plans and operations have it: what is asked, of the server and of the clock."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any

import pytest

from dynastore import Schema, any_of, entity, gsi, key, ref
from dynastore.errors import RequestError
from dynastore.operations.conditions import as_absent, unexpired, visible
from dynastore.operations.reading import reads
from dynastore.operations.reading.planned import first_requests
from dynastore.operations.writing import writes
from dynastore.requests import Now
from dynastore.terms import Absent, AnyOf, Compare, Equal, Present
from dynastore.testing import memory_store
from dynastore.writes import Check, Create, Delete, Put, Update

NOON = dt.datetime(2096, 3, 1, 12, tzinfo=dt.UTC)
HALF_PAST = NOON + dt.timedelta(milliseconds=500)
SECOND = {"N": str(int(NOON.timestamp()))}
LIVE = (AnyOf(((("TTL", Absent()),), (("TTL", Compare(">", SECOND)),))),)
OVER = (("TTL", Compare("<=", SECOND)),)


@entity("visit", expires="ends_at")
class Visit:
    """A visit, on an index of keys and on one that carries a field."""

    owner: str
    visit_id: str
    team: str = "core"
    kind: str = "call"
    text: str = ""
    ends_at: dt.datetime | None = None

    primary = key("OWNER#{owner}", "VISIT#{visit_id}")
    bare = gsi(1, "TEAM#{team}", "VISIT", "{visit_id}", include=())
    slim = gsi(2, "KIND#{kind}", "VISIT", "{visit_id}", include=("team",))


@entity("note")
class Note:
    """It cannot expire."""

    owner: str
    note_id: str
    text: str = ""

    primary = key("OWNER#{owner}", "NOTE#{note_id}")


SCHEMA = Schema([Visit, Note])
VISIT, NOTE = Visit(owner="ann", visit_id="v1"), Note(owner="ann", note_id="n1")


def store(now: Any = NOON) -> Any:
    return memory_store(SCHEMA, clock=lambda: now)


def test_a_plan_says_who_leaves_out_what_is_expired():
    server = "  filter at the server: not expired (TTL is not stored, or after now)"
    client = "  check at the client: not expired (TTL is not stored, or after now)"
    for where, line in [
        ({"owner": "ann"}, server),
        ({"kind": "call"}, server),
        ({"team": "core"}, client),
        ({"owner": "ann", "visit_id": "v1"}, client),
    ]:
        found = store().query(Visit, **where)
        assert line in found.explain().splitlines()
        (path,) = json.loads(found.explain("json"))["paths"]
        assert path["expired_left_out_at"] == ("server" if line is server else "client")
        assert "not expired" in found.explain("mermaid")


def test_every_path_of_an_alternative_leaves_it_out():
    plan = store().query(Visit, any_of(kind="call", team="core")).plan
    assert [path.expiry_at for path in plan.paths] == ["server", "client"]


def test_the_plan_of_what_cannot_expire_says_nothing_of_it():
    found = store().query(Note, owner="ann")
    assert "expired" not in found.explain()
    assert json.loads(found.explain("json"))["paths"][0]["expired_left_out_at"] is None
    assert first_requests(SCHEMA, found.plan, NOON)[0].filter == ()


def test_a_collection_leaves_it_out_where_one_class_expires():
    plan = store().collection(Visit, Note, owner="ann").plan
    assert plan.paths[0].expiry_at == "server"
    assert first_requests(SCHEMA, plan, NOON)[0].filter[-1:] == LIVE


def test_the_server_is_asked_by_the_second_that_has_begun():
    (query,) = first_requests(SCHEMA, store().query(Visit, owner="ann").plan, HALF_PAST)
    assert query.filter == LIVE


@pytest.mark.parametrize(
    ("conditions", "asked"),
    [
        ((), ()),
        ((("team", Equal({"S": "x"})),), (("team", Equal({"S": "x"})), *LIVE)),
        ((("PK", Absent()),), (AnyOf(((("PK", Absent()),), OVER)),)),
        ((("PK", Absent()), ("PK", Present())), (("PK", Absent()), ("PK", Present()), *LIVE)),
    ],
)
def test_a_write_takes_what_is_expired_for_none(conditions, asked):
    assert as_absent(conditions, HALF_PAST) == asked
    assert as_absent(conditions, None) == conditions


def test_an_item_is_visible_before_the_second_of_its_end():
    for seconds, seen in [(-1, False), (0, False), (1, True)]:
        item = {"TTL": {"N": str(int(NOON.timestamp()) + seconds)}}
        assert (visible(item, HALF_PAST) is item) == seen
        assert visible(item, None) is item
    assert visible({}, NOON) == {}
    assert visible(None, NOON) is None
    assert unexpired(None) == ()


@pytest.mark.parametrize(
    "operation",
    [
        lambda entity, key: reads.get(SCHEMA, type(entity), key),
        lambda entity, key: reads.get_many(SCHEMA, [ref(type(entity), **key)]),
        lambda entity, key: reads.count(SCHEMA, SCHEMA.plan(type(entity), {"owner": "ann"})),
        lambda entity, key: reads.transact_get(SCHEMA, [ref(type(entity), **key)]),
        lambda entity, key: writes.write(SCHEMA, Put(entity)),
        lambda entity, key: writes.write(SCHEMA, Create(entity)),
        lambda entity, key: writes.write(SCHEMA, Delete(entity)),
        lambda entity, key: writes.write(SCHEMA, Update(entity, text="x")),
        lambda entity, key: writes.transact(SCHEMA, [Check(entity)]),
    ],
)
def test_only_of_what_can_expire_the_time_is_asked(operation):
    assert isinstance(next(operation(VISIT, {"owner": "ann", "visit_id": "v1"})), Now)
    assert not isinstance(next(operation(NOTE, {"owner": "ann", "note_id": "n1"})), Now)


def test_a_clock_without_a_time_zone_is_refused():
    naive = store(dt.datetime(2096, 3, 1))
    naive.put(VISIT)
    for call in (lambda: naive.get(Visit, owner="ann", visit_id="v1"), lambda: naive.create(VISIT)):
        with pytest.raises(RequestError, match="without a time zone"):
            call()


def test_an_iteration_goes_by_the_time_at_which_it_began():
    now = [NOON]
    ticking = memory_store(SCHEMA, clock=lambda: now[0])
    ends_at = NOON + dt.timedelta(seconds=1)
    for number in range(3):
        ticking.put(Visit(owner="ann", visit_id=f"v{number}", ends_at=ends_at))
    found = iter(ticking.query(Visit, owner="ann"))
    next(found)
    now[0] = ends_at
    assert len(list(found)) == 2
    assert list(ticking.query(Visit, owner="ann")) == []
