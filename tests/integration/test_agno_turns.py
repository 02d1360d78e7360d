"""What the turns of real conversations take: the header and the run, as Agno saves them."""

from __future__ import annotations

from statistics import median, quantiles

import pytest

pytest.importorskip("agno", reason="needs the extra dynastore[test]")

from agno.metrics import MessageMetrics
from agno.models.message import Message
from agno.run.agent import RunOutput
from agno.run.base import RunStatus
from agno.session import AgentSession
from attrs import evolve

from dynastore.cli.conversations import conversations
from dynastore.integrations.agno import DynastoreDb
from dynastore.integrations.agno.conversations.run_rows import SHORTEST_BYTES
from dynastore.testing import memory_store, recorded

from .test_demo import REAL, needs_real_data

CONVERSATIONS = 40
LONG, SOME = 100, 40  # turns
MEDIAN_UNITS, P90_UNITS, FIRST_UNITS = 8, 9, 3


@needs_real_data
@pytest.mark.parametrize("policy_characters", [800, 6_000])
def test_the_turns_of_real_conversations_stay_within_the_bar(policy_characters):
    store = memory_store()
    store.create_table()
    first: list[float] = []
    later: list[float] = []
    for conversation in conversations(REAL)[:CONVERSATIONS]:
        for index in range(len(conversation.turns)):
            db = DynastoreDb(store)  # each turn may be in another process
            db.get_session(conversation.conversation_id)
            with recorded(store) as sent:
                run = _run(conversation, index, policy_characters)
                db.upsert_session(_session(conversation, index, run))
                db.upsert_run(run, run.session_id, conversation.user_id, index)
            # The second turn keeps the system message apart: those after it need not write it.
            is_apart = index == 1 and policy_characters > SHORTEST_BYTES
            assert len(sent) == (3 if is_apart else 2)
            (later if index else first).append(sum(each.units for each in sent))
    assert median(later) <= MEDIAN_UNITS
    assert quantiles(later, n=10)[-1] <= P90_UNITS
    assert median(first) <= MEDIAN_UNITS + FIRST_UNITS


@needs_real_data
def test_real_turns_cost_the_same_at_turn_100_as_at_turn_2():
    """Of one session that goes on through many conversations: of its first turns and of its last."""
    every = conversations(REAL)
    turns = [turn for each in every for turn in each.turns][:LONG]
    long = evolve(every[0], turns=tuple(turns))
    store = memory_store()
    store.create_table()
    db, costs = DynastoreDb(store), []
    db.get_session(long.conversation_id)
    for index in range(LONG):
        with recorded(store) as sent:
            run = _run(long, index, 6_000)
            db.upsert_session(_session(long, index, run))
            db.upsert_run(run, run.session_id, long.user_id, index)
        costs.append((len(sent), sum(each.units for each in sent)))
    assert [number for number, _ in costs] == [2, 3, *[2] * (LONG - 2)]  # then the system message
    units = [each for _, each in costs]
    early, late = units[2 : 2 + SOME], units[-SOME:]
    assert median(late) <= median(early) <= MEDIAN_UNITS


def _session(conversation, index, run):
    tokens = {
        "input_tokens": 1_000 * index,
        "output_tokens": 50 * index,
        "total_tokens": 1_050 * index,
    }
    model = {**tokens, "id": "gpt-4o", "provider": "OpenAI"}
    return AgentSession(
        session_id=conversation.conversation_id,
        user_id=conversation.user_id,
        agent_id="support",
        agent_data={"name": "Support", "agent_id": "support", "model": {"id": "gpt-4o"}},
        session_data={
            "session_state": {"reservation": "ABC123", "step": index},
            "session_metrics": {**tokens, "details": {"model": [model]}},
        },
        created_at=int(conversation.began_at.timestamp()),
        runs=[run],  # as Agno saves it; the others are in the table
    )


def _run(conversation, index, policy_characters):
    said = conversation.turns[index]
    policy = {"role": "system", "content": conversation.policy[:policy_characters]}
    return RunOutput(
        run_id=f"{conversation.conversation_id}-{index}",
        session_id=conversation.conversation_id,
        agent_id="support",
        agent_name="Support",
        user_id=conversation.user_id,
        content=said[-1].get("content"),
        messages=[_message(each) for each in (policy, *said)],
        model="gpt-4o",
        model_provider="OpenAI",
        session_state={"reservation": "ABC123", "step": index},
        status=RunStatus.completed,
        created_at=int(conversation.began_at.timestamp()) + index,
    )


def _message(said):
    names = ("content", "tool_calls", "tool_call_id")
    tokens = MessageMetrics(
        input_tokens=1_000, output_tokens=50, total_tokens=1_050, duration=1.2345
    )
    is_answer = said["role"] == "assistant"
    return Message(
        role=said["role"],
        metrics=tokens if is_answer else MessageMetrics(),
        **{name: said.get(name) for name in names},
    )
