"""What it takes to read a checkpoint does not depend on how many there are, nor on how large others are."""

from __future__ import annotations

import random
from contextlib import closing

import pytest

pytest.importorskip("langgraph.checkpoint.base", reason="needs the extra dynastore[langgraph]")

from langgraph.checkpoint.base import empty_checkpoint

from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.testing import memory_store, recorded


@pytest.fixture
def store():
    with closing(memory_store()) as store:
        yield store


def config(number=None):
    named = {"thread_id": "t", "checkpoint_ns": ""}
    return {"configurable": named | ({} if number is None else {"checkpoint_id": f"{number:05}"})}


def put(saver, number, versions, changed, **values):
    checkpoint = empty_checkpoint() | {
        "id": f"{number:05}",
        "channel_values": values,
        "channel_versions": versions,
    }
    metadata = {"source": "loop", "step": number}
    new = {name: versions[name] for name in changed}
    saver.put(config(number - 1 if number else None), checkpoint, metadata, new)


def taken(store, call):
    """What a call gave back, with the requests and the read units that it took."""
    with recorded(store) as sent:
        found = call()
    return found, len(sent), sum(each.units for each in sent)


def with_documents(store, *, changed_at, checkpoints):
    """A thread in which one channel changes at each step, and a list of documents seldom."""
    saver, documents, version = DynastoreSaver(store), ["d" * 2_000], 0
    for number in range(checkpoints):
        changed = ["note"]
        if number in changed_at:
            documents, version = [*documents, "e" * 50], version + 1
            changed.append("documents")
        versions = {"documents": version, "note": number}
        note = "v" * 600 + str(number)
        put(saver, number, versions, changed, documents=documents, note=note)
    return saver, documents


def values_of(found):
    return found.checkpoint["channel_values"]["documents"]


@pytest.mark.parametrize(
    ("changed_at", "requests"), [({0}, 3), ({0, 1}, 3), ({0, 70, 140, 260}, 5)], ids=str
)
def test_a_list_that_seldom_changes_is_read_by_key(store, changed_at, requests):
    saver, documents = with_documents(store, changed_at=changed_at, checkpoints=300)
    saver.get_tuple(config())
    for call in (lambda: saver.get_tuple(config()), lambda: next(saver.list(config(), limit=1))):
        found, _, _ = taken(store, call)
        assert values_of(found) == documents
    found, count, units = taken(store, lambda: saver.get_tuple(config()))
    assert values_of(found) == documents
    assert count <= requests
    assert units <= 10
    fresh = DynastoreSaver(store)
    assert values_of(fresh.get_tuple(config())) == documents


def test_a_list_that_changes_seldom_but_often_is_written_whole_again(store):
    """Else each change would be a request more for who reads."""
    changed_at = {*range(0, 600, 20)}
    saver, documents = with_documents(store, changed_at=changed_at, checkpoints=600)
    found, count, units = taken(store, lambda: saver.get_tuple(config()))
    assert values_of(found) == documents
    assert count <= 5
    assert units <= 12


def test_of_large_checkpoints_one_request_is_read_and_of_a_named_one_just_it(store):
    saver, text = DynastoreSaver(store), random.Random(0)
    for number in range(30):
        put(saver, number, {"text": number}, ["text"], text=text.randbytes(120_000))
    fresh = DynastoreSaver(store)
    _, count, units = taken(store, lambda: fresh.get_tuple(config()))
    assert (count, units <= 270) == (2, True)  # of up to 1 MB
    _, count, units = taken(store, lambda: next(DynastoreSaver(store).list(config(), limit=1)))
    assert (count, units <= 270) == (2, True)
    _, count, units = taken(store, lambda: DynastoreSaver(store).get_tuple(config(29)))
    assert (count, units <= 32) == (2, True)
    assert len(list(DynastoreSaver(store).list(config()))) == 30


def test_a_named_checkpoint_that_is_not_known_is_read_with_what_it_refers_to(store):
    saver, log = DynastoreSaver(store), ["x" * 1_000]
    for number in range(40):
        log = [*log, "y" * 100]
        put(saver, number, {"log": number}, ["log"], log=log)
    found, count, _ = taken(store, lambda: DynastoreSaver(store).get_tuple(config(39)))
    assert found.checkpoint["channel_values"]["log"] == log
    assert count == 3
    assert DynastoreSaver(store).get_tuple(config(40)) is None
