"""What the operations read and write: a flat entity of 1 KB, and one with maps in lists of maps."""

from __future__ import annotations

import datetime as dt
from functools import partial
from typing import Any, Literal

from attrs import frozen

from dynastore import Schema, Table, entity, key

ITEMS = 100  # of a query
START = dt.datetime(2026, 1, 1, 9, 30, tzinfo=dt.UTC)
MESSAGES = {"turns-1kb": 3, "turns-10kb": 33}  # of an item, by table
SESSIONS = "sessions"  # the table of flat items


@entity("session")
class Session:
    """Twenty fields without parts, 1 KB."""

    user_id: str
    session_id: str
    agent_id: str | None = None
    team_id: str | None = None
    title: str
    status: Literal["open", "closed"] = "open"
    channel: str
    language: str
    model: str
    summary: str
    visits: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0
    rating: float | None = None
    archived: bool = False
    pinned: bool = False
    created_at: dt.datetime
    updated_at: dt.datetime
    note: str | None = None

    primary = key("USER#{user_id}", "SESSION#{session_id}")


@frozen
class Call:
    """A tool's use by an agent."""

    name: str
    arguments: dict[str, Any]
    seconds: float
    failed: bool = False


@frozen
class Message:
    """What somebody said, and the tools that it made use of."""

    role: Literal["user", "assistant", "tool"]
    text: str
    tokens: int
    calls: list[Call]


@entity("turn")
class Turn:
    """A few messages; native maps and lists, no payload."""

    user_id: str
    turn_id: str
    revision: int
    messages: list[Message]

    primary = key("USER#{user_id}", "TURN#{turn_id}")


def session(number: int) -> Session:
    """A session, by its number."""
    return Session(
        user_id="ann",
        session_id=f"s{number:05}",
        agent_id=f"agent-{number % 7}",
        team_id=f"team-{number % 3}",
        title=f"A trip to Rome, day {number}",
        channel="web",
        language="en",
        model="large-2026-01",
        summary="The traveller asks about museums, trains and where to eat. " * 10,
        visits=number,
        tokens_in=1_200 + number,
        tokens_out=860 + 3 * number,
        cost=0.0125 * (number + 1),
        rating=4.5,
        pinned=number % 2 == 0,
        created_at=START + dt.timedelta(minutes=number),
        updated_at=START + dt.timedelta(minutes=number, microseconds=123_456),
        note="Prefers the morning.",
    )


def turn(number: int, messages: int) -> Turn:
    """A turn with so many messages, by its number."""
    said = [_message(each) for each in range(messages)]
    return Turn(user_id="ann", turn_id=f"t{number:05}", revision=number % 5, messages=said)


def _message(number: int) -> Message:
    arguments = {"city": "Rome", "nights": number, "guests": ["ann", "bob"], "breakfast": True}
    call = Call("find_hotel", arguments, 0.25 + number)
    text = f"Message {number}: the museum opens at nine, closes late on Fridays. " * 2
    return Message("assistant" if number % 2 else "user", text, 40 + number, [call])


def stores() -> dict[str, Schema]:
    """The schema of each table."""
    classes = {SESSIONS: Session, **dict.fromkeys(MESSAGES, Turn)}
    return {name: Schema([cls], table=Table(name)) for name, cls in classes.items()}


def items(table: str) -> list[dict[str, Any]]:
    """The items of a table, as they are stored."""
    schema = stores()[table]
    made = session if table == SESSIONS else partial(turn, messages=MESSAGES[table])
    entities = [made(number) for number in range(ITEMS)]
    return [schema.codec(type(each)).encode(each, "") for each in entities]
