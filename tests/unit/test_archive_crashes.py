"""A process dies between any two requests of archiving, or of bringing back: the thread stays whole."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from hashlib import sha256
from random import Random

import pytest

from dynastore import Store
from dynastore.agents import cold
from dynastore.agents.checkpoints import loading
from dynastore.agents.checkpoints.archives import archive_of
from dynastore.agents.checkpoints.archiving import archive_threads
from dynastore.agents.checkpoints.entities import Checkpoint, CheckpointValue, TaskWrites
from dynastore.agents.checkpoints.keeping import Keeping
from dynastore.agents.checkpoints.returning import bring_back
from dynastore.agents.checkpoints.stored import read_refs
from dynastore.agents.checkpoints.stubs import is_stub_ref
from dynastore.clients.async_sqlite import AsyncSqliteClient
from dynastore.clients.opening import Place
from dynastore.errors import PartialFailure, PayloadMissing, Unavailable
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.requests.objects import (
    DeleteObject,
    GetObject,
    HeadObject,
    ListObjectsV2,
    PutObject,
)
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
from tests.unit.test_checkpoint_crashes import DyingClient, answers, dying


@pytest.fixture
def client():
    return DyingClient()


@pytest.fixture
def clock():
    return Moment()


@pytest.fixture
def store(client, clock) -> Iterator[Store]:
    place = Place(None, True, lambda: client, lambda: AsyncSqliteClient(client))
    with Store.at(place, bucket_schema(), create=True, clock=clock) as store:
        yield store


def archive(store):
    return store.run(archive_threads(store.schema, COLD))


def state(store, thread="t"):
    found = store.run(archive_of(store.schema, thread))
    return None if found is None else found.state


def in_table(store, thread="t"):
    """The keys of what is in the table of a thread, without stubs."""
    found = []
    for cls in (Checkpoint, CheckpointValue, TaskWrites):
        refs = store.run(read_refs(store.schema, cls, {"thread_id": thread}, Keeping()))
        found += [each for each in refs if cls is not Checkpoint or not is_stub_ref(each)]
    return found


def test_a_cold_thread_leaves_the_table_and_comes_back_whole(store, clock):
    conversation(store)
    before, keys = seen(store), in_table(store)
    clock.now = LATER
    figures = archive(store)
    assert (figures.seen, figures.archived, figures.items) == (1, 1, len(keys))
    assert in_table(store) == []
    assert [each.thread_id for each in DynastoreSaver(store).threads()] == ["t"]
    assert state(store) == "archived"  # a list of threads does not bring one back
    assert seen(store) == before
    assert {*in_table(store)} == {*keys}
    assert state(store) == "back"


@answers
def test_an_archiving_that_died_leaves_the_whole_thread_and_is_taken_up(
    store, client, clock, loses_answer
):
    conversation(store)
    before = seen(store)
    clock.now = LATER
    states = set()
    died = 0
    for _ in dying(client, lambda: archive(store), loses_answer=loses_answer):
        died += 1
        states.add(state(store))
    assert died >= 9
    assert {None, "leaving"} <= states
    assert state(store) == "archived"
    assert in_table(store) == []
    assert seen(store) == before


@answers
def test_a_thread_whose_archiving_died_anywhere_can_be_read(store, client, clock, loses_answer):
    conversation(store, 4)
    before = seen(store)
    for requests in range(100):
        clock.now += (LATER - clock.now) if requests == 0 else COLD.older_than * 2
        client.left, client.loses_answer = requests, loses_answer
        try:
            archive(store)
        except (Unavailable, PartialFailure):
            client.left = None
        else:
            break
        assert DynastoreSaver(store).get_tuple(config()).pending_writes == before["", id_at(4)][1]
        assert seen(store) == before
        assert state(store) in {None, "back"}
    client.left = None
    assert requests >= 9
    assert seen(store) == before


@answers
def test_a_return_that_died_leaves_the_whole_thread(store, client, clock, loses_answer):
    conversation(store)
    before, keys = seen(store), in_table(store)
    clock.now = LATER
    archive(store)
    died = 0
    for _ in dying(
        client,
        lambda: store.run(bring_back(store.schema, "t")),
        loses_answer=loses_answer,
    ):
        died += 1
        assert state(store) in {"archived", "returning", "back"}
    assert died >= 6
    assert {*in_table(store)} == {*keys}
    assert seen(store) == before


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
        place = Place(None, True, lambda client=client: client, None)
        with Store.at(place, bucket_schema(), create=True, clock=clock) as store:
            conversation(store)
            before = DynastoreSaver(store).get_tuple(where)
            clock.now = LATER
            if dies == "returning":
                archive(store)
            client.left = requests
            ended = False
            try:
                if dies == "returning":
                    store.run(bring_back(store.schema, "t"))
                else:
                    archive(store)
                ended = True
            except (Unavailable, PartialFailure):
                pass
            client.left = None
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
    archive(store)
    saver = DynastoreSaver(store)
    for _ in dying(client, lambda: saver.delete_thread("t"), loses_answer=loses_answer):
        client.left = None
        left = bool(DynastoreSaver(store).threads().entities)
        archived = state(store) == "archived"
        now = seen(store) if not archived else before
        assert now in (before, {})
        assert left or not now
        if archived:
            continue
    assert seen(store) == {}
    assert in_table(store) == []
    assert state(store) is None
    put(saver, 1)
    assert seen(store).keys() == {("", id_at(1))}


def test_who_goes_on_without_reading_loses_nothing(store, clock):
    saver = conversation(store)
    before = seen(store)
    DynastoreSaver(store)
    clock.now = LATER
    saver.get_tuple(config())  # it remembers the newest checkpoint
    archive(store)
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


def test_a_thread_that_came_back_stays_until_it_is_cold_again(store, clock):
    conversation(store)
    clock.now = LATER
    archive(store)
    seen(store)
    assert archive(store).archived == 0
    clock.now += COLD.older_than * 1.1
    assert archive(store).archived == 1


def test_what_would_have_expired_meanwhile_does_not_come_back(store, clock):
    saver = DynastoreSaver(store, ttl=COLD.older_than * 1.2)
    put(saver, 1)
    put(saver, 2)
    clock.now = LATER
    assert archive(store).archived == 1
    clock.now += COLD.older_than
    assert seen(store) == {}
    assert saver.get_tuple(config()) is None
    assert in_table(store) == []


def objects_in(store):
    return [
        each.name for each in store.client.send(ListObjectsV2("agent-payloads", "", 100)).objects
    ]


def test_a_thread_whose_archive_is_gone_says_so_and_others_are_archived(store, clock):
    """Also while it is archived for the first time. Once the object is restored it is whole."""
    conversation(store, thread="lost")
    before = seen(store, "lost")
    clock.now = LATER
    assert archive(store).archived == 1
    (name,) = objects_in(store)
    body = bytes(store.client.send(GetObject("agent-payloads", name)))
    owner = store.client.send(HeadObject("agent-payloads", name))
    store.client.send(DeleteObject("agent-payloads", name))
    with pytest.raises(PayloadMissing, match="restore that from a backup"):
        seen(store, "lost")
    clock.now = BEGAN
    conversation(store, thread="other")
    clock.now = LATER
    done = archive(store)
    assert (done.archived, done.damaged) == (1, ("lost",))
    store.client.send(PutObject("agent-payloads", name, body, sha256(body).digest(), owner))
    assert seen(store, "lost") == before
    assert archive(store).damaged == ()


def test_a_thread_that_lacks_a_value_is_not_archived_and_others_are(store, clock):
    saver = conversation(store, thread="lost")
    put(saver, 9, "lost", random=Random(1).randbytes(900_000).hex())  # too large for an item
    conversation(store, thread="other")
    (name,) = objects_in(store)
    store.client.send(DeleteObject("agent-payloads", name))
    keys = in_table(store, "lost")
    clock.now = LATER
    for archived in (1, 0):
        done = archive(store)
        assert (done.archived, done.damaged) == (archived, ("lost",))
    assert in_table(store, "lost") == keys
