"""A process dies between any two requests: what was acknowledged stays, and nothing is half there."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator
from typing import Any

import pytest

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.agents.checkpoints import noting
from dynastore.errors import PartialFailure, Unavailable
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.testing import recorded
from tests.cold import LARGE, config, messages, seen
from tests.dying import DyingClient, answers, dying

NO_GRACE = dt.timedelta(0)


@pytest.fixture
def client():
    return DyingClient()


@pytest.fixture
def store(client) -> Iterator[Store]:
    with client.store(agent_schema()) as store:
        yield store


def put(saver, count, thread="t", namespace="", **values):
    """A checkpoint with two more messages, and others of its values."""
    versions = {"messages": f"{count}", **dict.fromkeys(values, f"{count}")}
    checkpoint: Any = {
        "v": 4,
        "id": f"{count:06}",
        "ts": "",
        "channel_values": {"messages": messages(count), **values},
        "channel_versions": versions,
        "versions_seen": {},
        "updated_channels": None,
    }
    parent = f"{count - 1:06}" if count > 1 else None
    metadata: Any = {"step": count, "run_id": f"run {count // 20}"}
    return saver.put(config(thread, parent, namespace), checkpoint, metadata, versions)


def conversation(store, checkpoints=60, thread="t"):
    saver = DynastoreSaver(store)
    for count in range(1, checkpoints + 1):
        for namespace in ("", "child") if count < 5 else ("",):
            large = {"large": f"{count}{LARGE}"} if count == 3 else {}
            put(saver, count, thread, namespace, **large)
            place = config(thread, f"{count:06}", namespace)
            saver.put_writes(place, [("messages", count), ("large", "z" * 40_000)], f"task {count}")
    return saver


@answers
@pytest.mark.parametrize("namespace", ["", "child"])
def test_a_put_that_failed_leaves_what_was_there(store, client, loses_answer, namespace):
    saver = conversation(store, 4)
    before = seen(store)
    values = {"large": LARGE, "other": "o" + LARGE}
    again = dying(
        client, lambda: put(saver, 5, "t", namespace, **values), loses_answer=loses_answer
    )
    died = 0
    for _ in again:
        died += 1
        now = seen(store)
        new = {**before, (namespace, "000005"): ({"messages": messages(5), **values}, [])}
        assert now == before or (loses_answer and now == new)
    assert died >= 3  # two values that are stored by themselves, then the checkpoint
    assert seen(store)[namespace, "000005"][0] == {"messages": messages(5), **values}


@answers
def test_a_thread_that_could_not_be_begun_is_not_there(store, client, loses_answer):
    saver = DynastoreSaver(store)
    for _ in dying(client, lambda: put(saver, 1, large=LARGE), loses_answer=loses_answer):
        is_there = bool(seen(store))
        assert is_there is bool(DynastoreSaver(store).threads().entities)
        assert loses_answer or not is_there
    assert seen(store).keys() == {("", "000001")}


@answers
def test_writes_of_a_task_that_failed_are_there_as_a_whole_or_not(store, client, loses_answer):
    saver = conversation(store, 2)
    before = saver.get_tuple(config()).pending_writes
    writes = [("a", at) for at in range(20)] + [("b", "z" * 50_000), ("c", "z" * 60_000)]
    place = config("t", "000002")
    for _ in dying(
        client, lambda: saver.put_writes(place, writes, "task 9"), loses_answer=loses_answer
    ):
        found = DynastoreSaver(store).get_tuple(config()).pending_writes
        assert len(found) in {len(before), len(before) + len(writes) if loses_answer else -1}
    assert len(saver.get_tuple(config()).pending_writes) == len(before) + len(writes)


@answers
@pytest.mark.parametrize("size", [1, 1_000, 40_000], ids=["small", "many bytes", "large"])
def test_more_writes_of_a_task_are_there_as_a_whole_or_not(
    store, client, loses_answer, size, monkeypatch
):
    monkeypatch.setattr(noting, "WRITES_OF_UPDATE", 3)
    monkeypatch.setattr(noting, "ADDED_BYTES", 5_000)
    saver = conversation(store, 2)
    place = config("t", "000002")
    saver.put_writes(place, [("a", 0), ("__interrupt__", "asked")], "task 9")
    writes = [("a", 0)] + [("a", [at, random.Random(at).randbytes(size)]) for at in range(1, 11)]
    writes.append(("__interrupt__", "asked again"))

    def of_task():
        found = DynastoreSaver(store).get_tuple(config()).pending_writes
        return [(channel, value) for task, channel, value in found if task == "task 9"]

    before = of_task()
    done = [writes[-1], *writes[:-1]]
    assert before == [("__interrupt__", "asked"), ("a", 0)]
    for _ in dying(
        client, lambda: saver.put_writes(place, writes, "task 9"), loses_answer=loses_answer
    ):
        assert of_task() in ([before, done] if loses_answer else [before])
    assert of_task() == done


def test_many_sends_of_a_task_that_asked_before_are_added_at_once(store):
    """What a node that was interrupted returns: 150 Sends, of which no update takes as many."""
    saver = conversation(store, 2)
    place = config("t", "000002")
    saver.put_writes(place, [("__interrupt__", "asked")], "task 9")
    writes = [("__pregel_tasks", at) for at in range(150)]
    with recorded(store) as sent:
        saver.put_writes(place, writes, "task 9")
    changing = [each.operation for each in sent if each.operation != "BatchGetItem"]
    assert changing == ["PutItem", "UpdateItem"]  # the first is refused, as there is an item
    found = DynastoreSaver(store).get_tuple(config()).pending_writes
    assert [value for task, _, value in found if task == "task 9"] == ["asked", *range(150)]


@answers
@pytest.mark.parametrize("keep_last", [1, 3])
def test_a_prune_that_died_leaves_what_stays_and_can_be_called_again(
    store, client, loses_answer, keep_last
):
    conversation(store, 30)
    before = seen(store)
    stays = {
        place
        for namespace in ("", "child")
        for place in sorted(each for each in before if each[0] == namespace)[-keep_last:]
    }
    saver = DynastoreSaver(store)
    for _ in dying(
        client,
        lambda: saver.prune(["t"], keep_last=keep_last, grace=NO_GRACE),
        loses_answer=loses_answer,
    ):
        now = seen(store)
        assert stays <= now.keys()
        assert all(before[place] == each for place, each in now.items())
    assert seen(store) == {place: before[place] for place in stays}


@answers
def test_deleting_runs_that_died_leaves_the_others_and_can_be_called_again(
    store, client, loses_answer
):
    conversation(store, 45)
    before = seen(store)
    stays = {place for place in before if not 20 <= int(place[1]) < 40}
    saver = DynastoreSaver(store)
    for _ in dying(
        client,
        lambda: saver.delete_for_runs(["run 1"], grace=NO_GRACE),
        loses_answer=loses_answer,
    ):
        now = seen(store)
        assert stays <= now.keys()
        assert all(before[place] == each for place, each in now.items())
    assert seen(store) == {place: before[place] for place in stays}


@answers
def test_a_copy_that_died_can_be_read_and_be_called_again(store, client, loses_answer):
    conversation(store)
    before = seen(store)
    saver = DynastoreSaver(store)
    for _ in dying(client, lambda: saver.copy_thread("t", "u"), loses_answer=loses_answer):
        assert all(before[place] == each for place, each in seen(store, "u").items())
        assert seen(store) == before
    assert seen(store, "u") == before


@answers
def test_a_delete_that_died_leaves_what_can_be_read_and_can_be_called_again(
    store, client, loses_answer
):
    conversation(store)
    before = seen(store)
    saver = DynastoreSaver(store)
    for _ in dying(client, lambda: saver.delete_thread("t"), loses_answer=loses_answer):
        now = seen(store)
        assert all(before[place] == each for place, each in now.items())
        left = bool(DynastoreSaver(store).threads().entities)
        assert left or not now  # what is left is found again
    assert not seen(store)


def test_a_saver_whose_prune_died_goes_on_from_what_is_there(store, client):
    """It forgets what it remembers of the thread, though the call failed."""
    for requests in range(40):
        saver, thread = DynastoreSaver(store), f"t{requests}"
        for count in (1, 2, 3):
            put_with_a_note(saver, count, thread)
            saver.put_writes(config(thread, f"{count:06}"), [("messages", count)], "task")
        client.left = requests
        try:
            saver.prune([thread], grace=NO_GRACE)
        except (Unavailable, PartialFailure):
            client.left = None
        else:
            break
        put_with_a_note(saver, 4, thread)
        found = DynastoreSaver(store).get_tuple(config(thread)).checkpoint
        assert found["channel_values"] == {"messages": messages(4), "note": "n" * 600}
    assert requests > 6


def put_with_a_note(saver, count, thread):
    """A checkpoint with two more messages, and a note that never changes."""
    new = {"messages": f"{count}"} | ({"note": "1"} if count == 1 else {})
    checkpoint: Any = {
        "id": f"{count:06}",
        "channel_values": {"messages": messages(count), "note": "n" * 600},
        "channel_versions": {"messages": f"{count}", "note": "1"},
    }
    parent = f"{count - 1:06}" if count > 1 else None
    saver.put(config(thread, parent), checkpoint, {"step": count}, new)
