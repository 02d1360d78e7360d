"""A thread is read, checked, copied and pruned by several processes, between any two requests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.agents.checkpoints.chains import Known
from dynastore.agents.checkpoints.clearing import PRUNED_GRACE
from dynastore.agents.checkpoints.completing import complete
from dynastore.agents.checkpoints.contents import content_of
from dynastore.agents.checkpoints.copying import copy_thread
from dynastore.agents.checkpoints.entities import Checkpoint, CheckpointValue, TaskWrites
from dynastore.agents.checkpoints.findings import Litter
from dynastore.agents.checkpoints.keeping import Keeping
from dynastore.agents.checkpoints.saving import Place
from dynastore.clients import opening
from dynastore.clients.sqlite import Answer, AsyncSqliteClient, SqliteClient
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.requests import BatchGetItem, Request
from dynastore.requests.batches import Batch

from .checkpoint_model import Machine, config_of, small_constants

REQUESTS = 9  # about as many as a check or a prune of these threads sends
KEPT = 2
STATE = [f"m{at}" for at in range(9)]
NEWEST = [*STATE, "m" * 90]


@contextmanager
def prepared() -> Iterator[Machine]:
    """A thread whose newest checkpoint holds a large splice into what an older one holds."""
    with small_constants():
        machine = Machine()
        machine.append(0, "t", "", None, {"messages": STATE, "note": "n" * 20}, {}, None)
        machine.append(0, "t", "", "1f000001", {"state": 1}, {}, None)
        machine.append(0, "t", "", "1f000002", {"messages": NEWEST}, {}, None)
        yield machine
        machine.store.close()


def while_pruned(machine: Machine, operation: Any, at: int, upto: int) -> Any:
    """What an operation returns that waits at a request until a prune gets as far as to one."""
    returned: list[Any] = []
    pruner: Any = machine.savers[1]

    def steps() -> Any:
        returned.append((yield from operation))

    goes_on = machine.paused(steps(), at)
    prune_goes_on = machine.paused(pruner._prune("t", "keep_latest", KEPT, PRUNED_GRACE), upto)
    machine.model.keep_newest("t", KEPT)
    goes_on()
    prune_goes_on()
    machine.check_all()
    return returned[0]


@pytest.mark.parametrize("at", range(REQUESTS))
@pytest.mark.parametrize("method", ["_check", "_repair"])
def test_what_is_half_pruned_is_not_taken_for_broken(method, at):
    for upto in range(REQUESTS):
        with prepared() as machine:
            arguments = ["t"] if method == "_check" else ["t", PRUNED_GRACE]
            found = while_pruned(machine, getattr(machine.savers[2], method)(*arguments), at, upto)
            found = found if method == "_check" else found.found
            assert all(isinstance(each, Litter) for each in found.findings)


@pytest.mark.parametrize("at", range(4))
def test_what_is_half_pruned_can_be_read_and_pruned(at):
    for upto in range(REQUESTS):
        with prepared() as machine:
            reader: Any = machine.savers[2]
            found = while_pruned(machine, reader._get_tuple(config_of("t", "")), at, upto)
            assert found.checkpoint["channel_values"]["messages"] == NEWEST
        with prepared() as machine:
            other: Any = machine.savers[2]
            pruning = other._prune("t", "keep_latest", KEPT, PRUNED_GRACE)
            while_pruned(machine, pruning, at, upto)


def test_what_was_rewritten_between_two_reads_is_read_again():
    """The newest checkpoint is read as it is after a prune, and the one before as it was."""
    with prepared() as machine:
        before = stored(machine)
        machine.savers[1].prune(["t"], keep_last=KEPT)
        after = stored(machine)
        newest = "1f000003"
        known = Known({**before, newest: after[newest]})
        place, keeping = Place("t", "", newest), Keeping()
        schema = machine.store.schema
        machine.store.run(complete(schema, place, known, [newest], keeping))
        assert known.values(known.contents[newest]).keys() == {"messages", "note", "state"}


def stored(machine: Machine) -> dict[str, Any]:
    found = machine.store.query(Checkpoint, thread_id="t")
    return {each.checkpoint_id: content_of(each.content, each.mark) for each in found}


def test_what_a_task_wrote_after_a_checkpoint_that_is_gone_is_litter_and_no_more():
    """As a prune leaves it that was killed after it deleted a value of the task."""
    with prepared() as machine:
        saver = machine.savers[0]
        saver.put_writes(config_of("t", "", "1f000001"), [("note", "w" * 200)], "task")
        machine.store.delete_many(
            [
                *machine.store.query(Checkpoint, thread_id="t"),
                *machine.store.query(CheckpointValue, thread_id="t"),
            ]
        )
        findings = saver.check("t").findings
        assert [type(each) for each in findings] == [Litter]
        assert not saver.repair("t").dropped
        assert len(list(machine.store.query(TaskWrites, thread_id="t"))) == 1


@pytest.mark.parametrize("at", range(REQUESTS))
def test_a_copy_can_be_read_whatever_is_written_while_it_is_made(at):
    with prepared() as machine:
        schema: Any = machine.store.schema
        goes_on = machine.paused(copy_thread(schema, "t", "copy", Keeping()), at)
        worker, newest = machine.savers[2], config_of("t", "", "1f000003")
        worker.get_tuple(newest)
        writes = [("note", "w" * 200), ("note", "x")]
        worker.put_writes(newest, writes, "task")
        machine.append(2, "t", "", "1f000003", {"note": "large " * 40}, {}, None)
        worker.prune(["t"], keep_last=3)
        goes_on()
        saver = DynastoreSaver(machine.store)
        copied = list(saver.list(config_of("copy", "")))
        ids = [each.checkpoint["id"] for each in copied]
        assert ids in (["1f000004", "1f000003", "1f000002"], ["1f000003", "1f000002", "1f000001"])
        assert all(isinstance(each, Litter) for each in saver.check("copy").findings)
        for each in copied:
            values, _ = machine.lines["t", ""].states[each.checkpoint["id"]]
            assert each.checkpoint["channel_values"] == values
            task = [(channel, value) for _, channel, value in each.pending_writes or ()]
            assert task in ([], writes)


class Lagging(SqliteClient):
    """Whose eventual reads of items by key find none: they ask a replica that knows of nothing yet."""

    def answer(self, request: Request[Any]) -> Answer:
        if isinstance(request, BatchGetItem) and not request.consistent:
            return Answer(Batch((), ()))
        return super().answer(request)


def test_what_an_eventual_read_misses_is_read_again_before_it_is_taken_for_lost():
    client = Lagging(opening.MEMORY)
    place = opening.Place(None, True, lambda: client, lambda: AsyncSqliteClient(client))
    with small_constants(), Store.at(place, agent_schema(), create=True) as store:
        saver: Any = DynastoreSaver(store, consistent=False)
        checkpoint = {"id": "1", "channel_values": {"a": "v" * 90}, "channel_versions": {"a": 1}}
        saver.put(config_of("t", ""), checkpoint, {}, {"a": 1})
        saver.put_writes(config_of("t", "", "1"), [("a", "w" * 200)], "task")
        found = saver.get_tuple(config_of("t", ""))
        assert found.checkpoint["channel_values"] == {"a": "v" * 90}
        assert found.pending_writes == [("task", "a", "w" * 200)]
