"""The sweep deletes old parts that no item refers to, and nothing else."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from dynastore import Schema, entity, key, payload
from dynastore.codec.payloads import Pointer, part_items
from dynastore.errors import InvalidCursor, RequestError
from dynastore.requests import GetItem, Key, PutItem
from dynastore.values.payload_forms import form_of

pytestmark = pytest.mark.scans

NOW = dt.datetime.now(dt.UTC)
OLD = NOW - dt.timedelta(hours=25)
YOUNG = NOW - dt.timedelta(hours=23)


@entity("doc")
class Doc:
    """A document."""

    name: str
    data: bytes = payload(default=b"", offload_over=1_000)

    primary = key("DOC#{name}", "~")


@pytest.fixture
def store(open_store):
    store = open_store(Schema([Doc]))
    store.put(Doc(name="small"))
    return store


def noise(seed, size=5_000):
    return random.Random(seed).randbytes(size)


def write_parts(store, name, data, moment):
    """What a writer leaves that crashes before it writes its item; the pointer and the keys."""
    form = form_of({"B": data}, compress=False)
    pointer = Pointer.to(form, moment)
    owner, prefix = Key(f"{store.schema.prefix}DOC#{name}", "~"), store.schema.prefix

    def steps():
        for part in part_items(pointer, form, owner, "data", prefix, None):
            yield from PutItem(store.schema.table.name, part)

    store.run(steps())
    return pointer, pointer.keys(owner, "data", prefix)


def write_item(store, name, pointer):
    codec = store.schema.codec(Doc)
    item = codec.encode(Doc(name=name), store.schema.prefix) | {"data": pointer.attribute}
    store.run(iter_request(PutItem(store.schema.table.name, item)))


def iter_request(request):
    return (yield from request)


def is_there(store, keys):
    found = [store.run(iter_request(GetItem(store.schema.table.name, each, True))) for each in keys]
    return all(found)


def test_old_parts_that_no_item_refers_to_are_deleted(store):
    _, orphans = write_parts(store, "gone", noise(1, 800_000), OLD)
    pointer, referred = write_parts(store, "kept", noise(2), OLD)
    write_item(store, "kept", pointer)
    _, replaced = write_parts(store, "kept", noise(3), OLD)
    _, in_flight = write_parts(store, "coming", noise(4), YOUNG)
    store.put(Doc(name="new", data=noise(5)))

    seen = store.sweep(dry_run=True)
    assert (seen.parts, seen.litter, seen.cursor) == (5, 4, None)
    assert seen.litter_bytes == 800_001 + 5_001
    assert is_there(store, [*orphans, *replaced])

    assert store.sweep() == seen
    assert not any(is_there(store, [each]) for each in [*orphans, *replaced])
    assert is_there(store, [*referred, *in_flight])
    assert store.get(Doc, name="kept").data == noise(2)
    assert store.get(Doc, name="new").data == noise(5)
    assert store.sweep().litter == 0


def test_it_goes_on_where_it_stopped(store):
    for number in range(6):
        write_parts(store, f"gone {number}", noise(number, 300_000), OLD)
    total = store.sweep(rounds=1)
    assert total.cursor is not None
    assert total.litter < 6
    with pytest.raises(InvalidCursor):
        store.sweep(segments=2, cursor=total.cursor)
    sweeps = 1
    while total.cursor is not None:
        total = total.and_then(store.sweep(rounds=1, cursor=total.cursor))
        sweeps += 1
    assert (total.parts, total.litter, total.litter_bytes) == (6, 6, 6 * 300_001)
    assert sweeps > 1


def test_segments_and_a_rate_find_the_same(store):
    for number in range(6):
        write_parts(store, f"gone {number}", noise(number), OLD)
    assert store.sweep(segments=4, units_per_second=10_000).litter == 6


def test_a_scope_sweeps_itself_and_the_scopes_in_it(store):
    team = store.scope("team")
    write_parts(store, "gone", noise(1), OLD)
    write_parts(team, "gone", noise(2), OLD)
    write_parts(team.scope("agent"), "gone", noise(3), OLD)
    assert team.sweep().litter == 2
    assert store.sweep().litter == 1


def test_a_sweep_of_no_rounds_is_refused(store):
    with pytest.raises(RequestError, match="at least 1"):
        store.sweep(rounds=0)
