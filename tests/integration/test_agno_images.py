"""An image that a user sends: Agno has it twice in a run, in the input and in the message, as base64."""

from __future__ import annotations

import json
import random

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from agno.media import Image
from agno.models.message import Message
from agno.run.agent import RunInput, RunOutput
from agno.session import AgentSession

from dynastore.agents import agent_schema
from dynastore.integrations.agno import DynastoreDb
from dynastore.testing import memory_store

BEGAN = 1_767_600_000


@pytest.mark.scans
@pytest.mark.parametrize("size", [20_000, 300_000, 3_000_000])
def test_an_image_is_stored_once_whatever_its_size(size):
    store = memory_store(agent_schema())
    image = Image(content=random.Random(size).randbytes(size))
    run = RunOutput(
        run_id="r1",
        session_id="s1",
        agent_id="a1",
        input=RunInput(input_content="What is this?", images=[image]),
        messages=[Message(role="user", content="What is this?", images=[image])],
        created_at=BEGAN,
    )
    given = json.loads(json.dumps(run.to_dict()))
    assert len(json.dumps(given)) > 2 * size
    db = DynastoreDb(store)
    db.upsert_session(AgentSession(session_id="s1", agent_id="a1", created_at=BEGAN))
    db.upsert_run(run, "s1", None, 0)
    (held,) = store.scope_figures().by_scope.values()
    assert held.size_bytes < 1.1 * size + 1_000
    (found,) = DynastoreDb(store).get_session("s1", deserialize=False)["runs"]
    assert found == given
