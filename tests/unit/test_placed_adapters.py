"""Adapters on scopes that are in a private table, or partly so: they need not know of it."""

from __future__ import annotations

import pytest

pytest.importorskip("agno.db.base", reason="needs the extra dynastore[agno]")
pytest.importorskip("langgraph.checkpoint.base", reason="needs the extra dynastore[langgraph]")

from agno.db.base import SessionType
from agno.db.schemas.memory import UserMemory
from agno.run.agent import RunOutput
from agno.session import AgentSession
from langgraph.checkpoint.base import empty_checkpoint

from dynastore import Placement, Private, Store
from dynastore.agents import Checkpoint, CheckpointValue, Memory, TaskWrites, Thread, ThreadArchive
from dynastore.integrations.agno import AsyncDynastoreDb, DynastoreDb
from dynastore.integrations.langgraph import DynastoreSaver
from dynastore.testing import recorded

PLACEMENT = Placement(
    "sqlite://",
    {
        "qa": Private(),
        "support": Private(only=[Memory]),
        "sales": Private(but=[Thread, Checkpoint, CheckpointValue, TaskWrites, ThreadArchive]),
    },
)
SESSION = AgentSession(session_id="s1", user_id="ann", agent_id="a1", created_at=1_767_600_000)
RUN = RunOutput(run_id="r1", session_id="s1", agent_id="a1", content="hi")
MEMORY = UserMemory(memory="likes tea", memory_id="m1", user_id="ann")
CONFIG = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}


@pytest.fixture
def store():
    with Store.connect(PLACEMENT) as store:
        yield store


def tables(sent):
    """The tables of what was sent, but for entries of scopes."""
    found = set()
    for each in sent:
        for one in getattr(each.request, "actions", [each.request]):
            item_key = getattr(one, "key", None) or getattr(one, "item", {}).get("PK")
            if "@#scope" not in str(item_key):
                found.add(one.table.removeprefix("dynastore"))
    return found


@pytest.mark.parametrize(
    ("scope", "sessions", "memories", "threads"),
    [
        ("qa", ".qa", ".qa", ".qa"),
        ("support", "", ".support", ""),
        ("sales", ".sales", ".sales", ""),
        ("dev", "", "", ""),
    ],
)
def test_each_part_of_an_agents_state_is_where_it_is_placed(
    store, scope, sessions, memories, threads
):
    db, saver = DynastoreDb(store.scope(scope)), DynastoreSaver(store.scope(scope))
    with recorded(store) as sent:
        db.upsert_session(SESSION)
        db.upsert_run(RUN, "s1", "ann", 0)
        found = db.get_session("s1", SessionType.AGENT, user_id="ann")
        assert found.runs[0].content == "hi"
        assert len(db.get_sessions(SessionType.AGENT, user_id="ann", limit=5)) == 1
    assert tables(sent) == {sessions}
    with recorded(store) as sent:
        db.upsert_user_memory(MEMORY)
        assert db.get_user_memory("m1", user_id="ann").memory == "likes tea"
        assert len(db.get_user_memories(user_id="ann")) == 1
        db.delete_user_memory("m1", user_id="ann")
    assert tables(sent) == {memories}
    with recorded(store) as sent:
        checkpoint = empty_checkpoint() | {"channel_values": {"a": 1}, "channel_versions": {"a": 1}}
        place = saver.put(CONFIG, checkpoint, {"source": "loop", "step": 0}, {"a": 1})
        saver.put_writes(place, [("a", 2)], "task")
        assert saver.get_tuple(CONFIG).checkpoint["channel_values"] == {"a": 1}
        assert len(list(saver.list(CONFIG))) == 1
        saver.delete_thread("t")
    assert tables(sent) == {threads}


async def test_so_it_is_awaited(store):
    awaited = store.awaited().scope("support")
    db = AsyncDynastoreDb(awaited)
    with recorded(awaited) as sent:
        await db.upsert_user_memory(MEMORY)
        assert len(await db.get_user_memories(user_id="ann")) == 1
    assert tables(sent) == {".support"}


def test_a_database_keeps_its_id_wherever_its_scope_is(tmp_path):
    where = f"sqlite:///{tmp_path / 'agent.db'}"
    ids = set()
    for placement in (where, Placement(where), Placement(where, ["qa"])):
        with Store.connect(placement) as store:
            ids.add(DynastoreDb(store.scope("qa")).id)
    assert len(ids) == 1
