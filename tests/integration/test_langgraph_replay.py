"""Agents that say what real conversations say: each checkpoint is as LangGraph's own saver has it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

pytest.importorskip("langgraph.graph", reason="needs the extra dynastore[test]")

from hypothesis import settings
from langchain_core.messages import RemoveMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from benchmarks.payloads import VARIABLE
from dynastore import Store
from dynastore.agents import agent_schema
from dynastore.agents.checkpoints import completing, deltas, listing, loading, noting, recent
from dynastore.agents.checkpoints.entities import Checkpoint
from dynastore.clients.opening import MEMORY, Place
from dynastore.clients.sqlite import AsyncSqliteClient
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.testing import memory_store

from .replayed import Both, BreakingClient, Fault, agent, asked, following, is_done, script
from .test_killed_writers import wait_for

CONFIG = {"configurable": {"thread_id": "t1"}}
DURABILITIES = ("sync", "async", "exit")
CONVERSATIONS = Path(__file__).parents[3] / "shared" / "data" / "tau_bench_airline.jsonl"
PROGRAM = Path(__file__).with_name("agent_program.py")
KILLS = 3
TURNS = 50 if settings.default.max_examples <= 100 else 200  # in make test, in make fuzz


@pytest.fixture
def own_sample(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture
def real_conversations(monkeypatch):
    path = Path(os.environ.get(VARIABLE, CONVERSATIONS))
    if not path.exists():
        pytest.skip(f"there are no conversations: {VARIABLE} names a file of them")
    monkeypatch.setenv(VARIABLE, str(path))


@pytest.fixture(params=["as they are", "as if all were large"])
def limits(request, monkeypatch):
    """Short texts are treated as long ones: values and writes lie by themselves, chains end early."""
    if request.param == "as they are":
        return
    monkeypatch.setattr(deltas, "SPLICED_BYTES", 64)
    monkeypatch.setattr(deltas, "LINK_BYTES", 10)
    monkeypatch.setattr(deltas, "SPILLED_BYTES", 600)
    monkeypatch.setattr(noting, "LARGE_WRITE_BYTES", 300)
    monkeypatch.setattr(noting, "WRITES_OF_UPDATE", 2)
    monkeypatch.setattr(loading, "CHECKPOINTS_AT_ONCE", 5)
    monkeypatch.setattr(completing, "CHECKPOINTS_AT_ONCE", 5)
    monkeypatch.setattr(listing, "CHECKPOINTS_AT_ONCE", 5)
    monkeypatch.setattr(loading, "MADE_SINCE", 1)
    monkeypatch.setattr(loading, "TASKS_AT_ONCE", 1)
    monkeypatch.setattr(completing, "LONG_LINKS", 2)
    monkeypatch.setattr(recent, "HEADS", 6)


async def test_a_short_conversation_is_replayed_with_forks(own_sample, limits):
    for seed in range(2):
        await check_replay(turns=15, seed=seed)


@pytest.mark.hypothesis  # so that make fuzz runs it
async def test_one_thread_of_real_conversations_is_replayed_with_forks(real_conversations):
    await check_replay(turns=TURNS, seed=0)


async def check_replay(turns, seed):
    """Play turns, blocking and awaited, in all durabilities, with forks; then compare all there is."""
    said, draw = script(turns), random.Random(seed)
    with closing(memory_store()) as store:
        saver = Both(store, InMemorySaver())
        graph = agent(said).compile(checkpointer=saver)
        for number in range(turns):
            config = CONFIG
            if number and draw.random() < 0.15:
                config = await forked(graph, draw)
            await run(graph, asked(said, number), config, draw)
            while (state := graph.get_state(CONFIG)).interrupts:
                await run(graph, Command(resume=number), CONFIG, draw)
            assert state.next == ()
        compare(said, saver)
        await saver.tested._stores.awaited.close()


async def forked(graph, draw):
    """Change an older state, or go on from there; the config from which the next turn goes on."""
    snapshots = list(graph.get_state_history(CONFIG, limit=40))
    chosen = draw.choice([each for each in snapshots if each.values.get("messages")])
    messages = [each for each in chosen.values["messages"] if each.type != "human"]
    changes = [{"counts": {"forked": len(snapshots)}}]
    if messages:
        one = draw.choice(messages)
        changes.append({"messages": [one.model_copy(update={"content": "changed"})]})
        changes.append({"messages": [RemoveMessage(one.id)]})
    match draw.choice(("go on", "update", "aupdate")):
        case "update":
            return graph.update_state(chosen.config, draw.choice(changes), as_node="agent")
        case "aupdate":
            return await graph.aupdate_state(chosen.config, draw.choice(changes), as_node="agent")
    if not any(task.interrupts for task in chosen.tasks):
        await run(graph, None, chosen.config, draw)
    return chosen.config


async def run(graph, given, config, draw):
    durability = draw.choice(DURABILITIES)
    if draw.random() < 0.5:
        await graph.ainvoke(given, config, durability=durability)
    else:
        graph.invoke(given, config, durability=durability)


def compare(said, saver):
    """All checkpoints of all namespaces, and the states that a graph makes of them, are the same."""
    ours, model = (
        agent(said).compile(checkpointer=each).get_state_history(CONFIG)
        for each in (saver.tested, saver.model)
    )
    for one, other in zip(ours, model, strict=True):
        assert one == other
    stored = [
        (each.namespace, each.checkpoint_id)
        for each in saver.store.query(Checkpoint, thread_id="t1")
    ]
    kept = {name: some for name, some in saver.model.storage["t1"].items() if some}
    assert sorted(stored) == sorted((name, each) for name, some in kept.items() for each in some)
    assert kept.keys() > {""}, "no graph was inside the graph"
    for namespace in kept.keys() - {""}:
        assert list(saver.list(within(namespace)))  # which compares
    for namespace, checkpoint_id in random.Random(0).sample(stored, 20):
        assert saver.get_tuple(within(namespace, checkpoint_id=checkpoint_id))


def within(namespace, **more):
    return {"configurable": {"thread_id": "t1", "checkpoint_ns": namespace, **more}}


@pytest.mark.parametrize("is_after", [False, True], ids=["lost", "carried out"])
@pytest.mark.parametrize("is_awaited", [False, True], ids=["blocking", "awaited"])
async def test_whenever_a_request_breaks_another_saver_goes_on(
    own_sample, limits, is_awaited, is_after
):
    said, draw = script(21), random.Random(f"{is_after} {is_awaited}")
    client = BreakingClient(MEMORY)
    client.is_after = is_after
    place = Place(None, True, lambda: client, lambda: AsyncSqliteClient(client))
    model, faults = InMemorySaver(), 0

    async def go_on(given, tries):
        client.left = draw.randrange(12 + 6 * tries)  # reading alone may take as much at first
        durability = draw.choice(DURABILITIES)
        try:
            if is_awaited:
                await graph.ainvoke(given, CONFIG, durability=durability)
            else:
                graph.invoke(given, CONFIG, durability=durability)
        finally:
            client.left = None

    with closing(Store.at(place, agent_schema(), create=True)) as store:
        for number in range(len(said)):
            given, is_over, tries = asked(said, number), False, 0
            while not is_over:
                saver = Both(store, model)
                graph = agent(said).compile(checkpointer=saver)
                try:
                    await go_on(given, tries)
                except Fault:
                    faults, tries = faults + 1, tries + 1
                saver.settle()
                state = graph.get_state(CONFIG)
                given, is_over = following(said, number, state), is_done(said, number, state)
        compare(said, saver)
    assert faults > len(said) // 2
    check_all_said(said, state)


def check_all_said(said, state):
    """Each step was applied once, in order."""
    ids = [each.id for turn in said for each in (turn.asked, *turn.rest)]
    assert state.values["steps"] == ids
    assert [each.id for each in state.values["messages"]] == ids
    assert state.values["messages"] == [each for turn in said for each in (turn.asked, *turn.rest)]


def test_whenever_the_process_is_killed_another_goes_on(own_sample, tmp_path):
    url, count = f"sqlite:///{tmp_path / 'table.db'}", 30
    draw = random.Random(0)
    for kill in range(KILLS):
        journal = tmp_path / f"j{kill}"
        process = subprocess.Popen([sys.executable, PROGRAM, url, journal, str(count)])
        wait_for(journal, process, draw.randint(3, 20))
        process.kill()
        assert process.wait() == -signal.SIGKILL, "it had ended by itself"
        check_acknowledged(url, journal, script(count))
    subprocess.run([sys.executable, PROGRAM, url, tmp_path / "last", str(count)], check=True)
    check_all_said(script(count), stored_state(url, script(count)))


def check_acknowledged(url, journal, said):
    """What a turn had made when it was noted is there."""
    noted = [int(line) for line in journal.read_text().split("\n")[:-1]]
    state = stored_state(url, said)
    assert said[max(noted)].rest[-1].id in state.values["steps"]


def stored_state(url, said):
    with DynastoreSaver.from_conn_string(url) as saver:
        return agent(said).compile(checkpointer=saver).get_state(CONFIG)
