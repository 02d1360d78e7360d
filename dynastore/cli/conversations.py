"""Agent conversations from a file, as the entities that remember them.

A line is a JSON object: ``conversation_id``, ``user_id``, ``task_id``, ``trial``, ``reward`` (0 to 1),
``instruction`` and ``messages`` in OpenAI's chat form. A conversation becomes a session of runs, its
reward an evaluation, what the user was told to want a memory, the system message a document.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Sequence
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import Any

import orjson
from attrs import frozen

from ..agents import (
    Checkpoint,
    EvalOutline,
    EvalRun,
    Knowledge,
    Memory,
    MemoryOutline,
    Metric,
    Run,
    Session,
    month_of,
)
from ..agents.checkpoints.contents import Content, Value, packed
from ..agents.checkpoints.labels import labels
from ..errors import RequestError

COMPONENT = "support"  # the agent in the conversations
BEGINNING = dt.datetime(2026, 1, 5, 9, tzinfo=dt.UTC)  # of the first one; the file says no times
BETWEEN_CONVERSATIONS = dt.timedelta(minutes=37)
BETWEEN_MESSAGES = dt.timedelta(seconds=20)
TITLE_LENGTH = 60
FIELDS = ("conversation_id", "user_id", "task_id", "reward", "instruction", "messages")


@frozen
class Conversation:
    """One conversation, split into turns.

    Attributes:
        conversation_id: unique in the file.
        user_id: who spoke with the agent.
        task_id: what it was about.
        reward: how well the agent did, from 0 to 1.
        instruction: what the user wanted.
        policy: the system message; "" if there is none.
        turns: the other messages, a turn for each message of the user and what followed.
        began_at: when.
    """

    conversation_id: str
    user_id: str
    task_id: int
    reward: float
    instruction: str
    policy: str
    turns: Sequence[Sequence[dict[str, Any]]]
    began_at: dt.datetime

    @property
    def message_count(self) -> int:
        """How many messages it has, without the system's."""
        return sum(map(len, self.turns))


def conversations(file: Path | None) -> list[Conversation]:
    """The conversations of a file, or of the package's own sample.

    Raises:
        RequestError: a line is no conversation; the message says which and why.
        OSError: the file cannot be read.
    """
    source = files(__package__).joinpath("conversations.jsonl") if file is None else file
    lines = source.read_bytes().splitlines()
    found = [_conversation(line, number) for number, line in enumerate(lines) if line.strip()]
    if not found:
        raise RequestError(f"{source} has no conversation; one JSON object a line is expected")
    return found


def entities_of(conversation: Conversation) -> Iterator[Any]:
    """What remembers a conversation. The session is last: once it is there, all of it is."""
    yield from _runs(conversation)
    yield from _checkpoints(conversation)
    yield EvalRun(
        eval_id=conversation.conversation_id,
        component=COMPONENT,
        eval_type="task",
        session_id=conversation.conversation_id,
        passed=conversation.reward >= 1,
        outline=EvalOutline(score=conversation.reward),
        created_at=_ended_at(conversation),
    )
    yield Memory(
        user_id=conversation.user_id,
        memory_id=f"task-{conversation.task_id:04}",
        text=conversation.instruction,
        outline=MemoryOutline(
            topics=["request"], agent_id=COMPONENT, changed_at=conversation.began_at
        ),
        created_at=conversation.began_at,
    )
    yield session_of(conversation)


def shared_entities(found: Sequence[Conversation]) -> Iterator[Any]:
    """What remembers all conversations together: documents, and the figures of each day."""
    for policy in dict.fromkeys(each.policy for each in found if each.policy):
        yield Knowledge(
            knowledge_id=sha256(policy.encode()).hexdigest()[:16],
            title=policy.splitlines()[0].strip("# "),
            size_bytes=len(policy.encode()),
            text=policy,
            created_at=BEGINNING,
        )
    yield from _metrics(found)


def session_of(conversation: Conversation) -> Session:
    """The header of a conversation's session."""
    first = str(conversation.turns[0][0].get("content") or "") if conversation.turns else ""
    return Session(
        session_id=conversation.conversation_id,
        user_id=conversation.user_id,
        component=COMPONENT,
        title=first if len(first) <= TITLE_LENGTH else f"{first[: TITLE_LENGTH - 1]}…",
        created_at=conversation.began_at,
        updated_at=_ended_at(conversation),
        run_count=len(conversation.turns),
    )


def _conversation(line: bytes, number: int) -> Conversation:
    try:
        read = orjson.loads(line)
        values = {name: read[name] for name in FIELDS}
        messages = values.pop("messages")
        system = [each["content"] for each in messages if each["role"] == "system"]
        turns = _turns([each for each in messages if each["role"] != "system"])
    except (orjson.JSONDecodeError, KeyError, TypeError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise RequestError(f"line {number + 1} is no conversation: {reason}") from error
    began_at = BEGINNING + number * BETWEEN_CONVERSATIONS
    return Conversation(**values, policy="\n".join(system), turns=turns, began_at=began_at)


def _turns(messages: Sequence[dict[str, Any]]) -> list[list[dict[str, Any]]]:
    turns: list[list[dict[str, Any]]] = []
    for message in messages:
        if message["role"] == "user" or not turns:
            turns.append([])
        turns[-1].append(message)
    return turns


def _runs(conversation: Conversation) -> Iterator[Run]:
    said = 0
    for index, messages in enumerate(conversation.turns):
        yield Run(
            session_id=conversation.conversation_id,
            run_id=f"run-{index}",
            created_at=conversation.began_at + said * BETWEEN_MESSAGES,
            run_index=index,
            status="completed",
            messages=list(messages),
        )
        said += len(messages)


def _checkpoints(conversation: Conversation) -> Iterator[Checkpoint]:
    said = 0
    for step, messages in enumerate(conversation.turns):
        said += len(messages)
        yield Checkpoint(
            thread_id=conversation.conversation_id,
            checkpoint_id=f"{step:06}",
            parent_id=f"{step - 1:06}" if step else None,
            labels=labels({"source": "loop", "step": step}),
            content=_stood({"messages": said, "last_role": messages[-1]["role"]}, step),
        )


def _stood(state: dict[str, Any], step: int) -> bytes:
    """What a checkpoint holds: how far the conversation is."""
    header, metadata = {"v": 1, **state}, {"source": "loop", "step": step}
    content = Content(Value("json", orjson.dumps(header)), Value("json", orjson.dumps(metadata)))
    return packed(content)


def _metrics(found: Sequence[Conversation]) -> Iterator[Metric]:
    days = [each.began_at.date() for each in found]
    sessions, runs, messages = Counter(days), Counter[dt.date](), Counter[dt.date]()
    for day, each in zip(days, found, strict=True):
        runs[day] += len(each.turns)
        messages[day] += each.message_count
    for day in sessions:
        yield Metric(
            month=month_of(day),
            date=day,
            session_count=sessions[day],
            run_count=runs[day],
            message_count=messages[day],
            completed=day != max(days),
        )


def _ended_at(conversation: Conversation) -> dt.datetime:
    return conversation.began_at + conversation.message_count * BETWEEN_MESSAGES
