"""A process dies between any two requests of archiving a thread: what holds of threads alone.

`test_archive_crashes` has what holds of sessions as well.
"""

from __future__ import annotations

import datetime as dt
from functools import partial
from hashlib import sha256
from random import Random

import pytest

from dynastore.agents import cold
from dynastore.agents.checkpoints import loading
from dynastore.errors import PayloadMissing
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.requests.objects import (
    DeleteObject,
    GetObject,
    HeadObject,
    ListObjectsV2,
    PutObject,
)
from tests.archived import Threads, a_client, a_clock, a_store  # noqa: F401 (fixtures)
from tests.cold import (
    BEGAN,
    COLD,
    LATER,
    Moment,
    bucket_schema,
    config,
    conversation,
    id_at,
    put,
    seen,
)
from tests.dying import DyingClient, answers, dying

THREADS = Threads()


@pytest.mark.parametrize("dies", ["archiving", "returning"])
@pytest.mark.parametrize("found", ["newest", "older", "inside"])
def test_who_reads_little_of_what_is_half_there_reads_it_right(dies, found, monkeypatch):
    """A read of the newest checkpoints does not come to the stub; the process died some time ago."""
    monkeypatch.setattr(cold, "TOGETHER", 3)
    monkeypatch.setattr(loading, "CHECKPOINTS_AT_ONCE", 2)
    monkeypatch.setattr(loading, "TASKS_AT_ONCE", 2)
    where = {
        "newest": config(),
        "older": config("t", id_at(5)),
        "inside": config(namespace="child"),
    }[found]
    for requests in range(60):
        client, clock = DyingClient(), Moment()
        with client.store(bucket_schema(), clock=clock) as store:
            conversation(store)
            before = DynastoreSaver(store).get_tuple(where)
            clock.now = LATER
            if dies == "returning":
                THREADS.archive(store)
            call = THREADS.restore if dies == "returning" else THREADS.archive
            ended = not client.dies(partial(call, store), requests)
            clock.now += dt.timedelta(minutes=10)
            now = DynastoreSaver(store).get_tuple(where)
            assert now.checkpoint == before.checkpoint
            assert now.pending_writes == before.pending_writes
        if ended:
            break
    assert requests >= 15


@answers
def test_a_delete_of_an_archived_thread_that_died_can_be_called_again(
    store, client, clock, loses_answer
):
    conversation(store)
    before = seen(store)
    clock.now = LATER
    THREADS.archive(store)
    saver = DynastoreSaver(store)
    for _ in dying(client, lambda: saver.delete_thread("t"), loses_answer=loses_answer):
        client.left = None
        left = bool(DynastoreSaver(store).threads().entities)
        archived = THREADS.state(store) == "archived"
        now = seen(store) if not archived else before
        assert now in (before, {})
        assert left or not now
        if archived:
            continue
    assert seen(store) == {}
    assert THREADS.here(store) == set()
    assert THREADS.state(store) is None
    put(saver, 1)
    assert seen(store).keys() == {("", id_at(1))}


def test_who_goes_on_without_reading_loses_nothing(store, clock):
    saver = conversation(store)
    before = seen(store)
    DynastoreSaver(store)
    clock.now = LATER
    saver.get_tuple(config())  # it remembers the newest checkpoint
    THREADS.archive(store)
    put(saver, 9, began=LATER)
    new = id_at(9, LATER)
    saver.put_writes(config("t", new), [("messages", 1)], "task 9")
    saver.put_writes(config("t", id_at(8)), [("messages", 2), ("__error__", "e")], "task 8")
    found = seen(store)
    assert found.keys() == {*before, ("", new)}
    assert len(found["", new][0]["messages"]) == 18
    assert found["", id_at(8)][1] == [("task 8", "__error__", "e"), *before["", id_at(8)][1]]
    assert {name: each for name, each in found.items() if name[1] not in {new, id_at(8)}} == {
        name: each for name, each in before.items() if name[1] != id_at(8)
    }


def test_what_would_have_expired_meanwhile_does_not_come_back(store, clock):
    saver = DynastoreSaver(store, ttl=COLD.older_than * 1.2)
    put(saver, 1)
    put(saver, 2)
    clock.now = LATER
    assert THREADS.archive(store).archived == 1
    clock.now += COLD.older_than
    assert seen(store) == {}
    assert saver.get_tuple(config()) is None
    assert THREADS.here(store) == set()


def objects_in(store):
    return [
        each.name for each in store.client.send(ListObjectsV2("agent-payloads", "", 100)).objects
    ]


def test_a_thread_whose_archive_is_gone_says_so_and_others_are_archived(store, clock):
    """Also while it is archived for the first time. Once the object is restored it is whole."""
    conversation(store, thread="lost")
    before = seen(store, "lost")
    clock.now = LATER
    assert THREADS.archive(store).archived == 1
    (name,) = objects_in(store)
    body = bytes(store.client.send(GetObject("agent-payloads", name)))
    owner = store.client.send(HeadObject("agent-payloads", name))
    store.client.send(DeleteObject("agent-payloads", name))
    with pytest.raises(PayloadMissing, match="restore that from a backup"):
        seen(store, "lost")
    clock.now = BEGAN
    conversation(store, thread="other")
    clock.now = LATER
    done = THREADS.archive(store)
    assert (done.archived, done.damaged) == (1, ("lost",))
    store.client.send(PutObject("agent-payloads", name, body, sha256(body).digest(), owner))
    assert seen(store, "lost") == before
    assert THREADS.archive(store).damaged == ()


def test_a_thread_that_lacks_a_value_is_not_archived_and_others_are(store, clock):
    saver = conversation(store, thread="lost")
    put(saver, 9, "lost", random=Random(1).randbytes(900_000).hex())  # too large for an item
    conversation(store, thread="other")
    (name,) = objects_in(store)
    store.client.send(DeleteObject("agent-payloads", name))
    keys = THREADS.here(store, "lost")
    clock.now = LATER
    for archived in (1, 0):
        done = THREADS.archive(store)
        assert (done.archived, done.damaged) == (archived, ("lost",))
    assert THREADS.here(store, "lost") == keys
